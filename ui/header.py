"""What these numbers are, in words, and how far they are from PyTorch's."""

import streamlit as st

from model.parity import Parity
from ui.compute import Run
from ui.i18n import _
from ui.settings import PRESETS

TOLERANCE = 1e-4  # float32, for energies of up to a few hundred; a wrong formula is off by far more


def show_header(run: Run) -> None:
    """The honesty label and the correctness badge, with what was compared in a tooltip."""
    st.markdown(f"**Headlight** — {_honesty(run)}   {_badge(run.parity)}", help=_compared(run))


def _honesty(run: Run) -> str:
    settings = run.settings
    formulation = next(
        (name for name, v in PRESETS.items() if v == (settings.projection, settings.scale)), None
    )
    names = {
        "paper": _("the paper's formulation"),
        "tutorial": _("the tutorial's formulation"),
        None: _("a formulation of your own"),
    }
    return _(
        "**random weights, untrained** (seed {seed}), {formulation}, scores ÷ {divisor}"
    ).format(seed=settings.seed, formulation=names[formulation], divisor=divisor_text(run))


def divisor_text(run: Run, *, latex: bool = False) -> str:
    """The divisor as people write it: √8, 1, √8 × 0.5."""
    size = {"head_dim": run.module.head_dim, "embed_size": run.module.embed_size}.get(
        run.settings.scale
    )
    root = "1" if size is None else f"\\sqrt{{{size}}}" if latex else f"√{size}"
    if run.settings.temperature == 1:
        return root
    times = "\\cdot" if latex else "×"
    return f"({root} {times} {run.settings.temperature:g})"


def _badge(parity: Parity) -> str:
    if parity.largest <= TOLERANCE:
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
