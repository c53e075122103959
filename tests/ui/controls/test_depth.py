"""Several layers: each shows its own numbers, and what the server can't hold is told."""

from typing import Any

import numpy as np
import pytest
import torch

from model.config import Architecture, Config
from model.seeded import embed, random_encoder
from model.transformer import TransformerTrace
from tests.defaults import SENTENCE, run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    change,
    chart,
    control,
    header,
    is_drawn,
    labels,
    link,
    notices,
    numbers,
    open_app,
    open_pair,
    strip,
    type_text,
    value,
)
from ui.choices.sizes import layer_choices, most_tokens

TEXT = "the cat saw the dog"


def traced(
    text: str,
    *,
    layers: int,
    heads: int = 8,
    embed_size: int = 64,
    seed: int = 0,
    **architecture: Any,
) -> TransformerTrace:
    """What an encoder that is built here computes."""
    config = Config(
        embed_size=embed_size,
        heads=heads,
        layers=layers,
        architecture=Architecture(projection="full", scale="head_dim", **architecture),
    )
    return random_encoder(config, seed).trace(embed([text.split()], embed_size, seed))


@matrix(2, "stage", ["energy", "weights", "head_outputs"])
@matrix(2, "layer", [0, 3, 5])
def test_the_numbers_of_a_layer_are_the_models_own(layer: int, stage: str) -> None:
    page = open_app(link(text=TEXT, layers=6, layer=layer, stage=stage))
    trace = traced(TEXT, layers=6).encoder_self[layer]
    expected = getattr(trace, stage)[0].numpy()
    np.testing.assert_allclose(numbers(page), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(
        numbers(page), run_of(TEXT, layers=6).attention(layer).field(stage)
    )
    assert notices(page) == []


def test_the_layers_have_numbers_of_their_own() -> None:
    page = open_app(link(text=TEXT, layers=3))
    shown = []
    for layer in range(3):
        change(page, layer=layer)
        shown.append(np.array(numbers(page)))
        assert f"layer {layer}, mean of the heads" in strip(page)["hint"]
    for i in range(3):
        for j in range(i):
            assert np.abs(shown[i] - shown[j]).max() > 0.05


def test_adding_layers_leaves_those_before_as_they_are() -> None:
    page = open_app(link(text=TEXT))
    first = np.array(numbers(page))
    change(page, layers=2)
    np.testing.assert_array_equal(numbers(page), first)
    change(page, layer=1)
    second = np.array(numbers(page))
    change(page, layers=7)
    np.testing.assert_array_equal(numbers(page), second)
    change(page, layer=0)
    np.testing.assert_array_equal(numbers(page), first)


def test_every_view_looks_at_the_chosen_layer() -> None:
    page = open_app(link(text=TEXT, layers=3, layer=2, view="head", head=1))
    assert "**Head 1** of 8, layer 2, D = 8." in page.markdown[1].value
    trace = run_of(TEXT, layers=3).trace.encoder_self[2]
    shown = chart(page, "head_chart")["data"]
    assert [term["name"] for term in shown][4] == "weights"
    np.testing.assert_array_equal(numbers(page, "head_chart")[4], trace.weights[0, 1].numpy())
    change(page, view="cell", q=3, k=0)
    assert "in head 1, layer 2?**" in page.markdown[1].value
    (table,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    weight = trace.weights[0, 1, 3, 0].item()
    assert f'**<span title="{weight:.9g}">{weight:.4g}</span>**' in table
    change(page, view="numbers")
    shares = page.dataframe[0].value["itself"]
    np.testing.assert_allclose(
        shares, trace.weights[0].diagonal(dim1=1, dim2=2).mean(dim=1), rtol=1e-5
    )


def test_one_layer_has_no_chooser_and_a_second_brings_one_that_is_in_the_link() -> None:
    page = open_app(link(text=TEXT))
    with pytest.raises(KeyError):
        control(page, "layer")
    assert "layer" not in strip(page)["hint"]
    change(page, layers=4)
    assert control(page, "layer").options == ["0", "1", "2", "3"]
    assert control(page, "layer").value == 0
    change(page, layer=3)
    again = open_app(link(text=TEXT, layers=4, layer=3))
    assert again.query_params == {"text": TEXT, "layers": "4", "layer": "3"}
    np.testing.assert_array_equal(numbers(again), numbers(page))
    assert notices(again) == []


def test_typing_stays_in_the_chosen_layer() -> None:
    page = open_app(link(text=TEXT, layers=3, layer=2))
    type_text(page, "a b")
    np.testing.assert_array_equal(
        numbers(page), run_of("a b", layers=3).attention(2).field("weights")
    )


@pytest.mark.parametrize(
    ("query", "used", "asked"),
    [("layers=3&layer=5", 2, 5), ("layer=5", 0, 5), ("layers=2&layer=11", 1, 11)],
)
def test_a_layer_beyond_the_last_becomes_the_last_and_is_told(
    query: str, used: int, asked: int
) -> None:
    page = open_app(f"text=a+b&{query}")
    assert notices(page) == [f"There is no layer {asked}; showing the last one, layer {used}."]
    assert value(page, "layer") == used
    layers = value(page, "layers")
    expected = run_of("a b", layers=layers).attention(used).field("weights")
    np.testing.assert_array_equal(numbers(page), expected)


def test_a_layer_beyond_the_last_is_repaired_in_the_link_as_well() -> None:
    page = open_app("text=a+b&layers=3&layer=7")
    assert value(page, "layer") == 2
    assert page.query_params == {"text": "a b", "layers": "3", "layer": "2"}


def test_a_layer_that_is_taken_away_while_shown_gives_way_to_the_last() -> None:
    page = open_app(link(text=TEXT, layers=5, layer=4))
    change(page, layers=3)
    assert control(page, "layer").value == 2
    assert notices(page) == ["There is no layer 4; showing the last one, layer 2."]
    assert page.query_params["layer"] == "2"
    change(page, layer=1)
    assert notices(page) == []
    change(page, layers=1)
    np.testing.assert_array_equal(numbers(page), run_of(TEXT).attention().field("weights"))


TOO_MANY = (
    "{asked} layers with an embedding of {size} have more weights than the server keeps; "
    "using {used}, the most that fit."
)


@pytest.mark.parametrize(
    ("size", "most", "most_of_pairs"),
    [(512, 2, 1), (511, 2, 1), (300, 7, 3), (256, 10, 4), (240, 12, 5), (64, 12, 12)],
)
def test_the_most_layers_that_fit_have_8_million_weights(
    size: int, most: int, most_of_pairs: int
) -> None:
    # Of a layer: four matrices of attention and, in the feed-forward, two of 4 E × E.
    for count, of_a_layer, pair in ((most, 12, False), (most_of_pairs, 28, True)):
        assert layer_choices(size, pair=pair) == list(range(1, count + 1))
        assert count * of_a_layer * size**2 <= 8 * 2**20
        assert count == 12 or (count + 1) * of_a_layer * size**2 > 8 * 2**20


def test_more_layers_than_fit_become_the_most_that_do_and_are_told() -> None:
    page = open_app("text=a&embed_size=512&layers=12")
    assert notices(page) == [TOO_MANY.format(asked=12, size=512, used=2)]
    assert control(page, "layers").value == 2
    assert control(page, "layers").options == ["1", "2"]
    assert page.query_params == {"text": "a", "embed_size": "512", "layers": "2"}


def test_more_layers_of_an_encoder_and_a_decoder_than_fit_are_told() -> None:
    page = open_pair("text=a&text2=b&embed_size=256&layers=12")
    assert notices(page) == [TOO_MANY.format(asked=12, size=256, used=4)]
    assert control(page, "layers").value == 4
    change(page, embed_size=512)
    assert notices(page) == [TOO_MANY.format(asked=12, size=512, used=1)]
    assert value(page, "layers") == 1
    assert not is_drawn(page, "layers")  # a slider with one place is none


def test_the_layers_and_heads_that_were_wanted_come_back_when_the_embedding_allows_them() -> None:
    page = open_app("text=a&layers=12&heads=16")
    for size, layers, heads in ((510, 2, 15), (300, 7, 15), (64, 12, 16)):
        change(page, embed_size=size)
        found = (control(page, "layers").value, control(page, "heads").value)
        assert found == (layers, heads), size
        said = [
            f"16 heads don't divide an embedding of {size}; using the nearest, {heads}.",
            TOO_MANY.format(asked=12, size=size, used=layers),
        ]
        assert notices(page) == (said if size != 64 else [])


def test_layers_that_were_chosen_meanwhile_are_those_that_are_wanted() -> None:
    page = open_app("text=a&layers=12")
    change(page, embed_size=400)
    assert control(page, "layers").value == 4
    change(page, layers=3)
    change(page, embed_size=64)
    assert control(page, "layers").value == 3
    assert notices(page) == []


def test_a_link_that_is_out_of_range_and_does_not_fit_says_both() -> None:
    page = open_app("text=a&embed_size=512&layers=99")
    assert notices(page) == [
        "The link asks for layers ` 99 `; using the nearest, 12. "
        + TOO_MANY.format(asked=12, size=512, used=2)
    ]


def test_a_long_sentence_of_many_layers_and_heads_is_cut_with_the_limit_and_its_reason() -> None:
    page = open_app(link(text="w " * 250, layers=12, heads=12, embed_size=12, view="head"))
    assert most_tokens(1, 12, 12) == 241
    # 12 layers × 12 heads × 241² cells are the most below 8 × 2²⁰.
    assert 12 * 12 * 241**2 <= 8 * 2**20 < 12 * 12 * 242**2
    assert notices(page) == [
        "Sentences are cut after 241 tokens: 9 tokens were left out. "
        "Sentences × layers × heads (1 × 12 × 12) leave no room for more on this server."
    ]
    assert len(strip(page)["tokens"]) == 241
    change(page, heads=1)
    assert notices(page) == []
    assert len(strip(page)["tokens"]) == 250


def test_a_batch_shares_the_room() -> None:
    batch = {"text": "v " * 150, "text2": "w " * 121, "text3": "a", "text4": "b"}
    page = open_app(link(**batch, layers=12, heads=12, embed_size=12, view="head"))
    assert notices(page) == [
        "Sentences are cut after 120 tokens: 31 tokens were left out. "
        "Sentences × layers × heads (4 × 12 × 12) leave no room for more on this server."
    ]
    assert labels(chart(page, "head_chart")["layout"]["yaxis"])[-1].endswith("119)")


def test_every_layer_is_compared_with_pytorch() -> None:
    page = open_app(link(text=TEXT, layers=12, norm_order="pre"))
    run = run_of(TEXT, layers=12, norm_order="pre")
    assert "12 layers, pre-norm" in header(page)
    assert f"largest difference from PyTorch: {run.parity.largest:.1e}]" in header(page)
    assert 0 < run.parity.largest < 1e-4
    told = page.markdown[0].proto.help
    assert "for all sentences, layers and heads" in told
    assert f"its output, wherever it knows the formulation: {run.parity.output:.2e}." in told


def test_the_whole_stack_equals_pytorchs_own_encoder_layers() -> None:
    layers = torch.nn.ModuleList(
        torch.nn.TransformerEncoderLayer(
            32, 4, dim_feedforward=128, dropout=0.0, batch_first=True, activation="gelu",
            norm_first=True,
        )
        for _ in range(3)
    )  # fmt: skip
    run = run_of(
        TEXT, layers=3, heads=4, embed_size=32, norm_order="pre", activation="gelu", seed=4
    )
    weights = run.model.state_dict()
    for number, layer in enumerate(layers):
        own = {
            name.removeprefix(f"layers.{number}."): value
            for name, value in weights.items()
            if name.startswith(f"layers.{number}.")
        }
        projections = [own[f"attention.{name}.weight"] for name in ("queries", "keys", "values")]
        with torch.no_grad():
            layer.self_attn.in_proj_weight.copy_(torch.cat(projections))
            layer.self_attn.in_proj_bias.zero_()
            layer.self_attn.out_proj.weight.copy_(own["attention.fc_out.weight"])
            layer.self_attn.out_proj.bias.zero_()
            layer.linear1.weight.copy_(own["feed_forward.0.weight"])
            layer.linear1.bias.zero_()
            layer.linear2.weight.copy_(own["feed_forward.2.weight"])
            layer.linear2.bias.zero_()
    x = embed([TEXT.split()], 32, 4)
    with torch.no_grad():
        for number, layer in enumerate(layers.eval()):
            x = layer(x)
            after = run.trace.encoder_stream[2 * number + 2]
            torch.testing.assert_close(x, after, rtol=1e-4, atol=1e-4)


def test_the_limits_of_a_sentence_of_the_default_are_far_off() -> None:
    assert most_tokens(4, 1, 8) == 512
    assert len(run_of(SENTENCE, layers=12, heads=16).source.tokens[0]) == 12
