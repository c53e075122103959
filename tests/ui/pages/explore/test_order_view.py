"""Word order: shuffled words, and what each positional scheme makes of them."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.config import Architecture, Config
from model.experiments import OrderTest
from model.positions import Positions
from model.seeded import embed, random_encoder
from tests.defaults import SENTENCE, run_of
from tests.ui.helpers import (
    alt,
    array,
    change,
    chart,
    control,
    labels,
    link,
    notices,
    numbers,
    open_app,
)
from ui.choices.limits import LARGEST_SEED
from ui.choices.options import POSITIONS
from ui.choices.sizes import most_shuffled
from ui.pages.explore.order_view import shuffled, verdict

TEXT = "the cat saw a dog run"
WORDS = TEXT.split()
NAMES = ["none", "sinusoidal", "learned", "rotary", "ALiBi"]


def opened(**parameters: Any) -> AppTest:
    return open_app(link(**{"text": TEXT, "view": "tests", "test": "order", **parameters}))


def outputs(words: list[str], positions: Positions, **sizes: Any) -> np.ndarray:
    """(L, E), what an encoder that is built here makes of the words."""
    config = Config(
        **{"embed_size": 64, "heads": 8, **sizes},
        architecture=Architecture(projection="full", scale="head_dim", positions=positions),
    )
    return random_encoder(config).trace(embed([words], config.embed_size, 0)).output[0].numpy()


def said_order(page: AppTest) -> list[str]:
    """The shuffled words, as the page says them."""
    found = re.search(r"Shuffled to (`+) (.*?) \1,", page.markdown[1].value)
    assert found is not None, page.markdown[1].value
    return found[2].split()


def table(page: AppTest) -> dict[str, float]:
    """The largest difference of each scheme."""
    (text,) = [m.value for m in page.markdown if m.value.startswith("**Largest difference once")]
    head, _line, values = text.split("\n\n")[1].split("\n")
    names = [cell.strip() for cell in head.strip("|").split("|")]
    numbers = [float(cell) for cell in values.strip("|").split("|")]
    return dict(zip(names, numbers, strict=True))


def test_the_shuffled_words_are_the_sentences_own_in_another_order() -> None:
    page = opened()
    moved = said_order(page)
    assert sorted(moved) == sorted(WORDS)
    assert moved != WORDS
    assert moved == [WORDS[i] for i in shuffled(6, 1)]
    change(page, shuffle=2)
    again = said_order(page)
    assert sorted(again) == sorted(WORDS)
    assert again not in (WORDS, moved)


@pytest.mark.parametrize("length", [2, 3, 4, 64])
def test_a_shuffle_is_a_permutation_that_neither_keeps_the_order_nor_reverses_it(
    length: int,
) -> None:
    typed = list(range(length))
    for seed in [*range(40), LARGEST_SEED]:
        order = shuffled(length, seed)
        assert sorted(order) == typed
        assert order != typed
        assert (order == typed[::-1]) == (length == 2)  # two words have no other
        assert order == shuffled(length, seed)


def test_a_shuffle_is_the_same_for_a_seed_everywhere_and_each_has_its_own() -> None:
    assert shuffled(6, 1) == [0, 4, 2, 3, 5, 1]  # written down once: links hold the number alone
    assert shuffled(12, LARGEST_SEED) == [6, 10, 8, 2, 9, 4, 5, 1, 0, 7, 3, 11]
    assert {tuple(shuffled(3, seed)) for seed in range(40)} == {
        (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1),
    }  # fmt: skip
    assert len({tuple(shuffled(12, seed)) for seed in range(40)}) == 40


@pytest.mark.parametrize("positions", POSITIONS)
def test_the_outputs_are_the_models_and_the_verdict_has_their_difference(
    positions: Positions,
) -> None:
    page = opened(positions=positions, layers=2)
    moved = said_order(page)
    typed = outputs(WORDS, positions, layers=2)
    after = outputs(moved, positions, layers=2)
    np.testing.assert_allclose(numbers(page, "typed_chart")[0], typed, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(numbers(page, "shuffled_chart")[0], after, rtol=1e-4, atol=1e-5)
    said = [f"{word} (position {i})" for i, word in enumerate(moved)]
    assert labels(chart(page, "shuffled_chart")["layout"]["yaxis"]) == said
    restored = after[[moved.index(word) for word in WORDS]]
    difference = np.abs(typed - restored).max()
    text = page.markdown[1].value
    number = re.search(r"they differ by (?:up to )?(\S+?)(?:, which is rounding)?\. No mask", text)
    assert number is not None, text
    if positions == "none":
        assert text.startswith("**Without positions, attention can't tell the order.** Shuffled to")
        assert float(number[1]) < 1e-5
        assert difference < 1e-5
    else:
        name = dict(zip(POSITIONS, NAMES, strict=True))[positions]
        assert text.startswith(f"**With positions ({name}), order counts.** Shuffled to")
        assert float(number[1]) == pytest.approx(difference, rel=6e-3)
        assert difference > 0.05


def test_the_table_has_the_difference_of_every_scheme() -> None:
    page = opened(layers=2)
    moved = said_order(page)
    found = table(page)
    assert list(found) == NAMES
    back = [moved.index(word) for word in WORDS]
    for scheme, name in zip(POSITIONS, NAMES, strict=True):
        expected = np.abs(
            outputs(WORDS, scheme, layers=2) - outputs(moved, scheme, layers=2)[back]
        ).max()
        if scheme == "none":
            assert found[name] < 1e-5
        else:
            assert found[name] == pytest.approx(expected, rel=0.06)
            assert found[name] > 0.05


def mean_scores(words: list[str], positions: Positions, layer: int, layers: int) -> np.ndarray:
    """The mean score at each offset, (2L - 1,), pair by pair."""
    config = Config(
        embed_size=64,
        heads=8,
        layers=layers,
        architecture=Architecture(projection="full", scale="head_dim", positions=positions),
    )
    trace = random_encoder(config).trace(embed([words], 64, 0))
    scores = trace.encoder_self[layer].scores[0].double().numpy()
    length = len(words)
    return np.array(
        [
            np.mean([scores[:, q, q + o] for q in range(length) if 0 <= q + o < length])
            for o in range(1 - length, length)
        ]
    )


@pytest.mark.parametrize(("same_word", "layer"), [(False, 0), (True, 0), (False, 1)])
def test_the_curves_are_the_mean_scores_at_each_offset(same_word: bool, layer: int) -> None:
    page = opened(layers=2, layer=layer, same_word=str(same_word).lower())
    words = [WORDS[0]] * 6 if same_word else WORDS
    curves = {trace["name"]: trace for trace in chart(page, "offsets_chart")["data"]}
    assert list(curves) == NAMES
    for scheme, name in zip(POSITIONS, NAMES, strict=True):
        x, y = (array(curves[name][axis]) for axis in "xy")
        np.testing.assert_array_equal(x, np.arange(-5, 6))
        np.testing.assert_allclose(
            y, mean_scores(words, scheme, layer, 2), rtol=1e-4, atol=1e-5, err_msg=name
        )
    assert f"energies ÷ 2.828 and what positions add; layer {layer}" in page.caption[-1].value
    assert alt(page, "offsets_chart") == (
        "Mean score by offset of key and query for 5 positional schemes."
    )


def test_one_word_throughout_has_a_flat_curve_without_positions_and_a_tent_with_alibi() -> None:
    page = opened()
    change(page, same_word=True)
    curves = {t["name"]: array(t["y"]) for t in chart(page, "offsets_chart")["data"]}
    np.testing.assert_allclose(curves["none"], curves["none"][0], rtol=1e-5)
    # Slopes of 8 heads: 1/2, 1/4 ... 1/256.
    slope = np.mean([2.0**-i for i in range(1, 9)])
    np.testing.assert_allclose(
        curves["ALiBi"] - curves["none"], -slope * abs(np.arange(-5, 6)), atol=1e-5
    )


def test_an_odd_head_size_leaves_rotary_out() -> None:
    page = opened(heads=8, embed_size=24)
    assert list(table(page)) == ["none", "sinusoidal", "learned", "ALiBi"]
    assert len(chart(page, "offsets_chart")["data"]) == 4
    assert notices(page) == []


def test_a_sentence_of_one_word_cannot_be_shuffled() -> None:
    page = opened(text="hello")
    assert [box.value for box in page.info] == [
        "There is nothing to shuffle in a sentence of less than two words."
    ]
    assert not page.get("plotly_chart")
    change(page, text="hello you")
    assert said_order(page) == ["you", "hello"]


NO_MASK = "No mask is used here: a causal mask is itself a sense of order."


@pytest.mark.parametrize("positions", ["none", "rotary", "alibi"])
def test_equal_words_that_change_places_are_no_shuffle_and_make_no_difference(
    positions: Positions,
) -> None:
    page = opened(text="la la la", positions=positions)
    text = page.markdown[1].value
    assert text.startswith("**Nothing was shuffled**: equal words changed places.")
    assert text.endswith(NO_MASK)
    # Where all values are equal, so is their mean, whatever the weights.
    (number,) = re.findall(r"\d\.\de[+-]\d\d", text)
    assert float(number) < 1e-5
    assert table(page)[dict(zip(POSITIONS, NAMES, strict=True))[positions]] < 1e-5
    np.testing.assert_array_equal(numbers(page, "typed_chart"), numbers(page, "shuffled_chart"))


def test_of_two_words_alibi_cannot_tell_the_order_and_says_why() -> None:
    page = opened(text="hello you", positions="alibi", layers=3)
    text = page.markdown[1].value
    assert text.startswith(
        "**With positions (ALiBi), and yet this shuffle makes no difference.** Shuffled to "
        "` you hello `, the same rows come out: "
    )
    assert text.endswith(
        " is rounding. A scheme that knows distances alone can't tell a sentence from its mirror "
        f"image, or equal words from each other. {NO_MASK}"
    )
    (number,) = re.findall(r"out: (\S+) is rounding", text)
    assert float(number) < 1e-5
    there, back = (
        outputs(words, "alibi", layers=3) for words in (["hello", "you"], ["you", "hello"])
    )
    np.testing.assert_allclose(there, back[::-1], atol=1e-5)
    # Rotary positions know which of the two comes first.
    change(page, positions="rotary")
    assert page.markdown[1].value.startswith("**With positions (rotary), order counts.**")
    assert table(page)["rotary"] > 0.05


def test_a_mirror_image_with_equal_words_makes_no_difference_to_alibi() -> None:
    words = ["la", "la", "oh"]
    assert [words[i] for i in shuffled(3, 0)] == words[::-1]
    there, mirrored = outputs(words, "alibi"), outputs(words[::-1], "alibi")
    np.testing.assert_allclose(there, mirrored[::-1], atol=1e-5)
    page = opened(text="la la oh", positions="alibi", shuffle=0)
    assert "order counts" not in page.markdown[1].value


def test_a_large_model_shuffles_fewer_words_and_that_is_said() -> None:
    # 15 encoders of 12 E² weights and two layers, 2 · 10⁹ products at most.
    assert most_shuffled(2, 512) == 2_000_000_000 // (15 * 2 * 12 * 512**2) == 21
    assert most_shuffled(12, 64) == most_shuffled(1, 8) == 64
    page = opened(text=" ".join(f"w{i}" for i in range(30)), layers=2, embed_size=512)
    assert "Only the first 21 words are used here." in [c.value for c in page.caption]
    assert len(labels(chart(page, "typed_chart")["layout"]["yaxis"])) == 21
    x = array(chart(page, "offsets_chart")["data"][0]["x"])
    np.testing.assert_array_equal(x, np.arange(-20, 21))


def test_only_the_first_64_words_are_shuffled_and_that_is_said() -> None:
    page = opened(text=" ".join(f"w{i}" for i in range(70)), heads=2, embed_size=8)
    assert "Only the first 64 words are used here." in [c.value for c in page.caption]
    assert len(labels(chart(page, "typed_chart")["layout"]["yaxis"])) == 64


def test_the_mask_does_not_matter_and_the_page_says_so() -> None:
    plain, causal = opened(), opened(mask="causal")
    for key in ("typed_chart", "shuffled_chart"):
        np.testing.assert_array_equal(numbers(plain, key), numbers(causal, key))
    assert "No mask is used here" in causal.markdown[1].value


def test_the_sentence_of_a_batch_is_shuffled_without_its_padding() -> None:
    page = opened(text=SENTENCE, text2=TEXT, sentence=2)
    assert sorted(said_order(page)) == sorted(WORDS)
    np.testing.assert_allclose(
        numbers(page, "typed_chart")[0], outputs(WORDS, "none"), rtol=1e-4, atol=1e-5
    )


def test_words_that_are_code_are_shown_as_typed() -> None:
    page = opened(text="`a` **b**")
    assert "Shuffled to `` " in page.markdown[1].value


def test_what_is_shuffled_is_kept_in_other_views_and_in_the_link() -> None:
    page = opened(shuffle=7, same_word="true")
    for view in ("numbers", "heads", "tests"):
        change(page, view=view)
    assert (control(page, "shuffle").value, control(page, "same_word").value) == (7, True)
    assert {"shuffle": "7", "same_word": "true", "test": "order"}.items() <= (
        page.query_params.items()
    )


def test_the_test_uses_the_seed_and_the_block_that_are_chosen() -> None:
    page = opened(seed=5, norm_order="pre", activation="gelu", layers=2)
    run = run_of(TEXT, seed=5, norm_order="pre", activation="gelu", layers=2)
    torch.testing.assert_close(
        torch.from_numpy(numbers(page, "typed_chart")[0].copy()),
        run.trace.output[0],
        rtol=1e-4,
        atol=1e-5,
    )


def made_up(difference: float) -> OrderTest:
    """The test of two words, of which only the largest difference isn't zero."""
    outputs = torch.full((2, 1), 2.0, dtype=torch.float64)
    trace = random_encoder(Config(embed_size=8, heads=1)).trace(embed([["a", "b"]], 8, 0))
    return OrderTest((1, 0), trace, outputs, outputs, outputs, difference)


@pytest.mark.parametrize(
    ("difference", "scheme", "said"),
    [
        # Outputs of 2 leave room for 2e-9.
        (1.9e-9, "none", "they differ by 1.9e-09, which is rounding."),
        (2.1e-9, "none", "the rows differ by up to 2.1e-09: these layers' softmaxes are so sharp"),
        (0.07, "none", "the rows differ by up to 0.07: these layers' softmaxes are so sharp"),
        (1.9e-9, "alibi", "the same rows come out: 1.9e-09 is rounding."),
        (2.1e-9, "alibi", "order counts.** Shuffled to ` b a `, other rows come out"),
    ],
)
def test_only_what_nobody_can_see_is_called_rounding(
    difference: float, scheme: Positions, said: str
) -> None:
    assert said in verdict(made_up(difference), scheme, ("a", "b"))


@pytest.mark.parametrize("positions", ["none", "alibi"])
def test_many_sharp_layers_do_not_make_rounding_visible(positions: Positions) -> None:
    # In float32 the rows of "none" differ by 0.07 here: each layer enlarges what rounding leaves.
    words = {"none": TEXT, "alibi": "hello you"}[positions]
    page = opened(text=words, layers=12, scale="none", temperature=0.1, positions=positions)
    (number,) = re.findall(r"(\d\.\de[+-]\d\d)(?:, which)? is rounding", page.markdown[1].value)
    assert float(number) < 1e-9
    assert table(page)[dict(zip(POSITIONS, NAMES, strict=True))[positions]] < 1e-9
