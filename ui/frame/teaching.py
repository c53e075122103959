"""What a page gives to lessons beside its run: what takes long, and what else it shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wait:
    """What a step's picture has to wait for."""

    said: str  # how far it is, in Markdown
    done: float = 0.0  # the part of it that is, 0 to 1
    problem: str = ""  # why it won't come by itself, in Markdown; empty while it goes on
    again: Callable[[], None] | None = None  # tries again, or goes on
    again_label: str = ""  # what that is called


Values = Mapping[str, Any]  # of all parameters of a page


def _begins_nothing(steps: Sequence[Values]) -> None:
    pass


def _has_nothing_to_wait_for() -> Wait | None:
    return None


def _has_no_numbers(run: Any) -> Any:
    raise LookupError("this page shows attention alone")  # checked where lessons are read


@dataclass(frozen=True)
class Teaching:
    """What lessons can do on a page: by itself, ask about the attention of its run."""

    # Begins what takes long in steps of this page, the one that is shown and the next one, and
    # ends what it had begun and none of them needs any more.
    begin: Callable[[Sequence[Values]], None] = _begins_nothing
    # What the chosen values still have to wait for; None where all is there.
    wait: Callable[[], Wait | None] = _has_nothing_to_wait_for
    # The values that a question is about: where one of them is changed, it is asked anew.
    asks_of: tuple[str, ...] = ("text",)
    # What answers are computed from that aren't about attention, of the run that is shown.
    numbers: Callable[[Any], Any] = _has_no_numbers
    # Of a page without a run: a line that says what a question is about, in Markdown, and
    # what draws its picture, given whether that has the page's whole width.
    describe: Callable[[], str] | None = None
    show: Callable[[bool], None] | None = None
    steady: tuple[str, ...] = ()  # the keys of charts in it that are painted anew by themselves
