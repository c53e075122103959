"""What follows: the answer, the stream and the weights, before and after something is changed."""

from dataclasses import replace

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from model.pretrained.base import changeable_kind
from model.similarity import similarity
from ui.choices.options import EFFECTS, Effect
from ui.components import window_is_tall
from ui.controls.random_settings import segments
from ui.controls.selection import Selection
from ui.link.memory import value_of
from ui.pages.pretrained.answer_bars import answer_of, describe_change, show_bars
from ui.pages.pretrained.decision_view import describe_no_answer
from ui.pages.pretrained.next_token_view import difference_tiles
from ui.runs.pretrained import PretrainedRun
from ui.runs.run import Attention, Run
from ui.runs.sentences import asks_source
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.numbers import decimal
from ui.views.heads import head_map, show_tiles
from ui.views.marks import mark_tile, mark_tokens
from ui.views.stages import attention_tiles, cell_at
from ui.views.view import Chart, Choice, Place, View
from viz.labels import AxisLabels
from viz.theme import Theme
from viz.tiles import Tiles
from viz.tiles_grid import HEIGHT, TALL_HEIGHT

STREAM, WEIGHTS, TILES = "stream_change_chart", "weights_change_chart", "effect_chart"
WIDTH, MAP_HEIGHT, TALL_MAP = 400, 270, 560  # design pixels of the maps
TOKENS = 5  # that have bars


def show_causes(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw what becomes of the answer, the stream and the weights."""
    whole = run.unchanged()
    if whole is None:
        st.info(
            _(
                "Nothing is changed yet. Choose a head, or a query and a key, and open “Change by "
                "hand” on the left: take a head away, cut an edge, put in other weights. Here you "
                "see what follows."
            )
        )
        return
    if segments(_("Shown"), EFFECTS, key="effect", hidden=True) != "overview":
        _show_weights(run, whole, selection, theme)
        return
    if torch.equal(run.trace.output, whole.trace.output):
        st.caption(_("Nothing follows: the model's output is the same to the last digit."))
    answer, stream, weights = st.columns(3, gap="medium")
    with answer:
        _show_answer(run, whole, selection, theme)
    with stream:
        st.markdown(_("**Stream**: how far vectors moved"))
        show_tiles(stream_tiles(run, whole, selection), STREAM, theme)
    with weights:
        st.markdown(_("**Weights**: each head's largest change"))
        show_tiles(weights_tiles(run, whole, selection), WEIGHTS, theme)


def _show_answer(
    run: PretrainedRun, whole: PretrainedRun, selection: Selection, theme: Theme
) -> None:
    if answer_of(run, selection.sentence) is None:
        st.markdown(_told_of_vectors(run, whole))
        return
    st.markdown(describe_change(run, whole, selection.sentence))
    show_bars(run, whole, selection.sentence, theme, TOKENS)


def _told_of_vectors(run: PretrainedRun, whole: PretrainedRun) -> str:
    """Return how alike the sentences' vectors are to what they were."""
    said = [describe_no_answer(run)]
    for sentence, length in enumerate(run.source.lengths):
        now, before = (each.trace.output[sentence, :length] for each in (run, whole))
        told = _("Sentence {number}: its cosine with the vector before is **{cosine}**.")
        said.append(
            told.format(number=sentence + 1, cosine=decimal(similarity(now, before), 4))
            if length
            else ""
        )
    return "\n\n".join(said)


def _stream(run: PretrainedRun, kind: str) -> list[Tensor]:
    """Return the vectors before the first layer and after each, (1 + layers) of (B, L, E)."""
    stream = run.trace.encoder_stream if kind == "encoder_self" else run.trace.decoder_stream
    layers = len(getattr(run.trace, kind))
    return list(stream[:: (len(stream) - 1) // layers])


def stream_tiles(run: PretrainedRun, whole: PretrainedRun, selection: Selection) -> Tiles:
    """Return how far each residual vector has moved, divided by its length before."""
    kind = changeable_kind(run.model.kind)
    side = run.source if asks_source(kind) else run.target
    assert side is not None  # a model with cross-attention has a target
    own = side.lengths[selection.sentence]
    columns = []
    for now, before in zip(_stream(run, kind), _stream(whole, kind), strict=True):
        now, before = (x[selection.sentence, :own] for x in (now, before))
        columns.append(((now - before).norm(dim=-1) / before.norm(dim=-1).clamp(min=1e-30)).numpy())
    layers = (_("in"), *map(str, range(len(columns) - 1)))
    labels = side.labels(selection.sentence)
    tiles = Tiles(
        values=np.stack(columns, axis=1)[None].astype(np.float32),
        names=[""],
        rows=AxisLabels(labels.short[:own], labels.full[:own]),
        columns=AxisLabels(layers, layers),
        row_title=_("token"),
        column_title=_("after layer"),
        value_title=_("moved by (of its length)"),
        diverging=False,
        row_word=_("token"),
        column_word=_("after layer"),
    )
    return _sized(tiles)


def weights_tiles(run: PretrainedRun, whole: PretrainedRun, selection: Selection) -> Tiles:
    """Return the largest change of a weight in each head of each layer."""
    kind = changeable_kind(run.model.kind)
    largest = [
        (now.weights[selection.sentence] - before.weights[selection.sentence])
        .abs()
        .amax(dim=(1, 2))
        .numpy()
        for now, before in zip(getattr(run.trace, kind), getattr(whole.trace, kind), strict=True)
    ]
    return _sized(head_map(np.stack(largest), "", _("largest change of a weight")))


def _sized(tiles: Tiles) -> Tiles:
    return replace(tiles, width=WIDTH, height=TALL_MAP if window_is_tall() else MAP_HEIGHT)


def _show_weights(
    run: PretrainedRun, whole: PretrainedRun, selection: Selection, theme: Theme
) -> None:
    """Draw the chosen layer's weights: before, after, or their difference."""
    effect: Effect = value_of("effect")
    attention = _looked_at(run, selection)
    if effect == "difference":
        tiles = difference_tiles(run, whole, selection)
        largest = float(np.nanmax(np.abs(tiles.values), initial=0.0))
        said = _(
            "**Layer {layer}**: what its weights are more or less now, by up to {largest:.2g}."
        )
        if not largest:
            said = _(
                "**Layer {layer}** doesn't change: its weights are computed before what was "
                "changed. Choose a later one."
            )
        st.markdown(said.format(layer=selection.layer, largest=largest))
    else:
        shown = run if effect == "after" else whole
        tiles = attention_tiles(
            _looked_at(shown, selection),
            "weights",
            height=TALL_HEIGHT if window_is_tall() else HEIGHT,
        )
    tiles = mark_tokens(tiles, attention.at("weights"), selection.query, selection.key)
    show_tiles(mark_tile(tiles, selection.head), TILES, theme)


def _looked_at(run: Run, selection: Selection) -> Attention:
    return run.attention(selection.layer, selection.sentence, selection.kind)


def _behind_stream(run: Run, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a vector: its layer and its token."""
    _tile, token, column = place
    return {"layer": min(max(0, column - 1), run.layers_of(selection.kind) - 1), "q": max(0, token)}


def _behind_head(run: Run, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a head: its weights, before and after."""
    _tile, layer, head = place
    if not (
        0 <= layer < run.layers_of(selection.kind) and 0 <= head < run.heads_of(selection.kind)
    ):
        return None
    return {"effect": "difference", "layer": layer, "head": head}


def _behind_cell(run: Run, selection: Selection, place: Place) -> Choice:
    attention = _looked_at(run, selection)
    return cell_at(attention, attention_tiles(attention, "weights"), "weights", *place)


DESCRIPTION = Description(
    N_("What follows: the answer, the stream and the weights, before and after what is changed."),
    "",
    ("weight", "head", "layer", "residual_stream", "softmax", "token", "nats"),
)
CAUSES = View(
    "causes",
    show_causes,
    lambda: DESCRIPTION,
    charts=(
        Chart(STREAM, _behind_stream),
        Chart(WEIGHTS, _behind_head),
        Chart(TILES, _behind_cell),
    ),
    group="answer",
)
