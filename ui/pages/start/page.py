"""Start: what attention is, on one sentence, for whoever has never heard of it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.controls.random_settings import sentence_input
from ui.frame.clicks import draw_click_listener
from ui.frame.failures import told_in_place
from ui.frame.history import live
from ui.frame.page import Page
from ui.frame.pictures import tell_title, tell_weights
from ui.link.notices import show_notices
from ui.pages.start.controls import draw_switch, draw_ways_on, show_how_to_read
from ui.pages.start.parameters import PARAMETERS
from ui.pages.start.picture import CHART, looks_shown, open_word, show_arcs, show_table
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.views.view import Chart

CLAIM = N_("Attention is how much each word looks at every other word.")
TEXT = "text"  # what other pages call the sentence


def _draw() -> None:
    """Draw what stays, around a part that follows each key press."""
    with st.container(key="start", gap="small"):
        st.title(_(CLAIM), anchor=False)
        sentence_place = st.container()
        arcs_place = st.container()
        left, right = st.columns([11, 9], gap="large")
        with right:
            draw_switch()
            show_how_to_read()
            draw_ways_on()
            draw_click_listener()
        live(_follow)(sentence_place, arcs_place, left)


def _present() -> None:
    """Draw the sentence and its arcs alone."""
    st.title(_(CLAIM), anchor=False)
    sentence_place, arcs_place = st.container(), st.container()
    draw_click_listener()
    live(_follow)(sentence_place, arcs_place, None)


def _follow(
    sentence_place: DeltaGenerator,
    arcs_place: DeltaGenerator,
    table_place: DeltaGenerator | None,
) -> None:
    """Draw the sentence, and who looks at whom in it; also as a table, where there is a place."""
    with arcs_place, told_in_place():
        looks = looks_shown()
        if looks is not None:
            show_arcs(looks)
            tell_title(Description(CLAIM))
            said = _("trained weights: {name}") if looks.is_trained else _("{name}, untrained")
            tell_weights(said.format(name=looks.name))
            if table_place is None:
                st.caption(looks.name)
            else:
                with table_place:
                    show_table(looks)
    with sentence_place:
        sentence_input(_("Type over this sentence; point at a word, or click it:"), "say")
        show_notices()


PAGE = Page(
    name="start",
    title=N_("Start"),
    draw=_draw,
    parameters=PARAMETERS,
    shared=frozenset({TEXT}),
    called={TEXT: "say"},
    present=_present,
    charts=(Chart(CHART, open_word),),
    has_heading=True,
)
