"""Configs check themselves, and say what was expected."""

import dataclasses
from typing import Any

import pytest

from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("projection", "('shared', 'full')"),
        ("scale", "('embed_size', 'head_dim', 'none')"),
        ("positions", "('none', 'sinusoidal', 'learned', 'rotary', 'alibi')"),
        ("norm_order", "('post', 'pre')"),
        ("norm", "('layer', 'rms')"),
        ("activation", "('relu', 'gelu', 'silu')"),
    ],
)
def test_an_unknown_option_is_answered_with_the_known_ones(name: str, choices: str) -> None:
    options: dict[str, Any] = {name: "other"}
    with pytest.raises(ValueError, match=name) as caught:
        Architecture(**options)
    assert str(caught.value) == f"{name} must be one of {choices}, got 'other'"
    for choice in choices.strip("()").replace("'", "").split(", "):
        assert getattr(Architecture(**{name: choice}), name) == choice  # type: ignore[arg-type]


def message(**sizes: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is asserted instead
        Config(**{"embed_size": 8, "heads": 2, **sizes})
    return str(caught.value)


def test_heads_that_do_not_divide_the_embedding_are_named() -> None:
    assert message(embed_size=10, heads=4) == (
        "embed_size 10 is not divisible by 4 heads; "
        "the nearest embedding sizes that work are 8 and 12"
    )
    assert message(heads=0) == "embed_size and heads must be at least 1, got embed_size=8, heads=0"


@pytest.mark.parametrize("name", ["layers", "longest"])
@pytest.mark.parametrize("size", [0, -3])
def test_a_size_below_one_is_named(name: str, size: int) -> None:
    assert message(**{name: size}) == f"{name} must be at least 1, got {size}"
    assert getattr(Config(embed_size=8, heads=2, **{name: 1}), name) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("expansion", [0, -4, 0.05])
def test_an_expansion_that_leaves_nothing_is_quoted(expansion: float) -> None:
    assert message(forward_expansion=expansion) == (
        f"forward_expansion {expansion} leaves nothing of 8"
    )


@pytest.mark.parametrize(
    ("embed_size", "expansion", "hidden"),
    [(64, 4, 256), (8, 1, 8), (12, 8 / 3, 32), (10, 8 / 3, 27), (8, 0.5, 4), (8, 1 / 8, 1)],
)
def test_the_hidden_size_is_rounded(embed_size: int, expansion: float, hidden: int) -> None:
    config = Config(embed_size=embed_size, heads=1, forward_expansion=expansion)
    assert config.hidden_size == hidden
    assert isinstance(config.hidden_size, int)


def test_the_defaults_are_the_tutorials_block() -> None:
    assert Architecture() == TUTORIAL == Config(embed_size=8, heads=2).architecture
    assert (TUTORIAL.projection, TUTORIAL.scale, TUTORIAL.positions) == (
        "shared",
        "embed_size",
        "none",
    )
    assert (TUTORIAL.norm, TUTORIAL.norm_order, TUTORIAL.activation) == ("layer", "post", "relu")
    assert not any((TUTORIAL.attention_bias, TUTORIAL.gated, TUTORIAL.final_norm))
    config = Config(embed_size=8, heads=2)
    assert (config.layers, config.hidden_size, config.dropout) == (1, 32, 0)
    assert (config.kv_heads, config.vocabulary, config.temperature) == (None, None, 1)


def test_the_other_presets_split_and_scale_as_the_paper_and_differ_from_each_other() -> None:
    presets = [PAPER, BERT, LLAMA]
    for preset in presets:
        assert (preset.projection, preset.scale) == ("full", "head_dim")
    assert [p.positions for p in presets] == ["sinusoidal", "learned", "rotary"]
    assert [p.norm_order for p in presets] == ["post", "post", "pre"]
    assert [p.activation for p in presets] == ["relu", "gelu", "silu"]
    assert LLAMA.final_norm  # pre-norm's output isn't normed otherwise


def test_configs_cannot_be_changed_but_can_be_keys_of_a_cache() -> None:
    config = Config(embed_size=8, heads=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.heads = 4  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        TUTORIAL.norm = "rms"  # type: ignore[misc]
    assert hash(config) == hash(Config(embed_size=8, heads=2, architecture=TUTORIAL))
    assert config != dataclasses.replace(config, layers=2)
    with pytest.raises(ValueError, match="not divisible by 3 heads"):
        dataclasses.replace(config, heads=3)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["rotary_base", "norm_eps"])
def test_a_number_that_is_not_positive_is_quoted(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a positive number, got {value}"):
        Architecture(**{name: value})


@pytest.mark.parametrize("expansion", [float("inf"), float("nan")])
def test_an_expansion_that_is_no_number_is_quoted(expansion: float) -> None:
    with pytest.raises(ValueError, match=f"forward_expansion {expansion} leaves nothing of 8"):
        Config(embed_size=8, heads=2, forward_expansion=expansion)


@pytest.mark.parametrize("vocabulary", [0, -1])
def test_a_vocabulary_without_words_is_quoted(vocabulary: int) -> None:
    with pytest.raises(
        ValueError, match=f"vocabulary must be at least 1, or None, got {vocabulary}"
    ):
        Config(embed_size=8, heads=2, vocabulary=vocabulary)
