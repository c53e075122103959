"""From a side of a comparison to its numbers, and to what is said of them."""

from dataclasses import dataclass

from model.pretrained.base import ModelUnavailableError
from ui.comparison import Comparison
from ui.error_text import describe_error
from ui.failures import log_failure, said_of
from ui.header import said_of as said_of_run
from ui.i18n import _
from ui.messages import limits_of
from ui.models import DEFAULT_MODEL
from ui.refusals import said_of_refusal
from ui.run import Attention
from ui.selection import attention_in, selection_in
from ui.sides import LETTERS, Letter, Side, side_of
from ui.state import current_settings, run_of
from ui.text import plain
from ui.training_queue import Training
from ui.trainings import plan_in_use, training_of


@dataclass(frozen=True)
class Seen:
    """What there is to show of a side."""

    side: Side
    attention: Attention | None  # None where there is nothing to show
    said: str  # what it is, or why there is nothing
    messages: list[str]
    training: Training | None = None  # that its weights come from


def see(letter: Letter) -> Seen:
    """Compute a side."""
    side, messages = side_of(letter)
    with side.in_force():
        try:
            settings = current_settings()
        except ValueError as error:  # a plan that can't be trained: the message is for people
            return Seen(side, None, plain(describe_error(error, _), 500), messages)
        try:
            run = run_of(settings)
        except ModelUnavailableError as error:
            return Seen(
                side,
                None,
                said_of_refusal(error, side.chosen.get("model", DEFAULT_MODEL)),
                messages,
            )
        except Exception as error:
            log_failure(error)
            return Seen(side, None, said_of(error), messages)
        if run.is_empty:
            return Seen(side, None, _("There is nothing to compute: type a sentence."), messages)
        training = training_of(plan_in_use()) if side.page == "learn" else None
        prefix = f"{letter.upper()}: "
        messages = [prefix + message for message in [*messages, *limits_of(run)]]
        return Seen(
            side, attention_in(run, selection_in(run)), said_of_run(run), messages, training
        )


def comparison_shown() -> Comparison | None:
    """The comparison that the page shows; None if a side has nothing to show."""
    a, b = (see(letter).attention for letter in LETTERS)
    return None if a is None or b is None else Comparison(a, b)
