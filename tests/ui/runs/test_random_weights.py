"""From settings to numbers: worked out again here, and the same for everybody, every time."""

import threading
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch

from model.attention import AttentionTrace, SelfAttention
from model.seeded import hashed_numbers, random_attention, weight_matrix
from tests.defaults import OPENS_WITH, run_of
from ui.choices.limits import MAX_CHARACTERS
from ui.choices.sizes import head_choices, nearest
from ui.runs.random_weights import (
    RandomRun,
    Settings,
    _runs,
    compute,
    split,
)
from ui.runs.sentences import Sentences

TEXT = "the cat saw the dog"
computed = compute.__wrapped__  # each time anew

VARIANTS: list[dict[str, Any]] = [
    {},
    {"texts": (TEXT,), "projection": "shared", "scale": "embed_size"},
    {"texts": (TEXT, "", "a b"), "mask": "causal_padding", "heads": 3, "embed_size": 24},
    {"texts": (TEXT,), "positions": "sinusoidal", "temperature": 0.3, "seed": 9, "scale": "none"},
    {"texts": ("naïve 我喜欢",), "tokenizer": "characters", "mask": "causal", "heads": 16},
    {"texts": ("",)},
]


def numbers_of(run: RandomRun) -> dict[str, np.ndarray]:
    return {f.name: getattr(run.attention().trace, f.name).numpy() for f in fields(AttentionTrace)}


@pytest.mark.parametrize("changes", VARIANTS[:5])
def test_the_numbers_are_those_of_the_module_with_the_seeds_weights(
    changes: dict[str, Any],
) -> None:
    run = run_of(**changes)
    settings = run.settings
    batch, longest = len(settings.texts), run.source.length
    inputs = torch.zeros(batch, longest, settings.embed_size)
    for sentence, tokens in enumerate(run.source.tokens):
        for place, token in enumerate(tokens[: run.source.lengths[sentence]]):
            vector = hashed_numbers(settings.seed, f"token/{token}", settings.embed_size)
            inputs[sentence, place] = torch.from_numpy(vector)
    torch.testing.assert_close(run.inputs, inputs)
    if settings.positions == "sinusoidal":
        for place in range(longest):
            for d in range(settings.embed_size):
                angle = place / 10000 ** ((d - d % 2) / settings.embed_size)
                inputs[:, place, d] += np.sin(angle) if d % 2 == 0 else np.cos(angle)
    torch.testing.assert_close(run.trace.encoder_stream[0], inputs)

    module = SelfAttention(
        settings.embed_size, settings.heads, projection=settings.projection,
        scale=settings.scale, temperature=settings.temperature,
    )  # fmt: skip
    width = settings.embed_size
    if settings.projection == "shared":
        width //= settings.heads
    with torch.no_grad():
        for name in ("values", "keys", "queries", "fc_out"):
            size = settings.embed_size if name == "fc_out" else width
            getattr(module, name).weight.copy_(weight_matrix(name, size, size, settings.seed))
        module.fc_out.bias.zero_()
        allowed = [run.attention(sentence=s).allowed for s in range(batch)]
        mask = torch.from_numpy(np.stack(allowed))[:, None]
        trace = module(inputs, inputs, inputs, mask)
    torch.testing.assert_close(run.attention().trace.output, trace, rtol=1e-4, atol=1e-5)


def test_which_keys_a_query_may_attend_to() -> None:
    texts = ("a b c", "d")

    def allowed(mask: str, sentence: int) -> list[list[int]]:
        attention = run_of(*texts, mask=mask).attention(sentence=sentence)
        return attention.allowed.astype(int).tolist()

    assert allowed("none", 1) == [[1, 1, 1]] * 3
    assert allowed("causal", 1) == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert allowed("padding", 0) == [[1, 1, 1]] * 3
    assert allowed("padding", 1) == [[1, 0, 0]] * 3
    assert allowed("causal_padding", 0) == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert allowed("causal_padding", 1) == [[1, 0, 0]] * 3


@pytest.mark.parametrize("changes", VARIANTS)
def test_it_gives_the_same_numbers_again_and_in_another_thread(changes: dict[str, Any]) -> None:
    first = numbers_of(run_of(**changes))
    found: list[dict[str, np.ndarray]] = [numbers_of(run_of(**changes))]
    thread = threading.Thread(target=lambda: found.append(numbers_of(run_of(**changes))))
    thread.start()
    thread.join()
    for again in found:
        for name, values in first.items():
            np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_threads_that_compute_different_things_do_not_mix_them_up() -> None:
    settings = [
        Settings(**{**OPENS_WITH, "texts": (f"{TEXT} {i}",), "seed": i, "heads": 2 ** (i % 4)})
        for i in range(8)
    ]
    expected = [numbers_of(computed(s)) for s in settings]
    found: list[dict[str, np.ndarray] | None] = [None] * len(settings)

    def work(i: int) -> None:
        for _ in range(5):
            found[i] = numbers_of(computed(settings[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(settings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for made, wanted in zip(found, expected, strict=True):
        assert made is not None
        for name, values in wanted.items():
            np.testing.assert_array_equal(made[name], values, err_msg=name)


def test_what_is_looked_at_once_more_is_not_computed_once_more() -> None:
    settings = Settings(**OPENS_WITH)
    first = compute(settings)
    assert compute(Settings(**OPENS_WITH)) is first
    assert compute(Settings(**OPENS_WITH | {"mask": "causal"})) is not first
    assert compute(settings) is first


def test_what_is_kept_is_bounded_with_the_models_that_it_keeps_alive() -> None:
    words = " ".join(f"w{place}" for place in range(300))
    large = Settings(**OPENS_WITH | {"texts": (words,), "layers": 4})
    assert compute(large) is not compute(large)  # 4 layers of 8 heads of 300 x 300, three times
    wide = Settings(**OPENS_WITH | {"texts": ("a",), "embed_size": 512, "heads": 8, "layers": 2})
    assert compute(wide) is not compute(wide)  # 6.3 million weights
    for seed in range(5):
        compute(Settings(**OPENS_WITH | {"seed": seed}))
    assert len(_runs) == 5
    weights = 12 * 64**2 * 4  # bytes of a block's matrices
    assert 5 * weights < _runs.currsize < 5 * 2 * weights


def test_a_change_of_heads_keeps_the_weights_and_only_splits_them_differently() -> None:
    two, eight = run_of(TEXT, heads=2), run_of(TEXT, heads=8)
    for name in ("queries", "keys", "values"):
        flat = [
            getattr(run.attention().trace, name)[0].transpose(0, 1).flatten(1)
            for run in (two, eight)
        ]
        torch.testing.assert_close(flat[0], flat[1])


def test_the_app_leaves_the_seeds_weights_usable_for_training() -> None:
    # The matrices are shared by all that ask for them: also by what trains them afterwards.
    run_of(TEXT, embed_size=40, heads=4, seed=321)
    module = random_attention(40, 2, projection="full", scale="head_dim", seed=321)
    module.requires_grad_(True)
    x = torch.zeros(1, 2, 40)
    module(x, x, x).sum().backward()
    assert module.fc_out.bias.grad is not None


def test_the_sentences_are_cut_to_the_limits() -> None:
    settings = Settings(**{**OPENS_WITH, "texts": ("a " * 515, "", "b " * 513, "c")})
    sentences, left_out = split(settings.texts, settings, 512)
    assert sentences.lengths == (512, 0, 512, 1)
    assert [len(tokens) for tokens in sentences.tokens] == [512] * 4
    assert left_out == 3 + 1
    long = ("x" * (MAX_CHARACTERS + 5),)
    assert split(long, settings, 512) == (Sentences((("x" * MAX_CHARACTERS,),), (1,)), 0)


def test_the_tokens_carry_their_padding_and_the_lengths_their_own() -> None:
    run = run_of("a b", "", "c")
    assert run.source.tokens == (("a", "b"), ("[PAD]", "[PAD]"), ("c", "[PAD]"))
    assert run.source.lengths == (2, 0, 1)
    assert run.source.length == 2
    np.testing.assert_array_equal(run.inputs[1], 0)


def test_padding_is_a_zero_vector_that_positions_are_added_to_like_to_any() -> None:
    plain, placed = run_of("a b", "c"), run_of("a b", "c", positions="sinusoidal")
    difference = placed.trace.encoder_stream[0] - plain.trace.encoder_stream[0]
    torch.testing.assert_close(difference[0], difference[1])


@pytest.mark.parametrize(
    ("embed_size", "choices"),
    [
        (8, [1, 2, 4, 8]),
        (30, [1, 2, 3, 5, 6, 10, 15]),
        (13, [1, 13]),
        (17, [1]),
        (64, [1, 2, 4, 8, 16]),
    ],
)
def test_head_counts_are_those_that_divide_up_to_sixteen(
    embed_size: int, choices: list[int]
) -> None:
    assert head_choices(embed_size) == choices


@pytest.mark.parametrize(
    ("wanted", "choices", "found"),
    [(7, [1, 6, 10], 6), (8, [6, 10], 6), (100, [1, 2], 2), (-3, [1, 2], 1), (2, [1, 2, 3], 2)],
)
def test_the_nearest_choice_and_of_two_the_smaller(
    wanted: int, choices: list[int], found: int
) -> None:
    assert nearest(wanted, choices) == found


@pytest.mark.parametrize("name", [field.name for field in fields(AttentionTrace)])
def test_a_field_is_the_layers_and_the_sentences_own(name: str) -> None:
    run = run_of("a b", "c d e", layers=2)
    for layer in range(2):
        for sentence in range(2):
            expected = getattr(run.trace.encoder_self[layer], name)[sentence].numpy()
            np.testing.assert_array_equal(run.attention(layer, sentence).field(name), expected)
