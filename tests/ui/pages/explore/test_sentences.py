"""Sentences of every length, and several at once."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    alt,
    captions,
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
    stage_numbers,
    strip,
    type_text,
)
from viz.pooling import pool_extremes

ASKS = "Type a sentence above, or pick an example, to see its attention."


def infos(page: AppTest) -> list[str]:
    return [box.value for box in page.info]


@matrix(2, "view", ["heads", "head", "cell", "numbers"])
@matrix(2, "text", ["", "   ", "\t\n\u3000"])
def test_an_empty_sentence_asks_for_one_in_every_view(text: str, view: str) -> None:
    page = open_app(link(text=text, view=view, q=1, mask="causal"))
    assert infos(page) == [ASKS]
    assert not page.get("plotly_chart")
    assert not page.dataframe
    assert notices(page) == []
    assert "PyTorch" not in header(page)
    change(page, text="now there is one")
    assert infos(page) == []


def test_typing_the_sentence_away_and_anew_leaves_no_trace() -> None:
    page = open_app("text=a+b")
    type_text(page, "")
    assert infos(page) == [ASKS]
    assert not page.get("plotly_chart")
    type_text(page, "c")
    assert infos(page) == []
    np.testing.assert_array_equal(numbers(page), run_of("c").attention().field("weights"))


def test_one_token_attends_to_itself_alone() -> None:
    page = open_app("text=hello&mask=causal")
    np.testing.assert_array_equal(numbers(page), np.ones((8, 1, 1)))
    assert alt(page) == (
        "weight in 8 pictures of 1 × 1 cells, from 1 to 1. Furthest from zero: 1, "
        "in Head 0, query hello (position 0), key hello (position 0)."
    )
    assert notices(page) == []


def test_512_tokens_are_all_there_pooled_and_the_caption_says_how() -> None:
    text = " ".join(f"w{i}" for i in range(512))
    page = open_app(link(text=text, heads=2, embed_size=8))
    weights = run_of(text, heads=2, embed_size=8).attention().field("weights")
    shown = np.array(numbers(page))
    block = -(-512 // shown.shape[1]), -(-512 // shown.shape[2])
    assert max(block) > 1
    np.testing.assert_array_equal(shown, pool_extremes(weights, *block))
    assert captions(page) == [
        "Pooled to fit the screen: each cell shows the value furthest from zero among "
        f"{block[0]} × {block[1]} numbers."
    ]
    assert notices(page) == []
    assert len(strip(page)["tokens"]) == 512
    assert f"{weights.max():.3g}, in Head" in alt(page)


def test_a_picture_that_is_not_pooled_has_no_caption() -> None:
    assert not captions(open_app("text=a+b+c"))


@pytest.mark.parametrize(
    ("count", "notice"),
    [
        (512, None),
        (513, "Sentences are cut after 512 tokens: 1 token was left out."),
        (600, "Sentences are cut after 512 tokens: 88 tokens were left out."),
    ],
)
def test_tokens_beyond_the_limit_are_left_out_and_counted(count: int, notice: str | None) -> None:
    page = open_app(link(text="w " * count, heads=1, embed_size=8, view="head"))
    assert notices(page) == ([notice] if notice else [])
    assert len(strip(page)["tokens"]) == 512


def test_what_all_sentences_leave_out_is_counted_together() -> None:
    page = open_app(link(text="w " * 520, text2="v " * 530, heads=1, embed_size=8, view="head"))
    assert notices(page) == ["Sentences are cut after 512 tokens: 26 tokens were left out."]


def test_the_limit_of_characters_comes_before_the_limit_of_tokens() -> None:
    page = open_app(link(text="abcdefghi " * 2001, heads=1, embed_size=8, view="head"))
    assert notices(page) == [
        "The link's text has 20010 characters; the first 20000 are used.",
        "Sentences are cut after 512 tokens: 1488 tokens were left out.",
    ]


BATCH = {"text": "a b c", "text2": "d", "text3": "e f", "text4": "g h i j"}


def test_four_sentences_are_one_batch_each_padded_to_the_longest() -> None:
    page = open_app(link(**BATCH))
    run = run_of(*BATCH.values())
    own = (3, 1, 2, 4)
    for number, (text, real) in enumerate(zip(BATCH.values(), own, strict=True), start=1):
        change(page, sentence=number)
        expected = run.attention().trace.weights[number - 1].numpy()
        assert expected.shape == (8, 4, 4)
        np.testing.assert_array_equal(numbers(page), expected)
        tokens = text.split() + ["[PAD]"] * (4 - real)
        assert strip(page)["tokens"] == tokens
        assert strip(page)["real"] == real
        said = [f"{token} (position {i})" for i, token in enumerate(tokens)]
        assert labels(chart(page)["layout"]["yaxis"]) == said
    assert notices(page) == []


@pytest.mark.parametrize("mask", ["padding", "causal_padding"])
def test_under_the_padding_mask_nobody_attends_to_the_padding(mask: str) -> None:
    page = open_app(link(**BATCH, mask=mask, sentence=2))
    run = run_of(*BATCH.values(), mask=mask)
    shown = np.array(numbers(page))
    np.testing.assert_array_equal(
        shown, masked(run.attention(sentence=1).field("weights"), run.attention(sentence=1).allowed)
    )
    assert np.isnan(shown[:, :, 1:]).all()
    np.testing.assert_array_equal(shown[:, :, 0], 1)
    assert notices(page) == []


def test_a_single_sentence_has_no_chooser_and_a_second_brings_one() -> None:
    page = open_app("text=a")
    with pytest.raises(KeyError):
        control(page, "sentence")
    change(page, text2="b c")
    assert control(page, "sentence").options == ["1", "2"]
    assert control(page, "sentence").value == 1
    change(page, text3="d")
    assert control(page, "sentence").options == ["1", "2", "3"]
    change(page, sentence=3)
    assert strip(page)["tokens"] == ["d", "[PAD]"]


def test_a_sentence_that_is_taken_away_while_shown_gives_way_to_the_last() -> None:
    page = open_app(link(**BATCH, sentence=4))
    change(page, text4="")
    assert control(page, "sentence").value == 3
    assert notices(page) == ["There is no sentence 4; showing sentence 3."]
    assert strip(page)["tokens"] == ["e", "f", "[PAD]"]
    change(page, sentence=1)
    assert notices(page) == []
    change(page, text2="", text3="  ")
    with pytest.raises(KeyError):
        control(page, "sentence")
    np.testing.assert_array_equal(numbers(page), run_of("a b c").attention().field("weights"))
    assert notices(page) == []


EMPTY_FIRST = {"text": "", "text2": "a b c"}


@pytest.mark.parametrize(("mask", "count"), [("padding", 3), ("causal_padding", 3)])
def test_queries_with_nothing_to_attend_to_are_counted_and_have_no_weight(
    mask: str, count: int
) -> None:
    page = open_app(link(**EMPTY_FIRST, mask=mask))
    assert notices(page) == [
        f"{count} queries have nothing to attend to under this mask: their weights and "
        "their head outputs are zero."
    ]
    assert np.isnan(numbers(page)).all()
    assert alt(page) == "weight: everything is masked."
    change(page, stage="head_outputs")
    np.testing.assert_array_equal(numbers(page), np.zeros((8, 3, 8)))
    assert strip(page)["tokens"] == ["[PAD]"] * 3
    assert strip(page)["real"] == 0
    change(page, sentence=2)  # the notice is about the batch
    assert len(notices(page)) == 1
    assert np.isfinite(np.array(numbers(page))).all()
    change(page, mask="none")
    assert notices(page) == []


def test_a_single_query_with_nothing_to_attend_to_is_told_in_the_singular() -> None:
    page = open_app(link(text="", text2="a", mask="padding"))
    assert notices(page) == [
        "1 query has nothing to attend to under this mask: its weights and its head outputs "
        "are zero."
    ]


def test_a_sentence_of_padding_alone_has_no_statistics() -> None:
    page = open_app(link(**EMPTY_FIRST, mask="padding", view="numbers"))
    assert "This sentence has no tokens of its own." in [c.value for c in page.caption]
    assert len(page.dataframe) == 1
    weights = stage_numbers(page)
    assert set(weights["query_token"]) == {"[PAD]"}
    assert (weights["weight"] == 0).all()


def test_in_one_sentence_no_mask_leaves_a_query_without_keys() -> None:
    for mask in ("causal", "padding", "causal_padding"):
        assert notices(open_app(link(text="a b c", mask=mask))) == []
