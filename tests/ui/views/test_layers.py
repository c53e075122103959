"""The layers view: every overview holds the model's numbers, and a click opens what was clicked."""

import re
from typing import Any

import numpy as np
import pytest

from tests.defaults import run_of
from tests.matrix import EIGHTH
from tests.ui.helpers import (
    alt,
    array,
    captions,
    change,
    chart,
    control,
    labels,
    link,
    notices,
    numbers,
    open_app,
    report,
    send,
    strip,
    value,
)
from tests.ui.views.helpers import rollout
from ui.choices.options import OVERVIEWS, Overview
from ui.controls.selection import Selection
from ui.runs.run import Run
from ui.views.layers import thumbnails
from viz.overview import place_in
from viz.pooling import furthest

TEXT = "the cat saw the dog"
TEXT2 = "and it ran away"
DEEP: dict[str, Any] = {"layers": 3, "heads": 4, "embed_size": 32}
FIRST = Selection("encoder_self", 0, 0, None, None, None)


def all_weights(run: Run, sentence: int = 0) -> np.ndarray:
    """(layers, heads, L, L)."""
    return np.stack([t.weights[sentence].numpy() for t in run.trace.encoder_self])


def nan_above(values: np.ndarray) -> np.ndarray:
    """With NaN where a causal mask forbids."""
    forbidden = np.triu(np.ones(values.shape[-2:], dtype=bool), 1)
    return np.where(forbidden, np.nan, values)


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_every_head_of_every_layer_has_a_thumbnail_of_its_weights(mask: str) -> None:
    page = open_app(link(text=TEXT, view="layers", mask=mask, **DEEP))
    run = run_of(TEXT, mask=mask, **DEEP)
    weights = all_weights(run)
    if mask == "causal":
        weights = nan_above(weights)
    (drawn,) = numbers(page, "layers_chart")
    seen = np.zeros((3, 4, 5, 5), dtype=bool)
    overview = thumbnails(run, FIRST)
    for row, column in np.ndindex(drawn.shape):
        place = place_in(overview, row, column)
        if place is None:
            assert np.isnan(drawn[row, column])
        else:
            seen[place] = True
            np.testing.assert_equal(drawn[row, column], np.float32(weights[place]))
    assert seen.all()
    layout = chart(page, "layers_chart")["layout"]
    assert layout["coloraxis"]["cmin"] == 0
    assert layout["coloraxis"]["cmax"] == pytest.approx(np.nanmax(weights))
    assert labels(layout["yaxis"])[0] == "<b>Layer 0</b> · query the (position 0)"
    assert labels(layout["xaxis"])[-1] == "<br><b>Head 3</b> · key dog (position 4)"
    said = re.fullmatch(
        r"3 layers of 4 heads, a thumbnail of the weights each\. Largest weight: (\S+), in layer "
        r"(\d), head (\d), query (\d), key (\d)\.",
        alt(page, "layers_chart"),
    )
    assert said is not None, alt(page, "layers_chart")
    assert said[1] == f"{np.nanmax(weights):.3g}"
    assert weights[tuple(map(int, said.groups()[1:]))] == np.nanmax(weights)
    assert page.markdown[1].value == (
        "**Weights of every head**: 3 × 4, all on one scale. Click a thumbnail to open its head."
    )
    assert bool(layout.get("images")) == (mask == "causal")


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_the_means_and_the_rollout_are_those_worked_out_here(mask: str) -> None:
    page = open_app(link(text=TEXT, view="layers", mask=mask, overview="mean_heads", **DEEP))
    weights = all_weights(run_of(TEXT, mask=mask, **DEEP))
    masks = nan_above if mask == "causal" else np.asarray
    layer_names = [f"Layer {i}" for i in range(3)]

    def shows(expected: np.ndarray, names: list[str]) -> None:
        np.testing.assert_allclose(numbers(page, "layers_chart"), expected, atol=1e-6)
        assert [tile["name"] for tile in chart(page, "layers_chart")["data"]] == names

    shows(masks(weights.mean(axis=1)), layer_names)
    assert "**Mean over the 4 heads**, a layer each" in page.markdown[1].value
    change(page, overview="mean_layers")
    shows(masks(weights.mean(axis=0)), [f"Head {i}" for i in range(4)])
    assert "**Mean over the 3 layers** of the heads" in page.markdown[1].value
    change(page, overview="rollout")
    rolled = rollout(weights)
    shows(rolled, layer_names)  # nothing of it is hidden: what is masked is 0
    np.testing.assert_allclose(np.array(numbers(page, "layers_chart")).sum(axis=-1), 1, atol=1e-6)
    assert "**Attention rollout** (Abnar & Zuidema, 2020)" in page.markdown[1].value
    if mask == "causal":
        np.testing.assert_array_equal(
            np.triu(np.array(numbers(page, "layers_chart")), 1), np.zeros((3, 5, 5))
        )
    assert f"{rolled.max():.3g}" in alt(page, "layers_chart")


def test_the_stream_has_the_lengths_and_the_similarities_of_every_step() -> None:
    page = open_app(link(text=TEXT, view="layers", overview="stream", **DEEP))
    stream = [step[0].double().numpy() for step in run_of(TEXT, **DEEP).trace.encoder_stream]
    lengths = np.stack([np.sqrt((step**2).sum(axis=1)) for step in stream])
    first = stream[0] / lengths[0][:, None]
    cosines = np.stack(
        [(step / n[:, None] * first).sum(axis=1) for step, n in zip(stream, lengths, strict=True)]
    )
    assert lengths.shape == (7, 5)
    norms, similarity = numbers(page, "stream_chart")
    np.testing.assert_allclose(norms, lengths, rtol=1e-5)
    np.testing.assert_allclose(similarity, cosines, atol=1e-5)
    np.testing.assert_allclose(similarity[0], 1, atol=1e-6)
    # LayerNorm leaves a mean of 0 and a variance of 1, so a length of √32.
    np.testing.assert_allclose(norms[1:], np.sqrt(32), rtol=1e-3)
    layout = chart(page, "stream_chart")["layout"]
    assert labels(layout["yaxis"]) == [
        "input", "0 attention", "0 feed-forward", "1 attention", "1 feed-forward", "2 attention",
        "2 feed-forward",
    ]  # fmt: skip
    assert labels(layout["xaxis"])[1] == "cat (position 1)"
    assert alt(page, "stream_chart") == (
        f"7 steps of 5 vectors, with lengths from {lengths.min():.3g} to {lengths.max():.3g}. At "
        f"the end, similarity to the beginning is from {cosines[-1].min():.3g} to "
        f"{cosines[-1].max():.3g}."
    )


def test_with_pre_norm_the_stream_grows_and_with_post_norm_it_stays() -> None:
    page = open_app(link(text=TEXT, view="layers", overview="stream", norm_order="pre", **DEEP))
    run = run_of(TEXT, norm_order="pre", **DEEP)
    norms = numbers(page, "stream_chart")[0]
    np.testing.assert_allclose(norms[-1], run.trace.encoder_stream[-1][0].norm(dim=1), rtol=1e-5)
    assert (norms[-1] > norms[0]).all()


@pytest.mark.parametrize("overview", [o for o in OVERVIEWS if o != "stream"])
def test_an_overview_of_one_layer_and_one_word_is_a_weight_of_one(overview: Overview) -> None:
    page = open_app(link(text="hello", view="layers", overview=overview))
    drawn = np.concatenate([n.reshape(-1) for n in numbers(page, "layers_chart")])
    np.testing.assert_allclose(drawn[np.isfinite(drawn)], 1)
    assert notices(page) == []


def test_the_sentence_of_a_batch_that_is_looked_at_is_overviewed() -> None:
    query = {"text": TEXT, "text2": TEXT2, "sentence": 2, "view": "layers", "mask": "padding"}
    page = open_app(link(**query, overview="mean_heads", **DEEP))
    weights = all_weights(run_of(TEXT, TEXT2, mask="padding", **DEEP), sentence=1)
    expected = weights.mean(axis=1)
    expected[:, :, 4] = np.nan  # the padding
    np.testing.assert_allclose(numbers(page, "layers_chart"), expected, atol=1e-6)
    change(page, overview="stream")
    assert labels(chart(page, "stream_chart")["layout"]["xaxis"])[-1] == "[PAD] (position 4)"
    # A vector of zeros has no direction.
    similarity = numbers(page, "stream_chart")[1]
    assert np.isnan(similarity[0, 4])
    assert np.isfinite(similarity[:, :4]).all()


def click(tile: Any, row: Any, column: Any) -> dict[str, Any]:
    return {"chart": "layers_chart", "tile": tile, "row": row, "column": column}


@pytest.mark.parametrize("place", [(0, 0, 0, 0), (2, 3, 4, 1), (1, 0, 3, 3)])
def test_a_thumbnail_opens_its_head_of_its_layer_on_the_query(
    place: tuple[int, int, int, int],
) -> None:
    page = open_app(link(text=TEXT, view="layers", **DEEP))
    run = run_of(TEXT, **DEEP)
    overview = thumbnails(run, FIRST)
    (drawn,) = numbers(page, "layers_chart")
    row, column = next(at for at in np.ndindex(drawn.shape) if place_in(overview, *at) == place)
    send(page, "chart_clicks", "cell", click(0, row, column))
    layer, head, query, _ = place
    assert value(page, "view") == "head"
    assert (control(page, "layer").value, control(page, "head").value) == (layer, head)
    assert control(page, "q").value == query
    assert f"**Head {head}** of 4, layer {layer}, D = 8." in page.markdown[1].value
    np.testing.assert_array_equal(numbers(page, "head_chart")[4], all_weights(run)[layer, head])
    assert f"layer {layer}, head {head}" in strip(page)["hint"]
    shown = {"view": "head", "layer": str(layer), "head": str(head), "q": str(query)}
    del shown["layer" if layer == 0 else "view"]
    assert shown.items() <= page.query_params.items()


@pytest.mark.parametrize("tall", [False, True])
def test_a_cell_of_a_pooled_thumbnail_is_the_one_whose_weight_is_shown(tall: bool) -> None:
    text = " ".join(f"w{i}" for i in range(150))
    sizes = {"layers": 6, "heads": 8, "embed_size": 16}
    page = open_app(link(text=text, view="layers", **sizes))
    if tall:
        report(page, "chart_clicks", '{"tall": true}')
    (drawn,) = numbers(page, "layers_chart")
    assert "Pooled to fit the screen" in captions(page)[0]
    weights = all_weights(run_of(text, **sizes))
    row, column = np.argwhere(drawn == np.nanmax(drawn))[0].tolist()
    send(page, "chart_clicks", "cell", click(0, row, column))
    layer, head, query = (control(page, key).value for key in ("layer", "head", "q"))
    assert weights[layer, head, query].max() == weights.max() == drawn[row, column]


def test_a_click_between_the_thumbnails_opens_nothing() -> None:
    page = open_app(link(text=TEXT, view="layers", **DEEP))
    (drawn,) = numbers(page, "layers_chart")
    gaps = np.argwhere(np.isnan(drawn))
    assert len(gaps)
    for row, column in gaps[:: len(gaps) // 5].tolist():
        send(page, "chart_clicks", "cell", click(0, row, column))
        assert value(page, "view") == "layers"
        assert "head" not in page.query_params


@pytest.mark.parametrize("overview", ["mean_heads", "rollout"])
@pytest.mark.parametrize("event", ["cell", "name"])
def test_a_mean_of_heads_opens_the_heads_of_its_layer(overview: str, event: str) -> None:
    page = open_app(link(text=TEXT, view="layers", overview=overview, **DEEP))
    send(page, "chart_clicks", event, click(2, 1, 1))
    assert value(page, "view") == "heads"
    assert control(page, "layer").value == 2
    np.testing.assert_array_equal(numbers(page), all_weights(run_of(TEXT, **DEEP))[2])


@pytest.mark.parametrize("event", ["cell", "name"])
def test_a_mean_of_layers_opens_the_head_with_its_number(event: str) -> None:
    page = open_app(link(text=TEXT, view="layers", overview="mean_layers", layer=1, **DEEP))
    send(page, "chart_clicks", event, click(3, 0, 2))
    assert value(page, "view") == "head"
    assert (control(page, "head").value, control(page, "layer").value) == (3, 1)


FORGED = [
    click("0", 0, 0), click(None, 0, 0), click(0, -1, 0), click(0, 0, -1), click(0, 10**6, 0),
    click(0, 0, 10**30), click(0, 0.5, 0), click(0, float("nan"), 0), click(0, 0, 1e400),
    click(0, [1], 0), {"chart": "layers_chart"}, {**click(0, 0, 0), "chart": "stream_chart"},
    [], None, "layers_chart",
]  # fmt: skip


@pytest.mark.parametrize("overview", ["every_head", "stream"])
@EIGHTH
def test_a_forged_click_changes_nothing(overview: Overview, part: slice) -> None:
    page = open_app(link(text=TEXT, view="layers", overview=overview, **DEEP))
    before = page.query_params
    # Names belong to means, whose tiles have one.
    named = [{"chart": "layers_chart", "tile": tile} for tile in (0, -1, 99, "0", None)]
    for event, sent in [*(("cell", v) for v in FORGED), *(("name", v) for v in named)][part]:
        send(page, "chart_clicks", event, sent)
        assert value(page, "view") == "layers", sent
    assert page.query_params == before


@pytest.mark.parametrize("overview", ["mean_heads", "mean_layers", "rollout"])
def test_a_click_on_a_mean_that_is_not_there_changes_nothing(overview: Overview) -> None:
    page = open_app(link(text=TEXT, view="layers", overview=overview, **DEEP))
    for event in ("cell", "name"):
        for tile in (-1, 4, 10**30):
            send(page, "chart_clicks", event, click(tile, 0, 0))
            assert value(page, "view") == "layers"


def test_a_click_that_arrives_when_the_sentence_is_gone_is_ignored() -> None:
    page = open_app(link(text="", view="layers", **DEEP))
    for event in ("cell", "name"):
        send(page, "chart_clicks", event, click(0, 0, 0))
        assert value(page, "view") == "layers"


@pytest.mark.parametrize("overview", OVERVIEWS)
def test_where_everything_is_masked_there_is_no_number_and_no_error(overview: Overview) -> None:
    query = {"text": "", "text2": "a b", "mask": "padding", "view": "layers"}
    page = open_app(link(**query, overview=overview, **DEEP))
    if overview == "stream":
        norms, similarity = numbers(page, "stream_chart")
        assert np.isfinite(norms).all()
        assert np.isnan(similarity).all()  # all began as zero, which has no direction
        undefined = {
            trace["hovertemplatefallback"] for trace in chart(page, "stream_chart")["data"]
        }
        assert undefined == {"undefined"}
        assert "from 1 to -1" not in alt(page, "stream_chart")
    elif overview == "rollout":
        np.testing.assert_array_equal(numbers(page, "layers_chart"), [np.eye(2)] * 3)
    else:
        assert all(np.isnan(drawn).all() for drawn in numbers(page, "layers_chart"))
    assert "nan" not in alt(page, "stream_chart" if overview == "stream" else "layers_chart")


def test_twelve_layers_of_twelve_heads_of_241_tokens_are_drawn_and_pooled() -> None:
    text = " ".join(f"w{i}" for i in range(241))
    sizes = {"layers": 12, "heads": 12, "embed_size": 12}
    page = open_app(link(text=text, view="layers", **sizes))
    (drawn,) = numbers(page, "layers_chart")
    assert drawn.size < 400_000
    weights = all_weights(run_of(text, **sizes))
    assert np.nanmax(drawn) == weights.max()
    said = re.fullmatch(
        r"Pooled to fit the screen: each cell shows the value furthest from zero among (\d+) × "
        r"(\d+) numbers\.",
        captions(page)[0],
    )
    assert said is not None
    down, across = map(int, said.groups())
    block = weights[0, 0, :down, :across].reshape(-1)
    assert array(chart(page, "layers_chart")["data"][0]["z"])[0, 0] == block[furthest(block)]
