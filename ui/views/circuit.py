"""Edges between heads on several pages: what they are called, and the buttons that cut them."""

from collections.abc import Sequence

import streamlit as st

from model.composition import Into
from model.head_edges import HeadEdges
from ui.link.head_edges import read_edges, write_edges
from ui.link.memory import choose, value_of
from ui.text.i18n import _

Edge = tuple[Into, int, int, int, int]  # into what; layer and head, later layer and head


def edges_of(edge: Edge) -> HeadEdges:
    """Return one edge as links have it."""
    into, layer, head, later_layer, later_head = edge
    return HeadEdges((layer, head), (later_layer, later_head), into)


def name_of(edges: HeadEdges) -> str:
    """Return what edges are called: 0·1 → key of 1·2."""
    if edges.first is None and edges.later is None:
        return {
            "q": _("all into queries"),
            "k": _("all into keys"),
            "v": _("all into values"),
        }[edges.into]
    first, later = (
        _("all") if head is None else f"{head[0]}·{head[1]}" for head in (edges.first, edges.later)
    )
    return {
        "q": _("{first} → query of {later}"),
        "k": _("{first} → key of {later}"),
        "v": _("{first} → value of {later}"),
    }[edges.into].format(first=first, later=later)


def draw_edge_buttons(offered: Sequence[HeadEdges], chosen: Sequence[HeadEdges]) -> None:
    """Draw a button for each of these edges and for what else is cut: it cuts, or undoes that.

    Args:
        offered: in their order.
        chosen: what is cut now.
    """
    with st.container(horizontal=True, gap="small", key="circuit_edges"):
        for edges in dict.fromkeys([*offered, *chosen]):
            is_cut = edges in chosen
            st.button(
                name_of(edges),
                key=f"cut_{write_edges([edges])}",
                icon=":material/undo:" if is_cut else ":material/content_cut:",
                type="primary" if is_cut else "secondary",
                on_click=_take,
                args=(edges, is_cut),
            )
        if len(chosen) > 1:
            st.button(_("Undo all"), key="undo_edges", on_click=_take_none)


def _take(edges: HeadEdges, is_cut: bool) -> None:
    chosen = [each for each in read_edges(value_of("cut_edges")) if each != edges]
    choose("cut_edge", cut_edges=write_edges(chosen if is_cut else [*chosen, edges]))


def _take_none() -> None:
    choose("cut_edge", cut_edges="")
