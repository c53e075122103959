"""The colours of weights: what is chosen, and the control for it."""

import streamlit as st

from ui.choices.limits import HIGHEST_END, LOWEST_END
from ui.choices.options import COLOR_SCALES
from ui.controls.popover import draw_popover
from ui.controls.random_settings import segments
from ui.link.memory import value_of
from ui.text.i18n import _
from viz.weight_scale import WeightScale


def weight_scale() -> WeightScale:
    """Return the scale that is chosen for the weights of the page that is shown."""
    curve = value_of("color_scale")
    name = {"linear": "", "log": _("log scale"), "sqrt": _("square-root scale")}[curve]
    return WeightScale(curve, value_of("color_end"), name)


def draw_colors() -> None:
    """Draw the control in a popover."""
    label = _("Colours of weights")
    draw_popover(
        label,
        _draw_controls,
        key="colors_popover",
        icon=":material/palette:",
        help=label,
        width="content",
    )


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
        placeholder=_("the largest"),
        help=_(
            "From {low} to {high}. Larger weights have the colour of the end, marked ≥. Empty: "
            "the largest weight that is shown; where a training is watched, 1 for all its steps."
        ).format(low=LOWEST_END, high=HIGHEST_END),
    )
