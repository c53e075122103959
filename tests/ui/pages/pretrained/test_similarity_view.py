"""Similarity: two sentences as vectors, what each pair of words adds, and the best matches."""

import re

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import change, chart, labels, link, notices, numbers, strip, type_text
from tests.ui.pages.pretrained.helpers import (
    markdown,
    messages,
    needs_minilm,
    open_trained,
    run_model,
    tokens_of,
)

pytestmark = needs_minilm

CHART = "similarity_chart"
FIRST, SECOND = "Tokenization splits words.", "Someone plays music in front of people."
HINT = (
    "Type a second sentence on the left, or choose the example “Two sentences”, to see how "
    "similar the two are, and by which words."
)


def opened(first: str = FIRST, second: str = SECOND, **more: object) -> AppTest:
    return open_trained(text=first, text2=second, view="similarity", **more)


def vectors(*texts: str) -> list[torch.Tensor]:
    """The last vectors of each sentence's own tokens, each sentence by itself, in float64."""
    return [run_model("minilm", text)[1].trace.output[0].double() for text in texts]


def cosine(first: str, second: str) -> float:
    a, b = (each.mean(0) for each in vectors(first, second))
    return float(torch.nn.functional.cosine_similarity(a, b, dim=0))


def said(page: AppTest) -> float:
    return float(markdown(page, "**Similarity").split("**")[1].split()[1])


@pytest.mark.parametrize(
    ("first", "second"), [(FIRST, SECOND), (SECOND, FIRST), ("a", FIRST), (FIRST, FIRST)]
)
def test_it_is_the_cosine_of_the_mean_vectors_and_the_sum_of_the_cells(
    first: str, second: str
) -> None:
    page = opened(first, second)
    (cells,) = numbers(page, CHART)
    sides = [tokens_of("minilm", text) for text in (first, second)]
    assert cells.shape == tuple(map(len, sides))
    assert said(page) == pytest.approx(cosine(first, second), abs=6e-5)
    assert cells.astype(np.float64).sum() == pytest.approx(cosine(first, second), abs=1e-5)
    a, b = vectors(first, second)
    by_hand = (a[1] @ b[2]) / (len(a) * len(b) * a.mean(0).norm() * b.mean(0).norm())
    assert cells[1, 2] == pytest.approx(by_hand.item(), abs=1e-6)
    assert notices(page) == messages(page) == []
    if first == second:
        assert said(page) == 1


def test_the_axes_are_the_two_sentences() -> None:
    layout = chart(opened(), CHART)["layout"]
    assert layout["yaxis"]["title"]["text"] == "sentence 1"
    assert layout["xaxis"]["title"]["text"] == "sentence 2"
    for axis, text in (("yaxis", FIRST), ("xaxis", SECOND)):
        shown = [label.split(" (")[0] for label in labels(layout[axis])]
        assert shown == tokens_of("minilm", text)


def test_a_merged_words_cells_are_its_tokens_sum() -> None:
    (cells,) = numbers(opened(), CHART)
    (merged,) = numbers(opened(words=True), CHART)
    assert merged.shape == (cells.shape[0] - 1, cells.shape[1])  # token ##ization
    np.testing.assert_allclose(merged[1], cells[1] + cells[2], atol=1e-6)
    np.testing.assert_allclose(merged[2:], cells[3:], atol=1e-6)
    assert merged.sum() == pytest.approx(cells.sum(), abs=1e-6)
    (other_way,) = numbers(opened(SECOND, FIRST, words=True), CHART)  # merged in the columns
    np.testing.assert_allclose(other_way, merged.T, atol=1e-6)


def test_special_tokens_count_whether_they_are_hidden_or_not() -> None:
    (cells,) = numbers(opened(), CHART)
    (shown,) = numbers(opened(special=False, rest=True), CHART)
    np.testing.assert_array_equal(shown, cells)


def matches(page: AppTest) -> list[list[str]]:
    """The rows of the table of matching words."""
    (table,) = [m.value for m in page.markdown if m.value.startswith("| sentence 1")]
    return [
        [cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        for line in table.split("\n")[2:]
    ]


def test_special_tokens_match_nothing_on_either_side() -> None:
    for shown in (True, False):
        rows = matches(opened("a", "cats", special=shown))
        assert [row[:2] for row in rows] == [["a", "cats"]]  # [SEP] is nearer to both


def test_a_word_that_is_there_twice_carries_its_position() -> None:
    rows = matches(opened("a b a", "b a c"))
    assert sorted(row[:2] for row in rows) == [["a ·1", "a"], ["a ·3", "a"], ["b", "b"]]
    rows = matches(opened("Unbelievability, Unbelievability", "b", words=True))
    assert {row[0] for row in rows[:3]} == {"Unbelievabili… ·1", "Unbelievabili… ·7", ","}


def test_signs_in_the_table_of_matches_are_as_they_were_typed() -> None:
    first, second = opened("| -", "-"), opened("-", "| -")
    assert {row[0] for row in matches(first)} == {r"\|", "-"}  # a bar would end the cell
    assert [row[1] for row in matches(second)] == ["-"]


@pytest.mark.parametrize("texts", [("a", "\u0301"), ("\u0301", "a")])
def test_a_sentence_without_words_matches_nothing(texts: tuple[str, str]) -> None:
    page = opened(*texts)
    assert "One of the sentences has no words." in [m.value for m in page.markdown]
    assert said(page) == pytest.approx(cosine(*texts), abs=6e-5)


def test_the_value_says_that_it_adds() -> None:
    (tile,) = chart(opened(), CHART)["data"]
    assert tile["hovertemplate"].startswith(
        "<b>%{fullData.name}</b><br>sentence 1: %{y}<br>sentence 2: %{x}<br>adds <b>"
    )


def test_the_matches_are_each_words_nearest_by_cosine() -> None:
    rows = matches(opened(words=True))
    a, b = vectors(FIRST, SECOND)
    (one, two) = (run_model("minilm", text)[0][0] for text in (FIRST, SECOND))

    def mean(side: torch.Tensor, words: tuple[int, ...], word: int) -> torch.Tensor:
        return side[[i for i, w in enumerate(words) if w == word]].mean(0)

    expected = []
    for word, name in enumerate(one.word_texts):
        if name in ("[CLS]", "[SEP]"):
            continue
        near = [
            (float(torch.cosine_similarity(mean(a, one.words, word), mean(b, two.words, w), 0)), t)
            for w, t in enumerate(two.word_texts)
            if t not in ("[CLS]", "[SEP]")
        ]
        score, match = max(near)
        expected.append((score, [name, match, f"{score:.3f}".replace("-", "−")]))
    assert rows == [row for _score, row in sorted(expected, reverse=True)]


@pytest.mark.parametrize("second", ["", "   "])
def test_without_a_second_sentence_there_is_a_hint(second: str) -> None:
    page = opened(second=second)
    assert messages(page) == [HINT]
    assert not page.get("plotly_chart")
    change(page, text2=SECOND)
    assert messages(page) == []
    assert said(page) == pytest.approx(cosine(FIRST, SECOND), abs=6e-5)


def test_it_is_about_both_sentences_whichever_is_chosen() -> None:
    page = opened(sentence=2)
    np.testing.assert_array_equal(numbers(page, CHART), numbers(opened(), CHART))
    change(page, view="heads")
    assert strip(page)["tokens"][:3] == tokens_of("minilm", SECOND)[:3]


def test_it_follows_what_is_typed() -> None:
    page = opened()
    type_text(page, "A song is heard.")
    assert said(page) == pytest.approx(cosine("A song is heard.", SECOND), abs=6e-5)


def test_the_link_brings_it_back() -> None:
    page = opened(words=True)
    again = open_trained(link(**page.query_params))
    assert said(again) == said(page)
    np.testing.assert_array_equal(numbers(again, CHART), numbers(page, CHART))
