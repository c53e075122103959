"""The popover in which something is changed by hand, on every view."""

import streamlit as st

from model.pretrained.base import changeable_kind
from ui.controls.intervening import Pointed, draw_edge_changes, draw_head_changes, draw_list
from ui.controls.popover import draw_popover
from ui.controls.selection import attention_in, draw_next_time, selection_in
from ui.frame.failures import told_in_place
from ui.link.memory import choose, value_of
from ui.pages.pretrained.causes_view import CAUSES
from ui.pages.pretrained.source import PRETRAINED
from ui.text.explain import explain
from ui.text.i18n import _


def draw_changing() -> None:
    """Draw the popover that changes something by hand."""
    draw_popover(
        _("Change by hand"),
        _draw,
        key="change_popover",
        icon=":material/content_cut:",
        help="\n\n".join(
            (
                _("Remove a head, cut an edge, put in other weights, and see what follows."),
                explain("head", "query", "key"),
            )
        ),
    )


def _draw() -> None:
    with told_in_place():
        run = PRETRAINED.compute(PRETRAINED.settings())
        if run.is_empty:
            st.caption(_("Type a sentence first."))
            return
        selection = selection_in(run)
        pointed = Pointed(attention_in(run, selection).whole, selection)
        draw_list(pointed, run.computed.waiting)
        if selection.kind != changeable_kind(run.model.kind):
            st.caption(_("Choose the cross-attention on the left: that can be changed."))
        else:
            draw_head_changes(pointed)
            draw_edge_changes(pointed)
        if value_of("view") != CAUSES.name:
            st.button(
                _("See what follows"),
                key="see_causes",
                type="primary",
                icon=":material/arrow_forward:",
                on_click=_see,
                disabled=not run.settings.interventions,
            )


def _see() -> None:
    choose("causes", view=CAUSES.name)
    draw_next_time()
