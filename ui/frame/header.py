"""What these numbers are, in words, and how far they are from PyTorch's."""

from typing import Any

import streamlit as st

from model.parity import Parity
from ui.frame.pictures import tell_weights
from ui.frame.source import Source
from ui.runs.run import Run
from ui.text.explain import explain
from ui.text.i18n import _

# Of float32, for each unit of the largest score: a score's rounding error grows with its size, and
# softmax passes it on to the weights. A wrong formula is off by far more.
TOLERANCE = 1e-5
TERMS = ("attention", "energy", "weight", "seed", "norm")  # in what sources say of themselves
LARGE = 1e-3  # a difference that looks like an error, unless it is said what it is a part of


def show_header(source: Source[Any, Any], run: Run) -> None:
    """Show the honesty label and the correctness badge, with what was compared in a tooltip."""
    if run.is_empty:  # nothing was computed, so nothing was compared
        st.markdown(f"**Headlight** — {source.describe(run)}")
        return
    tell_weights(source.describe(run))
    compared = source.describe_comparison(run)
    if compared is None and run.parity is not None:
        compared = _compared(run.parity)
    st.markdown(
        f"**Headlight** — {describe_run(source, run)}",
        help=explain(*TERMS, more=compared or ""),
    )


def describe_run(source: Source[Any, Any], run: Run) -> str:
    """Return what the numbers are, and how far they are from PyTorch's."""
    return f"{source.describe(run)}   {_badge(run)}"


def _badge(run: Run) -> str:
    parity = run.parity
    if parity is None:
        return _(":gray-badge[:material/help: weights only: the rest isn't known]")
    scores = [
        trace.energy.abs().max().item() / facts.divisor
        for trace, facts in zip(run.attentions(), run.every_facts(), strict=True)
        if len(trace.energy)
    ]
    largest_score = max(scores, default=0.0)
    allowed = TOLERANCE * max(1.0, largest_score) + run.rounding
    if LARGE < parity.largest <= allowed:  # of larger numbers still: after a divergence
        return _(
            ":green-badge[:material/verified: largest difference from PyTorch: {d:.1e}, of scores "
            "up to {s:.1e}]"
        ).format(d=parity.largest, s=largest_score)
    if parity.largest <= allowed:
        return _(
            ":green-badge[:material/verified: largest difference from PyTorch: {d:.1e}]"
        ).format(d=parity.largest)
    return _(":red-badge[:material/error: largest difference from PyTorch: {d:.1e}]").format(
        d=parity.largest
    )


def _compared(parity: Parity) -> str:
    text = _(
        "Computed here, on the same tensors, for all sentences, layers and heads. Largest "
        "absolute differences from torch.nn.functional.scaled_dot_product_attention: of the head "
        "outputs {head_outputs:.2e}, of the weights {weights:.2e}."
    ).format(head_outputs=parity.head_outputs, weights=parity.weights)
    if parity.output is None:
        return text + _(
            " nn.MultiheadAttention knows only the paper's formulation at temperature 1, without "
            "rotary positions or ALiBi, so it isn't compared here."
        )
    if parity.output_against == "sdpa":
        return text + _(
            " The whole model was run again with transformers' own sdpa attention: its last "
            "vectors differ by {output:.2e}."
        ).format(output=parity.output)
    return text + _(
        " With nn.MultiheadAttention, given the same input and weights, the weights are compared "
        "too, and its output, wherever it knows the formulation: {output:.2e}."
    ).format(output=parity.output)
