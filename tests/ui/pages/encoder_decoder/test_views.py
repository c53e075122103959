"""Encoder and decoder, looked at closely: clicks, single attentions, layers, numbers, downloads."""

import io
import json
from dataclasses import asdict, fields
from math import erf
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.attention import AttentionTrace
from model.seeded import token_vector
from tests.defaults import PAIR_OPENS_WITH, pair_of, run_of
from tests.matrix import EIGHTH, matrix
from tests.ui.conftest import Download
from tests.ui.helpers import (
    alt,
    array,
    carried,
    change,
    chart,
    control,
    formulas_on,
    labels,
    link,
    masked,
    notices,
    numbers,
    open_pair,
    report,
    send,
    send_raw,
    stage_numbers,
    statistics,
    type_text,
)
from tests.ui.views.helpers import number, rollout
from tests.ui.views.helpers import steps as steps_of
from ui.choices.options import CARRIED, KINDS, OVERVIEWS, PAIR_VIEWS, STAGES, Kind
from ui.frame.random_source import RandomWeights
from ui.runs.export import npz_bytes
from ui.runs.random_weights import RandomRun
from ui.runs.run import ModuleRun

SOURCE, TARGET = "the cat saw the dog", "der Kater sah Hunde"
PAIR = {"text": SOURCE, "text2": TARGET}
TOKENS = {"encoder_self": SOURCE.split(), "decoder_self": TARGET.split()}
NAMES = {
    "encoder_self": "encoder self-attention",
    "decoder_self": "decoder self-attention",
    "cross": "cross-attention",
}


def npz_of(run: RandomRun) -> bytes:
    return npz_bytes(run, RandomWeights(is_pair=run.target is not None).contents(run))


def cell(chart: Any, tile: Any, row: Any, column: Any) -> dict[str, Any]:
    return {"chart": chart, "tile": tile, "row": row, "column": column}


def looked_at(page: AppTest) -> dict[str, Any]:
    state = page.session_state
    keys = ("view", "kind", "layer", "head", "q", "k")
    return {key: state[key] for key in keys if key in state and state[key] is not None}


# Clicks.


@matrix(2, "kind", KINDS)
@matrix(2, "stage", ["weights", "energy", "output"])
def test_a_cell_opens_the_inspector_on_its_attention(kind: Kind, stage: str) -> None:
    page = open_pair(link(**PAIR, stage=stage, layer=1))
    send(page, "chart_clicks", "cell", cell(f"{kind}_chart", 3, 2, 1))
    assert looked_at(page) == {
        "view": "cell", "kind": kind, "layer": 1, "head": 3, "q": 2, "k": 1,
    }  # fmt: skip
    query = (SOURCE if kind == "encoder_self" else TARGET).split()[2]
    key = (TARGET if kind == "decoder_self" else SOURCE).split()[1]
    assert (
        f"query 2 ` {query} ` attend to key 1 ` {key} `, in head 3, {NAMES[kind]}, layer 1?"
        in page.markdown[1].value
    )
    (table,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    attention = pair_of(SOURCE, TARGET).attention(1, 0, kind)
    weight = attention.field("weights")[3, 2, 1]
    shown = f'<span title="{weight:.9g}">{weight:.4g}</span>'
    assert f"the module's weight (float32) |  | **{shown}**" in table
    energy = attention.field("energy")[3, 2, 1]
    assert number(steps_of(page)["energy"]) == pytest.approx(energy, rel=1e-4, abs=1e-6)


def test_a_cell_of_a_head_shown_alone_belongs_to_that_head() -> None:
    page = open_pair(link(**PAIR, head=6))
    send(page, "chart_clicks", "cell", cell("cross_chart", 0, 3, 4))
    assert looked_at(page)["head"] == 6
    assert (looked_at(page)["q"], looked_at(page)["k"]) == (3, 4)
    page = open_pair(link(**PAIR, head=6))
    send(page, "chart_clicks", "name", {"chart": "cross_chart", "tile": 0})
    assert looked_at(page) == {"view": "head", "kind": "cross", "layer": 0, "head": 6}


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_opens_its_head_of_its_attention(kind: Kind) -> None:
    page = open_pair(link(**PAIR))
    send(page, "chart_clicks", "name", {"chart": f"{kind}_chart", "tile": 4})
    assert looked_at(page) == {"view": "head", "kind": kind, "layer": 0, "head": 4}
    assert f"**Head 4** of 8, {NAMES[kind]}, layer 0, D = 8." in page.markdown[1].value


def test_a_masked_cell_of_the_decoder_can_be_inspected() -> None:
    page = open_pair(link(**PAIR))
    send(page, "chart_clicks", "cell", cell("decoder_self_chart", 0, 0, 3))
    (table,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    assert "masked: score becomes −∞" in table


FORGED = [
    cell("cross_chart", 8, 0, 0), cell("cross_chart", -1, 0, 0), cell("cross_chart", 0, 4, 0),
    cell("cross_chart", 0, 0, 5), cell("encoder_self_chart", 0, 5, 0),
    cell("decoder_self_chart", 0, 0, 4), cell("cross_chart", "0", 0, 0),
    cell("cross_chart", None, 0, 0), cell("cross_chart", 0.5, 0, 0),
    cell("cross_chart", float("nan"), 0, 0), cell("cross_chart", 0, 10**30, 0),
    cell("cross", 0, 0, 0), cell("kind_chart", 0, 0, 0), cell(None, 0, 0, 0), cell([], 0, 0, 0),
    cell({"a": 1}, 0, 0, 0), cell("head_chart", 0, 0, 0), {}, [], None, "cross_chart", 3,
]  # fmt: skip


@EIGHTH
def test_a_forged_click_changes_nothing(part: slice) -> None:
    page = open_pair(link(**PAIR))
    before = looked_at(page)
    names = [{"chart": "cross_chart", "tile": tile} for tile in (-1, 8, "0", None, 0.5, 1e300, [0])]
    names += [{"chart": chart, "tile": 0} for chart in ("cross", None, [], "head_chart")]
    for event, value in [*(("cell", v) for v in FORGED), *(("name", v) for v in names)][part]:
        send(page, "chart_clicks", event, value)
        assert looked_at(page) == before, value
    for payload in ("null", "[]", '{"event": "cell"}', '[{"event": []}]'):
        send_raw(page, "chart_clicks", payload)
    report(page, "chart_clicks", '{"tall": [], "cell": 1}')
    assert looked_at(page) == before


def test_a_click_that_arrives_when_the_target_is_gone_is_ignored() -> None:
    page = open_pair(link(text=SOURCE, text2=""))
    before = looked_at(page)
    for kind in KINDS:
        send(page, "chart_clicks", "cell", cell(f"{kind}_chart", 0, 0, 0))
        send(page, "chart_clicks", "name", {"chart": f"{kind}_chart", "tile": 0})
    assert looked_at(page) == before


def furthest(kind: Kind) -> list[int]:
    """The two heads with the largest mean distance or, of cross-attention, the smallest entropy."""
    weights = pair_of(SOURCE, TARGET).attention(0, 0, kind).field("weights").astype(float)
    heads, queries, keys = weights.shape
    measure = np.zeros(heads)
    for head, query, key in np.ndindex(heads, queries, keys):
        weight = weights[head, query, key]
        if kind == "cross":
            measure[head] += weight * np.log(weight)
        else:
            measure[head] += weight * abs(query - key)
    return sorted(int(head) for head in measure.argsort()[-2:])


@pytest.mark.parametrize("kind", KINDS)
def test_it_opens_with_the_two_heads_that_look_furthest(kind: Kind) -> None:
    page, shown = open_pair(link(**PAIR, all_heads="false")), furthest(kind)
    drawn = np.stack(numbers(page, f"{kind}_chart"))
    weights = pair_of(SOURCE, TARGET).attention(0, 0, kind).field("weights")[shown]
    np.testing.assert_array_equal(np.nan_to_num(drawn), weights)
    names = [each["text"] for each in chart(page, f"{kind}_chart")["layout"]["annotations"]]
    assert names == [f"<b>Head {head}</b>" for head in shown]
    change(page, all_heads=True)
    assert len(numbers(page, f"{kind}_chart")) == 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_click_on_one_of_few_heads_opens_that_head(kind: Kind) -> None:
    page, shown = open_pair(link(**PAIR, all_heads="false")), furthest(kind)
    before = looked_at(page)
    send(page, "chart_clicks", "name", {"chart": f"{kind}_chart", "tile": 2})  # there are two
    assert looked_at(page) == before
    send(page, "chart_clicks", "name", {"chart": f"{kind}_chart", "tile": 1})
    assert looked_at(page) == {"view": "head", "kind": kind, "layer": 0, "head": shown[1]}
    page = open_pair(link(**PAIR, all_heads="false"))
    send(page, "chart_clicks", "cell", cell(f"{kind}_chart", 1, 2, 1))
    assert looked_at(page) == {
        "view": "cell", "kind": kind, "layer": 0, "head": shown[1], "q": 2, "k": 1,
    }  # fmt: skip


# One attention.


@matrix(2, "stage", STAGES)
@matrix(2, "kind", KINDS)
def test_all_heads_show_the_chosen_attention(kind: Kind, stage: str) -> None:
    page = open_pair(link(**PAIR, view="heads", kind=kind, stage=stage, layer=1))
    attention = pair_of(SOURCE, TARGET).attention(1, 0, kind)
    shown = np.array(numbers(page))
    if stage == "qkv":
        for name, start in (("queries", 0), ("keys", 9), ("values", 18)):  # D = 8, and a gap
            values = attention.field(name)
            part = shown[:, :, start : start + 8]
            np.testing.assert_array_equal(part[:, : values.shape[1]], values)
            assert np.isnan(part[:, values.shape[1] :]).all()  # the shorter side's end
        assert np.isnan(shown[:, :, [8, 17]]).all()
    elif stage == "output":
        np.testing.assert_array_equal(shown, attention.field("output")[None])
    elif stage in CARRIED:
        run = attention.run
        assert isinstance(run, ModuleRun)
        matrix = run.facts(kind, 1).fc_out.weight.numpy()
        found = carried(stage, attention.field("weights"), attention.field("values"), matrix)
        np.testing.assert_allclose(shown, masked(found, attention.allowed), rtol=1e-5)
    elif stage in ("scores", "weights"):
        np.testing.assert_array_equal(shown, masked(attention.field(stage), attention.allowed))
    else:
        np.testing.assert_array_equal(shown, attention.field(stage))


def test_queries_and_keys_of_two_sentences_are_told_apart_by_position_alone() -> None:
    page = open_pair(link(**PAIR, view="heads", kind="cross", stage="qkv"))
    assert labels(chart(page)["layout"]["yaxis"]) == [f"position {i}" for i in range(5)]
    change(page, kind="decoder_self")
    said = [f"{word} (position {i})" for i, word in enumerate(TARGET.split())]
    assert labels(chart(page)["layout"]["yaxis"]) == said


def test_a_click_in_all_heads_stays_in_the_attention_that_is_shown() -> None:
    page = open_pair(link(**PAIR, view="heads", kind="decoder self"))
    send(page, "chart_clicks", "cell", cell("heads_chart", 2, 3, 1))
    assert looked_at(page) == {
        "view": "cell", "kind": "decoder_self", "layer": 0, "head": 2, "q": 3, "k": 1,
    }  # fmt: skip
    assert "query 3 ` Hunde ` attend to key 1 ` Kater `" in page.markdown[1].value


@pytest.mark.parametrize("kind", KINDS)
def test_one_head_is_an_equation_between_the_right_sides(kind: Kind) -> None:
    page = open_pair(link(**PAIR, view="head", kind=kind, head=2, layer=1, q=""))
    attention = pair_of(SOURCE, TARGET).attention(1, 0, kind)
    q, k, v, energy, scores, weights, output = (
        attention.field(name)[2]
        for name in ("queries", "keys", "values", "energy", "scores", "weights", "head_outputs")
    )
    seen = attention.allowed
    expected = [q, k.T, energy, masked(scores, seen), masked(weights, seen), v, output]
    for term, values in zip(chart(page, "head_chart")["data"], expected, strict=True):
        np.testing.assert_array_equal(array(term["z"]), values, err_msg=term["name"])
    formulas = formulas_on(page)
    told = "X: the vectors that the layer reads."
    if kind == "cross":
        told = "Y: the target's vectors, X: the encoder's output."
    assert f"D = 8. {told} Choose a query" in page.markdown[1].value
    reads = "Y" if kind == "cross" else "X"
    assert formulas[0] == f"$Q = {reads} W_Q^{{(2)}}$"
    assert formulas[1] == "$K = X W_K^{(2)}$"
    assert formulas[5] == "$V = X W_V^{(2)}$"
    assert formulas[3].endswith("+ M$")
    layout = chart(page, "head_chart")["layout"]
    rows = TARGET.split() if kind != "encoder_self" else SOURCE.split()
    columns = SOURCE.split() if kind != "decoder_self" else TARGET.split()
    assert labels(layout["yaxis"]) == [f"{w} (position {i})" for i, w in enumerate(rows)]
    assert labels(layout["xaxis5"]) == [f"{w} (position {i})" for i, w in enumerate(columns)]
    said = json.dumps(layout["annotations"], ensure_ascii=False)
    sizes = {"encoder_self": "L = 5 × L = 5", "decoder_self": "L = 4 × L = 4",
             "cross": "T = 4 × S = 5"}  # fmt: skip
    assert sizes[kind] in said


def test_a_query_or_key_is_brought_within_the_side_that_it_is_of() -> None:
    page = open_pair(link(**PAIR, view="cell", kind="cross", head=0, q=4, k=4))
    assert notices(page) == ["There is no query 4 in this sentence; showing the last one, 3."]
    change(page, kind="encoder_self")
    assert notices(page) == []
    change(page, kind="decoder_self")
    assert notices(page) == [
        "There is no query 4 in this sentence; showing the last one, 3.",
        "There is no key 4 in this sentence; showing the last one, 3.",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_the_attention(kind: Kind) -> None:
    page = open_pair(link(**PAIR, view="numbers", kind=kind, layer=1))
    attention = pair_of(SOURCE, TARGET).attention(1, 0, kind)
    weights = attention.field("weights").astype(np.float64)
    shown = stage_numbers(page)
    np.testing.assert_array_equal(shown["weight"], attention.field("weights").reshape(-1))
    rows = TARGET.split() if kind != "encoder_self" else SOURCE.split()
    columns = SOURCE.split() if kind != "decoder_self" else TARGET.split()
    assert list(shown["query_token"]) == [rows[i] for i in shown["query"]]
    assert list(shown["key_token"]) == [columns[i] for i in shown["key"]]
    found = statistics(page)
    np.testing.assert_allclose(found["largest_weight"], weights.max(axis=2).mean(axis=1))
    np.testing.assert_allclose(found["first_token"], weights[:, :, 0].mean(axis=1))
    # A place in one sentence has no distance from one in another, and isn't itself there.
    assert ("distance" in found, "itself" in found) == ((kind != "cross"),) * 2


def test_every_view_of_every_attention_draws() -> None:
    page = open_pair(link(**PAIR, text3="a", text4="b c"))
    for view in PAIR_VIEWS:
        change(page, view=view)
        for kind in KINDS if view != "kinds" else ():
            change(page, kind=kind, sentence=2 if kind == "cross" else 1)
            assert "nan" not in " ".join(m.value for m in page.markdown)
    assert control(page, "kind").value == "cross"


def test_the_attention_is_kept_while_it_is_not_asked_for() -> None:
    page = open_pair(link(**PAIR, view="heads", kind="encoder self"))
    change(page, view="kinds")
    change(page, seed=1)
    change(page, view="head")
    assert control(page, "kind").value == "encoder_self"


# Layers.


def every_weight(kind: Kind) -> np.ndarray:
    run = pair_of(SOURCE, TARGET)
    return np.stack([run.attention(layer, 0, kind).field("weights") for layer in range(2)])


@pytest.mark.parametrize("kind", KINDS)
def test_the_overviews_are_of_the_chosen_attention(kind: Kind) -> None:
    page = open_pair(link(**PAIR, view="layers", kind=kind))
    weights, seen = every_weight(kind), pair_of(SOURCE, TARGET).attention(0, 0, kind).allowed
    assert f"**Weights of every head ({NAMES[kind]})**: 2 × 8" in page.markdown[1].value
    (drawn,) = numbers(page, "layers_chart")
    shown = np.unique(drawn[np.isfinite(drawn)])
    np.testing.assert_array_equal(shown, np.unique(weights[:, :, seen]))
    change(page, overview="mean_heads")
    np.testing.assert_allclose(
        numbers(page, "layers_chart"), masked(weights.mean(axis=1), seen), atol=1e-6
    )
    change(page, overview="mean_layers")
    np.testing.assert_allclose(
        numbers(page, "layers_chart"), masked(weights.mean(axis=0), seen), atol=1e-6
    )
    change(page, overview="rollout")
    if kind == "cross":
        assert [box.value for box in page.info] == [
            "Rollout follows a token through layers of self-attention. Cross-attention leads from "
            "one sentence to another: choose encoder self or decoder self."
        ]
        assert not page.get("plotly_chart")
    else:
        np.testing.assert_allclose(numbers(page, "layers_chart"), rollout(weights), atol=1e-6)


def test_the_decoders_stream_has_three_steps_a_layer_and_the_encoders_two() -> None:
    page = open_pair(link(**PAIR, view="layers", overview="stream", kind="cross"))
    run = pair_of(SOURCE, TARGET)
    steps = ["input", "0 attention", "0 cross", "0 feed-forward", "1 attention", "1 cross",
             "1 feed-forward"]  # fmt: skip
    assert labels(chart(page, "stream_chart")["layout"]["yaxis"]) == steps
    lengths = [step[0].norm(dim=-1).numpy() for step in run.trace.decoder_stream]
    np.testing.assert_allclose(numbers(page, "stream_chart")[0], lengths, rtol=1e-5)
    assert labels(chart(page, "stream_chart")["layout"]["xaxis"])[0] == "der (position 0)"
    change(page, kind="encoder_self")
    assert labels(chart(page, "stream_chart")["layout"]["yaxis"]) == [
        step for step in steps if "cross" not in step
    ]
    lengths = [step[0].norm(dim=-1).numpy() for step in run.trace.encoder_stream]
    np.testing.assert_allclose(numbers(page, "stream_chart")[0], lengths, rtol=1e-5)


def test_a_mean_opens_the_heads_of_its_layer_in_the_same_attention() -> None:
    page = open_pair(link(**PAIR, view="layers", overview="mean_heads", kind="decoder self"))
    send(page, "chart_clicks", "cell", cell("layers_chart", 1, 0, 0))
    assert looked_at(page) == {"view": "heads", "kind": "decoder_self", "layer": 1}
    change(page, view="layers", overview="rollout", kind="cross")
    before = looked_at(page)
    send(page, "chart_clicks", "cell", cell("layers_chart", 9, 0, 0))
    assert looked_at(page) == before


@pytest.mark.parametrize("overview", OVERVIEWS)
def test_an_overview_of_what_is_masked_throughout_draws(overview: str) -> None:
    page = open_pair(
        link(text="a", text2="b", text4="c", sentence=2, view="layers", overview=overview,
             mask="padding", kind="encoder self")
    )  # fmt: skip
    key = "stream_chart" if overview == "stream" else "layers_chart"
    assert "nan" not in alt(page, key)


# Downloads.


def load(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


BATCH = ("a b c", "u v", "d", "w x y z")


def test_the_npz_holds_every_attention_and_what_went_in() -> None:
    run = pair_of(*BATCH)
    found = load(npz_of(run))
    trace = [field.name for field in fields(AttentionTrace)]
    expected = {
        *(f"{kind}_{name}" for kind in KINDS for name in [*trace, "mask"]),
        "source_tokens", "target_tokens", "source_stream", "target_stream", "final_output",
        "source_inputs", "target_inputs", "config", *run.model.state_dict(),
    }  # fmt: skip
    assert set(found) == expected
    np.testing.assert_array_equal(found["source_inputs"], run.inputs.numpy())
    assert run.target_inputs is not None
    np.testing.assert_array_equal(found["target_inputs"], run.target_inputs.numpy())
    for token, vector in zip("uv", found["target_inputs"][0], strict=False):
        np.testing.assert_array_equal(vector, token_vector(token, 64, 0))
    np.testing.assert_array_equal(found["target_inputs"][0, 2:], 0)  # the padding
    for kind in KINDS:
        for name in trace:
            layers = [getattr(t, name).numpy() for t in getattr(run.trace, kind)]
            np.testing.assert_array_equal(found[f"{kind}_{name}"], np.stack(layers))
        masks = [run.attention(0, s, kind).allowed for s in range(2)]
        np.testing.assert_array_equal(found[f"{kind}_mask"], np.stack(masks)[:, None])
    assert found["source_tokens"].tolist() == [["a", "b", "c"], ["d", "[PAD]", "[PAD]"]]
    assert found["target_tokens"].tolist() == [
        ["u", "v", "[PAD]", "[PAD]"], ["w", "x", "y", "z"],
    ]  # fmt: skip
    assert found["source_stream"].shape == (5, 2, 3, 64)
    assert found["target_stream"].shape == (7, 2, 4, 64)
    np.testing.assert_array_equal(found["final_output"], run.trace.output.numpy())
    config = json.loads(str(found["config"]))
    assert config["source_lengths"] == [3, 1]
    assert config["target_lengths"] == [2, 4]
    assert config["divisor"] == pytest.approx(np.sqrt(8))
    shown = {key: value for key, value in asdict(run.settings).items() if key != "texts"}
    assert shown.items() <= config.items()
    assert config["texts"] == list(BATCH)
    assert {k: v for k, v in PAIR_OPENS_WITH.items() if k != "texts"}.items() <= config.items()


def softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: np.ndarray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result


def test_from_the_npz_alone_the_weights_between_the_sides_can_be_worked_out() -> None:
    made = load(npz_of(pair_of(*BATCH)))
    divisor = json.loads(str(made["config"]))["divisor"]
    for kind, stack, module, steps, place in (
        ("encoder_self", "encoder", "attention", 2, 0),
        ("decoder_self", "decoder", "attention", 3, 0),
        ("cross", "decoder", "cross_attention", 3, 1),
    ):
        side = "source_stream" if stack == "encoder" else "target_stream"
        for layer in range(2):
            asking = made[side][steps * layer + place].astype(np.float64)
            keys = made["source_stream"][-1].astype(np.float64) if kind == "cross" else asking

            def projected(x: np.ndarray, name: str, path: str) -> np.ndarray:
                y = x @ made[f"{path}.{name}.weight"].T.astype(np.float64)
                return y.reshape(*y.shape[:2], 8, 8).swapaxes(1, 2)

            path = f"{stack}.layers.{layer}.{module}"
            q, k = projected(asking, "queries", path), projected(keys, "keys", path)
            scores = q @ k.swapaxes(-1, -2) / divisor
            weights = softmax(np.where(made[f"{kind}_mask"], scores, -np.inf))
            np.testing.assert_allclose(
                weights, made[f"{kind}_weights"][layer], rtol=1e-4, atol=1e-5, err_msg=path
            )


def test_the_downloads_on_the_page_are_of_the_attention_that_is_shown(
    download: Download,
) -> None:
    page = open_pair(link(**PAIR, view="heads", kind="cross", layer=1, head=1))
    weights = pair_of(SOURCE, TARGET).attention(1, 0, "cross").field("weights")
    name, data = download("download_stage")
    assert name == "headlight_weights_cross_layer_1_8_heads.csv"
    text = data.decode()
    assert text.startswith('head,query,query_token,key,key_token,weight\n0,0,"der",0,"the",')
    shown = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1, usecols=5)
    np.testing.assert_array_equal(shown.astype(np.float32), weights.reshape(-1))
    name, data = download("download_npz")
    assert name == "headlight_trace_2_layers_8_heads.npz"
    np.testing.assert_array_equal(load(data)["cross_weights"][1, 0], weights)
    name, data = download("download_trace")
    assert name == "headlight_trace_cross_layer_1_8_heads.csv"
    assert len(data.decode().split("\n")) == 2 + sum(
        pair_of(SOURCE, TARGET).attention(1, 0, "cross").field(f.name).size
        for f in fields(AttentionTrace)
    )
    type_text(page, "one two")
    assert load(download("download_npz")[1])["source_tokens"].tolist() == [["one", "two"]]


# Downloads of several layers of an encoder alone.


def test_the_npz_of_several_layers_has_a_leading_layer_axis() -> None:
    run = run_of(SOURCE, "a b", layers=3, mask="causal")
    found = load(npz_of(run))
    for field in fields(AttentionTrace):
        layers = [getattr(t, field.name).numpy() for t in run.trace.encoder_self]
        np.testing.assert_array_equal(found[field.name], np.stack(layers))
        assert len(found[field.name]) == 3
    assert found["mask"].shape == (2, 1, 5, 5)
    assert found["stream"].shape == (7, 2, 5, 64)
    np.testing.assert_array_equal(found["stream"][0], found["inputs"])
    np.testing.assert_array_equal(found["stream"][-1], found["final_output"])
    for layer in range(3):
        for part in ("attention.queries.weight", "norm1.weight", "feed_forward.0.weight"):
            name = f"layers.{layer}.{part}"
            np.testing.assert_array_equal(found[name], run.model.state_dict()[name].numpy())
    assert json.loads(str(found["config"]))["layers"] == 3


@pytest.mark.parametrize("norm_order", ["post", "pre"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_from_the_npz_alone_every_step_of_the_stream_can_be_worked_out(
    norm_order: str, activation: str
) -> None:
    run = run_of(SOURCE, layers=2, norm_order=norm_order, activation=activation, mask="causal")
    made = {
        name: value.astype(np.float64) if value.dtype == np.float32 else value
        for name, value in load(npz_of(run)).items()
    }

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        y = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return y * made[f"{name}.weight"] + made[f"{name}.bias"]

    def feed_forward(x: np.ndarray, name: str) -> np.ndarray:
        hidden = x @ made[f"{name}.0.weight"].T + made[f"{name}.0.bias"]
        if activation == "relu":
            hidden = np.maximum(hidden, 0)
        else:
            hidden = hidden * (1 + np.vectorize(erf)(hidden / np.sqrt(2))) / 2
        return hidden @ made[f"{name}.2.weight"].T + made[f"{name}.2.bias"]

    for layer in range(2):
        path = f"layers.{layer}"
        before, between, after = made["stream"][2 * layer : 2 * layer + 3]
        attended = made["output"][layer]
        if norm_order == "post":
            first = norm(before + attended, f"{path}.norm1")
            second = norm(between + feed_forward(between, f"{path}.feed_forward"), f"{path}.norm2")
        else:
            first = before + attended
            second = between + feed_forward(norm(between, f"{path}.norm2"), f"{path}.feed_forward")
        np.testing.assert_allclose(first, between, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(second, after, rtol=1e-4, atol=1e-4)
    last = made["stream"][-1]
    expected = norm(last, "norm") if norm_order == "pre" else last
    np.testing.assert_allclose(expected, made["final_output"], rtol=1e-4, atol=1e-4)


def test_an_empty_page_has_downloads_without_numbers() -> None:
    found = load(npz_of(pair_of("a b", "")))
    assert found["target_tokens"].shape == (1, 0)
    assert found["cross_weights"].shape == (2, 1, 8, 0, 2)
    assert found["decoder_self_mask"].shape == (1, 1, 0, 0)
