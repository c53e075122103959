"""What lessons ask on Pretrained beside attention: what becomes of the next token without heads."""

from lessons.prediction import Predicted
from model.next_token import probabilities_of, top_tokens
from ui.frame.teaching import Teaching
from ui.runs.pretrained import PretrainedRun
from ui.text.i18n import _


def predicted(run: PretrainedRun) -> Predicted:
    """Return the likeliest next token, and what becomes of it once something is changed by hand.

    Raises:
        ValueError: if the model writes nothing, as an encoder does.
    """
    whole = run.unchanged() or run
    if whole.next_logits is None or run.next_logits is None:
        raise ValueError(_("this model writes nothing: choose one with a decoder"))
    (first,) = top_tokens(whole.next_logits[0], 1)
    (now,) = top_tokens(run.next_logits[0], 1)
    (after,) = probabilities_of(run.next_logits[0], [first.token])
    shown = run.model.tokenizer.shown
    return Predicted(
        likeliest=shown(first.token),
        before=first.probability,
        after=after,
        likeliest_after=shown(now.token),
        share_after=now.probability,
    )


TEACHING = Teaching(asks_of=("text", "removed", "mean", "cut", "edge", "put"), numbers=predicted)
