"""The colours of weights: what is chosen, and the control for it."""

import streamlit as st

from ui.controls import BOUND, draw_kept, segments
from ui.i18n import _
from ui.link import default_of, value_of
from ui.settings import COLOR_SCALES, HIGHEST_END, LOWEST_END
from viz.weight_scale import WeightScale

KEYS = ("color_scale", "color_end")


def weight_scale() -> WeightScale:
    """Return the scale that is chosen for the weights of the page that is shown."""
    curve = value_of("color_scale")
    name = {"linear": "", "log": _("log scale"), "sqrt": _("square-root scale")}[curve]
    return WeightScale(curve, value_of("color_end"), name)


def draw_colors(*, used: bool) -> None:
    """Draw the control where weights are shown as pictures, in a popover that is empty till opened.

    What is inside costs as much as the row around it.
    """
    draw_kept(_draw_popover, "colors", used, *KEYS)


def _draw_popover() -> None:
    label = _("Colours of weights")
    popover = st.popover(
        label, icon=":material/palette:", help=label, key="colors_popover", on_change="rerun"
    )
    # Whatever isn't the default is drawn in any case, or the link would lose it.
    if popover.open or any(value_of(key) != default_of(key) for key in KEYS):
        with popover:
            _draw_controls()


def _draw_controls() -> None:
    segments(
        _("Colour scale of weights"),
        COLOR_SCALES,
        key="color_scale",
        help=_(
            "Linear: twice the weight, twice as far along the colours. Log: each tenth as far "
            "again, four decades long; what is less, and zero, has the lowest colour. Sqrt: by "
            "the square root, between the two. Only colours change, never the numbers."
        ),
    )
    st.number_input(
        _("Weight at the end of the colours"),
        LOWEST_END,
        HIGHEST_END,
        value=None,
        step=0.05,
        format="%g",
        key="color_end",
        bind=BOUND,
        placeholder=_("the largest"),
        help=_(
            "From {low} to {high}. Larger weights have the colour of the end, marked ≥. Empty: "
            "the largest weight that is shown; where a training is watched, 1 for all its steps."
        ).format(low=LOWEST_END, high=HIGHEST_END),
    )
