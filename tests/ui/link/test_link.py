"""What a link asks for: taken as it is, or repaired with a notice, in the page and in the URL."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.defaults import SENTENCE, run_of
from tests.matrix import matrix
from tests.ui.helpers import chart, control, header, link, notices, numbers, open_app, strip, value


class Asked(NamedTuple):
    """A parameter, what becomes of it, what is said, and what is in the URL then."""

    key: str
    text: str
    value: Any
    notice: str | None
    written: str | None


def taken(key: str, text: str, value: Any, written: str | None) -> Asked:
    return Asked(key, text, value, None, written)


def no_number(key: str, text: str, value: Any, used: str) -> Asked:
    said = f"The link asks for {key} ` {text} `, which isn't a number. Using {used}."
    return Asked(key, text, value, said, None)


def out_of_range(key: str, text: str, value: Any, written: str | None, used: str) -> Asked:
    said = f"The link asks for {key} ` {text} `; using the nearest, {used}."
    return Asked(key, text, value, said, written)


def no_option(key: str, text: str, value: str, options: str, used: str) -> Asked:
    said = f"The link asks for {key} ` {text} `; there are: {options}. Using {used}."
    return Asked(key, text, value, said, None)


MASKS = "none, causal, padding, causal + padding, window, prefix, every n-th, custom"
POSITIONS = "none, sinusoidal, learned, rotary, ALiBi"
SCALES = "head_dim, embed_size, none"
STAGES = "Q·K·V, energy, scores, weights, A·‖V‖, A·‖V·W_O‖, head outputs, output"
VIEWS = "all heads, one head, cell, layers, tests, numbers"
OVERVIEWS = "every head, mean over heads, mean over layers, rollout, residual stream"
NORMS, ACTIVATIONS = "post-norm, pre-norm", "ReLU, GELU"

LINKS = [
    taken("text", "so it goes", "so it goes", "so it goes"),
    taken("text", SENTENCE, SENTENCE, None),
    taken("text2", "so it goes", "so it goes", "so it goes"),
    taken("text3", "so it goes", "so it goes", "so it goes"),
    taken("text4", "", "", None),
    taken("heads", "2", 2, "2"),
    taken("heads", "8", 8, None),
    taken("heads", " 4 ", 4, "4"),
    no_number("heads", "four", 8, "8"),
    no_number("heads", "", 8, "8"),
    no_number("heads", "nan", 8, "8"),
    no_number("heads", "true", 8, "8"),
    out_of_range("heads", "100", 16, "16", "16"),
    out_of_range("heads", "0", 1, "1", "1"),
    out_of_range("heads", "inf", 16, "16", "16"),
    taken("embed_size", "32", 32, "32"),
    taken("embed_size", "6.4e1", 64, None),
    no_number("embed_size", "big", 64, "64"),
    no_number("embed_size", "", 64, "64"),
    out_of_range("embed_size", "-1", 8, "8", "8"),
    out_of_range("embed_size", "1024", 512, "512", "512"),
    out_of_range("embed_size", "64.4", 64, None, "64"),
    taken("mask", "causal", "causal", "causal"),
    taken("mask", "none", "none", None),
    taken("mask", "causal_padding", "causal_padding", "causal_padding"),
    taken("mask", "causal + padding", "causal_padding", "causal_padding"),
    taken("mask", " PADDING ", "padding", "padding"),
    no_option("mask", "future", "none", MASKS, "none"),
    no_option("mask", "", "none", MASKS, "none"),
    taken("projection", "shared", "shared", "shared"),
    taken("projection", "Identity", "identity", "identity"),
    no_option("projection", "wide", "full", "full, shared, identity", "full"),
    no_option("projection", "", "full", "full, shared, identity", "full"),
    taken("scale", "embed_size", "embed_size", "embed_size"),
    no_option("scale", "2", "head_dim", SCALES, "head_dim"),
    no_option("scale", "", "head_dim", SCALES, "head_dim"),
    taken("temperature", "0.5", 0.5, "0.5"),
    taken("temperature", "1", 1.0, None),
    no_number("temperature", "hot", 1.0, "1.0"),
    no_number("temperature", "", 1.0, "1.0"),
    out_of_range("temperature", "0", 0.1, "0.1", "0.1"),
    out_of_range("temperature", "-inf", 0.1, "0.1", "0.1"),
    out_of_range("temperature", "0.123", 0.12, "0.12", "0.12"),
    taken("tokenizer", "characters", "characters", "characters"),
    no_option("tokenizer", "bpe", "words", "words, characters", "words"),
    no_option("tokenizer", "", "words", "words, characters", "words"),
    taken("vectors", "hashed", "hashed", None),
    no_option("vectors", "word2vec", "hashed", "hashed, MiniLM", "hashed"),
    no_option("vectors", "", "hashed", "hashed, MiniLM", "hashed"),
    taken("positions", "sinusoidal", "sinusoidal", "sinusoidal"),
    taken("positions", "learned", "learned", "learned"),
    taken("positions", "rotary", "rotary", "rotary"),
    taken("positions", "alibi", "alibi", "alibi"),
    taken("positions", "ALiBi", "alibi", "alibi"),
    no_option("positions", "absolute", "none", POSITIONS, "none"),
    no_option("positions", "", "none", POSITIONS, "none"),
    taken("layers", "3", 3, "3"),
    taken("layers", "1", 1, None),
    no_number("layers", "deep", 1, "1"),
    out_of_range("layers", "0", 1, None, "1"),
    out_of_range("layers", "96", 12, "12", "12"),
    taken("norm_order", "pre", "pre", "pre"),
    taken("norm_order", "Pre-Norm", "pre", "pre"),
    taken("norm_order", "post-norm", "post", None),
    no_option("norm_order", "rms", "post", NORMS, "post-norm"),
    taken("activation", "gelu", "gelu", "gelu"),
    taken("activation", "ReLU", "relu", None),
    no_option("activation", "silu", "relu", ACTIVATIONS, "ReLU"),
    taken("mask", "every n-th", "strided", "strided"),
    taken("mask", "strided", "strided", "strided"),
    taken("mask", "window", "window", "window"),
    taken("mask", "prefix", "prefix", "prefix"),
    taken("mask", "custom", "custom", "custom"),
    taken("overview", "mean_heads", "mean_heads", "mean_heads"),
    taken("overview", "residual stream", "stream", "stream"),
    taken("overview", "every_head", "every_head", None),
    no_option("overview", "flow", "every_head", OVERVIEWS, "every head"),
    taken("test", "order", "order", "order"),
    taken("test", "leak", "leak", None),
    no_option("test", "bert", "leak", "leak test, word order", "leak test"),
    taken("view", "layers", "layers", "layers"),
    taken("view", "tests", "tests", "tests"),
    taken("seed", "1e3", 1000, "1000"),
    taken("seed", "８", 8, "8"),  # full-width, as an East Asian keyboard types it
    no_number("seed", "x", 0, "0"),
    no_number("seed", "", 0, "0"),
    out_of_range("seed", "1e9999", 2**31 - 1, "2147483647", "2147483647"),
    out_of_range("seed", "-5", 0, None, "0"),
    out_of_range("seed", "99999999999999999999", 2**31 - 1, "2147483647", "2147483647"),
    taken("stage", "head_outputs", "head_outputs", "head_outputs"),
    taken("stage", "head outputs", "head_outputs", "head_outputs"),
    taken("stage", "qkv", "qkv", "qkv"),
    taken("stage", "q·k·v", "qkv", "qkv"),
    taken("stage", "weights", "weights", None),
    no_option("stage", "logits", "weights", STAGES, "weights"),
    no_option("stage", "", "weights", STAGES, "weights"),
    taken("view", "head", "head", "head"),
    taken("view", "one head", "head", "head"),
    taken("view", "heads", "heads", None),
    no_option("view", "matrix", "heads", VIEWS, "all heads"),
    no_option("view", "", "heads", VIEWS, "all heads"),
    taken("head_scale", "true", True, "true"),
    taken("head_scale", "1", True, "true"),
    taken("head_scale", "0", False, None),
    Asked("head_scale", "yes", False, "The link asks for head_scale ` yes `; using False.", None),
    Asked("head_scale", "", False, "The link asks for head_scale `  `; using False.", None),
    taken("head", "3", 3, "3"),
    no_number("head", "first", None, "none"),
    no_number("head", "", None, "none"),
    out_of_range("head", "-1", 0, "0", "0"),
    taken("q", "2.0", 2, "2"),
    no_number("q", "x", None, "none"),
    out_of_range("q", "-3", 0, "0", "0"),
    taken("k", "11", 11, "11"),
    no_number("k", "x", None, "none"),
    no_number("k", "", None, "none"),
    out_of_range("k", "-0.5", 0, "0", "0"),
]  # fmt: skip


@matrix(24, "asked", LINKS, ids=lambda asked: f"{asked.key}={asked.text[:12]}")
def test_a_parameter_is_taken_or_repaired_with_a_notice(asked: Asked) -> None:
    page = open_app(link(**{asked.key: asked.text}))
    used = value(page, asked.key)
    assert (type(used), used) == (type(asked.value), asked.value)
    assert notices(page) == ([asked.notice] if asked.notice else [])
    assert page.query_params == ({asked.key: asked.written} if asked.written else {})


@pytest.mark.parametrize("key", ["head", "q", "k"])
def test_an_index_beyond_the_apps_limit_is_cut_and_then_fitted_to_the_sentence(key: str) -> None:
    limit = 15 if key == "head" else 511
    page = open_app(link(text="a b", **{key: 9999}))
    what = {"head": "There is no head 15; showing the last one, head 7."}.get(
        key, f"There is no {'query' if key == 'q' else 'key'} 511 in this sentence; "
        "showing the last one, 1.",
    )  # fmt: skip
    assert notices(page) == [
        f"The link asks for {key} ` 9999 `; using the nearest, {limit}. {what}",
    ]
    used = 7 if key == "head" else 1
    assert control(page, key).value == used
    assert page.query_params == {"text": "a b", key: str(used)}


@pytest.mark.parametrize(
    ("query", "shown", "written"),
    [
        ("seed=5&seed=7", {"seed": 7}, {"seed": "7"}),
        ("seed=5&seed=0", {"seed": 0}, {}),
        ("mask=causal&mask=padding", {"mask": "padding"}, {"mask": "padding"}),
        ("text=a&text=b", {"text": "b"}, {"text": "b"}),
        ("heads=2&heads=2", {"heads": 2}, {"heads": "2"}),
        ("view=cell&view=numbers&q=1&q=2", {"view": "numbers", "q": 2},
         {"view": "numbers", "q": "2"}),
    ],
)  # fmt: skip
def test_of_a_repeated_parameter_the_last_counts(
    query: str, shown: dict[str, Any], written: dict[str, str]
) -> None:
    page = open_app(query)
    assert {key: value(page, key) for key in shown} == shown
    assert page.query_params == written


def test_a_repaired_link_shows_the_numbers_of_its_repaired_values() -> None:
    page = open_app("text=a+b+c&heads=7&embed_size=30&mask=nonsense&seed=1e9999&q=77")
    assert notices(page) == [
        "The link asks for seed ` 1e9999 `; using the nearest, 2147483647.",
        f"The link asks for mask ` nonsense `; there are: {MASKS}. Using none.",
        "7 heads don't divide an embedding of 30; using the nearest, 6.",
        "There is no query 77 in this sentence; showing the last one, 2.",
    ]
    run = run_of("a b c", heads=6, embed_size=30, seed=2**31 - 1)
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
    assert strip(page)["chosen"] == 2
    assert page.query_params == {
        "text": "a b c", "heads": "6", "embed_size": "30", "seed": "2147483647", "q": "2",
    }  # fmt: skip


def test_a_link_with_everything_is_shown_as_it_is() -> None:
    everything: dict[str, object] = {
        "text": "a b", "text2": "c d e", "text3": "f", "text4": "g h",
        "heads": 3, "embed_size": 24, "mask": "causal_padding", "projection": "shared",
        "scale": "none", "temperature": 0.7, "tokenizer": "characters",
        "positions": "sinusoidal", "norm_order": "pre", "activation": "gelu", "seed": 11,
        "layers": 4, "layer": 2, "stage": "energy", "view": "heads",
        "head_scale": "true", "sentence": 3, "head": 1, "q": 2, "k": 0,
    }  # fmt: skip
    page = open_app(link(**everything))
    del everything["view"]  # the default
    assert page.query_params == {key: str(value) for key, value in everything.items()}
    assert notices(page) == []
    run = run_of(
        "a b", "c d e", "f", "g h", heads=3, embed_size=24, mask="causal_padding",
        projection="shared", scale="none", temperature=0.7, tokenizer="characters",
        positions="sinusoidal", norm_order="pre", activation="gelu", seed=11, layers=4,
    )  # fmt: skip
    energy = run.trace.encoder_self[2].energy[2].numpy()
    np.testing.assert_array_equal(numbers(page), energy)
    assert "coloraxis" not in chart(page)["layout"]
    own = "(seed 11), a formulation of your own, energies ÷ (1 × 0.7), sinusoidal positions, "
    own += "4 layers, pre-norm "
    assert own in header(page)
    assert [control(page, key).value for key in ("head", "q", "k", "sentence")] == [1, 2, 0, 3]


def test_parameters_of_other_pages_and_of_streamlit_are_left_alone() -> None:
    page = open_app("theme=lesson&theme=2&embed=true&Heads=3&heads=2")
    assert page.query_params == {
        "theme": ["lesson", "2"], "embed": "true", "Heads": "3", "heads": "2",
    }  # fmt: skip
    assert notices(page) == []
