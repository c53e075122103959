"""The strip of tokens: what it is sent, so that a hover needs no server."""

import base64

import numpy as np
import pytest

from tests.defaults import run_of
from tests.ui.helpers import change, link, memory_of, open_app, strip
from viz.theme import DARK, LIGHT, Theme

TEXT = "the cat saw the dog"


def fractions(data: dict[str, object]) -> np.ndarray:
    """The weights that were sent, from 0 to 1."""
    text, tokens = data["weights"], data["tokens"]
    assert isinstance(text, str)
    assert isinstance(tokens, list)
    return np.frombuffer(base64.b64decode(text), "<u2").reshape(len(tokens), -1) / 65535


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_it_shows_the_mean_of_the_heads_until_one_is_chosen(mask: str) -> None:
    page = open_app(link(text=TEXT, mask=mask))
    weights = run_of(TEXT, mask=mask).attention().trace.weights[0].double().numpy()
    # Half of a 16-bit step; the screen shows tenths of a percent.
    np.testing.assert_allclose(fractions(strip(page)), weights.mean(axis=0), atol=0.51 / 65535)
    whose = "mean of the heads"
    assert strip(page)["hint"] == (
        f"Point at a word: how much it attends to each of the others ({whose})."
    )
    assert strip(page)["sentence"] == f"How much “{{token}}” attends to each word ({whose})."
    assert strip(page)["advice"] == "Click a word, a cell or a head's name to choose it."
    change(page, head=6)
    np.testing.assert_allclose(fractions(strip(page)), weights[6], atol=0.51 / 65535)
    assert "(head 6)" in strip(page)["hint"]
    assert "(head 6)" in strip(page)["sentence"]


@pytest.mark.parametrize(("mode", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_the_chosen_word_has_the_colour_of_queries(mode: str, theme: Theme) -> None:
    assert strip(open_app(link(text=TEXT, q=1), theme=mode))["color"] == theme.query


def test_a_weight_of_one_is_the_whole_and_a_masked_weight_nothing() -> None:
    sent = fractions(strip(open_app(link(text="a b", mask="causal"))))
    assert sent[0].tolist() == [1, 0]


def test_a_row_adds_up_to_one() -> None:
    sent = fractions(strip(open_app()))
    np.testing.assert_allclose(sent.sum(axis=1), 1, atol=12 / 65535)


def test_it_shows_the_sentence_that_is_looked_at_with_its_padding() -> None:
    page = open_app(link(text="a", text2=TEXT, sentence=2, head=1, mask="padding"))
    weights = run_of("a", TEXT, mask="padding").attention().trace.weights[:, 1].numpy()
    assert strip(page)["tokens"] == TEXT.split()
    assert strip(page)["real"] == 5
    np.testing.assert_allclose(fractions(strip(page)), weights[1], atol=0.51 / 65535)
    change(page, sentence=1)
    assert strip(page)["tokens"] == ["a", *["[PAD]"] * 4]
    assert strip(page)["real"] == 1
    np.testing.assert_allclose(fractions(strip(page)), weights[0], atol=0.51 / 65535)


def test_a_long_token_is_shortened_and_an_unseen_one_made_visible() -> None:
    page = open_app(link(text="x" * 60 + " \u200b", tokenizer="words"))
    assert strip(page)["tokens"] == ["x" * 39 + "…", "⟨U+200B⟩"]
    change(page, text="a b", tokenizer="characters")
    assert strip(page)["tokens"] == ["a", "␣", "b"]


def test_a_token_with_braces_does_not_disturb_the_sentence() -> None:
    page = open_app(link(text="{token} {whose} {"))
    assert strip(page)["sentence"] == (
        "How much “{token}” attends to each word (mean of the heads)."
    )


def test_it_shows_the_layer_that_is_looked_at_and_says_so() -> None:
    page = open_app(link(text=TEXT, layers=3, layer=2))
    weights = run_of(TEXT, layers=3).trace.encoder_self[2].weights[0].double().numpy()
    np.testing.assert_allclose(fractions(strip(page)), weights.mean(axis=0), atol=0.51 / 65535)
    assert "(layer 2, mean of the heads)" in strip(page)["hint"]
    change(page, head=1)
    np.testing.assert_allclose(fractions(strip(page)), weights[1], atol=0.51 / 65535)
    assert "(layer 2, head 1)" in strip(page)["sentence"]


def test_the_tests_have_no_strip() -> None:
    page = open_app(link(text=TEXT, view="tests"))
    assert "strip" not in [component.key for component in page.get("bidi_component")]
    change(page, view="layers")
    assert strip(page)["tokens"] == TEXT.split()


@pytest.mark.parametrize(
    ("mask", "hidden"),
    [
        ("none", ""),  # nothing is sent where nothing is hidden
        # Three rows of three: 011 001 000, the bits 1, 2 and 5, the lowest first: 38, and 0.
        ("causal", "JgA="),
    ],
)
def test_the_words_that_a_mask_hides_are_sent_as_bits(mask: str, hidden: str) -> None:
    assert strip(open_app(link(text="a b c", mask=mask)))["masked"] == hidden


def test_padding_is_hidden_from_every_word() -> None:
    # Rows of three: the second and third word are padding, 011 three times: bits 1 2 4 5 7 8.
    sent = strip(open_app(link(text="a", text2="a b c", mask="padding")))["masked"]
    assert base64.b64decode(sent) == bytes([2 + 4 + 16 + 32 + 128, 1])


def test_the_chosen_word_and_the_places_are_those_of_the_sentence() -> None:
    page = open_app(link(text="a b c", q=1))
    assert (strip(page)["chosen"], strip(page)["places"]) == (1, [0, 1, 2])
    change(page, view="heads")
    assert memory_of(page).strip_places == [0, 1, 2]
    assert strip(open_app(link(text="a b c")))["chosen"] is None
