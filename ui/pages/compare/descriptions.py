"""What the views of a comparison show, in plain words."""

from dataclasses import replace

from ui.choices.options import Stage
from ui.text.descriptions import Description
from ui.text.i18n import N_
from ui.views.descriptions import STAGES

_HEADS = N_("All heads of A, the same of B, and what B has more or less of: B − A.")
_HEAD = N_("One pair of heads: A's, B's, and what B's has more or less of: B − A.")
_DIVERGENCE = Description(
    N_("Divergence: how far each :q[query]'s row of weights has moved from A to B."),
    "H(½a + ½b) − ½H(a) − ½H(b)",
    ("divergence", "query", "key", "weight", "head", "entropy", "nats", "scale"),
)
_NUMBERS = Description(
    N_("Numbers: what each head does in A and in B, and how far its rows have moved."),
    "",
    ("head", "entropy", "weight", "divergence", "nats", "scale", "token"),
)

_PATCHING = Description(
    N_("A into B: how much of A's answer one piece of A's run brings back, put into B's run."),
    "(d − d(B)) ÷ (d(A) − d(B))",
    ("head", "output", "positions", "layer", "logit", "token"),
)


def describe_comparison(view: str, stage: Stage) -> Description:
    """Return what a view of two sides shows."""
    if view == "numbers":
        return _NUMBERS
    if view == "patching":
        return _PATCHING
    if view == "divergence":
        return _DIVERGENCE
    of_stage = STAGES[stage]
    terms = (*of_stage.terms, *_DIVERGENCE.terms)
    return replace(of_stage, sentence=_HEADS if view == "heads" else _HEAD, terms=terms)
