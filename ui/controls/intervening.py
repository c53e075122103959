"""Changing something by hand: the list of what is changed, and what the chosen head and edge allow.

What is pointed at is what all views point at: a head, a query and a key.
"""

from dataclasses import dataclass
from html import unescape
from typing import get_args

import numpy as np
import streamlit as st

from model.interventions import Edge, Interventions, Pattern, PatternSource, PlacedCut, PlacedWeight
from model.masks import MOST_CELLS_ASIDE, decode_cells
from ui.choices.limits import MOST_INTERVENTIONS
from ui.components import PainterData, mask_painter
from ui.controls.presenting import painter_size
from ui.controls.random_settings import sentence_input
from ui.controls.selection import Selection, draw_next_time
from ui.link.interventions import (
    KINDS,
    cells_of,
    chosen_interventions,
    values_of,
    with_one,
    without,
)
from ui.link.memory import choose, set_values
from ui.runs.run import Attention
from ui.text.i18n import _
from ui.text.interventions import describe_intervention, pattern_word
from ui.text.markdown import token_text, verbatim

SLIDER = "edge_weight"
PERCENT = 100


@dataclass(frozen=True)
class Pointed:
    """What can be changed: the chosen head and edge of an attention."""

    attention: Attention  # whole, as it is once all is changed
    selection: Selection

    @property
    def head(self) -> tuple[int, int] | None:
        """The layer and the head; None where none is chosen."""
        if self.selection.head is None:
            return None
        return self.selection.layer, self.selection.head

    def name(self, sentence: int, is_query: bool, place: int) -> str:
        """Return a token's name, escaped; its place where the sentence has no such token."""
        if sentence != self.selection.sentence:
            return str(place)
        labels = self.attention.query_labels if is_query else self.attention.key_labels
        if place >= len(labels.short):
            return str(place)
        return verbatim(unescape(labels.short[place]))


def draw_list(pointed: Pointed, waiting: int) -> None:
    """Draw what is changed, each with its undoing."""
    named = chosen_interventions()
    if not named:
        st.caption(_("Nothing is changed yet."))
        return
    with st.container(key="interventions", gap="xsmall"):
        for kind in KINDS.values():
            for place, one in enumerate(getattr(named, kind)):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.button(
                        _("Undo"),
                        key=f"undo_{kind}_{place}",
                        icon=":material/undo:",
                        on_click=_take,
                        args=("undo", without(named, kind, one)),
                    )
                    st.markdown(describe_intervention(kind, one, pointed.name))
    if len(named) > 1:
        st.button(_("Undo all"), key="undo_all", on_click=_take, args=("undo", Interventions()))
    if waiting:
        st.caption(
            _(
                "{count} of them do nothing now: the sentence has no such token, or the other "
                "sentence has another number of tokens."
            ).format(count=waiting)
        )


def draw_head_changes(pointed: Pointed) -> None:
    """Draw what can be done to the chosen head."""
    if pointed.head is None:
        st.caption(_("Choose a head in the picture, to change it."))
        return
    named, (layer, head) = chosen_interventions(), pointed.head
    st.markdown(_("**Layer {layer}, head {head}**").format(layer=layer, head=head))
    labels = {"removed": _("Remove"), "averaged": _("Set to its mean")}
    with st.container(horizontal=True, gap="small", key="head_changes"):
        for kind, label in labels.items():
            _draw_toggle(label, named, kind, pointed.head)
        for source in get_args(PatternSource):
            _draw_pattern(source, named, pointed)
    if any(pattern.source == "other" for pattern in named.patterns):
        sentence_input(_("Other sentence (as many tokens)"), "from_text")
    painted = pattern_of(named, pointed)
    if painted is not None and painted.source == "painted":
        _draw_painter(painted, pointed)


def draw_edge_changes(pointed: Pointed) -> None:
    """Draw what can be done to the edge from the chosen query to the chosen key."""
    selection = pointed.selection
    query, key, sentence = selection.query, selection.key, selection.sentence
    if query is None or key is None:
        st.caption(_("Choose a query and a key, to cut the edge between them or set its weight."))
        return
    names = {
        "query": pointed.name(sentence, True, query),
        "key": pointed.name(sentence, False, key),
    }
    named = chosen_interventions()
    cuts = {
        _("Cut in this layer"): PlacedCut(query, key, selection.layer, None, sentence),
        _("Cut everywhere"): PlacedCut(query, key, sentence=sentence),
    }
    if selection.head is not None:
        here = PlacedCut(query, key, selection.layer, selection.head, sentence)
        cuts = {_("Cut in this head"): here, **cuts}
    if not pointed.attention.allowed[query, key] and not any(
        cut in named.cuts for cut in cuts.values()
    ):
        st.caption(_("{query} can't look at {key} in any case: it is masked.").format(**names))
        return
    st.markdown(_("**{query} → {key}**").format(**names))
    with st.container(horizontal=True, gap="small", key="edge_changes"):
        for label, cut in cuts.items():
            _draw_toggle(label, named, "cuts", cut)
    if selection.head is not None:
        _draw_weight(pointed, named, selection.head, query, key)


def pattern_of(named: Interventions, pointed: Pointed) -> Pattern | None:
    """Return the pattern in place of the chosen head's weights."""
    where = (*(pointed.head or ()), pointed.selection.sentence)
    return next((p for p in named.patterns if (p.layer, p.head, p.sentence) == where), None)


def _draw_toggle(label: str, named: Interventions, kind: str, one: object) -> None:
    is_on = one in getattr(named, kind)
    changed = without(named, kind, one) if is_on else with_one(named, kind, one)
    st.button(
        label,
        key=f"change_{kind}_{label}" if kind == "cuts" else f"change_{kind}",
        type="primary" if is_on else "secondary",
        disabled=not is_on and len(getattr(named, kind)) >= MOST_INTERVENTIONS,
        on_click=_take,
        args=(kind, changed),
    )


def _draw_pattern(source: PatternSource, named: Interventions, pointed: Pointed) -> None:
    assert pointed.head is not None
    there = pattern_of(named, pointed)
    is_on = there is not None and there.source == source
    rest = named if there is None else without(named, "patterns", there)
    layer, head = pointed.head
    cells = _strongest(pointed.attention, head) if source == "painted" else ()
    one = Pattern(layer, head, source, cells, pointed.selection.sentence)
    st.button(
        pattern_word(source),
        key=f"change_{source}",
        type="primary" if is_on else "secondary",
        disabled=there is None and len(named.patterns) >= MOST_INTERVENTIONS,
        on_click=_take,
        args=("patterns", rest if is_on else with_one(rest, "patterns", one)),
    )


def _strongest(attention: Attention, head: int) -> tuple[Edge, ...]:
    """Return each query's strongest key, which painting begins with."""
    weights = attention.field("weights")[head][:MOST_CELLS_ASIDE, :MOST_CELLS_ASIDE]
    size = min(weights.shape)
    return tuple(Edge(query, int(row.argmax())) for query, row in enumerate(weights[:size, :size]))


def _draw_painter(pattern: Pattern, pointed: Pointed) -> None:
    """Draw the grid on which a head's weights are painted."""
    attention = pointed.attention
    size = min(attention.real_queries, len(attention.keys), MOST_CELLS_ASIDE)
    if attention.kind == "cross" or not size:
        st.caption(_("Weights can be painted where a sentence looks at itself."))
        return
    allowed = np.zeros((size, size), dtype=bool)
    there = cells_of(pattern)[:size, :size]
    allowed[: len(there), : len(there)] = there
    mask_painter(
        PainterData(
            tokens=[token_text(token) for token in attention.queries[:size]],
            allowed=allowed,
            words={
                "all": _("All"),
                "causal": _("Causal"),
                "diagonal": _("Diagonal"),
                "invert": _("Invert"),
                "hint": _("Painted keys share a query's weight; rows without paint stay."),
                "may": _("{query} looks at {key}"),
                "may_not": _("{query} doesn't look at {key}"),
            },
            enlarged=painter_size(),
        ),
        key="pattern_painter",
        on_paint=lambda: _take_paint(pattern),
    )


def _take_paint(pattern: Pattern) -> None:
    """Keep the pattern that the painter sent."""
    sent = st.session_state.get("pattern_painter", {}).get("paint")
    try:
        cells = decode_cells(sent if isinstance(sent, str) else "")
    except ValueError:  # a browser can send anything
        return
    edges = tuple(Edge(int(query), int(key)) for query, key in np.argwhere(cells))
    named = without(chosen_interventions(), "patterns", pattern)
    painted = Pattern(pattern.layer, pattern.head, "painted", edges, pattern.sentence)
    set_values(**values_of(with_one(named, "patterns", painted)))
    draw_next_time()


def _draw_weight(pointed: Pointed, named: Interventions, head: int, query: int, key: int) -> None:
    """Draw the bar of the edge's weight, which can be dragged."""
    layer, sentence = pointed.selection.layer, pointed.selection.sentence
    weight = float(pointed.attention.field("weights")[head, query, key])
    st.session_state[SLIDER] = min(PERCENT, max(0, round(weight * PERCENT)))
    st.slider(
        _("Its weight in this head, in %"),
        0,
        PERCENT,
        key=SLIDER,
        help=_("The others of the row share the rest, in the proportions that they have."),
        on_change=_take_weight,
        args=(query, key, layer, head, sentence),
        disabled=not pointed.attention.allowed[query, key],
    )


def _take_weight(query: int, key: int, layer: int, head: int, sentence: int) -> None:
    where, named = (query, key, layer, head, sentence), chosen_interventions()
    for each in named.weights:
        if (each.query, each.key, each.layer, each.head, each.sentence) == where:
            named = without(named, "weights", each)
    percent = st.session_state[SLIDER]
    weight = PlacedWeight(query, key, layer, head, percent / PERCENT, sentence)
    _take("edge", with_one(named, "weights", weight))


def _take(action: str, named: Interventions) -> None:
    choose(action, **values_of(named))
    draw_next_time()
