"""Which attention of a model trained here is looked at."""

import streamlit as st

from model.tasks import TASKS
from ui.controls import BOUND, draw_kept, segments
from ui.i18n import _
from ui.link import default_of, fit_layer, value_of
from ui.settings import KINDS, MOST_HEADS_SHOWN


def draw_kind_and_layer(view: str) -> None:
    """The kind of attention, where there are three, and the layer, where there are several."""
    has_kinds = TASKS[value_of("task")].kind == "encoder-decoder"
    draw_kept(_draw_kind, "kind", has_kinds, "kind")
    fit_layer()
    layers, heads = value_of("layers"), value_of("heads")
    is_asked = layers > 1 and not (view == "watch" and layers * heads <= MOST_HEADS_SHOWN)
    # Drawn in any case: Streamlit leaves a control's first value out of the link, and a click on a
    # head would be it.
    if layers > 1 or value_of("layer"):
        with st.container(key="layer_used" if is_asked else "layer_unused", width="content"):
            _draw_layer()


def _draw_kind() -> None:
    segments(_("Attention"), KINDS, key="kind", hidden=True)


def _draw_layer() -> None:
    st.segmented_control(
        _("Layer shown"),
        range(value_of("layers")),
        default=default_of("layer"),
        required=True,
        format_func=lambda layer: (
            _("layer {layer}").format(layer=layer) if layer == 0 else str(layer)
        ),
        key="layer",
        bind=BOUND,
        label_visibility="collapsed",
    )
