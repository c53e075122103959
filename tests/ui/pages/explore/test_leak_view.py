"""The leak test: what it says is true of the mask, and its charts hold how far vectors move."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.experiments import leak_test
from model.masks import causal_mask
from model.seeded import token_vector
from tests.defaults import run_of
from tests.ui.helpers import (
    alt,
    change,
    chart,
    control,
    labels,
    link,
    notices,
    numbers,
    open_app,
    type_text,
)
from tests.ui.pages.explore.helpers import cells_of
from ui.choices.sizes import fits_leak_matrix
from ui.runs.run import Run

TEXT = "the cat saw the dog"
SMALL: dict[str, Any] = {"layers": 3, "heads": 4, "embed_size": 32}

EVERY_WORD, THIS_WORD = "With every word changed in turn", "With this word changed"
NO_MOVE = (
    "**Nothing leaks.** {}, no vector before it moves, in any layer: the largest difference is 0. "
    "A model that predicts the next word under this mask can't have seen it."
)
NOTHING_LEAKS = NO_MOVE.format(EVERY_WORD)
LEAKS = f"**The future leaks.** {EVERY_WORD}, the farthest: word"

MEANT = "**The future is visible, as this kind of mask means it to be.**"


def opened(**parameters: Any) -> AppTest:
    return open_app(link(**{"text": TEXT, "view": "tests", **SMALL, **parameters}))


def moves(run: Run, other: str, sentence: int = 0) -> np.ndarray:
    """(C, layers + 1, L): each word in turn becomes another, worked out in two separate runs."""
    settings = run.settings
    vector = torch.from_numpy(token_vector(other, settings.embed_size, settings.seed).copy())
    mask = run.masks["encoder_self"]
    if mask is not None and len(mask) > 1:
        mask = mask[sentence : sentence + 1]
    x = run.inputs[sentence : sentence + 1]
    before = run.model.trace(x, mask).encoder_stream[::2]
    moved = []
    for place in range(x.shape[1]):
        changed = x.clone()
        changed[0, place] = vector
        after = run.model.trace(changed, mask).encoder_stream[::2]
        pairs = zip(before, after, strict=True)
        moved.append([(b - a).norm(dim=-1)[0].numpy() for b, a in pairs])
    return np.array(moved)


def verdict(page: AppTest) -> str:
    boxes = (*page.success, *page.error, *page.info, *page.warning)
    (said,) = [box.value for box in boxes]
    return str(said)


@pytest.mark.parametrize("mask", ["none", "causal", "window", "prefix"])
def test_the_charts_hold_how_far_each_vector_moves(mask: str) -> None:
    page = opened(mask=mask, changed=1, span=2)
    run = run_of(TEXT, mask=mask, span=2, **SMALL)
    expected = moves(run, "banana")
    (by_layer,) = numbers(page, "leak_layers_chart")
    (by_word,) = numbers(page, "leak_words_chart")
    np.testing.assert_allclose(by_layer, expected[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_word, expected[:, -1].T, rtol=1e-4, atol=1e-5)
    vector = torch.from_numpy(token_vector("banana", 32, 0).copy())
    tested = leak_test(run.model, run.inputs[0], vector, range(5), run.masks["encoder_self"])
    np.testing.assert_array_equal(by_layer, tested[1].numpy())
    np.testing.assert_array_equal(by_word, tested[:, -1].numpy().T)
    # At the input, the changed word alone has moved.
    distance = np.linalg.norm(token_vector("banana", 32, 0) - token_vector("cat", 32, 0))
    np.testing.assert_allclose(by_layer[0], [0, distance, 0, 0, 0], rtol=1e-5)
    steps = ["input", "Layer 0", "Layer 1", "Layer 2"]
    assert labels(chart(page, "leak_layers_chart")["layout"]["yaxis"]) == steps
    layout = chart(page, "leak_words_chart")["layout"]
    assert layout["yaxis"]["title"]["text"] == "position that moves"
    assert layout["xaxis"]["title"]["text"] == "word that changes"
    assert labels(layout["xaxis"])[1] == "cat (position 1)"
    assert f"{np.max(by_word):.3g}" in alt(page, "leak_words_chart")
    moved = by_word[:, 1] > 0
    assert page.markdown[1].value == (
        f"Word 1 ` cat ` becomes ` banana `: {moved.sum()} of 5 vectors move, {int(moved[0])} of "
        "them before it."
    )


@pytest.mark.parametrize("mask", ["causal", "causal_padding", "window", "strided"])
def test_a_mask_that_does_not_look_ahead_leaks_nothing_at_all(mask: str) -> None:
    page = opened(mask=mask)
    assert verdict(page) == NOTHING_LEAKS
    assert len(page.error) == 0
    (by_word,) = numbers(page, "leak_words_chart")
    # Exactly: not even a rounding error. And what comes after does move.
    np.testing.assert_array_equal(np.triu(by_word, 1), np.zeros((5, 5)))
    assert (np.diag(by_word) > 0).all()


def test_without_a_mask_the_future_is_visible_and_the_verdict_has_the_largest_move() -> None:
    page = opened(mask="none")
    assert len(page.info) == 1
    moved = moves(run_of(TEXT, **SMALL), "banana")  # (changed, step, position)
    ahead = np.where(np.arange(5) < np.arange(5)[:, None, None], moved, 0)
    place, step, position = np.unravel_index(ahead.argmax(), ahead.shape)
    words = TEXT.split()
    assert verdict(page) == (
        f"{MEANT} {EVERY_WORD}, the farthest: word {place} ` {words[place]} ` moves word "
        f"{position} ` {words[position]} `, which comes before it, by {ahead.max():.3g} after "
        f"layer {step - 1}. 10 cells of the mask look ahead: 0 → 1, 0 → 2, 0 → 3, 0 → 4, 1 → 2, "
        "1 → 3 … (query → key)."
    )


@pytest.mark.parametrize(
    ("parameters", "meant"),
    [
        ({"mask": "prefix"}, True),
        ({"mask": "padding"}, True),
        ({"mask": "window", "look_ahead": "true"}, True),
        ({"mask": "strided", "look_ahead": "true", "span": 2}, True),
        ({"mask": "custom"}, False),
        ({"mask": "custom", "look_ahead": "true"}, False),
    ],
)
def test_a_mask_that_means_to_look_ahead_is_no_defect_and_a_painted_one_is(
    parameters: dict[str, Any], meant: bool
) -> None:
    page = opened(**parameters)
    assert (len(page.info), len(page.error)) == ((1, 0) if meant else (0, 1))
    assert verdict(page).startswith(MEANT if meant else LEAKS)


def test_one_cell_that_looks_ahead_is_found_and_named() -> None:
    page = opened(mask="custom", cells=cells_of("10000 11010 11100 11110 11111"), layers=1)
    said = verdict(page)
    assert len(page.error) == 1
    assert said.startswith(f"{LEAKS} 3 ` the ` moves word 1 ` cat `, which comes before it,")
    assert said.endswith("1 cell of the mask looks ahead: 1 → 3 (query → key).")
    (by_word,) = numbers(page, "leak_words_chart")
    assert np.argwhere(np.triu(by_word, 1) > 0).tolist() == [[1, 3]]
    distance = re.search(r"by (\S+) after layer (\d)", said)
    assert distance is not None
    assert distance.groups() == (f"{by_word[1, 3]:.3g}", "0")


def test_a_leak_spreads_through_further_layers() -> None:
    # In the second layer, word 1 sees word 3, which saw word 2; and word 2 sees word 1, which
    # saw word 3.
    page = opened(mask="custom", cells=cells_of("10000 11010 11100 11110 11111"), layers=2)
    (by_word,) = numbers(page, "leak_words_chart")
    assert np.argwhere(np.triu(by_word, 1) > 0).tolist() == [[1, 2], [1, 3], [2, 3]]
    assert "1 cell of the mask looks ahead: 1 → 3 (query → key)." in verdict(page)


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ("11000 11100 11100 11110 11111", "2 cells of the mask look ahead: 0 → 1, 1 → 2 "),
        ("11111 11110 11100 11000 10000", "6 cells of the mask look ahead: 0 → 1, 0 → 2, 0 → 3, "
         "0 → 4, 1 → 2, 1 → 3 "),
    ],
)  # fmt: skip
def test_up_to_six_cells_are_named(cells: str, named: str) -> None:
    said = verdict(opened(mask="custom", cells=cells_of(cells)))
    assert said.endswith(f"{named}(query → key).")


def test_the_middle_word_is_changed_until_one_is_chosen() -> None:
    page = opened(mask="causal")
    assert page.markdown[1].value.startswith("Word 2 ` saw ` becomes")
    change(page, changed=4)
    assert page.markdown[1].value.startswith("Word 4 ` dog ` becomes")
    (by_layer,) = numbers(page, "leak_layers_chart")
    assert (by_layer[:, :4] == 0).all()
    assert (by_layer[:, 4] > 0).all()
    change(page, changed=None)
    assert page.markdown[1].value.startswith("Word 2 ` saw ` becomes")


def test_the_word_that_takes_the_place_can_be_any() -> None:
    page = opened(mask="causal", other="zebra crossing")
    assert "becomes ` zebra `:" in page.markdown[1].value
    said = "A word is replaced by one word: only ` zebra ` is used."
    assert said in [caption.value for caption in page.caption]
    run = run_of(TEXT, mask="causal", **SMALL)
    np.testing.assert_allclose(
        numbers(page, "leak_words_chart")[0], moves(run, "zebra")[:, -1].T, rtol=1e-4, atol=1e-5
    )
    change(page, other="  ")
    assert "becomes ` banana `:" in page.markdown[1].value
    change(page, other="`**x**`")
    assert "becomes `` ` ``:" in page.markdown[1].value


def test_a_word_that_stays_the_same_moves_nothing() -> None:
    page = opened(mask="none", other="saw", changed=2, text="saw saw saw")
    assert len(page.warning) == 1
    assert verdict(page) == (
        "Nothing before a changed word moved this time. 3 cells of the mask look ahead: 0 → 1, "
        "0 → 2, 1 → 2 (query → key)."
    )
    np.testing.assert_array_equal(numbers(page, "leak_layers_chart"), np.zeros((1, 4, 3)))


def test_a_word_beyond_the_sentence_is_the_last_and_told_until_there_is_one() -> None:
    page = opened(mask="causal", changed=6)
    assert page.markdown[1].value.startswith("Word 4 ` dog ` becomes")
    assert notices(page) == [
        "There is no word 6 in this sentence; changing the last one, 4.",
    ]
    assert [box.value for box in page.success] == [NOTHING_LEAKS]
    change(page, text="one two three four five six seven")
    assert page.markdown[1].value.startswith("Word 6 ` seven ` becomes")
    assert notices(page) == []


def test_the_sentence_of_a_batch_is_tested_with_its_own_mask() -> None:
    page = opened(text="a b c d e f", text2=TEXT, sentence=2, mask="causal_padding")
    run = run_of("a b c d e f", TEXT, mask="causal_padding", **SMALL)
    assert page.markdown[1].value.startswith("Word 2 ` saw ` becomes")
    np.testing.assert_allclose(
        numbers(page, "leak_words_chart")[0], moves(run, "banana", 1)[:5, -1, :5].T,
        rtol=1e-4, atol=1e-5,
    )  # fmt: skip
    assert verdict(page) == NOTHING_LEAKS
    # The sixth place is padding, which nobody sees.
    places = [f"{word} (position {i})" for i, word in enumerate(TEXT.split())]
    for key, axis in (("layers", "xaxis"), ("words", "xaxis"), ("words", "yaxis")):
        assert labels(chart(page, f"leak_{key}_chart")["layout"][axis]) == places
    change(page, mask="none")  # in which everybody sees it, and it counts for nothing
    run = run_of("a b c d e f", TEXT, **SMALL)
    np.testing.assert_allclose(
        numbers(page, "leak_words_chart")[0], moves(run, "banana", 1)[:5, -1, :5].T,
        rtol=1e-4, atol=1e-5,
    )  # fmt: skip
    assert verdict(page).startswith(MEANT)
    assert " 10 cells of the mask look ahead: " in verdict(page)


def test_a_sentence_too_long_to_change_every_word_changes_the_chosen_one() -> None:
    text = " ".join(f"w{i}" for i in range(60))
    sizes = {"layers": 6, "heads": 8, "embed_size": 64}
    assert not fits_leak_matrix(60, *sizes.values())
    page = opened(text=text, mask="causal", changed=30, **sizes)
    assert "The sentence is too long to change every word in turn." in [
        caption.value for caption in page.caption
    ]
    assert [element.key for element in page.get("plotly_chart")] == ["leak_layers_chart"]
    (by_layer,) = numbers(page, "leak_layers_chart")
    run = run_of(text, mask="causal", **sizes)
    vector = torch.from_numpy(token_vector("banana", 64, 0).copy())
    expected = leak_test(run.model, run.inputs[0], vector, [30], causal_mask(60, 60))
    np.testing.assert_array_equal(by_layer, expected[0].numpy())
    assert verdict(page) == NO_MOVE.format(THIS_WORD)
    change(page, mask="none")
    assert f"{THIS_WORD}, the farthest: word 30 ` w30 ` moves word" in verdict(page)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "alibi"])
def test_positions_do_not_leak(positions: str) -> None:
    assert verdict(opened(mask="causal", positions=positions)) == NOTHING_LEAKS


@pytest.mark.parametrize("batch", [{}, {"text2": "a b c"}])
@pytest.mark.parametrize("mask", ["none", "causal", "custom"])
def test_one_word_has_no_future(mask: str, batch: dict[str, str]) -> None:
    page = opened(text="hello", mask=mask, **batch)
    assert verdict(page) == "A single word has nothing before it that could move."
    assert len(page.info) == 1
    assert numbers(page, "leak_words_chart")[0].shape == (1, 1)


def test_a_sentence_of_padding_alone_has_no_word_to_change() -> None:
    page = opened(text="", text2="a b")
    assert verdict(page) == "There is no word to change in this sentence."
    assert not page.get("plotly_chart")


@pytest.mark.parametrize("mask", ["prefix", "window", "strided"])
def test_a_kind_of_mask_that_could_look_ahead_and_does_not_leaks_nothing(mask: str) -> None:
    assert verdict(opened(mask=mask, span=1)) == NOTHING_LEAKS


def test_typing_tests_the_new_sentence() -> None:
    page = opened(mask="causal", changed=1)
    type_text(page, "one two three")
    assert any("Word 1 ` two ` becomes ` banana `" in m.value for m in page.markdown)
    assert numbers(page, "leak_words_chart")[0].shape == (3, 3)


def test_what_is_changed_is_kept_in_other_views_and_in_the_link() -> None:
    page = opened(mask="causal", changed=1, other="zebra")
    for view in ("heads", "layers", "tests"):
        change(page, view=view)
    assert (control(page, "changed").value, control(page, "other").value) == (1, "zebra")
    change(page, test="order")
    change(page, test="leak")
    assert (control(page, "changed").value, control(page, "other").value) == (1, "zebra")
    assert {"changed": "1", "other": "zebra"}.items() <= page.query_params.items()
    assert notices(page) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("first", ["The link asks for changed ` first `, which isn't a number. Using none."]),
        ("-3", ["The link asks for changed ` -3 `; using the nearest, 0."]),
        ("9999", ["The link asks for changed ` 9999 `; using the nearest, 511. "
                  "There is no word 511 in this sentence; changing the last one, 4."]),
        ("4", []),
        ("5", ["There is no word 5 in this sentence; changing the last one, 4."]),
    ],
)  # fmt: skip
def test_a_word_that_the_link_cannot_change_is_told(changed: str, told: list[str]) -> None:
    page = opened(changed=changed)
    assert notices(page) == told
    used = {"first": None, "-3": 0}.get(changed, 4)
    assert control(page, "changed").value == used
    assert page.query_params.get("changed") == (None if used is None else str(used))


@pytest.mark.parametrize("word", ["head", "cell", "none", "causal", "decoder_self", "true", "7"])
def test_a_word_that_is_also_an_option_stays_as_it_was_typed(word: str) -> None:
    page = opened(other=word)
    assert control(page, "other").value == word
    assert page.query_params["other"] == word
    assert f"becomes ` {word} `:" in page.markdown[1].value
    assert notices(page) == []
