"""Encoder and decoder: every attention within and between a source and its target."""

from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.attention import AttentionTrace
from model.config import Architecture, Config
from model.seeded import embed, random_transformer
from model.transformer import TransformerTrace
from tests.defaults import SENTENCE, TARGET, pair_of, run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    alt,
    change,
    chart,
    control,
    header,
    labels,
    link,
    masked,
    notices,
    numbers,
    open_app,
    open_pair,
    type_text,
    value,
)
from ui.choices.options import KINDS, Kind
from ui.choices.sizes import most_tokens

SOURCE, GOAL = "the cat saw the dog", "der Kater sah Hunde"
PAIR = {"text": SOURCE, "text2": GOAL}
CHARTS: dict[Kind, str] = {
    "encoder_self": "encoder_self_chart",
    "decoder_self": "decoder_self_chart",
    "cross": "cross_chart",
}
ASKS = "Type a source and a target above to see the attention between them."


def traced(source: str, target: str, **masks: Any) -> TransformerTrace:
    """Two layers of an encoder and a decoder that are built here, on one pair."""
    config = Config(
        embed_size=64,
        heads=8,
        layers=2,
        architecture=Architecture(projection="full", scale="head_dim"),
    )
    sentences = (embed([text.split()], 64, 0) for text in (source, target))
    return random_transformer(config).trace(*sentences, **masks)


def of_kind(trace: TransformerTrace, kind: Kind) -> tuple[AttentionTrace, ...]:
    attentions: tuple[AttentionTrace, ...] = getattr(trace, kind)
    return attentions


def allowed(mask: str, kind: Kind, lengths: tuple[int, int], longest: tuple[int, int]) -> Any:
    """What a pair with these lengths may see, in a batch of the longest: (Q, K)."""
    sides = {"encoder_self": (0, 0), "decoder_self": (1, 1), "cross": (1, 0)}
    query, key = sides[kind]
    seen = np.ones((longest[query], longest[key]), dtype=bool)
    if "causal" in mask and kind == "decoder_self":
        seen &= np.tril(seen)
    if "padding" in mask:
        seen[:, lengths[key] :] = False
    return seen


@pytest.fixture
def page() -> AppTest:
    return open_pair(link(**PAIR))


def test_the_page_opens_with_two_layers_and_every_number_is_the_models() -> None:
    page = open_pair()
    run = pair_of()
    assert run.source.tokens[0][:3] == ("The", "animal", "didn't")
    assert run.target is not None
    assert run.target.tokens[0][:3] == ("Das", "Tier", "überquerte")
    for kind in KINDS:
        attention = run.attention(0, 0, kind)
        np.testing.assert_array_equal(
            numbers(page, CHARTS[kind]), masked(attention.field("weights"), attention.allowed)
        )
    assert (control(page, "text").value, control(page, "text2").value) == (SENTENCE, TARGET)
    assert control(page, "layers").value == 2
    assert page.query_params == {}
    assert notices(page) == []
    assert header(page).startswith(
        "**Headlight** — **random weights, untrained** (seed 0), the paper's formulation, "
        "energies ÷ √8, 2 layers, post-norm "
    )
    assert f"largest difference from PyTorch: {run.parity.largest:.1e}]" in header(page)
    assert ":green-badge[" in header(page)


@matrix(2, "stage", ["energy", "scores", "weights"])
@pytest.mark.parametrize("layer", [0, 1])
def test_the_three_charts_hold_the_numbers_of_a_model_built_here(layer: int, stage: str) -> None:
    page = open_pair(link(**PAIR, mask="none", layer=layer, stage=stage))
    trace = traced(SOURCE, GOAL)
    shapes = {"encoder_self": (8, 5, 5), "decoder_self": (8, 4, 4), "cross": (8, 4, 5)}
    for kind in KINDS:
        expected = getattr(of_kind(trace, kind)[layer], stage)[0].numpy()
        assert expected.shape == shapes[kind]
        np.testing.assert_allclose(numbers(page, CHARTS[kind]), expected, rtol=1e-4, atol=1e-4)


def test_cross_attention_reads_the_encoders_output_with_the_decoders_queries() -> None:
    run = pair_of(SOURCE, GOAL, mask="none")
    encoded = run.trace.encoder_stream[-1][0]
    for layer in range(2):
        module = run.attention(layer, 0, "cross").facts
        shown = run.attention(layer, 0, "cross")
        keys = (encoded @ module.keys.weight.T).reshape(5, 8, 8).transpose(0, 1)
        np.testing.assert_allclose(shown.field("keys"), keys, rtol=1e-4, atol=1e-4)
        # After the decoder's own self-attention, of three steps a layer.
        asking = run.trace.decoder_stream[3 * layer + 1][0]
        queries = (asking @ module.queries.weight.T).reshape(4, 8, 8).transpose(0, 1)
        np.testing.assert_allclose(shown.field("queries"), queries, rtol=1e-4, atol=1e-4)


def test_the_axes_have_the_words_of_the_side_that_they_are_of(page: AppTest) -> None:
    source = [f"{word} (position {i})" for i, word in enumerate(SOURCE.split())]
    target = [f"{word} (position {i})" for i, word in enumerate(GOAL.split())]
    sides = {
        "encoder_self": (source, source),
        "decoder_self": (target, target),
        "cross": (target, source),
    }
    for kind in KINDS:
        layout = chart(page, CHARTS[kind])["layout"]
        assert (labels(layout["yaxis"]), labels(layout["xaxis"])) == sides[kind], kind
        assert layout["yaxis"]["title"]["text"] == "query (from)"
        assert layout["xaxis"]["title"]["text"] == "key (to)"
    assert [m.value for m in page.markdown[1:4]] == [
        "**Encoder self**: source → source",
        "**Decoder self**: target → target",
        "**Cross**: target → source",
    ]


@pytest.mark.parametrize("stage", ["weights", "energy"])
def test_the_three_charts_share_one_colour_scale(stage: str) -> None:
    page = open_pair(link(**PAIR, stage=stage))
    shown = [np.array(numbers(page, chart)) for chart in CHARTS.values()]
    largest = max(float(np.nanmax(np.abs(values))) for values in shown)
    axes = [chart(page, key)["layout"]["coloraxis"] for key in CHARTS.values()]
    for axis in axes:
        assert axis["cmax"] == pytest.approx(largest)
        assert axis["cmin"] == (0 if stage == "weights" else pytest.approx(-largest))
    assert [axis["showscale"] for axis in axes] == [False, False, True]


def test_each_chart_is_described_by_its_own_numbers(page: AppTest) -> None:
    run = pair_of(SOURCE, GOAL)
    for kind, shape in (("encoder_self", "5 × 5"), ("cross", "4 × 5")):
        weights = run.attention(0, 0, kind).field("weights")
        head, query, key = np.unravel_index(weights.argmax(), weights.shape)
        asking = SOURCE.split() if kind == "encoder_self" else GOAL.split()
        assert alt(page, CHARTS[kind]) == (
            f"weight in 8 pictures of {shape} cells, from {weights.min():.3g} to "
            f"{weights.max():.3g}. Furthest from zero: {weights.max():.3g}, in Head {head}, "
            f"query {asking[query]} (position {query}), key {SOURCE.split()[key]} (position {key})."
        )


@pytest.mark.parametrize("stage", ["qkv", "head_outputs", "output"])
def test_a_stage_that_is_not_between_words_shows_the_weights_side_by_side(stage: str) -> None:
    page = open_pair(link(**PAIR, stage=stage))
    for kind in KINDS:
        attention = pair_of(SOURCE, GOAL).attention(0, 0, kind)
        np.testing.assert_array_equal(
            numbers(page, CHARTS[kind]), masked(attention.field("weights"), attention.allowed)
        )


def test_a_chosen_head_is_shown_alone_and_its_name_with_it(page: AppTest) -> None:
    change(page, head=5)
    run = pair_of(SOURCE, GOAL)
    for kind in KINDS:
        (shown,) = numbers(page, CHARTS[kind])
        attention = run.attention(0, 0, kind)
        np.testing.assert_array_equal(
            shown, masked(attention.field("weights")[5], attention.allowed)
        )
        assert [trace["name"] for trace in chart(page, CHARTS[kind])["data"]] == ["Head 5"]
    change(page, head=None)
    assert len(numbers(page, "cross_chart")) == 8


BATCH = {"text": "a b c", "text2": "u v", "text3": "d", "text4": "w x y z"}


@matrix(2, "mask", ["none", "causal", "padding", "causal_padding"])
@pytest.mark.parametrize("pair", [1, 2])
def test_each_mask_hides_its_part_of_each_side_of_each_pair(pair: int, mask: str) -> None:
    page = open_pair(link(**BATCH, mask=mask, sentence=pair))
    lengths = {1: (3, 2), 2: (1, 4)}[pair]
    run = pair_of(*BATCH.values(), mask=mask)
    for kind in KINDS:
        seen = allowed(mask, kind, lengths, (3, 4))
        shown = np.array(numbers(page, CHARTS[kind]))
        np.testing.assert_array_equal(np.isfinite(shown), np.broadcast_to(seen, shown.shape))
        weights = of_kind(run.trace, kind)[0].weights[pair - 1].numpy()
        np.testing.assert_array_equal(shown, masked(weights, seen))
        np.testing.assert_allclose(np.nansum(shown, axis=-1), 1, atol=1e-5)
    assert notices(page) == []


def test_a_pair_is_the_same_alone_and_padded_in_a_batch() -> None:
    alone, batch = pair_of("a b c", "u v"), pair_of(*BATCH.values())
    for kind in KINDS:
        for layer in range(2):
            first = of_kind(alone.trace, kind)[layer].weights[0].numpy()
            padded = of_kind(batch.trace, kind)[layer].weights[0].numpy()
            queries, keys = first.shape[1:]
            np.testing.assert_allclose(padded[:, :queries, :keys], first, rtol=1e-4, atol=1e-5)


def test_the_second_pair_brings_a_chooser_and_has_its_words_and_its_padding() -> None:
    page = open_pair(link(text="a b c", text2="u v"))
    with pytest.raises(KeyError):
        control(page, "sentence")
    change(page, text3="d", text4="w x y z")
    assert control(page, "sentence").options == ["1", "2"]
    change(page, sentence=2)
    layout = chart(page, "cross_chart")["layout"]
    assert labels(layout["yaxis"]) == [f"{w} (position {i})" for i, w in enumerate("wxyz")]
    assert labels(layout["xaxis"]) == [
        "d (position 0)", "[PAD] (position 1)", "[PAD] (position 2)",
    ]  # fmt: skip
    change(page, text3="", text4=" ")
    with pytest.raises(KeyError):
        control(page, "sentence")
    assert numbers(page, "cross_chart")[0].shape == (2, 3)


def test_a_second_pair_without_a_source_has_nothing_to_attend_to_and_is_told_for_each() -> None:
    page = open_pair(link(text="a b c", text2="u v", text4="w x", sentence=2))
    tail = "nothing to attend to under this mask: their weights and their head outputs are zero."
    assert notices(page) == [
        f"3 queries have {tail} (encoder self-attention)",
        f"2 queries have {tail} (cross-attention)",
    ]
    assert alt(page, "cross_chart") == "weight: everything is masked."
    assert np.isnan(numbers(page, "encoder_self_chart")).all()
    change(page, mask="causal")
    assert notices(page) == []


def test_a_second_pair_without_a_target_is_padding_that_attends_to_the_source() -> None:
    page = open_pair(link(text="a b c", text2="u v", text3="d e", sentence=2, mask="padding"))
    tail = "nothing to attend to under this mask: their weights and their head outputs are zero."
    assert notices(page) == [f"2 queries have {tail} (decoder self-attention)"]
    for view in ("heads", "head", "cell", "layers", "numbers"):
        change(page, view=view)


@matrix(2, "empty", [{"text": ""}, {"text2": ""}, {"text": "", "text2": ""}, {"text2": " \u3000"}])
@matrix(2, "view", ["kinds", "cell", "layers"])
def test_without_a_source_or_a_target_it_asks_for_them(empty: dict[str, str], view: str) -> None:
    page = open_pair(link(**{**PAIR, **empty}, view=view))
    assert [box.value for box in page.info] == [ASKS]
    assert not page.get("plotly_chart")
    assert "PyTorch" not in header(page)
    assert notices(page) == []
    change(page, **dict.fromkeys(empty, "now"))
    assert not page.info
    assert page.get("plotly_chart")


def test_typing_a_source_and_a_target_changes_all_three(page: AppTest) -> None:
    type_text(page, "one two")
    assert numbers(page, "encoder_self_chart")[0].shape == (2, 2)
    assert numbers(page, "cross_chart")[0].shape == (4, 2)
    change(page, text2="eins zwei drei")
    run = pair_of("one two", "eins zwei drei")
    attention = run.attention(0, 0, "cross")
    np.testing.assert_array_equal(numbers(page, "cross_chart"), attention.field("weights"))
    np.testing.assert_array_equal(
        np.isfinite(numbers(page, "decoder_self_chart")[0]), np.tril(np.ones((3, 3)))
    )


@matrix(5,
    ("key", "value"),
    [
        ("heads", 2), ("embed_size", 32), ("layers", 3), ("projection", "shared"),
        ("scale", "none"), ("temperature", 0.5), ("tokenizer", "characters"),
        ("positions", "rotary"), ("positions", "alibi"), ("positions", "learned"),
        ("norm_order", "pre"), ("activation", "gelu"), ("seed", 9),
    ],
)  # fmt: skip
def test_a_control_changes_the_numbers_and_the_badge_stays_green(key: str, value: Any) -> None:
    page = open_pair(link(**PAIR, layer=1))
    before = [np.array(numbers(page, key)) for key in CHARTS.values()]
    change(page, **{key: value})
    run = pair_of(SOURCE, GOAL, **{key: value})
    for kind, was in zip(KINDS, before, strict=True):
        attention = run.attention(1, 0, kind)
        shown = np.array(numbers(page, CHARTS[kind]))
        np.testing.assert_array_equal(shown, masked(attention.field("weights"), attention.allowed))
        if key != "layers":  # further ones leave those before as they are
            assert shown.shape != was.shape or np.nanmax(np.abs(shown - was)) > 1e-3
    difference = f"largest difference from PyTorch: {run.parity.largest:.1e}"
    assert f":green-badge[:material/verified: {difference}]" in header(page)


def test_positions_act_in_the_self_attentions_and_not_between_the_sides() -> None:
    # A place in the source and a place in the target have no distance.
    plain, biased = pair_of(SOURCE, GOAL), pair_of(SOURCE, GOAL, positions="alibi")
    for kind in ("encoder_self", "decoder_self"):
        assert biased.attention(0, 0, kind).biases is not None
    assert biased.attention(0, 0, "cross").biases is None
    energy = biased.attention(0, 0, "cross").field("energy")
    np.testing.assert_allclose(
        biased.attention(0, 0, "cross").field("scores"), energy / np.sqrt(8), rtol=1e-5
    )
    assert plain.attention(0, 0, "encoder_self").biases is None


def test_the_encoder_is_the_same_as_explores() -> None:
    pair, alone = pair_of(SOURCE, GOAL), run_of(SOURCE, layers=2)
    for layer in range(2):
        np.testing.assert_array_equal(
            pair.attention(layer).field("weights"), alone.attention(layer).field("weights")
        )


def test_long_pairs_are_cut_where_three_squares_of_all_layers_are_too_many() -> None:
    page = open_pair(
        link(text="w " * 150, text2="v " * 140, layers=12, heads=12, embed_size=12, view="head")
    )
    assert most_tokens(3, 12, 12) == 139
    assert notices(page) == [
        "Sentences are cut after 139 tokens: 12 tokens were left out. "
        "With 432 matrices of weights, one a head, layer and pair, there is no room for more on "
        "this server."
    ]


# Links.


@matrix(3,
    ("query", "notice", "key", "used"),
    [
        ("layers=2", None, "layers", 2),
        ("layers=1", None, "layers", 1),
        ("layers=x", "The link asks for layers ` x `, which isn't a number. Using 2.", "layers", 2),
        ("mask=window", "The link asks for mask ` window `; there are: none, causal, padding, "
         "causal + padding. Using causal + padding.", "mask", "causal_padding"),
        ("view=tests", "The link asks for view ` tests `; there are: side by side, all heads, "
         "one head, cell, layers, numbers. Using side by side.", "view", "kinds"),
        ("kind=decoder+self", None, "kind", "decoder_self"),
        ("kind=decoder_self", None, "kind", "decoder_self"),
        ("kind=both", "The link asks for kind ` both `; there are: encoder self, decoder self, "
         "cross. Using cross.", "kind", "cross"),
        ("view=kinds", None, "view", "kinds"),
        ("layer=7", "There is no layer 7; showing the last one, layer 1.", "layer", 1),
        ("heads=3", "3 heads don't divide an embedding of 64; using the nearest, 2.", "heads", 2),
    ],
)  # fmt: skip
def test_a_link_is_taken_or_repaired_with_the_pages_own_options(
    query: str, notice: str | None, key: str, used: Any
) -> None:
    page = open_pair(query)
    assert notices(page) == ([notice] if notice else [])
    assert value(page, key) == used
    assert notices(open_pair(link(**page.query_params))) == []


def test_a_link_with_everything_is_shown_as_it_is() -> None:
    everything: dict[str, Any] = {
        "text": "a b", "text2": "c d e", "text3": "f", "text4": "g h", "heads": 3,
        "embed_size": 24, "layers": 3, "mask": "padding", "projection": "shared", "scale": "none",
        "temperature": 0.7, "positions": "alibi", "norm_order": "pre", "activation": "gelu",
        "seed": 11, "stage": "energy", "view": "heads", "kind": "decoder_self",
        "sentence": 2, "layer": 2, "head": 1, "q": 2, "k": 0,
    }  # fmt: skip
    page = open_pair(link(**everything))
    assert page.query_params == {key: str(value) for key, value in everything.items()}
    assert notices(page) == []
    run = pair_of(
        "a b", "c d e", "f", "g h", heads=3, embed_size=24, layers=3, mask="padding",
        projection="shared", scale="none", temperature=0.7, positions="alibi", norm_order="pre",
        activation="gelu", seed=11,
    )  # fmt: skip
    np.testing.assert_array_equal(numbers(page), run.trace.decoder_self[2].energy[1].numpy())


@pytest.mark.parametrize("sentence", [2, 3, 4])
def test_a_pair_that_is_not_there_becomes_the_last_one(sentence: int) -> None:
    page = open_pair(link(**PAIR, sentence=sentence))
    assert notices(page) == [f"There is no sentence {sentence}; showing sentence 1."]
    page = open_pair(link(**BATCH, sentence=sentence))
    told = [f"There is no sentence {sentence}; showing sentence 2."]
    assert notices(page) == ([] if sentence == 2 else told)


def test_markup_in_a_source_and_a_target_is_escaped() -> None:
    page = open_pair(link(text="<b> &lt;", text2="<script>"))
    layout = chart(page, "cross_chart")["layout"]
    assert labels(layout["xaxis"]) == ["&lt;b&gt; (position 0)", "&amp;lt; (position 1)"]
    assert labels(layout["yaxis"]) == ["&lt;script&gt; (position 0)"]


def test_random_weights_are_said_to_mean_nothing_and_number_words_are_offered() -> None:
    page = open_pair()
    says = "Random weights know no language: who looks at whom means nothing here."
    assert says in [each.value for each in page.caption]
    (offered,) = [each.proto for each in page.get("page_link") if "number" in each.proto.label]
    asked = dict(parse_qsl(offered.query_string))
    # As the task's own choice on Learn has it.
    learn = change(open_app(path="learn"), task="numbers")
    opened = open_app(offered.query_string, path="learn")
    assert asked["task"] == "numbers"
    assert {key: value(opened, key) for key in asked} == {key: value(learn, key) for key in asked}
