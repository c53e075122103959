"""The Lab's choices of what its pictures and tables show."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ui.controls.let_show import let_show
from ui.link.memory import choose, value_of
from ui.pages.lab.controls import pick_one
from ui.pages.lab.parameters import AMOUNTS, AXES, LEARN_PICTURES, METRIC_NAMES, PICTURES
from ui.pages.lab.words import (
    AMOUNT_WORDS,
    AXIS_WORDS,
    METRIC_TERMS,
    METRIC_WORDS,
    PICTURE_WORDS,
    named_in,
)
from ui.text.i18n import _


def draw_picture_choice(used: dict[str, str]) -> None:
    """Draw the choice of a mechanism's picture, with the axes used where none is chosen."""
    with st.container(horizontal=True, gap="small", key="picture_choice"):
        pick_one(_("Picture"), "picture", PICTURES, named_in(PICTURE_WORDS))
        terms = METRIC_TERMS[value_of("metric")]
        pick_one(_("Measure"), "metric", METRIC_NAMES, named_in(METRIC_WORDS), terms=terms)
        for label, key in (
            (_("Along"), "along"),
            (_("Up") if value_of("picture") == "heatmap" else _("A line for each"), "line"),
            (_("A panel for each"), "panel"),
        ):
            pick_one(label, key, AXES, named_in(AXIS_WORDS), automatic=used[key])


def draw_learn_picture() -> None:
    """Draw the choice of a picture of trainings."""
    _segments(_("Picture"), "learn_picture", LEARN_PICTURES, PICTURE_WORDS)


def draw_amount() -> None:
    """Draw the choice of what the table of costs counts."""
    _segments(_("Amount"), "amount", AMOUNTS, AMOUNT_WORDS)


def _segments(label: str, key: str, options: Sequence[str], words: Mapping[str, str]) -> None:
    widget = f"pick_{key}"

    def take() -> None:
        choose(f"{key} {st.session_state[widget]}", **{key: st.session_state[widget]})

    let_show(widget, value_of(key))
    st.segmented_control(
        label,
        options,
        default=value_of(key),
        required=True,
        format_func=named_in(words),
        key=widget,
        on_change=take,
        label_visibility="collapsed",
    )
