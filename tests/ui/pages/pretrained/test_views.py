"""Each view of both trained models: it draws, with the numbers that the model itself gives."""

import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.attention import SelfAttention
from model.transformer import TransformerTrace
from tests.defaults import SENTENCE
from tests.ui.helpers import (
    alt,
    array,
    carried,
    change,
    chart,
    control,
    formulas_on,
    labels,
    notices,
    numbers,
    send,
    stage_numbers,
    statistics,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    LONG,
    NAMES,
    as_drawn,
    captions,
    looked_at,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
    tokens_of,
)
from tests.ui.views.helpers import number, rollout, steps
from ui.choices.options import CARRIED, FIELDS, STAGES
from ui.runs.model_store import model_of

pytestmark = [needs_minilm, needs_smollm2]

MODELS = pytest.mark.parametrize("model", NAMES)
SIZES = {"minilm": (6, 12, 32), "smollm2": (30, 9, 64)}  # layers, heads, head_dim
LAYER = 4


def trace_of(model: str) -> TransformerTrace:
    return run_model(model, SENTENCE)[1].trace


def field(model: str, name: str, layer: int = LAYER) -> np.ndarray:
    values: np.ndarray = getattr(trace_of(model).encoder_self[layer], name)[0].numpy()
    return as_drawn(model, values) if name in ("scores", "weights") else values


def every_weight(model: str) -> np.ndarray:
    """(layers, H, L, L), zero where a decoder may not look."""
    return np.stack([layer.weights[0].numpy() for layer in trace_of(model).encoder_self])


def opened(model: str, view: str, **more: object) -> AppTest:
    return open_trained(model=NAMES[model], text=SENTENCE, layer=LAYER, view=view, **more)


@MODELS
def test_all_heads_have_the_models_numbers_at_every_stage(model: str) -> None:
    page = opened(model, "heads")
    _layers, heads, size = SIZES[model]
    for stage in STAGES:
        change(page, stage=stage)
        shown = np.array(numbers(page))
        if stage == "qkv":
            assert shown.shape[2] == 3 * size + 2 * (size // 8)
            for i, name in enumerate(FIELDS["qkv"]):
                part = shown[:, :, i * (size + size // 8) :][:, :, :size]
                np.testing.assert_array_equal(part, field(model, name), err_msg=name)
        elif stage == "output":
            np.testing.assert_array_equal(shown, field(model, "output")[None])
        elif stage in CARRIED:
            module = model_of(model).attention("encoder_self", LAYER)
            assert isinstance(module, SelfAttention)
            values, matrix = field(model, "values"), module.fc_out.weight.numpy()
            found = carried(stage, field(model, "weights"), values, matrix)
            np.testing.assert_allclose(shown, found, rtol=5e-5, atol=5e-5, err_msg=stage)
        else:
            assert len(shown) == heads
            np.testing.assert_array_equal(shown, field(model, stage), err_msg=stage)
        assert notices(page) == []


@MODELS
def test_one_head_is_an_equation_of_the_models_numbers(model: str) -> None:
    page = opened(model, "one head", head=5, q=3)
    _layers, heads, size = SIZES[model]
    q, k, v, energy, scores, weights, output = (
        field(model, name)[5]
        for name in ("queries", "keys", "values", "energy", "scores", "weights", "head_outputs")
    )
    data = chart(page, "head_chart")["data"][:7]
    for term, values in zip(data, [q, k.T, energy, scores, weights, v, output], strict=True):
        np.testing.assert_array_equal(array(term["z"]), values, err_msg=term["name"])
    assert page.markdown[1].value.startswith(
        f"**Head 5** of {heads}, layer {LAYER}, D = {size}. X: the vectors that the layer reads."
    )
    # They make an equation: divided by √D, and no number is missing.
    np.testing.assert_allclose(q @ k.T, energy, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(
        np.where(np.isnan(scores), np.nan, energy / math.sqrt(size)), scores, rtol=1e-4, atol=1e-4
    )
    formulas = formulas_on(page)
    rotated = "\\mathrm{rot}(X W_Q^{(5)})" if model == "smollm2" else "X W_Q^{(5)}"
    assert formulas[0] == f"$Q = {rotated}$"
    mask = " + M" if model == "smollm2" else ""
    assert formulas[3] == f"$S = QK^\\top / \\sqrt{{{size}}}{mask}$"
    assert f"divided by √{size}" in alt(page, "head_chart")


@MODELS
@pytest.mark.parametrize(("head", "query", "key"), [(0, 0, 0), (8, 9, 4)])
def test_the_steps_of_a_cell_lead_to_the_models_weight(
    model: str, head: int, query: int, key: int
) -> None:
    page = opened(model, "cell", head=head, q=query, k=key)
    found = steps(page)
    scores = field(model, "scores")[head, query].astype(np.float64)
    scores = scores[np.isfinite(scores)]
    divisor = math.sqrt(SIZES[model][2])
    expected = {
        "energy": field(model, "energy")[head, query, key],
        "divisor": divisor,
        "score": scores[key],
        "largest score in the row": scores.max(),
        "denominator": np.exp(scores - scores.max()).sum(),
        "weight": field(model, "weights")[head, query, key],
        "the module's weight (float32)": field(model, "weights")[head, query, key],
    }
    for step, result in expected.items():
        assert number(found[step]) == pytest.approx(result, rel=1e-4, abs=1e-6), step
    tokens = tokens_of(model, SENTENCE)
    assert f"query {query} ` {tokens[query]} ` attend to key {key} ` {tokens[key]} `" in (
        page.markdown[1].value
    )
    assert f"in head {head}, layer {LAYER}?" in page.markdown[1].value
    assert float(page.markdown[-1].value.split("module by ")[1].rstrip(".")) < 1e-5


def test_a_cell_that_a_decoder_may_not_see_is_masked() -> None:
    found = steps(opened("smollm2", "cell", head=1, q=2, k=7))
    assert found["mask"] == "masked: score becomes −∞"
    assert number(found["weight"]) == 0
    assert number(found["energy"]) == pytest.approx(field("smollm2", "energy")[1, 2, 7], rel=1e-5)


@MODELS
def test_the_overviews_are_of_all_layers(model: str) -> None:
    page = opened(model, "layers")
    layers, heads, _size = SIZES[model]
    weights = every_weight(model)
    assert f"**Weights of every head**: {layers} × {heads}," in page.markdown[1].value
    (drawn,) = numbers(page, "layers_chart")
    seen = as_drawn(model, weights)
    if model == "minilm":  # SmolLM2's are pooled to fit 30 layers
        np.testing.assert_array_equal(
            np.unique(drawn[np.isfinite(drawn)]), np.unique(seen[np.isfinite(seen)])
        )
    else:
        assert set(drawn[np.isfinite(drawn)]) <= set(seen[np.isfinite(seen)])
    assert np.nanmax(drawn) == np.nanmax(seen)
    layer, head, query, key = np.unravel_index(np.nanargmax(seen), seen.shape)
    assert alt(page, "layers_chart").endswith(
        f"Largest weight: {np.nanmax(seen):.3g}, in layer {layer}, head {head}, query {query}, "
        f"key {key}."
    )
    for overview, expected in (
        ("mean_heads", as_drawn(model, weights.mean(axis=1))),
        ("mean_layers", as_drawn(model, weights.mean(axis=0))),
        ("rollout", rollout(weights)),
    ):
        change(page, overview=overview)
        np.testing.assert_allclose(numbers(page, "layers_chart"), expected, atol=1e-6)


@MODELS
def test_the_residual_stream_has_two_steps_a_layer(model: str) -> None:
    page = opened(model, "layers", overview="residual stream")
    stream = [step[0].double().numpy() for step in trace_of(model).encoder_stream]
    lengths = np.stack([np.sqrt((step**2).sum(axis=1)) for step in stream])
    first = stream[0] / lengths[0][:, None]
    cosines = np.stack(
        [(step / n[:, None] * first).sum(axis=1) for step, n in zip(stream, lengths, strict=True)]
    )
    shown, similarity = numbers(page, "stream_chart")
    np.testing.assert_allclose(shown, lengths, rtol=1e-4)
    np.testing.assert_allclose(similarity, cosines, atol=1e-4)
    layers = SIZES[model][0]
    names = labels(chart(page, "stream_chart")["layout"]["yaxis"])
    assert names == ["input", *(f"{i} {part}" for i in range(layers)
                                for part in ("attention", "feed-forward"))]  # fmt: skip
    assert (
        labels(chart(page, "stream_chart")["layout"]["xaxis"])[1].split(" (")[0]
        == (tokens_of(model, SENTENCE)[1])
    )


@MODELS
def test_the_numbers_are_the_models(model: str) -> None:
    page = opened(model, "numbers")
    weights = trace_of(model).encoder_self[LAYER].weights[0].double().numpy()
    shown = statistics(page)
    assert list(shown["head"]) == list(range(SIZES[model][1]))
    np.testing.assert_allclose(shown["first_token"], weights[:, :, 0].mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(shown["largest_weight"], weights.max(axis=2).mean(axis=1), rtol=1e-6)
    table = stage_numbers(page)
    assert len(table) == weights.size
    np.testing.assert_array_equal(table["weight"], weights.reshape(-1).astype(np.float32))
    assert list(table["query_token"][:: weights.shape[-1]][: weights.shape[-1]]) == (
        tokens_of(model, SENTENCE)
    )


ABOUT_ROWS = "Distances count the rows shown, and the first token is the first row."


def test_in_tables_a_word_has_the_position_of_its_first_token() -> None:
    page = open_trained(text=LONG, view="numbers")
    assert list(stage_numbers(page)["key"][:16]) == list(range(16))
    assert ABOUT_ROWS not in captions(page)
    change(page, words=True, special=False)
    tokens = tokens_of("minilm", LONG)
    firsts = [i for i, token in enumerate(tokens) if i and token[:2] != "##" and token != "[SEP]"]
    table = stage_numbers(page)
    count = len(firsts)
    assert (firsts[:3], count) == ([1, 3, 4], 8)
    assert list(table["key"][:count]) == firsts
    assert list(table["query"][: count**2 : count]) == firsts
    assert list(table["key_token"][:count]) == [*LONG.removesuffix(".").split(), "."]
    assert [label.split("position ")[1].split(",")[0].rstrip(")") for label in places(page)] == [
        str(first) for first in firsts
    ]  # as on hover
    assert ABOUT_ROWS in captions(page)
    change(page, view="numbers", stage="qkv")  # is of single tokens
    table = stage_numbers(page)
    expected = [i for i, token in enumerate(tokens) if token not in ("[CLS]", "[SEP]")]
    for who in ("query", "key"):
        assert list(table[who].dropna().unique()) == expected


def places(page: AppTest) -> list[str]:
    """What all heads say on hover; the page is brought back."""
    found = labels(chart(change(page, view="heads"))["layout"]["xaxis"])
    change(page, view="numbers")
    return found


@pytest.mark.parametrize(
    ("model", "asked", "shown", "written"),
    [
        ("minilm", "next token", "similarity", "similarity"),
        ("smollm2", "similarity", "next token", "next"),
    ],
)
def test_a_view_that_a_model_has_not_becomes_the_other_one(
    model: str, asked: str, shown: str, written: str
) -> None:
    page = open_trained(model=NAMES[model], text=SENTENCE, view=asked)
    name = {"minilm": "all-MiniLM-L6-v2", "smollm2": "SmolLM2-135M-Instruct"}[model]
    assert notices(page) == [f"{name} has no view “{asked}”; showing “{shown}”."]
    assert page.query_params["view"] == looked_at(page)["view"] == written
    again = open_trained(**page.query_params)
    assert notices(again) == []
    assert looked_at(again)["view"] == looked_at(page)["view"]


def test_a_thumbnail_opens_its_head() -> None:
    page = opened("minilm", "layers")
    drawn = numbers(page, "layers_chart")[0]
    send(page, "chart_clicks", "cell",
         {"chart": "layers_chart", "tile": 0, "row": drawn.shape[0] - 1, "column": 0})  # fmt: skip
    assert looked_at(page) == {"view": "head", "layer": 5, "head": 0, "q": 15, "k": None}
    change(page, view="layers")
    change(page, overview="mean_heads")
    send(page, "chart_clicks", "name", {"chart": "layers_chart", "tile": 2})
    assert looked_at(page)["view"] == "heads"
    assert looked_at(page)["layer"] == 2
    np.testing.assert_array_equal(numbers(page), field("minilm", "weights", 2))


def test_a_stage_that_needs_an_unknown_matrix_is_not_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "A·‖V·W_O‖" in control(opened("minilm", "heads"), "stage").options
    monkeypatch.setattr(SelfAttention, "output_projection", None)
    page = opened("minilm", "heads", stage="projected_values")
    assert control(page, "stage").options == [
        "Q·K·V", "Energy", "Scores", "Weights", "A·‖V‖", "Head outputs", "Output",
    ]  # fmt: skip
    assert value(page, "stage") == "weights"
    assert any("has no “A·‖V·W_O‖”; showing “weights”" in notice for notice in notices(page))


def test_what_weights_carry_is_shown_token_by_token_where_words_are_merged() -> None:
    page = open_trained(model="MiniLM", text=LONG, words=True, stage="weighted_values", head=1, q=2)
    tokens = tokens_of("minilm", LONG)
    assert np.array(numbers(page)).shape == (12, len(tokens), len(tokens))
    change(page, stage="weights")
    assert np.array(numbers(page)).shape[1] < len(tokens)
