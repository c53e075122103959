"""Side by side: encoder self, decoder self and cross-attention of one layer."""

from dataclasses import replace
from functools import partial

import streamlit as st

from model.transformer import AttentionKind as Kind
from ui.choices.options import BETWEEN_TOKENS, KINDS, Stage
from ui.components import window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection
from ui.link.memory import value_of
from ui.runs.run import Attention, Run
from ui.runs.sentences import asks_source, looks_at_source
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.option_names import word
from ui.views.advice import show_chart_advice
from ui.views.descriptions import STAGES
from ui.views.few_heads import draw_all_heads, most_telling, only
from ui.views.heads import show_tiles
from ui.views.marks import mark_tokens
from ui.views.stages import attention_tiles, cell_at
from ui.views.view import Chart, Choice, Place, View
from viz.heatmap import limit_of
from viz.statistics import head_statistics
from viz.theme import Theme
from viz.tiles import Tiles
from viz.tiles_grid import TALL_HEIGHT
from viz.weight_scale import LINEAR

WIDTH, HEIGHT = 180, 358  # design pixels of a chart's plot: three stand on a projector

OF_ALL: dict[Kind, str] = {
    "encoder_self": N_("**Encoder self**: source → source"),
    "decoder_self": N_("**Decoder self**: target → target"),
    "cross": N_("**Cross**: target → source"),
}
OF_SOME: dict[Kind, str] = {
    "encoder_self": N_(
        "**Encoder self**: source → source, the heads that look furthest on average"
    ),
    "decoder_self": N_(
        "**Decoder self**: target → target, the heads that look furthest on average"
    ),
    "cross": N_("**Cross**: target → source, the heads whose rows have the lowest entropy"),
}


def chart_key(kind: Kind) -> str:
    """Return the key of a kind's chart."""
    return f"{kind}_chart"


def stage_between(stage: Stage) -> Stage:
    """Return the chosen stage if its cells lie between tokens, else the weights."""
    return stage if stage in BETWEEN_TOKENS else "weights"


def show_kinds(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw the three on one colour scale: the heads that look furthest, all, or the chosen one."""
    stage: Stage = value_of("stage")
    if stage != stage_between(stage):
        st.caption(
            _(
                "Side by side compares what lies between words, here the weights. All heads shows "
                "the {stage}."
            ).format(stage=word(stage))
        )
    stage = stage_between(stage)
    every = {kind: kind_tiles(run, selection, kind, stage) for kind in KINDS}
    limit = max(limit_of(tiles.values) for tiles in every.values())
    scale = weight_scale() if stage == "weights" else LINEAR
    with st.container(key="kinds"):
        places = st.columns([10, 10, 11], gap="small")
    for place, kind in zip(places, KINDS, strict=True):
        tiles = replace(every[kind], limit=limit, scale=scale, color_bar=kind == KINDS[-1])
        with place:
            is_some = selection.head is None and len(tiles.names) < run.heads_of(kind)
            st.markdown(_((OF_SOME if is_some else OF_ALL)[kind]))
            show_tiles(_marked(tiles, run, selection, kind, stage), chart_key(kind), theme)
    show_chart_advice()


def _marked(tiles: Tiles, run: Run, selection: Selection, kind: Kind, stage: Stage) -> Tiles:
    """The tiles with the chosen words marked where they are this kind's queries and keys too."""
    has_query = asks_source(kind) == asks_source(selection.kind)
    has_key = looks_at_source(kind) == looks_at_source(selection.kind)
    return mark_tokens(
        tiles,
        run.attention(selection.layer, selection.sentence, kind).at(stage),
        selection.query if has_query else None,
        selection.key if has_key else None,
    )


def kind_tiles(run: Run, selection: Selection, kind: Kind, stage: Stage) -> Tiles:
    """Return the tiles of one kind: those of heads_shown."""
    attention = run.attention(selection.layer, selection.sentence, kind)
    height = TALL_HEIGHT if window_is_tall() else HEIGHT
    tiles = attention_tiles(attention, stage, height=height, width=WIDTH)
    return only(tiles, heads_shown(attention, selection))


def heads_shown(attention: Attention, selection: Selection) -> tuple[int, ...]:
    """Return the chosen head, or else those that look furthest, or all.

    How far a head looks is its mean distance, in words. A place in one sentence has none from one
    in another: of cross-attention it is how sharply, by the mean entropy.
    """
    if selection.head is not None:
        return (selection.head,)
    real = attention.real_queries
    statistics = head_statistics(attention.field("weights")[:, :real], attention.allowed[:real])
    is_cross = attention.kind == "cross"
    return most_telling((-statistics["entropy"] if is_cross else statistics["distance"]).to_numpy())


def behind_cell(kind: Kind, run: Run, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a cell: its arithmetic."""
    stage = stage_between(value_of("stage"))
    attention = run.attention(selection.layer, selection.sentence, kind)
    choice = cell_at(attention, kind_tiles(run, selection, kind, stage), stage, *place)
    if choice is None:
        return None
    choice["head"] = heads_shown(attention, selection)[place[0]]
    return {**choice, "kind": kind}


def behind_name(kind: Kind, run: Run, selection: Selection, tile: int) -> Choice:
    """Return what to show after a click on a head's name: that head."""
    attention = run.attention(selection.layer, selection.sentence, kind)
    shown = heads_shown(attention, selection)
    if not 0 <= tile < len(shown):
        return None
    return {"view": "head", "head": shown[tile], "kind": kind}


def _describe() -> Description:
    stage = STAGES[stage_between(value_of("stage"))]
    sentence = N_(
        "Side by side: how the source looks at itself, the target at itself, and the target at the "
        "source. Rows are :q[queries], columns are :k[keys]."
    )
    return replace(stage, sentence=sentence, terms=("attention", *stage.terms, "layer"))


KINDS_SIDE_BY_SIDE = View(
    "kinds",
    show_kinds,
    _describe,
    charts=tuple(
        Chart(chart_key(kind), partial(behind_cell, kind), partial(behind_name, kind))
        for kind in KINDS
    ),
    switch="stage",
    draw_options=draw_all_heads,
    # Where a stage isn't between words, the weights are shown.
    shows_weights=lambda: stage_between(value_of("stage")) == "weights",
)
