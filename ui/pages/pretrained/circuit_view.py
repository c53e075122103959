"""Circuit: which earlier heads a pretrained model's head can read, and what follows if it can't."""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from model.composition import Into, random_floor
from model.head_edges import HeadEdgeCut, HeadEdges
from model.next_token import kl_divergence, probabilities_of, top_tokens
from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection
from ui.link.head_edges import read_edges
from ui.link.memory import value_of
from ui.runs.head_circuits import CutAnswer, answer_without, composition_of_head, has_edges
from ui.runs.pretrained import PretrainedRun
from ui.server.turns import take_turn
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import verbatim
from ui.text.numbers import decimal, percent, whole
from ui.views.circuit import Edge, draw_edge_buttons, edges_of, name_of
from ui.views.heads import ON_PHONE, PLOTLY_CONFIG, show_tiles
from ui.views.stages import attention_tiles
from ui.views.view import View
from viz.circuit import NARROW_WIDTH, WIDTH, Circuit, CircuitEdge, draw_circuit
from viz.theme import Theme
from viz.tiles import stacked

CHART, PATTERNS = "circuit_chart", "circuit_patterns"
HEIGHT, TALL_HEIGHT = 280, 560  # pixels of the graph
TILES_WIDTH, TILES_HEIGHT, TILES_TALL = 470, 190, 420  # design pixels of the patterns
MOST_DRAWN = 20  # edges into the head
LISTED = 4  # of the strongest edges
MOST_TOKENS = 64  # of a text in which edges are cut: each cut is a run of the whole model
MOST_CUTS = 2000


@dataclass(frozen=True)
class Found:
    """What is known of the edges into the head that is looked at."""

    layer: int
    head: int
    scores: dict[Into, np.ndarray]  # (layer, H)
    strongest: list[Edge]
    floor: float
    chosen: tuple[HeadEdges, ...]  # that are cut
    cuts: tuple[HeadEdgeCut, ...]  # each of them


def show_circuit(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw what can feed the chosen head, its weights before and after, and the edges to cut."""
    if not has_edges(run.model):
        st.info(_("Edges between heads are cut in SmolLM2 and in models trained on Learn."))
        return
    layer, head = selection.layer, selection.head or 0
    if layer == 0:
        st.info(_("No head comes before those of layer 0: choose a later layer."))
        return
    run = run.unchanged() or run
    found = _find(run, layer, head)
    after = _without(run, found)
    st.markdown(_what_follows(run, found, after))
    left, right = st.columns([5, 6], gap="medium")
    with left:
        _show_graph(run, found, theme)
    with right:
        _show_patterns(run, found, after, theme)
    kinds = [HeadEdges(None, (layer, head), into) for into in found.scores]
    draw_edge_buttons([*map(edges_of, found.strongest[:LISTED]), *kinds], found.chosen)
    st.caption(
        _(
            "0·1 is layer 0, head 1. Lines: the {most} strongest compositions (Elhage et al., "
            "2021), of weights alone. Heads turned at random have {floor}; but heads share some "
            "directions, so that most pairs have more: what a head uses, only a cut shows. It puts "
            "nothing in place of what it takes. Other changes by hand aren't made here."
        ).format(most=MOST_DRAWN, floor=decimal(found.floor, 3))
    )


def _find(run: PretrainedRun, layer: int, head: int) -> Found:
    scores = composition_of_head(run.settings.model, layer, head)
    edges: list[tuple[float, Edge]] = [
        (float(score), (into, earlier, first, layer, head))
        for into, values in scores.items()
        for (earlier, first), score in np.ndenumerate(values)
    ]
    edges.sort(key=lambda each: -each[0])
    chosen = read_edges(value_of("cut_edges"))
    layers, heads = run.layers_of("encoder_self"), run.heads_of("encoder_self")
    every = {cut for each in chosen for cut in each.cuts(layers, heads)}
    return Found(
        layer=layer,
        head=head,
        scores=scores,
        strongest=[edge for _score, edge in edges],
        floor=random_floor(run.embed_size),
        chosen=chosen,
        cuts=tuple(sorted(every)),
    )


def _without(run: PretrainedRun, found: Found) -> CutAnswer | None:
    """The answer once the edges are cut; None where none are, or too many."""
    ids = tuple(run.sentences.subwords[0].ids)
    if not found.cuts or len(found.cuts) > MOST_CUTS or len(ids) > MOST_TOKENS:
        return None
    take_turn(run.maps * len(ids) ** 2)
    return answer_without(run.settings.model, ids, found.cuts, found.layer, found.head)


def _what_follows(run: PretrainedRun, found: Found, after: CutAnswer | None) -> str:
    if after is not None:
        return _answer(run, found, after)
    if not found.chosen:
        return _(
            "What can layer {layer}, head {head} read? Cut an edge to see what it carries."
        ).format(layer=found.layer, head=found.head)
    if not found.cuts:
        return _("This model has no such edges.")
    return _(
        "Nothing is cut: at most {cuts} edges can be, in a text of at most {tokens} tokens."
    ).format(cuts=whole(MOST_CUTS), tokens=MOST_TOKENS)


def _answer(run: PretrainedRun, found: Found, after: CutAnswer) -> str:
    """What becomes of the likeliest next token."""
    assert run.next_logits is not None  # a decoder's
    before = run.next_logits[0]
    best = top_tokens(before, 1)[0]
    (now,) = probabilities_of(after.logits, [best.token])
    said = _(
        "Without {count} edges, {token} goes from **{before}** to **{now}**; the whole prediction "
        "moves by {kl:.3g} nats (Kullback–Leibler)."
    )
    if len(found.cuts) == 1:
        said = _(
            "Without this edge, {token} goes from **{before}** to **{now}**; the whole prediction "
            "moves by {kl:.3g} nats (Kullback–Leibler)."
        )
    return said.format(
        count=whole(len(found.cuts)),
        token=verbatim(run.model.tokenizer.shown(best.token)),
        before=percent(best.probability, 1),
        now=percent(now, 1),
        kl=kl_divergence(before, after.logits),
    )


def _show_graph(run: PretrainedRun, found: Found, theme: Theme) -> None:
    own = found.layer, found.head
    into_here = [c for c in found.cuts if (c.later_layer, c.later_head) == own]
    cut: list[Edge] = [(c.into, c.layer, c.head, c.later_layer, c.later_head) for c in into_here]
    cut.sort(key=lambda edge: -_score(found, edge))
    drawn = list(dict.fromkeys([*found.strongest[:MOST_DRAWN], *cut[:MOST_DRAWN]]))
    strongest, weakest = _score(found, drawn[0]), min(_score(found, edge) for edge in drawn)
    span = max(strongest - weakest, 1e-9)
    cuts = set(cut)
    edges = [
        CircuitEdge(
            *edge[1:],
            into=edge[0],
            strength=(_score(found, edge) - weakest) / span,
            text=_("{edge}<br>composition {score}").format(
                edge=name_of(edges_of(edge)), score=decimal(_score(found, edge), 3)
            ),
            is_cut=edge in cuts,
        )
        for edge in drawn
    ]
    circuit = Circuit(
        layers=found.layer + 1,
        heads=run.heads_of("encoder_self"),
        edges=edges,
        into_words=(_("query"), _("key"), _("value")),
        layer_word=_("layer"),
        head_word=_("head"),
        width=NARROW_WIDTH if window_is_narrow() else WIDTH,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
    )
    alt = _("The {count} strongest edges into layer {layer}, head {head}; {cut} of them are cut.")
    st.plotly_chart(
        draw_circuit(circuit, theme),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=alt.format(count=len(edges), layer=found.layer, head=found.head, cut=len(cuts)),
    )


def _score(found: Found, edge: Edge) -> float:
    into, layer, head, _later_layer, _later_head = edge
    return float(found.scores[into][layer, head])


def _show_patterns(run: PretrainedRun, found: Found, after: CutAnswer | None, theme: Theme) -> None:
    """Draw the head's weights, and those without the edges."""
    attention = run.attention(found.layer).at("weights")
    tiles = attention_tiles(attention, "weights")
    name = _("Layer {layer}, head {head}").format(layer=found.layer, head=found.head)
    weights, names = [tiles.values[found.head]], [name]
    short = [f"{found.layer} · {found.head}"]
    if after is not None:
        shown = attention.displayed(after.weights[None])[0]
        weights.append(np.where(np.isnan(weights[0]), np.float32("nan"), shown))
        names = [_("{head}: before").format(head=name), _("{head}: after").format(head=name)]
        short = [_("before"), _("after")]
    tiles = replace(
        tiles,
        values=np.stack(weights),
        names=names,
        short_names=short,
        scale=weight_scale(),
        width=TILES_WIDTH,
        height=TILES_TALL if window_is_tall() else TILES_HEIGHT,
    )
    if window_is_narrow():
        tiles = stacked(tiles, width=ON_PHONE, highest=ON_PHONE)
    show_tiles(tiles, PATTERNS, theme)


DESCRIPTION = Description(
    N_(
        "Circuit: which earlier heads this head can read, for its :q[query], its :k[key] or its "
        ":v[value]; cut an edge to see what it is good for."
    ),
    "‖W₂·W₁‖ ÷ (‖W₂‖·‖W₁‖)",
    ("composition", "head", "layer", "query", "key", "value", "weight", "token"),
)
CIRCUIT = View(
    "circuit",
    show_circuit,
    lambda: DESCRIPTION,
    required=("head",),
    inputs=("head",),
    shows_weights=lambda: True,
    group="answer",
    has_strip=False,
)
