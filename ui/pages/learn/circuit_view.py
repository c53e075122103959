"""Circuit: which head of a model trained here can feed which, and what follows if it can't."""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from model.composition import Into, random_floor
from model.head_edges import HeadEdgeCut, HeadEdges
from model.transformer import Encoder
from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection
from ui.link.head_edges import read_edges
from ui.link.memory import value_of
from ui.runs.circuits import CutRun, composition_of, run_without
from ui.runs.trained_here import TrainedHereRun
from ui.server.turns import take_turn
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.numbers import decimal, percent, whole
from ui.views.circuit import Edge, draw_edge_buttons, edges_of, name_of
from ui.views.heads import ON_PHONE, PLOTLY_CONFIG, show_tiles
from ui.views.stages import attention_tiles
from ui.views.view import View
from viz.circuit import NARROW_WIDTH, WIDTH, Circuit, CircuitEdge, draw_circuit
from viz.theme import Theme
from viz.tiles import stacked

CHART, PATTERNS = "circuit_chart", "circuit_patterns"
HEIGHT, TALL_HEIGHT = 336, 580  # pixels of the graph
TILES_WIDTH, TILES_HEIGHT, TILES_TALL = 470, 240, 420  # design pixels of the patterns
STORY = 56  # pixels that a story's sentences take
MOST_DRAWN = 48  # lines: of more than these nothing can be told
LISTED = 5  # of the strongest edges


@dataclass(frozen=True)
class Found:
    """What is known of a model's edges."""

    scores: dict[Into, np.ndarray]  # (layers, H, layers, H)
    floor: float  # of random heads
    strongest: list[Edge]  # above the floor, the strongest first
    chosen: tuple[HeadEdges, ...]  # that are cut
    cuts: tuple[HeadEdgeCut, ...]  # each of them


def show_circuit(run: TrainedHereRun, selection: Selection, theme: Theme) -> None:
    """Draw the graph, a head's weights before and after, and the edges to cut."""
    plan = run.settings.plan
    if not isinstance(run.model, Encoder):
        st.info(_("Circuits are shown of models with one stack: choose a task without a source."))
        return
    if plan.layers == 1:
        st.info(
            _("With one layer no head reads what another one wrote: choose two layers or more.")
        )
        return
    found = _find(run)
    take_turn(len({(c.later_layer, c.later_head) for c in found.cuts}) * 128 * 32**2)
    before, after = (run_without(run.settings, cuts) for cuts in ((), found.cuts))
    st.markdown(_what_follows(found, before, after))
    left, right = st.columns([5, 6], gap="medium")
    with left:
        _show_graph(run, found, theme)
    with right:
        _show_patterns(run, found, before, after, theme)
    _draw_edges(found)
    st.caption(
        _(
            "0·1 is layer 0, head 1. A line is composition (Elhage et al., 2021), drawn where it "
            "is above {floor}, what heads turned at random have; at most the strongest {most}. It "
            "is of weights alone: what a head uses, only a cut shows. A cut takes away what a head "
            "reads directly, and puts nothing in its place."
        ).format(floor=decimal(found.floor, 3), most=MOST_DRAWN)
    )


def _find(run: TrainedHereRun) -> Found:
    plan = run.settings.plan
    scores, floor = composition_of(plan, run.settings.snapshot), random_floor(plan.embed_size)
    edges: list[tuple[float, Edge]] = [
        (float(values[place]), (into, *place))
        for into, values in scores.items()
        for place in zip(*np.nonzero(values > floor), strict=True)
    ]
    edges.sort(key=lambda each: -each[0])
    chosen = read_edges(value_of("cut_edges"))
    every = {cut for edges in chosen for cut in edges.cuts(plan.layers, plan.heads)}
    strongest: list[Edge] = [(i, int(a), int(b), int(c), int(d)) for _s, (i, a, b, c, d) in edges]
    return Found(scores, floor, strongest, chosen, tuple(sorted(every)))


def _what_follows(found: Found, before: CutRun, after: CutRun) -> str:
    if not found.cuts:
        said = _("Right on held-out examples: **{accuracy}**. Cut an edge to see what it carries.")
        if found.chosen:
            said = _("Right on held-out examples: **{accuracy}**. This model has no such edges.")
        return said.format(accuracy=percent(before.accuracy, 1))
    said = _("Without {count} edges, right on held-out examples: **{before} → {after}**.")
    if len(found.cuts) == 1:
        said = _("Without this edge, right on held-out examples: **{before} → {after}**.")
    said = said.format(
        count=whole(len(found.cuts)),
        before=percent(before.accuracy, 1),
        after=percent(after.accuracy, 1),
    )
    if before.induction is None or after.induction is None:
        return said
    layer, head = place = _head_shown(found, before, after)
    more = _("Induction score of layer {layer}, head {head}: **{before} → {after}**.").format(
        layer=layer,
        head=head,
        before=decimal(before.induction[place], 2),
        after=decimal(after.induction[place], 2),
    )
    return f"{said} {more}"


def _show_graph(run: TrainedHereRun, found: Found, theme: Theme) -> None:
    plan, cuts = run.settings.plan, set(found.cuts)
    drawn = _drawn(found)
    largest = max((_score(found, edge) for edge in drawn), default=1.0)
    span = max(largest - found.floor, 1e-9)
    edges = [
        CircuitEdge(
            *edge[1:],
            into=edge[0],
            strength=max(0.0, (_score(found, edge) - found.floor) / span),
            text=_("{edge}<br>composition {score}").format(
                edge=name_of(edges_of(edge)), score=decimal(_score(found, edge), 3)
            ),
            is_cut=HeadEdgeCut(*edge[1:], edge[0]) in cuts,
        )
        for edge in drawn
    ]
    circuit = Circuit(
        layers=plan.layers,
        heads=plan.heads,
        edges=edges,
        into_words=(_("query"), _("key"), _("value")),
        layer_word=_("layer"),
        head_word=_("head"),
        width=NARROW_WIDTH if window_is_narrow() else WIDTH,
        height=_height(HEIGHT, TALL_HEIGHT),
    )
    alt = _("{layers} layers of {heads} heads, and {count} edges between them; {cut} are cut.")
    st.plotly_chart(
        draw_circuit(circuit, theme),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=alt.format(layers=plan.layers, heads=plan.heads, count=len(edges), cut=len(found.cuts)),
    )


def _drawn(found: Found) -> list[Edge]:
    """The strongest edges, and the strongest of those that are cut."""
    cut: list[Edge] = [(c.into, c.layer, c.head, c.later_layer, c.later_head) for c in found.cuts]
    cut.sort(key=lambda edge: -_score(found, edge))
    return list(dict.fromkeys([*found.strongest[:MOST_DRAWN], *cut[:MOST_DRAWN]]))


def _score(found: Found, edge: Edge) -> float:
    into, *place = edge
    return float(found.scores[into][tuple(place)])


def _show_patterns(
    run: TrainedHereRun, found: Found, before: CutRun, after: CutRun, theme: Theme
) -> None:
    """Draw the weights of the head that the cuts change most, without them and with them."""
    layer, head = _head_shown(found, before, after)
    tiles = attention_tiles(run.attention(layer), "weights")
    name = _("Layer {layer}, head {head}").format(layer=layer, head=head)
    weights = [before.weights[layer, head]]
    names, short = [name], [f"{layer} · {head}"]
    if found.cuts:
        weights.append(after.weights[layer, head])
        names = [_("{head}: before").format(head=name), _("{head}: after").format(head=name)]
        short = [_("before"), _("after")]
    allowed = run.allowed("encoder_self", layer, 0)
    tiles = replace(
        tiles,
        values=np.where(allowed, np.stack(weights), np.float32("nan")),
        names=names,
        short_names=short,
        scale=weight_scale(),
        width=TILES_WIDTH,
        height=_height(TILES_HEIGHT, TILES_TALL),
    )
    if window_is_narrow():
        tiles = stacked(tiles, width=ON_PHONE, highest=ON_PHONE)
    show_tiles(tiles, PATTERNS, theme)


def _head_shown(found: Found, before: CutRun, after: CutRun) -> tuple[int, int]:
    """The head whose weights change most; where none is cut, that of the strongest edge."""
    if found.cuts:
        change = np.abs(after.weights - before.weights).sum((2, 3))
        layer, head = np.unravel_index(int(change.argmax()), change.shape)
        return int(layer), int(head)
    return found.strongest[0][3:] if found.strongest else (1, 0)


def _height(usual: int, tall: int) -> int:
    height = tall if window_is_tall() else usual
    return height if value_of("story") is None else height - STORY


def _draw_edges(found: Found) -> None:
    """Draw a button for each of the strongest edges, all of a kind, and what else is cut."""
    kinds = [HeadEdges(None, None, into) for into in found.scores]
    draw_edge_buttons([*map(edges_of, found.strongest[:LISTED]), *kinds], found.chosen)


DESCRIPTION = Description(
    N_(
        "Circuit: which earlier head a later one can read, for its :q[query], its :k[key] or its "
        ":v[value]; cut a line to see what it is good for."
    ),
    "‖W₂·W₁‖ ÷ (‖W₂‖·‖W₁‖)",
    ("composition", "head", "layer", "query", "key", "value", "weight", "held_out"),
)
CIRCUIT = View(
    "circuit", show_circuit, lambda: DESCRIPTION, picks=False, shows_weights=lambda: True
)
