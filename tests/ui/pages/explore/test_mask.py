"""Masks: each kind hides what it says, and a painted one stays as it was painted."""

from typing import Any

import numpy as np
import pytest

from tests.defaults import run_of
from tests.matrix import EIGHTH, matrix
from tests.ui.helpers import (
    alt,
    change,
    chart,
    control,
    link,
    masked,
    notices,
    numbers,
    open_app,
    open_pair,
    painter,
    report,
    rerun_fragment,
    send,
    send_raw,
    type_text,
)
from tests.ui.pages.explore.helpers import cells_of

TEXT = "the cat saw the dog run"


def grid(text: str) -> np.ndarray:
    return np.array([[c == "1" for c in line] for line in text.split()])


def allowed_in(page: Any) -> np.ndarray:
    """Which cells of every head have a weight on the screen."""
    shown = np.isfinite(np.array(numbers(page)))
    assert (shown == shown[0]).all()
    result: np.ndarray = shown[0]
    return result


@matrix(
    6,
    ("query", "expected"),
    [
        ("mask=window", "100000 110000 111000 011100 001110 000111"),
        ("mask=window&span=1", "100000 010000 001000 000100 000010 000001"),
        ("mask=window&span=2&look_ahead=true", "110000 111000 011100 001110 000111 000011"),
        ("mask=window&span=64", "100000 110000 111000 111100 111110 111111"),
        ("mask=prefix", "111000 111000 111000 111100 111110 111111"),
        ("mask=prefix&span=5", "111110 111110 111110 111110 111110 111111"),
        ("mask=strided", "100000 010000 001000 100100 010010 001001"),
        ("mask=strided&span=2", "100000 010000 101000 010100 101010 010101"),
        ("mask=strided&look_ahead=true", "100100 010010 001001 100100 010010 001001"),
        ("mask=strided&span=1", "100000 110000 111000 111100 111110 111111"),
        ("mask=custom", "111111 111111 111111 111111 111111 111111"),
    ],
)
def test_a_mask_hides_what_it_says_and_the_rest_has_the_models_weights(
    query: str, expected: str
) -> None:
    page = open_app(f"text={TEXT.replace(' ', '+')}&{query}")
    np.testing.assert_array_equal(allowed_in(page), grid(expected))
    # The weights, from the energies without a mask and what may be seen.
    energy = run_of(TEXT).attention().field("energy").astype(np.float64)
    scores = np.where(grid(expected), energy / np.sqrt(8), -np.inf)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exponentials / exponentials.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(numbers(page), masked(weights, grid(expected)), rtol=1e-4, atol=1e-6)
    assert notices(page) == []


def test_the_mask_holds_in_every_layer() -> None:
    page = open_app(link(text=TEXT, mask="window", span=2, layers=3, layer=2))
    run = run_of(TEXT, mask="window", span=2, layers=3)
    expected = grid("100000 110000 011000 001100 000110 000011")
    np.testing.assert_array_equal(allowed_in(page), expected)
    weights = run.trace.encoder_self[2].weights[0].numpy()
    np.testing.assert_array_equal(numbers(page), masked(weights, expected))


@pytest.mark.parametrize("mask", ["window", "prefix", "strided", "custom"])
def test_the_padding_is_hidden_as_well(mask: str) -> None:
    page = open_app(link(text="a b c", text2="d", mask=mask, sentence=2))
    assert not allowed_in(page)[:, 1:].any()


def test_the_number_of_a_mask_is_asked_for_where_it_has_one_and_kept_where_not() -> None:
    page = open_app(link(text=TEXT))
    for mask in ("none", "causal", "padding", "causal_padding", "custom"):
        change(page, mask=mask)
        for key in ("span", "look_ahead"):
            with pytest.raises(KeyError):
                control(page, key)
    for mask, label in (
        ("window", "Words in the window, itself included"),
        ("prefix", "Words that everybody sees"),
        ("strided", "n: one of how many words"),
    ):
        change(page, mask=mask)
        assert control(page, "span").label == label
        assert control(page, "span").value == 3
    change(page, span=2, look_ahead=True)
    change(page, mask="window")
    assert control(page, "span").label == "Words on each side, itself included"
    change(page, mask="causal")
    change(page, seed=1)
    change(page, mask="window")
    assert (control(page, "span").value, control(page, "look_ahead").value) == (2, True)
    expected = run_of(TEXT, mask="window", span=2, look_ahead=True, seed=1).attention()
    np.testing.assert_array_equal(
        numbers(page), masked(expected.field("weights"), expected.allowed)
    )


@pytest.mark.parametrize(
    ("text", "value", "notice", "written"),
    [
        ("5", 5, None, "5"),
        ("3", 3, None, None),
        ("0", 1, "The link asks for span ` 0 `; using the nearest, 1.", "1"),
        ("999", 64, "The link asks for span ` 999 `; using the nearest, 64.", "64"),
        ("wide", 3, "The link asks for span ` wide `, which isn't a number. Using 3.", None),
    ],
)
def test_a_span_in_the_link_is_taken_or_repaired(
    text: str, value: int, notice: str | None, written: str | None
) -> None:
    page = open_app(link(text=TEXT, mask="window", span=text))
    assert control(page, "span").value == value
    assert notices(page) == ([notice] if notice else [])
    assert page.query_params.get("span") == written


# A custom mask in the link.

PAINTED = "100000 110000 011100 001100 000011 111111"


def test_a_painted_mask_comes_with_the_link() -> None:
    cells = cells_of(PAINTED)
    page = open_app(link(text=TEXT, mask="custom", cells=cells))
    np.testing.assert_array_equal(allowed_in(page), grid(PAINTED))
    assert painter(page)["mask"] == cells
    assert painter(page)["tokens"] == TEXT.split()
    assert notices(page) == []
    assert page.query_params == {"text": TEXT, "mask": "custom", "cells": cells}


@matrix(
    4,
    ("cells", "why"),
    [
        ("rubbish", "a custom mask is written as its side, a dot and its cells"),
        ("3", "a custom mask is written as its side, a dot and its cells"),
        (".AA", "a custom mask is written as its side, a dot and its cells"),
        ("-3.AA", "a custom mask is written as its side, a dot and its cells"),
        ("３.AAA", "a custom mask is written as its side, a dot and its cells"),
        ("0.AA", "a custom mask has 1 to 24 cells aside, got 0"),
        ("25." + "A" * 105, "a custom mask has 1 to 24 cells aside, got 25"),
        ("99999999999.AA", "a custom mask has 1 to 24 cells aside, got 999999999"),
        ("3.!!!", "a custom mask's cells are in URL-safe base64"),
        ("3.äö", "a custom mask's cells are in URL-safe base64"),
        ("3.A", "a custom mask's cells are in URL-safe base64"),
        ("3.AAAA", "a custom mask of 3 × 3 has 2 bytes, got 3"),
        ("3.", "a custom mask of 3 × 3 has 2 bytes, got 0"),
        ("6.AA", "a custom mask of 6 × 6 has 5 bytes, got 1"),
    ],
)
def test_a_painted_mask_that_cannot_be_read_is_open_and_told(cells: str, why: str) -> None:
    page = open_app(link(text=TEXT, mask="custom", cells=cells))
    (said,) = notices(page)
    assert said.startswith("The link's custom mask ` ")
    assert said.endswith(f" ` can't be read: {why}. Starting with an open one.")
    np.testing.assert_array_equal(allowed_in(page), np.ones((6, 6)))
    assert page.query_params == {"text": TEXT, "mask": "custom"}


def test_an_empty_painted_mask_in_the_link_is_none_and_no_error() -> None:
    for mask in ("none", "custom"):
        page = open_app(link(text=TEXT, mask=mask, cells=""))
        assert notices(page) == [], mask
        np.testing.assert_array_equal(allowed_in(page), np.ones((6, 6)))
        assert "cells" not in page.query_params


def test_rows_painted_empty_have_no_weight_and_are_told() -> None:
    rows = "000000 110000 000000 111111 111111 111111"
    page = open_app(link(text=TEXT, mask="custom", cells=cells_of(rows)))
    assert notices(page) == [
        "2 queries have nothing to attend to under this mask: their weights and their head "
        "outputs are zero."
    ]
    np.testing.assert_array_equal(allowed_in(page), grid(rows))
    change(page, stage="head_outputs")
    outputs = np.array(numbers(page))
    np.testing.assert_array_equal(outputs[:, [0, 2]], 0)
    assert (outputs[:, [1, 3]] != 0).all()
    send(page, "painter", "paint", cells_of(rows.replace("000000 110000", "100000 110000")))
    assert notices(page) == [
        "1 query has nothing to attend to under this mask: its weights and its head outputs "
        "are zero."
    ]


def test_a_mask_in_which_nothing_may_attend_draws_in_every_view() -> None:
    page = open_app(link(text="a b", mask="custom", cells=cells_of("00 00")))
    assert alt(page) == "weight: everything is masked."
    for view in ("head", "cell", "layers", "tests", "numbers"):
        change(page, view=view)
    assert len(notices(page)) == 1


# Painting.


def test_a_stroke_changes_the_mask_the_chart_and_the_link() -> None:
    page = open_app(link(text=TEXT, mask="custom"))
    assert painter(page)["mask"] == cells_of(" ".join(["111111"] * 6))
    send(page, "painter", "paint", cells_of(PAINTED))
    np.testing.assert_array_equal(allowed_in(page), grid(PAINTED))
    assert painter(page)["mask"] == cells_of(PAINTED)
    assert page.query_params["cells"] == cells_of(PAINTED)
    run = run_of(TEXT, mask="custom", cells=cells_of(PAINTED))
    np.testing.assert_array_equal(
        numbers(page), masked(run.attention().field("weights"), grid(PAINTED))
    )
    again = open_app(link(**{"mask": "custom"} | page.query_params))
    np.testing.assert_array_equal(numbers(again), numbers(page))


def test_a_stroke_from_the_fragment_alone_changes_the_same() -> None:
    page = open_app(link(text=TEXT, mask="custom"))
    rerun_fragment(page, lambda: send(page, "painter", "paint", cells_of(PAINTED)))
    np.testing.assert_array_equal(allowed_in(page), grid(PAINTED))
    assert page.query_params["cells"] == cells_of(PAINTED)


def test_what_was_painted_comes_back_after_another_mask() -> None:
    page = open_app(link(text=TEXT, mask="custom", cells=cells_of(PAINTED)))
    change(page, mask="causal")
    change(page, seed=3)
    assert page.query_params["cells"] == cells_of(PAINTED)
    change(page, mask="custom")
    np.testing.assert_array_equal(allowed_in(page), grid(PAINTED))


def test_a_longer_sentence_goes_on_as_what_was_painted_looks() -> None:
    page = open_app(link(text="a b", mask="custom", cells=cells_of("10 01")))
    type_text(page, "a b c d")
    expected = grid("1000 0100 1110 1111")  # nothing looked ahead
    np.testing.assert_array_equal(allowed_in(page), expected)
    page = open_app(link(text="a b", mask="custom", cells=cells_of("11 01")))
    type_text(page, "a b c d")
    expected = grid("1111 0111 1111 1111")
    np.testing.assert_array_equal(allowed_in(page), expected)
    send(page, "painter", "paint", cells_of("1011 0111 1110 0111"))
    assert page.query_params["cells"] == cells_of("1011 0111 1110 0111")


def test_a_shorter_sentence_keeps_what_was_painted_beyond_it() -> None:
    page = open_app(link(text="a b c d", mask="custom", cells=cells_of("1000 1100 1110 0101")))
    change(page, text="a b")
    np.testing.assert_array_equal(allowed_in(page), grid("10 11"))
    assert painter(page)["mask"] == cells_of("10 11")
    send(page, "painter", "paint", cells_of("11 01"))
    assert page.query_params["cells"] == cells_of("1100 0100 1110 0101")
    change(page, text="a b c d")
    np.testing.assert_array_equal(allowed_in(page), grid("1100 0100 1110 0101"))


def test_the_painter_has_the_first_24_words_and_says_so() -> None:
    text = " ".join(f"w{i}" for i in range(30))
    page = open_app(link(text=text, mask="custom", heads=1))
    assert painter(page)["tokens"] == [f"w{i}" for i in range(24)]
    said = (
        "The first 24 words can be painted. Beyond them the mask goes on as it looks: causal where "
        "nothing painted looks ahead, else open."
    )
    assert said in [caption.value for caption in page.caption]
    diagonal = " ".join("0" * i + "1" + "0" * (23 - i) for i in range(24))
    send(page, "painter", "paint", cells_of(diagonal))
    allowed = allowed_in(page)
    np.testing.assert_array_equal(allowed[:24, :24], np.eye(24))
    np.testing.assert_array_equal(allowed[24:], np.tri(30)[24:])
    assert not allowed[:24, 24:].any()
    change(page, text="a b")
    assert said not in [caption.value for caption in page.caption]


def test_only_the_custom_mask_has_a_painter_and_an_empty_sentence_none() -> None:
    def has_painter(query: str) -> bool:
        return any(part.key == "painter" for part in open_app(query).get("bidi_component"))

    assert has_painter("text=a&mask=custom")
    assert not has_painter("text=&mask=custom")
    assert not has_painter("text=a&mask=window&cells=1.gA")


@pytest.mark.parametrize("mask", ["custom", "none"])
def test_typing_into_an_empty_page_brings_the_painter(mask: str) -> None:
    page = open_app(link(text="", mask=mask))
    change(page, mask="custom")
    type_text(page, "a b")
    assert painter(page)["tokens"] == ["a", "b"]


def test_the_painter_shows_the_words_of_the_sentence_that_is_looked_at() -> None:
    page = open_app(link(text="a b", text2="c", sentence=2, mask="custom"))
    assert painter(page)["tokens"] == ["c"]
    assert painter(page)["mask"] == cells_of("1")
    assert painter(page)["words"]["may_not"] == "{query} may not attend to {key}"


def test_where_the_sentence_has_no_words_of_its_own_there_is_nothing_to_paint() -> None:
    page = open_app(link(text="a b", mask="custom"))
    change(page, text2="c")
    change(page, text="")
    assert not any(part.key == "painter" for part in page.get("bidi_component"))
    change(page, sentence=2)
    assert painter(page)["tokens"] == ["c"]


HOSTILE: list[Any] = [
    None, True, 5, [], {}, "", "x", "6", "6.", "6.AA", "25." + "A" * 105, "0.", "-1.AA",
    "9" * 5000 + ".AA", "6." + "A" * 100_000, "<script>", {"paint": "1.gA"}, ["1.gA"], "\ud800",
]  # fmt: skip


@EIGHTH
def test_a_forged_stroke_is_ignored(part: slice) -> None:
    cells = cells_of(PAINTED)
    page = open_app(link(text=TEXT, mask="custom", cells=cells))
    before = chart(page)
    for value in HOSTILE[part]:
        send(page, "painter", "paint", value)
        assert page.query_params["cells"] == cells, value
    for payload in ("null", "[]", "[1]", '{"event": "paint"}', '"paint"', '[{"event": []}]'):
        send_raw(page, "painter", payload)
    for payload in ("null", "[]", '{"paint": "1.gA"}', '{"mask": 3}'):
        report(page, "painter", payload)
    assert chart(page) == before


def test_a_stroke_of_another_size_than_the_sentence_is_kept_as_it_is() -> None:
    # A stroke may be on its way while the sentence changes.
    page = open_app(link(text="a b", mask="custom"))
    send(page, "painter", "paint", cells_of("111 001 101"))
    np.testing.assert_array_equal(allowed_in(page), grid("11 00"))
    assert page.query_params["cells"] == cells_of("111 001 101")


def test_on_the_page_of_encoder_and_decoder_there_are_no_masks_to_paint() -> None:
    page = open_pair(link(mask="custom", cells=cells_of("11 01"), span=4))
    assert notices(page) == [
        "The link asks for mask ` custom `; there are: none, causal, padding, causal + padding. "
        "Using causal + padding."
    ]
    assert control(page, "mask").value == "causal_padding"
    with pytest.raises(KeyError):
        control(page, "span")


def test_a_window_of_one_word_has_nothing_to_look_ahead_to() -> None:
    page = open_app(link(text=TEXT, mask="window", span=1))
    assert "look_ahead" not in [toggle.key for toggle in page.toggle]
    change(page, span=2)
    assert control(page, "look_ahead").value is False
    change(page, look_ahead=True, span=1)  # kept, out of sight
    assert "look_ahead" not in [toggle.key for toggle in page.toggle]
    change(page, mask="strided")
    assert control(page, "look_ahead").value is True
