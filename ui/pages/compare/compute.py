"""From a side of a comparison to its numbers, and to what is said of them."""

from dataclasses import dataclass

from model.pretrained.base import ModelUnavailableError
from ui.controls.selection import attention_in, selection_in
from ui.frame.failures import describe_failure, log_failure
from ui.frame.header import describe_run
from ui.frame.messages import limits_of
from ui.frame.page import source_shown
from ui.jobs.training_queue import Training
from ui.link.side import Side
from ui.pages.compare.comparable import comparable
from ui.pages.compare.side import LETTERS, Letter, side_of
from ui.runs.comparison import Comparison
from ui.runs.run import Attention
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.text.refusals import describe_refusal


@dataclass(frozen=True)
class ComputedSide:
    """A side's computed attention, its description and its notices."""

    side: Side
    attention: Attention | None  # None where there is nothing to show
    said: str  # what it is, or why there is nothing
    messages: list[str]
    training: Training | None = None  # that its weights come from


def compute_side(letter: Letter) -> ComputedSide:
    """Return a side's computed attention, its description and its notices."""
    side, messages = side_of(letter)
    with side.in_force():
        source = source_shown()
        try:
            settings = source.settings()
        except ValueError as error:  # a plan that can't be trained: the message is for people
            return ComputedSide(side, None, plain(describe_error(error, _), 500), messages)
        try:
            run = source.compute(settings)
        except ModelUnavailableError as error:
            return ComputedSide(side, None, describe_refusal(error, side.value("model")), messages)
        except Exception as error:
            log_failure(error)
            return ComputedSide(side, None, describe_failure(error), messages)
        if run.is_empty:
            said = _("There is nothing to compute: type a sentence.")
            return ComputedSide(side, None, said, messages)
        prefix = f"{letter.upper()}: "
        return ComputedSide(
            side,
            attention_in(run, selection_in(run)),
            describe_run(source, run),
            [prefix + message for message in [*messages, *limits_of(source, run)]],
            comparable(side).training(),
        )


def comparison_shown() -> Comparison | None:
    """Return the comparison that the page shows; None if a side has nothing to show."""
    a, b = (compute_side(letter).attention for letter in LETTERS)
    return None if a is None or b is None else Comparison(a, b)
