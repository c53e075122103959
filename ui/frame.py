"""What the pages have in common: the end of the sidebar, and what follows each key press."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.clicks import CLICKABLE, take_cell, take_name
from ui.components import chart_clicks
from ui.controls import draw_more
from ui.downloads import Shown, draw_downloads
from ui.failures import told_in_place
from ui.header import show_header
from ui.i18n import _
from ui.link import remember, show_notices, value_of
from ui.run import Run
from ui.selection import Selection, attention_in, fit_selection
from ui.sides import draw_pin
from ui.state import current_settings, layout_in_use
from ui.views.cell import show_cell
from ui.views.finder import show_finder
from ui.views.head import show_head
from ui.views.heads import show_heads
from ui.views.kinds import show_kinds
from ui.views.layers import show_layers
from ui.views.leak import show_leak
from ui.views.next_token import show_next
from ui.views.numbers import show_numbers
from ui.views.order import show_order
from ui.views.similarity import show_similarity
from ui.views.watch import show_watch
from viz.theme import theme_of


def end_sidebar(shown: Shown, *, more: bool = True) -> None:
    """The rest of the controls, the downloads, and the ear for clicks; the layout is settled."""
    places = st.columns([5, 7], gap="small") if more else [st.container()]
    if more:
        with places[0]:
            draw_more()
    with places[-1]:
        draw_downloads(shown)
    draw_pin()
    chart_clicks(charts=CLICKABLE, on_cell=take_cell, on_name=take_name)
    st.session_state["_layout"] = layout_in_use()


class Followed(NamedTuple):
    """What a page shows now."""

    run: Run
    selection: Selection


def follow(shown: Shown, top: DeltaGenerator, *typed: str) -> Followed | None:
    """Compute what is chosen now, draw the view, and say on top what its numbers are.

    None where it can't be computed: why is said on top. Nothing is raised, so that a page goes on
    to its inputs, in which alone it can be corrected.

    Args:
        shown: takes what is shown, for the downloads.
        top: the place above the view.
        typed: the controls in the page's fragment, which change without a whole run.
    """
    if st.session_state["_layout"] != layout_in_use():
        st.rerun()  # a control was changed while somebody typed: Streamlit ran only the fragment
    remember(*typed)
    followed = None
    with told_in_place(top):
        shown.settings = current_settings()
        run = shown.run()
        selection = fit_selection(run)
        shown.sentence, shown.layer, shown.kind = (
            selection.sentence,
            selection.layer,
            selection.kind,
        )
        followed = Followed(run, selection)
    # The picture goes first: what is sent before it would delay it by a frame each.
    if followed is not None and not followed.run.is_empty:
        with told_in_place():
            show_view(followed.run, followed.selection)
    with top:
        if followed is not None:
            with told_in_place():
                show_header(followed.run)
        show_notices()
    return followed


def show_view(run: Run, selection: Selection) -> None:
    """Draw the view that is chosen."""
    theme = theme_of(st.context.theme.type)
    attention = attention_in(run, selection)
    if value_of("view") in ("heads", "layers") and not (attention.queries and attention.keys):
        st.info(_("All tokens of this sentence are hidden: the first one, or special ones."))
        return
    match value_of("view"):
        case "kinds":
            show_kinds(run, selection, value_of("stage"), theme)
        case "heads":
            show_heads(attention, value_of("stage"), theme)
        case "head":
            show_head(attention, selection, theme)
        case "cell":
            show_cell(attention, selection, theme)
        case "layers":
            show_layers(run, selection, value_of("overview"), theme)
        case "tests" if value_of("test") == "leak":
            show_leak(run, selection, theme)
        case "tests":
            show_order(run, selection, theme)
        case "numbers":
            show_numbers(attention, value_of("stage"))
        case "finder":
            show_finder(run, selection, value_of("pattern"), theme)
        case "next":
            show_next(run, selection, theme)
        case "similarity":
            show_similarity(run, theme)
        case "watch":
            show_watch(run, selection, theme)
