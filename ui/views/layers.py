"""Layers: all heads of all layers at once, what their means say, and the residual stream."""

import math
from dataclasses import replace

import numpy as np
import streamlit as st
import torch

from model.rollout import attention_rollout, stream_norms, stream_similarity
from model.transformer import AttentionKind as Kind
from ui.choices.options import Overview
from ui.components import window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection
from ui.link.memory import value_of
from ui.runs.run import Attention, Run
from ui.text.i18n import _
from ui.text.stage_names import head_names, kind_name, layer_names, value_word
from ui.views.descriptions import OVERVIEWS
from ui.views.heads import PLOTLY_CONFIG, show_pooling, show_tiles
from ui.views.marks import mark_tile, mark_tokens
from ui.views.stages import between_tokens, query_by_key
from ui.views.view import Chart, Choice, Place, View
from viz.labels import AxisLabels
from viz.overview import Overview as Thumbnails
from viz.overview import draw_overview, overview_grid, place_in
from viz.stream import Stream, draw_stream, stream_grid
from viz.theme import Theme
from viz.tiles import Tiles
from viz.tiles_grid import HEIGHT, TALL_HEIGHT

CHART = "layers_chart"
EXPLANATION = 64  # pixels of two lines ...
MORE_LINES = 24  # ... and of what stands above other pictures than every head
LOWEST_THUMBNAIL = 28  # design pixels: a lower one shows no pattern, so that the page scrolls


def show_layers(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw the overview that is chosen."""
    overview: Overview = value_of("overview")
    if overview == "rollout" and selection.kind == "cross":
        st.info(
            _(
                "Rollout follows a token through layers of self-attention. Cross-attention leads "
                "from one sentence to another: choose encoder self or decoder self."
            )
        )
        return
    st.markdown(_explained(run, selection, overview))
    if overview == "every_head":
        _show_thumbnails(run, selection, theme)
    elif overview == "stream":
        _show_stream(run, selection, theme)
    else:
        tiles = replace(mean_tiles(run, selection, overview), scale=weight_scale())
        show_tiles(_marked(tiles, run, selection, overview), CHART, theme)


def _marked(tiles: Tiles, run: Run, selection: Selection, overview: Overview) -> Tiles:
    """The tiles of layers or heads, with what is chosen marked."""
    shown = run.attention(0, selection.sentence, selection.kind).at("weights")
    tile = selection.head if overview == "mean_layers" else selection.layer
    return mark_tile(mark_tokens(tiles, shown, selection.query, selection.key), tile)


def _explained(run: Run, selection: Selection, overview: Overview) -> str:
    layers, heads = run.layers_of(selection.kind), run.heads_of(selection.kind)
    kind = side = normed = ""
    if run.is_post_norm:
        normed = _(
            " Post-norm brings every vector to the length √{size} ≈ {root:.3g} after each step; "
            "pre-norm (under More) lets them grow."
        ).format(size=run.embed_size, root=math.sqrt(run.embed_size))
    if len(run.kinds) > 1:
        kind = f" ({kind_name(selection.kind)})"
        side = _(" of the source") if selection.kind == "encoder_self" else _(" of the target")
    return {
        "every_head": _(
            "**Weights of every head{kind}**: {layers} × {heads}, all on one scale. Click a "
            "thumbnail to open its head."
        ),
        "mean_heads": _(
            "**Mean over the {heads} heads{kind}**, a layer each. A mean can show a pattern that "
            "no single head has."
        ),
        "mean_layers": _(
            "**Mean over the {layers} layers{kind}** of the heads with the same number. Heads of "
            "different layers share nothing but the number."
        ),
        "rollout": _(
            "**Attention rollout{kind}** (Abnar & Zuidema, 2020): how much of each input token is "
            "in each position after a layer, if attention were all there is. Mean over heads, plus "
            "the residual connection, rows brought to 1, multiplied layer by layer. Left out: "
            "values, feed-forward, norms{cross}."
        ),
        "stream": _(
            "**The residual stream{side}**: each token's vector as it passes the layers, its "
            "length, and its cosine similarity to the vector that it began as.{normed}"
        ),
    }[overview].format(
        layers=layers,
        heads=heads,
        kind=kind,
        cross="" if selection.kind == "encoder_self" else _(", cross-attention"),
        side=side,
        normed=normed,
    )


def _height(layers: int = 0) -> int:
    """Of the plot: as in All heads, less the lines of the explanation; higher for many layers."""
    room = (TALL_HEIGHT if window_is_tall() else HEIGHT) - EXPLANATION
    return max(room, LOWEST_THUMBNAIL * layers)


def thumbnails(run: Run, selection: Selection) -> Thumbnails:
    """Return the weights of every head of every layer, NaN where masked."""
    attentions = _every_layer(run, selection)
    shown = attentions[0]
    return Thumbnails(
        values=np.stack([between_tokens(attention, "weights")[0] for attention in attentions]),
        layer_names=layer_names(len(attentions)),
        head_names=head_names(shown.facts.heads),
        rows=shown.query_labels,
        columns=shown.key_labels,
        value_title=value_word("weights"),
        diverging=False,
        masked=_hidden(attentions),
        masked_text=_("masked"),
        layer_title=_("layer"),
        head_title=_("head"),
        row_word=_("query"),
        column_word=_("key"),
        height=_height(len(attentions)),
    )


def _every_layer(run: Run, selection: Selection) -> list[Attention]:
    """The chosen kind of attention in all of its layers."""
    kind = selection.kind
    return [run.attention(at, selection.sentence, kind) for at in range(run.layers_of(kind))]


def _hidden(attentions: list[Attention]) -> np.ndarray:
    """What no layer may attend to, (Q, K) booleans: layers may have windows of their own."""
    allowed: np.ndarray = np.any([attention.allowed for attention in attentions], axis=0)
    return ~allowed


def _show_thumbnails(run: Run, selection: Selection, theme: Theme) -> None:
    overview = replace(
        thumbnails(run, selection),
        scale=weight_scale(),
        marked_layer=selection.layer,
        marked_head=selection.head,
    )
    values = overview.values
    visible = np.isfinite(values)
    layer, head, query, key = np.unravel_index(np.where(visible, values, -1).argmax(), values.shape)
    st.plotly_chart(
        draw_overview(overview, theme),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_(
            "{layers} layers of {heads} heads, a thumbnail of the weights each. Largest weight: "
            "{weight:.3g}, in layer {layer}, head {head}, query {query}, key {key}."
        ).format(
            layers=values.shape[0],
            heads=values.shape[1],
            weight=float(values[layer, head, query, key]) if visible.any() else 0.0,
            layer=layer,
            head=head,
            query=query,
            key=key,
        ),
    )
    grid = overview_grid(overview)
    show_pooling((grid.pooled_rows, grid.pooled_columns))


def mean_tiles(run: Run, selection: Selection, overview: Overview) -> Tiles:
    """Return a mean of the weights, or their rollout: a tile a layer, or a tile a head."""
    attentions = _every_layer(run, selection)
    shown = attentions[0]
    weights = np.stack([attention.field("weights") for attention in attentions])  # (layers, H, ..
    names, masked = layer_names(len(weights)), _hidden(attentions)
    if overview == "mean_heads":
        means = weights.mean(axis=1)
    elif overview == "mean_layers":
        means, names = weights.mean(axis=0), head_names(shown.facts.heads)
    else:
        whole = [attention.trace.weights[[selection.sentence]] for attention in attentions]
        means = shown.displayed(torch.cat(attention_rollout(whole)).numpy())
        # What several layers may reach isn't what one may; nothing there is hidden by the mask.
        masked = np.zeros_like(masked)
    axes = query_by_key()
    if overview == "rollout":
        axes = {"row_title": _("position"), "column_title": _("input token")}
        axes |= {"row_word": _("position of"), "column_word": _("input")}
    return Tiles(
        values=np.where(masked, np.float32("nan"), means),
        names=names,
        rows=shown.query_labels,
        columns=shown.key_labels,
        **axes,
        value_title=_("mean weight") if overview != "rollout" else _("rollout"),
        diverging=False,
        masked=masked,
        masked_text=_("masked"),
        height=_height() - MORE_LINES,
    )


def _show_stream(run: Run, selection: Selection, theme: Theme) -> None:
    encoding = selection.kind == "encoder_self"
    vectors = run.trace.encoder_stream if encoding else run.trace.decoder_stream
    shown = run.attention(0, selection.sentence, selection.kind).at("output")
    kept = [token for (token,) in shown.query_groups]
    steps = _steps(run.layers_of(selection.kind), selection.kind, len(vectors))
    stream = Stream(
        norms=stream_norms(vectors)[selection.sentence][:, kept].numpy(),
        similarity=stream_similarity(vectors)[selection.sentence][:, kept].numpy(),
        steps=AxisLabels(tuple(steps), tuple(steps)),
        tokens=shown.query_labels,
        norm_title=_("length of the vector"),
        similarity_title=_("similarity to where it began"),
        token_title=_("token"),
        step_title=_("after"),
        undefined_text=_("undefined"),
        height=_height() - 2 * MORE_LINES,
    )
    st.plotly_chart(
        draw_stream(stream, theme),
        key="stream_chart",
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_describe_stream(stream),
    )
    grid = stream_grid(stream)
    show_pooling((grid.pooled_rows, grid.pooled_columns))


def _describe_stream(stream: Stream) -> str:
    """A sentence on the chart, for people who hear it instead of seeing it."""
    steps, tokens = stream.norms.shape
    said = _(
        "{steps} steps of {tokens} vectors, with lengths from {low:.3g} to {high:.3g}."
    ).format(steps=steps, tokens=tokens, low=stream.norms.min(), high=stream.norms.max())
    last = stream.similarity[-1][np.isfinite(stream.similarity[-1])]
    if not len(last):
        return said
    similar = _("At the end, similarity to the beginning is from {least:.3g} to {most:.3g}.")
    return said + " " + similar.format(least=last.min(), most=last.max())


def _steps(layers: int, kind: Kind, count: int) -> list[str]:
    """The stream's steps: input and sub-layers; of a model that isn't ours, the layers' ends."""
    if count == 1 + layers:
        return [_("input"), *map(str, range(layers))]
    sublayers = [_("attention"), _("feed-forward")]
    if kind != "encoder_self":
        sublayers.insert(1, _("cross"))
    names = (f"{layer} {sublayer}" for layer in range(layers) for sublayer in sublayers)
    return [_("input"), *names]


def behind_cell(run: Run, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click: the head of a thumbnail, the layer of a mean."""
    tile, row, column = place
    if value_of("overview") == "every_head":
        found = place_in(thumbnails(run, selection), row, column)
        if found is None:
            return None
        layer, head, row, _column = found
        query = run.attention(0, selection.sentence, selection.kind).query_groups[row][0]
        return {"view": "head", "layer": layer, "head": head, "q": query}
    return behind_name(run, selection, tile)


def behind_name(run: Run, selection: Selection, tile: int) -> Choice:
    """Return what to show after a click on the name of a mean: the heads that it is the mean of."""
    overview: Overview = value_of("overview")
    if overview == "mean_layers":
        return {"view": "head", "head": tile} if 0 <= tile < run.heads_of(selection.kind) else None
    if overview in ("mean_heads", "rollout") and 0 <= tile < run.layers_of(selection.kind):
        return {"view": "heads", "layer": tile}
    return None


LAYERS = View(
    "layers",
    show_layers,
    lambda: OVERVIEWS[value_of("overview")],
    charts=(Chart(CHART, behind_cell, behind_name),),
    switch="overview",
    shows_weights=lambda: bool(value_of("overview") != "stream"),
    needs_tokens=True,
)
