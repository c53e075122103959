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
    ).format(seed=settings.seed, formulation=names[formulation], divisor=_divisor(run))


def _divisor(run: Run) -> str:
    """The divisor as people write it: √8, 1, √8 × 0.5."""
    settings = run.settings
    size = {"head_dim": run.module.head_dim, "embed_size": run.module.embed_size}.get(
        settings.scale
    )
    root = "1" if size is None else f"√{size}"
    return root if settings.temperature == 1 else f"({root} × {settings.temperature:g})"


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
        "difference of the head outputs from torch.nn.functional.scaled_dot_product_attention: "
        "{head_outputs:.2e}."
    ).format(head_outputs=parity.head_outputs)
    if parity.weights is None:
        return text + _(
            " nn.MultiheadAttention knows only the paper's formulation at temperature 1, "
            "so it isn't compared here."
        )
    return text + _(
        " Of the weights from nn.MultiheadAttention: {weights:.2e}; of its output: {output:.2e}."
    ).format(weights=parity.weights, output=parity.output)
