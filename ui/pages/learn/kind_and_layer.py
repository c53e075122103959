"""Which attention of a model trained here is looked at."""

import streamlit as st

from model.tasks import TASKS
from ui.choices.learning import MOST_HEADS_SHOWN
from ui.choices.options import KINDS
from ui.controls.fits import fit_layer
from ui.controls.random_settings import segments
from ui.link.memory import value_of
from ui.text.i18n import _
from ui.views.view import View


def draw_kind_and_layer(view: View) -> None:
    """Draw the kind of attention, where there are three, and the layer, where several are."""
    if TASKS[value_of("task")].kind == "encoder-decoder":
        segments(_("Attention"), KINDS, key="kind", hidden=True)
    fit_layer()
    layers, heads = value_of("layers"), value_of("heads")
    shows_all = view.name == "circuit" or (
        view.name == "watch" and layers * heads <= MOST_HEADS_SHOWN
    )
    if layers > 1 and not shows_all:
        st.segmented_control(
            _("Layer shown"),
            range(layers),
            default=value_of("layer"),
            required=True,
            format_func=lambda layer: (
                _("layer {layer}").format(layer=layer) if layer == 0 else str(layer)
            ),
            key="layer",
            label_visibility="collapsed",
        )
