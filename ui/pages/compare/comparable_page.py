"""What a page adds to a comparison: its controls, and what of them must go together."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ui.choices.options import BETWEEN_TOKENS, Stage
from ui.choices.sizes import nearest
from ui.frame.page import Page
from ui.jobs.training_queue import Training
from ui.link.side import Side
from ui.text.i18n import N_, _

Rows = tuple[tuple[str, ...], ...]  # what stands side by side


class Comparable(ABC):
    """What a page adds to a comparison."""

    page: Page
    weights: str  # whose they are, in a table
    rows: Rows
    more: Rows = ()  # in a popover
    texts: tuple[str, ...] = ("text",)  # what it can read, above the picture
    # Of number fields that aren't the same for all pages: least, most, step.
    numbers: Mapping[str, tuple[float, float, float]] = MappingProxyType({})

    @abstractmethod
    def choices(self, side: Side, key: str) -> Sequence[Any]:
        """Return what can be chosen where that isn't the same for all pages."""

    def is_used(self, side: Side, key: str) -> bool:
        """Whether a control says anything, with the others as they are."""
        return True

    @abstractmethod
    def fit(self, side: Side) -> tuple[Side, list[str]]:
        """Return the side with values that go together, and what was changed."""

    def reads_sentences(self, side: Side) -> bool:
        """Whether it reads what is typed, and not the symbols of a task, or nothing."""
        return True

    def stages(self, side: Side) -> Sequence[Stage]:
        """Return the stages between tokens that it has the numbers of."""
        return BETWEEN_TOKENS

    def second_text(self, side: Side) -> str:
        """Return what a second text is called."""
        return N_("Target")

    def prepare(self, side: Side) -> None:  # noqa: B027  # most need nothing
        """Start what has to be done before the side can be computed, or do it.

        Raises:
            ModelUnavailableError: if its model can't be used.
        """

    def is_usable(self, side: Side) -> bool:
        """Whether there can be anything to show, as far as is known."""
        return True

    def training(self) -> Training | None:
        """Return the training that the weights come from, where they do; for the side in force."""
        return None

    def changed(self, side: Side, key: str, value: Any) -> Side:
        """Return the side after a control was changed."""
        return side.replaced(**{key: value})


def fitted(side: Side, key: str, choices: Sequence[Any], messages: list[str]) -> Side:
    """Return the side with the nearest of these choices; say so where that is another."""
    asked, used = side.value(key), nearest(side.value(key), list(choices))
    if used == asked:
        return side
    message = _("{key} {asked} doesn't fit the other choices; using the nearest, {used}.")
    messages.append(message.format(key=key, asked=asked, used=used))
    return side.replaced(**{key: used})
