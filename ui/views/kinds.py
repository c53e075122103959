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
from ui.runs.run import Run, asks_source, looks_at_source
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.option_names import word
from ui.views.advice import show_chart_advice
from ui.views.descriptions import STAGES
from ui.views.heads import show_tiles
from ui.views.marks import mark_tokens
from ui.views.stages import attention_tiles, cell_at
from ui.views.view import Chart, Choice, Place, View
from viz.heatmap import limit_of
from viz.theme import Theme
from viz.tiles import TALL_HEIGHT, Tiles
from viz.weight_scale import LINEAR

WIDTH, HEIGHT = 180, 400  # design pixels of a chart's plot: three stand on a projector


def chart_key(kind: Kind) -> str:
    """Return the key of a kind's chart."""
    return f"{kind}_chart"


def stage_between(stage: Stage) -> Stage:
    """Return the chosen stage if its cells lie between tokens, else the weights."""
    return stage if stage in BETWEEN_TOKENS else "weights"


def show_kinds(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw the three, all heads or the chosen one, on one colour scale."""
    stage: Stage = value_of("stage")
    if stage != stage_between(stage):
        st.caption(
            _(
                "Side by side compares what lies between words, here the weights. All heads shows "
                "the {stage}."
            ).format(stage=word(stage))
        )
    stage = stage_between(stage)
    titles = {
        "encoder_self": _("**Encoder self**: source → source"),
        "decoder_self": _("**Decoder self**: target → target"),
        "cross": _("**Cross**: target → source"),
    }
    every = {kind: kind_tiles(run, selection, kind, stage) for kind in KINDS}
    limit = max(limit_of(tiles.values) for tiles in every.values())
    scale = weight_scale() if stage == "weights" else LINEAR
    with st.container(key="kinds"):
        places = st.columns([10, 10, 11], gap="small")
    for place, kind in zip(places, KINDS, strict=True):
        tiles = replace(every[kind], limit=limit, scale=scale, color_bar=kind == KINDS[-1])
        with place:
            st.markdown(titles[kind])
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
    """Return the tiles of one kind: all heads of the layer, or the chosen head alone."""
    attention = run.attention(selection.layer, selection.sentence, kind)
    height = TALL_HEIGHT if window_is_tall() else HEIGHT
    tiles = attention_tiles(attention, stage, height=height, width=WIDTH)
    if selection.head is None:
        return tiles
    only = slice(selection.head, selection.head + 1)
    return replace(tiles, values=tiles.values[only], names=tiles.names[only], short_names=None)


def behind_cell(kind: Kind, run: Run, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a cell: its arithmetic."""
    stage = stage_between(value_of("stage"))
    attention = run.attention(selection.layer, selection.sentence, kind)
    choice = cell_at(attention, kind_tiles(run, selection, kind, stage), stage, *place)
    if choice is None:
        return None
    if selection.head is not None:
        choice["head"] = selection.head
    return {**choice, "kind": kind}


def behind_name(kind: Kind, run: Run, selection: Selection, tile: int) -> Choice:
    """Return what to show after a click on a head's name: that head."""
    head = tile if selection.head is None else selection.head
    if not 0 <= tile < run.heads_of(kind):
        return None
    return {"view": "head", "head": head, "kind": kind}


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
    # Where a stage isn't between words, the weights are shown.
    shows_weights=lambda: value_of("stage") not in ("energy", "scores"),
)
