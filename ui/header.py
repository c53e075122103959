"""What these numbers are, in words, and how far they are from PyTorch's."""

import streamlit as st

from model.positions import Positions
from model.pretrained.base import AttentionFacts
from ui.i18n import _, ngettext
from ui.options import word
from ui.run import Run
from ui.settings import preset_of

# Of float32, for each unit of the largest score: a score's rounding error grows with its size, and
# softmax passes it on to the weights. A wrong formula is off by far more.
TOLERANCE = 1e-5


def show_header(run: Run) -> None:
    """The honesty label and the correctness badge, with what was compared in a tooltip."""
    if run.is_empty:  # nothing was computed, so nothing was compared
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
    said = _(
        "**random weights, untrained** (seed {seed}), {formulation}, energies ÷ {divisor}"
    ).format(
        seed=settings.seed,
        formulation=names[formulation],
        divisor=divisor_text(run.facts(run.kinds[0], 0)),
    )
    if settings.positions != "none":
        said += f", {_with_positions(settings.positions)}"
    if settings.layers > 1 or len(run.kinds) > 1 or settings.norm_order == "pre":
        layers = ngettext("{count} layer, {norm}", "{count} layers, {norm}", settings.layers)
        said += ", " + layers.format(count=settings.layers, norm=word(settings.norm_order))
    return said


def _with_positions(positions: Positions) -> str:
    return {
        "sinusoidal": _("sinusoidal positions"),
        "learned": _("a table of positions (random here)"),
        "rotary": _("rotary positions"),
        "alibi": _("ALiBi"),
    }[positions]


def divisor_text(facts: AttentionFacts, *, latex: bool = False) -> str:
    """The divisor as people write it: √8, 1, (√8 × 0.5)."""
    size = {"head_dim": facts.head_dim, "embed_size": facts.embed_size}.get(facts.scale)
    root = "1" if size is None else f"\\sqrt{{{size}}}" if latex else f"√{size}"
    if facts.temperature == 1:
        return root
    times = "\\cdot" if latex else "×"
    return f"({root} {times} {facts.temperature:g})"


def _badge(run: Run) -> str:
    parity = run.parity
    divisor = run.facts(run.kinds[0], 0).divisor
    energies = [trace.energy.abs().max().item() for trace in run.attentions() if len(trace.energy)]
    largest_score = max(energies, default=0.0) / divisor
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
        "Computed just now, on the same tensors, for all sentences, layers and heads. Largest "
        "absolute differences from torch.nn.functional.scaled_dot_product_attention: of the head "
        "outputs {head_outputs:.2e}, of the weights {weights:.2e}."
    ).format(head_outputs=parity.head_outputs, weights=parity.weights)
    if parity.output is None:
        return text + _(
            " nn.MultiheadAttention knows only the paper's formulation at temperature 1, without "
            "rotary positions or ALiBi, so it isn't compared here."
        )
    return text + _(
        " With nn.MultiheadAttention, given the same input and weights, the weights are compared "
        "too, and its output, wherever it knows the formulation: {output:.2e}."
    ).format(output=parity.output)
