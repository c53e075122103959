"""Pretrained: what it opens with, what it says of its numbers, and how models are changed."""

import base64

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import SENTENCE
from tests.ui.helpers import (
    alt,
    change,
    chart,
    control,
    go_back,
    go_to,
    header,
    is_drawn,
    labels,
    link,
    notices,
    numbers,
    open_app,
    strip,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    MARY,
    captions,
    looked_at,
    messages,
    needs_minilm,
    needs_smollm2,
    open_trained,
    tokens_of,
    weights_of,
)

pytestmark = [needs_minilm, needs_smollm2]

GAVE = 4502  # SmolLM2's " gave"
IT = {"minilm": (3, 1, 10, 2, 0.68), "smollm2": (13, 8, 8, 1, 0.75)}  # "it" looks at "animal"
MINILM_SAYS = (
    r"**Headlight** — **trained weights**: all-MiniLM-L6-v2, encoder, 6 layers × 12 heads, "
    "energies ÷ √32 "
)
SMOLLM2_SAYS = (
    r"**Headlight** — **trained weights**: SmolLM2-135M-Instruct, decoder, 30 layers × 9 heads, "
    "energies ÷ √64 "
)


def strip_weights(page: AppTest) -> np.ndarray:
    """What pointing at words shows, from 0 to 1."""
    shown = strip(page)
    fractions = np.frombuffer(base64.b64decode(shown["weights"]), "<u2") / 65535
    return fractions.reshape(len(shown["tokens"]), -1)


def check_it_finds_its_animal(page: AppTest, model: str) -> None:
    layer, head, it, animal, weight = IT[model]
    space = "␣" if model == "smollm2" else ""
    shown = strip(page)
    assert shown["tokens"] == tokens_of(model, SENTENCE)
    assert shown["chosen"] == it
    assert [shown["tokens"][i] for i in (it, animal)] == [f"{space}it", f"{space}animal"]
    row = strip_weights(page)[it]
    assert row.argmax() == animal
    assert row[animal] == pytest.approx(weight, abs=0.005)
    assert (
        shown["sentence"]
        == f"How much “{{token}}” attends to each word (layer {layer}, head {head})."
    )
    np.testing.assert_allclose(
        strip_weights(page), np.nan_to_num(weights_of(model, SENTENCE, layer)[head]), atol=1e-5
    )
    np.testing.assert_array_equal(numbers(page), weights_of(model, SENTENCE, layer))


def test_it_opens_where_it_finds_its_animal_and_the_link_says_so() -> None:
    page = open_trained()
    check_it_finds_its_animal(page, "minilm")
    assert page.query_params == {"layer": "3", "head": "1", "q": "10"}
    assert looked_at(page) == {"view": "heads", "layer": 3, "head": 1, "q": 10, "k": None}
    assert notices(page) == messages(page) == captions(page) == []
    assert control(page, "text").value == SENTENCE
    assert alt(page).startswith("weight in 12 pictures of 16 × 16 cells, from ")
    again = open_trained(**page.query_params)
    assert again.query_params == page.query_params
    np.testing.assert_array_equal(numbers(again), numbers(page))


def test_smollm2_opens_with_its_own_head_for_it() -> None:
    page = open_trained()
    change(page, model="smollm2")
    check_it_finds_its_animal(page, "smollm2")
    assert looked_at(page) == {"view": "heads", "layer": 13, "head": 8, "q": 8, "k": None}
    assert {"layer": "13", "head": "8", "q": "8"}.items() <= page.query_params.items()
    change(page, model="minilm")
    check_it_finds_its_animal(page, "minilm")
    assert {"layer": "3", "head": "1", "q": "10"}.items() <= page.query_params.items()


@pytest.mark.parametrize(("model", "says"), [("MiniLM", MINILM_SAYS), ("SmolLM2", SMOLLM2_SAYS)])
def test_the_label_says_that_weights_are_trained_and_the_badge_is_green(
    model: str, says: str
) -> None:
    page = open_trained(model=model, text=MARY)
    assert header(page).startswith(says)
    assert ":green-badge[" in header(page)
    difference = float(header(page).split("PyTorch: ")[1].rstrip("]"))
    assert 0 < difference < 1e-5
    assert "scaled_dot_product_attention" in page.markdown[0].help
    # Some of MiniLM's attentions are compared with nn.MultiheadAttention, too; a Llama's are not.
    assert ("isn't compared here" in page.markdown[0].help) == (model == "SmolLM2")


def test_the_axes_have_the_sub_words_with_the_vocabularys_spelling() -> None:
    page = open_trained(text="tokenization of it")
    assert labels(chart(page)["layout"]["xaxis"]) == [
        "[CLS] (position 0)",
        "token (position 1)",
        "##ization (position 2)",
        "of (position 3)",
        "it (position 4)",
        "[SEP] (position 5)",
    ]
    page = open_trained(model="smollm2", text="Tokenization of it")
    assert labels(chart(page)["layout"]["yaxis"]) == [
        "Token (position 0)",
        "ization (position 1)",
        "␣of (position 2, piece Ġof)",
        "␣it (position 3, piece Ġit)",
    ]


def test_a_sentence_brought_from_explore_is_not_told_where_to_look() -> None:
    page = open_app(link(text="so it goes", seed=7))
    go_to(page, "pretrained")
    assert control(page, "text").value == "so it goes"
    assert looked_at(page) == {"view": "heads", "layer": 0, "head": None, "q": None, "k": None}
    assert page.query_params == {"text": "so it goes"}
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", "so it goes", 0))
    assert notices(page) == []


def test_the_sentence_of_explore_is_told_where_to_look() -> None:
    page = open_app("heads=4")
    go_to(page, "pretrained")
    check_it_finds_its_animal(page, "minilm")
    go_to(page, "explore")
    assert control(page, "heads").value == 4  # and not the head of a trained model
    assert page.query_params == {"heads": "4"}


def test_a_link_that_asks_for_anything_is_not_told_where_to_look() -> None:
    page = open_trained("view=numbers")
    assert looked_at(page) == {"view": "numbers", "layer": 0, "head": None, "q": None, "k": None}


def test_the_page_is_as_it_was_left_when_it_is_come_back_to() -> None:
    page = open_trained("layer=2&head=5&view=one+head&words=true&special=false&rest=true")
    go_to(page, "explore")
    assert "words" not in page.query_params
    change(page, text="a new sentence")
    go_to(page, "pretrained")
    assert looked_at(page) == {"view": "head", "layer": 2, "head": 5, "q": None, "k": None}
    assert [value(page, key) for key in ("words", "special", "rest")] == [True, False, True]
    assert control(page, "text").value == "a new sentence"
    assert page.query_params["text"] == "a new sentence"


def test_typing_follows_each_key_press() -> None:
    page = open_trained("text=so")
    type_text(page, "so it goes")
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", "so it goes", 0))


# From one model to another.


def test_another_text_keeps_the_layer_and_forgets_what_was_looked_at() -> None:
    page = open_trained(text=MARY, layer=4, head=11, q=3, k=2, view="one head")
    change(page, model="smollm2")
    assert looked_at(page) == {"view": "head", "layer": 4, "head": 0, "q": None, "k": None}
    assert control(page, "text").value == MARY
    assert notices(page) == []


def test_what_the_page_chose_is_silently_gone_with_its_sentence() -> None:
    page = open_trained()
    change(page, text="so it goes")
    assert control(page, "q").value is None  # the opening's was 10, of a sentence of 16 tokens
    assert strip(page)["chosen"] is None
    assert notices(page) == []
    change(page, q=9)  # a person's own
    assert strip(page)["chosen"] == 4
    assert notices(page) == ["There is no query 9 in this sentence; showing the last one, 4."]
    change(page, text=SENTENCE, q=10)
    check_it_finds_its_animal(page, "minilm")


def test_a_layer_that_the_other_model_has_not_is_told() -> None:
    page = open_trained(model="SmolLM2", text=MARY, layer=29)
    assert notices(page) == []
    change(page, model="minilm")
    assert value(page, "layer") == control(page, "layer").value == 5
    assert page.query_params["layer"] == "5"
    assert notices(page) == ["There is no layer 29; showing the last one, layer 5."]
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", MARY, 5))


def test_what_a_model_wrote_and_lost_means_nothing_in_another() -> None:
    page = open_trained(
        model="SmolLM2", text=MARY, added=GAVE, removed="3.1,29.8", view="next token"
    )
    assert len(strip(page)["tokens"]) == 15
    change(page, model="minilm")
    assert [value(page, key) for key in ("added", "removed")] == ["", ""]
    assert not any(page.query_params.get(key) for key in ("added", "removed"))
    assert "removed" not in header(page)
    assert value(page, "view") == "similarity"
    assert notices(page) == []  # nobody asked it for a next token
    change(page, model="smollm2")
    assert value(page, "added") == ""
    assert value(page, "view") == "next"
    assert notices(page) == []


def test_the_second_sentence_comes_back_with_the_model_that_has_one() -> None:
    page = open_trained(text="A cat.", text2="A dog.", sentence=2, words=True)
    assert numbers(page)[0].shape == (5, 5)
    change(page, model="smollm2")
    assert not is_drawn(page, "text2")
    assert value(page, "text2") == page.query_params["text2"] == "A dog."
    assert strip(page)["tokens"] == ["A", "cat", "."]
    assert not is_drawn(page, "sentence")
    change(page, model="minilm")
    assert control(page, "text2").value == "A dog."
    assert control(page, "sentence").value == 1
    assert value(page, "words") is True


def test_back_and_forward_bring_each_models_own_numbers() -> None:
    page = open_trained(text=MARY, layer=2)
    change(page, model="smollm2")
    go_back(page, "pretrained", link(text=MARY, layer=2, view="similarity"))
    assert control(page, "model").value == "minilm"
    assert value(page, "view") == "similarity"
    forward = link(
        text=MARY, model="SmolLM2", layer=20, view="next token", added=GAVE, removed="1.2"
    )
    go_back(page, "pretrained", forward)
    assert looked_at(page)["layer"] == 20
    assert value(page, "view") == "next"
    assert strip(page)["tokens"] == [*tokens_of("smollm2", MARY), "␣gave"]
    assert "1 head removed" in header(page)
    assert notices(page) == []
    go_back(page, "pretrained", link(text=MARY, layer=2))
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", MARY, 2))
    assert "removed" not in header(page)
