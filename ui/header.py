"""What these numbers are, in words, and how far they are from PyTorch's."""

import streamlit as st

from ui.compute import Run
from ui.i18n import _
from ui.settings import preset_of

# Of float32, for each unit of the largest score: a score's rounding error grows with its size, and
# softmax passes it on to the weights. A wrong formula is off by far more.
TOLERANCE = 1e-5


def show_header(run: Run) -> None:
    """The honesty label and the correctness badge, with what was compared in a tooltip."""
    if run.length == 0:  # nothing was computed, so nothing was compared
        st.markdown(f"**Headlight** — {_honesty(run)}")
        return
    st.markdown(f"**Headlight** — {_honesty(run)}   {_badge(run)}", help=_compared(run))


def _honesty(run: Run) -> str:
    settings = run.settings
    formulation = preset_of(settings.projection, settings.scale)
    names = {
        "paper": _("the paper's formulation"),
        "tutorial": _("the tutorial's formulation"),
        None: _("a formulation of your own"),
    }
    return _(
        "**random weights, untrained** (seed {seed}), {formulation}, energies ÷ {divisor}"
    ).format(seed=settings.seed, formulation=names[formulation], divisor=divisor_text(run))


def divisor_text(run: Run, *, latex: bool = False) -> str:
    """The divisor as people write it: √8, 1, (√8 × 0.5)."""
    size = {"head_dim": run.module.head_dim, "embed_size": run.module.embed_size}.get(
        run.settings.scale
    )
    root = "1" if size is None else f"\\sqrt{{{size}}}" if latex else f"√{size}"
    if run.settings.temperature == 1:
        return root
    times = "\\cdot" if latex else "×"
    return f"({root} {times} {run.settings.temperature:g})"


def _badge(run: Run) -> str:
    parity, scores = run.parity, run.trace.scores
    finite = scores[scores.isfinite()]
    largest_score = finite.abs().max().item() if finite.numel() else 0.0
    if parity.largest <= TOLERANCE * max(1.0, largest_score):
        return _(
            ":green-badge[:material/verified: largest difference from PyTorch: {d:.1e}]"
        ).format(d=parity.largest)
    return _(":red-badge[:material/error: largest difference from PyTorch: {d:.1e}]").format(
        d=parity.largest
    )


def _compared(run: Run) -> str:
    parity = run.parity
    text = _(
        "Computed just now, on the same tensors, for all sentences and heads. Largest absolute "
        "differences from torch.nn.functional.scaled_dot_product_attention: of the head outputs "
        "{head_outputs:.2e}, of the weights {weights:.2e}."
    ).format(head_outputs=parity.head_outputs, weights=parity.weights)
    if parity.output is None:
        return text + _(
            " nn.MultiheadAttention knows only the paper's formulation at temperature 1, "
            "so it isn't compared here."
        )
    return text + _(
        " With nn.MultiheadAttention, given the same input and weights, the weights are compared "
        "too, and its output: {output:.2e}."
    ).format(output=parity.output)
