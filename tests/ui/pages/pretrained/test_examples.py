"""Pretrained's examples: each sets what it says, and nothing of the text before is left."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import SENTENCE
from tests.matrix import matrix
from tests.ui.helpers import change, control, header, link, notices, strip, value
from tests.ui.pages.pretrained.helpers import (
    MARY,
    NAMES,
    captions,
    messages,
    needs_minilm,
    needs_smollm2,
    only_token,
    open_trained,
    run_model,
)
from ui.pages.pretrained.controls import EXAMPLES

pytestmark = [needs_minilm, needs_smollm2]

SETS: dict[tuple[str, str], dict[str, Any]] = {
    ("minilm", "“it” finds its animal"): {"text": SENTENCE, "layer": 3, "head": 1, "q": 10},
    ("minilm", "Two sentences"): {
        "text": "A man plays the guitar on a stage.",
        "text2": "Someone makes music in front of people.",
        "view": "similarity",
        "words": True,
    },
    ("minilm", "A bank by the river"): {
        "text": "He sat on the bank of the river.",
        "text2": "She put her money in the bank.",
        "view": "similarity",
        "words": True,
    },
    ("minilm", "Long words"): {
        "text": "Tokenization splits unbelievably long words into subwords.",
        "words": True,
    },
    ("minilm", "Chinese"): {"text": "我喜欢猫，因为猫很安静。"},
    ("smollm2", "“it” finds its animal"): {"text": SENTENCE, "layer": 13, "head": 8, "q": 8},
    ("smollm2", "Who gets the drink?"): {
        "text": MARY,
        "view": "writers",
        "layer": 29,
        "head": 1,
    },
    ("smollm2", "Repetition"): {
        "text": "The blue tiger ate a lemon. The blue tiger ate a",
        "view": "next",
    },
    ("smollm2", "A capital"): {"text": "The capital of France is", "view": "next"},
    ("smollm2", "Emoji in bytes"): {"text": "I love 🧡 and 猫"},
}
OTHERWISE: dict[str, Any] = {
    "text2": "", "view": "heads", "layer": 0, "head": None, "q": None, "k": None, "sentence": 1,
    "words": False, "added": "", "removed": "", "token": None, "against": None,
}  # fmt: skip
# What was chosen before, and belonged to another text.
BEFORE: dict[str, dict[str, Any]] = {
    "minilm": {"text2": "Something else.", "sentence": 2, "view": "numbers", "layer": 5,
               "head": 7, "q": 2, "k": 3, "words": True},
    "smollm2": {"text2": "Something else.", "view": "cell", "layer": 29, "head": 7, "q": 2, "k": 3,
                "words": True, "added": "260,314", "removed": "3.1,4.0", "token": 5, "against": 6},
}  # fmt: skip
EXPECTED = {  # the likeliest next tokens
    "Repetition": "␣lemon",
    "A capital": "␣Paris",
}


def take(page: AppTest, name: str) -> AppTest:
    control(page, "example").set_value(name)
    page.run()
    assert not page.exception
    return page


def test_these_are_all_of_them() -> None:
    assert set(SETS) == {(model, name) for model in EXAMPLES for name in EXAMPLES[model]}


@matrix(3, ("model", "name"), SETS)
def test_an_example_sets_what_it_says_and_what_was_before_is_gone(model: str, name: str) -> None:
    page = open_trained(text="Something.", model=NAMES[model], **BEFORE[model])
    assert notices(page) == []
    take(page, name)
    expected = {**OTHERWISE, **SETS[model, name]}
    assert {key: value(page, key) for key in expected} == expected
    assert value(page, "model") == model
    assert "removed" not in header(page)
    assert control(page, "example").value is None  # so that it can be taken again
    assert not any(page.query_params.get(key) for key in ("added", "removed"))
    # The link brings it back, as it is.
    again = open_trained(link(**{**page.query_params, "model": NAMES[model]}))
    assert {key: value(again, key) for key in expected} == expected
    assert value(again, "text") == SETS[model, name]["text"]
    shown = [element.key for element in page.get("plotly_chart")]
    assert [element.key for element in again.get("plotly_chart")] == shown
    assert len(shown) == 1


@pytest.mark.parametrize("name", EXPECTED)
def test_what_comes_next_is_what_anybody_would_say(name: str) -> None:
    page = take(open_trained(model="SmolLM2"), name)
    (first,) = [each.label for each in page.button if each.key == "write_0"]
    assert first.replace("\\", "") == EXPECTED[name]


def test_who_gets_the_drink_opens_with_the_head_that_writes_most_of_mary() -> None:
    page = take(open_trained(model="SmolLM2"), "Who gets the drink?")
    (token,) = [each.value for each in page.selectbox if each.key == "token_choice"]
    assert token == only_token("smollm2", " Mary")
    layer, head = value(page, "layer"), value(page, "head")
    first = next(each for each in page.button if str(each.key).startswith("writer_"))
    assert first.label == f"Layer {layer} · head {head}: +2.17"


def test_the_head_that_writes_most_of_mary_is_missed_and_one_that_writes_nothing_more() -> None:
    mary = only_token("smollm2", " Mary")

    def chance(*removed: tuple[int, int]) -> float:
        logits = run_model("smollm2", MARY, removed=frozenset(removed))[1].next_logits
        assert logits is not None
        return float(logits[0].softmax(0)[mary])

    chances = [chance(), chance((29, 1)), chance((1, 5))]
    assert chances == pytest.approx([0.923, 0.725, 0.654], abs=2e-3)


def test_chinese_that_minilm_does_not_know_is_told() -> None:
    page = take(open_trained(), "Chinese")
    (said,) = notices(page)
    assert said == (
        "all-MiniLM-L6-v2 has no token for ` 喜 `, ` 欢 `, ` 猫 `, ` 因 `, ` 为 `, ` 很 `, ` 静 `: "
        "they become [UNK], the same for all."
    )
    assert strip(page)["tokens"].count("[UNK]") == 8
    change(page, words=True)
    assert "[UNK]" not in strip(page)["tokens"]
    assert "猫" in strip(page)["tokens"]


def test_an_emoji_is_read_in_bytes() -> None:
    page = take(open_trained(model="SmolLM2"), "Emoji in bytes")
    assert notices(page) == [
        "SmolLM2-135M-Instruct has no token for ` 🧡 `, ` 猫 `: it reads their bytes, several "
        "tokens to a character (1/3, 2/3 ...)."
    ]
    assert strip(page)["tokens"] == [
        "I", "␣love", "␣🧡 1/3", "🧡 2/3", "🧡 3/3", "␣and", "␣猫 1/3", "猫 2/3", "猫 3/3",
    ]  # fmt: skip
    change(page, words=True)
    assert strip(page)["tokens"] == ["I", "love", "🧡", "and", "猫"]
    assert captions(page) != messages(page) == []


def test_joiners_between_emoji_are_not_named() -> None:
    page = open_trained(model="SmolLM2", text="👨\u200d👩 \u200d x\u202ey")
    assert strip(page)["tokens"].count("U+200D 2/2") == 2
    assert notices(page) == [
        "SmolLM2-135M-Instruct has no token for ` 👨 `, ` 👩 `: it reads their bytes, several "
        "tokens to a character (1/3, 2/3 ...)."
    ]
    assert notices(open_trained(model="SmolLM2", text="a\u200db")) == []


def test_the_examples_are_those_of_the_model() -> None:
    page = open_trained()
    for model in ("minilm", "smollm2", "minilm"):
        change(page, model=model)
        assert control(page, "example").options == list(EXAMPLES[model])


def test_an_example_after_writing_has_nothing_of_what_was_written() -> None:
    page = open_trained(model="SmolLM2", text=MARY, view="next token")
    next(each for each in page.button if each.key == "write_0").click().run()
    assert page.query_params["added"] == str(only_token("smollm2", " Mary"))
    take(page, "A capital")
    assert strip(page)["tokens"] == ["The", "␣capital", "␣of", "␣France", "␣is"]
    assert value(page, "q") is None
