"""Trained or random weights, and the ways on from here."""

import streamlit as st

from lessons.shelf import lessons
from model.pretrained.base import ModelUnavailableError
from ui.frame.page import draw_link
from ui.lesson.room import draw_joining
from ui.link.memory import value_of
from ui.pages.start.looks import MODEL
from ui.runs.model_store import model_of
from ui.text.i18n import N_, _
from ui.text.refusals import describe_refusal

WAYS_ON: tuple[tuple[str, dict[str, str], str, str], ...] = (  # page, query, label, icon
    ("explore", {}, N_("Everything: all heads, all numbers"), ":material/grid_view:"),
    ("learn", {}, N_("Watch attention being learnt"), ":material/school:"),
)


def draw_switch() -> None:
    """Draw the switch between trained and random weights, and what that means."""
    try:
        model_of(MODEL)
    except ModelUnavailableError as error:
        st.info(
            _(
                "These weights are random, so who looks at whom means nothing yet: {why} On Learn, "
                "weights are trained before your eyes."
            ).format(why=describe_refusal(error, MODEL)),
            icon=":material/casino:",
        )
        return
    is_trained = st.segmented_control(
        _("Weights"),
        (True, False),
        default=value_of("trained"),
        required=True,
        format_func=lambda trained: _("trained") if trained else _("random"),
        key="trained",
        label_visibility="collapsed",
    )
    st.markdown(
        _(
            "MiniLM's weights were learnt from text. This is one of its 72 heads, the one in which "
            "“it” finds its animal; others look elsewhere."
        )
        if is_trained
        else _(
            "These weights are random numbers: nothing has been learnt, so who looks at whom "
            "means nothing."
        )
    )


def show_how_to_read() -> None:
    """Say what the heatmap has to do with the arcs."""
    st.markdown(
        _(
            "The table says the same: each row is a word that looks, each column a word that is "
            "looked at. The framed row holds the weights of the arcs."
        )
    )


def draw_ways_on() -> None:
    """Draw where to go from here."""
    with st.container(key="ways_on", gap="xsmall"):
        with st.container(horizontal=True, key="ways_in", gap="small"):
            _draw_way_to_lessons()
            draw_joining()
        for page, query, label, icon in WAYS_ON:
            draw_link(page, _(label), query=query, icon=icon)


def _draw_way_to_lessons() -> None:
    """Draw the way to the first lesson that can be shown."""
    try:
        model_of(MODEL)
        missing = set()
    except ModelUnavailableError:
        missing = {"pretrained"}
    for lesson in lessons().values():
        if missing.isdisjoint(step.page for step in lesson.steps):
            draw_link(
                lesson.steps[0].page,
                _("Lessons: predict, then see"),
                query={"lesson": lesson.name},
                icon=":material/tour:",
            )
            return
