"""What a source of weights is: how its numbers come about, and what is said of them."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from ui.link.memory import current_page, parameters, value_of
from ui.link.side import Side
from ui.runs.export import Contents
from ui.runs.run import Run

S = TypeVar("S")
R = TypeVar("R", bound=Run)


class Source(ABC, Generic[S, R]):
    """One origin of weights: random, trained here, or trained by others.

    It is asked about the page that is shown, or that is looked at as if it were.
    """

    @abstractmethod
    def settings(self) -> S:
        """Return what is chosen at this moment.

        Raises:
            ValueError: if nothing can be computed of it; says why.
        """

    @abstractmethod
    def compute(self, settings: S) -> R:
        """Return the numbers of these settings; knows no session, so that any thread may ask."""

    @abstractmethod
    def describe(self, run: R) -> str:
        """Return what its weights are, in Markdown: random, trained here, or trained by others."""

    @abstractmethod
    def contents(self, run: R) -> Contents:
        """Return what went into a run beside its trace, for a file."""

    @abstractmethod
    def file_stems(self) -> tuple[str, str]:
        """Return what the names of files end with: of a whole trace, and of one attention."""

    @abstractmethod
    def layout(self) -> tuple[Any, ...]:
        """Return the values that decide which controls there are, beside those in the fragment."""

    def describe_comparison(self, run: R) -> str | None:
        """Return what was compared with PyTorch, where that isn't what is compared usually."""
        return None

    def notices(self, run: R) -> list[str]:
        """Return what has to be known of a run, and isn't known of every run."""
        return []

    def fit(self) -> None:
        """Bring sizes in line that somebody may have changed together with a click."""

    def count_sentences(self) -> int:
        """Return how many sentences, or pairs, can be looked at."""
        return 1

    def side(self) -> Side:
        """Return what is shown as a side of a comparison.

        Raises:
            ValueError: if no link can hold it; says why.
        """
        return Side.of(current_page(), {key: value_of(key) for key in parameters()})
