"""Side by side: encoder self, decoder self and cross-attention of one layer."""

from dataclasses import replace
from typing import Any

import streamlit as st

from ui.color_controls import weight_scale
from ui.components import window_is_tall
from ui.i18n import _
from ui.options import word
from ui.run import Run
from ui.selection import Selection
from ui.settings import BETWEEN_TOKENS, KINDS, Kind, Stage
from ui.stages import attention_tiles, cell_at
from ui.views.heads import show_tiles
from viz.heatmap import limit_of
from viz.theme import Theme
from viz.tiles import TALL_HEIGHT, Tiles
from viz.weight_scale import LINEAR

WIDTH, HEIGHT = 180, 400  # design pixels of a chart's plot: three stand on a projector


def chart_key(kind: Kind) -> str:
    """The key of a kind's chart."""
    return f"{kind}_chart"


def kind_of(chart: Any) -> Kind | None:
    """The kind whose chart it is; None if it is none's."""
    return next((kind for kind in KINDS if chart == chart_key(kind)), None)


def stage_between(stage: Stage) -> Stage:
    """The stage to show where only those between tokens can be: the weights for all others."""
    return stage if stage in BETWEEN_TOKENS else "weights"


def show_kinds(run: Run, selection: Selection, stage: Stage, theme: Theme) -> None:
    """Draw the three, all heads or the chosen one, on one colour scale."""
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
            show_tiles(tiles, chart_key(kind), theme)


def kind_tiles(run: Run, selection: Selection, kind: Kind, stage: Stage) -> Tiles:
    """The tiles of one kind: all heads of the layer, or the chosen head alone."""
    attention = run.attention(selection.layer, selection.sentence, kind)
    height = TALL_HEIGHT if window_is_tall() else HEIGHT
    tiles = attention_tiles(attention, stage, height=height, width=WIDTH)
    if selection.head is None:
        return tiles
    only = slice(selection.head, selection.head + 1)
    return replace(tiles, values=tiles.values[only], names=tiles.names[only], short_names=None)


def behind_cell(
    run: Run, selection: Selection, kind: Kind, stage: Stage, place: tuple[int, int, int]
) -> dict[str, Any] | None:
    """What to show after a click on a cell: its arithmetic."""
    stage = stage_between(stage)
    attention = run.attention(selection.layer, selection.sentence, kind)
    choice = cell_at(attention, kind_tiles(run, selection, kind, stage), stage, *place)
    if choice is None:
        return None
    if selection.head is not None:
        choice["head"] = selection.head
    return {**choice, "kind": kind}


def behind_name(run: Run, selection: Selection, kind: Kind, tile: int) -> dict[str, Any] | None:
    """What to show after a click on a head's name: that head."""
    head = tile if selection.head is None else selection.head
    if not 0 <= tile < run.heads_of(kind):
        return None
    return {"view": "head", "head": head, "kind": kind}
