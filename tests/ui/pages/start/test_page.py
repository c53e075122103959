"""Start: one sentence, who looks at whom in it, as arcs and as a heatmap's row."""

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.pretrained.base import ModelUnavailableError
from tests.defaults import SENTENCE, run_of
from tests.ui.helpers import (
    change,
    chart,
    checked,
    control,
    go_back,
    go_to,
    link,
    notices,
    numbers,
    open_app,
    rerun_fragment,
    send,
)
from tests.ui.pages.pretrained.helpers import needs_minilm, run_model
from ui.runs import model_store

FIRST = "first"  # the first address, as Streamlit's own hash has it
WORDS = "The animal didn't cross the street because it was too tired .".split()  # noqa: SIM905
SISTER = "My sister lost her keys, so she called her husband."
# Of MiniLM's tokens of SENTENCE, [CLS] the animal didn ' t cross ..., those of each word.
TOKENS = [[1], [2], [3, 4, 5], [6], [7], [8], [9], [10], [11], [12], [13], [14]]


def open_start(query: str = "") -> AppTest:
    return open_app(query, path=FIRST)


def arcs(at: AppTest) -> dict[str, Any]:
    """What the arcs were given."""
    (element,) = (each for each in at.get("bidi_component") if each.key == "arcs")
    data: dict[str, Any] = json.loads(element.proto.bytes)
    return data


def said(at: AppTest) -> str:
    """The sentence on the word that is chosen."""
    data = arcs(at)
    return str(data["said"][data["chosen"]])


def is_start(at: AppTest) -> bool:
    return "say" in {each.key for each in at.text_input}


@needs_minilm
def test_it_finds_its_animal_in_the_models_own_numbers() -> None:
    at = open_start()
    _subwords, run = run_model("minilm", SENTENCE)
    weights = run.trace.encoder_self[3].weights[0, 1].numpy()
    merged = [[weights[np.ix_(q, k)].sum() / len(q) for k in TOKENS] for q in TOKENS]
    (drawn,) = numbers(at, "start_chart")
    np.testing.assert_allclose(drawn, merged, atol=1e-6)
    assert arcs(at)["words"] == WORDS
    assert said(at) == "it → animal 68%"
    assert arcs(at)["rest"][7] == (
        "Then it 6%, street 5%, The 4%. 11% rests on the marks that the model puts around a "
        "sentence."
    )
    assert [each.value for each in at.title] == [
        "Attention is how much each word looks at every other word."
    ]
    assert at.query_params == {}


@needs_minilm
def test_the_row_of_the_word_is_framed() -> None:
    def framed(query: str) -> list[str]:
        return [
            shape["path"] for shape in chart(open_start(query), "start_chart")["layout"]["shapes"]
        ]

    assert len(framed("")) == 1
    assert framed("") == framed("word=7") != framed("word=6")


@needs_minilm
def test_random_weights_are_explores_and_the_word_stays() -> None:
    at = open_start()
    change(at, trained=False)
    (drawn,) = numbers(at, "start_chart")
    np.testing.assert_array_equal(drawn, run_of(SENTENCE).attention().field("weights")[0])
    assert arcs(at)["words"][arcs(at)["chosen"]] == "it"
    assert any("nothing has been learnt" in each.value for each in at.markdown)
    assert at.query_params == {"trained": "false"}


@needs_minilm
def test_another_sentence_shows_the_word_with_most_to_tell() -> None:
    at = open_start()
    control(at, "say").set_value(SISTER)
    rerun_fragment(at, at.run)
    assert said(at) == "her → keys 74%"
    assert at.query_params == {"say": SISTER}


@needs_minilm
def test_a_click_chooses_a_word_until_it_is_typed_over() -> None:
    at = open_start()
    send(at, "arcs", "pick", 3)
    assert said(at) == "cross → street 60%"
    assert at.query_params == {"word": "3"}
    control(at, "say").set_value(SENTENCE + " Yes!")
    rerun_fragment(at, at.run)
    assert (arcs(at)["chosen"], at.query_params["word"]) == (3, "3")
    control(at, "say").set_value(SISTER)
    rerun_fragment(at, at.run)
    assert said(at) == "her → keys 74%"
    assert at.query_params == {"say": SISTER}
    go_back(at, FIRST, "word=3")
    assert said(at) == "cross → street 60%"


@needs_minilm
def test_a_cell_of_the_heatmap_chooses_its_row() -> None:
    at = open_start()
    cell = {"chart": "start_chart", "tile": 0, "row": 3, "column": 5}
    send(at, "chart_clicks", "cell", cell)
    assert said(at) == "cross → street 60%"


@pytest.mark.parametrize("picked", [-1, 12, 1e300, None, "7", [7], {"word": 7}])
def test_a_word_that_nobody_can_click_changes_nothing(picked: object) -> None:
    at = open_start()
    before = arcs(at)["chosen"]
    send(at, "arcs", "pick", picked)
    assert arcs(at)["chosen"] == before


def test_a_word_that_is_not_there_is_told() -> None:
    at = open_start(link(say="a b", word=7))
    assert notices(at) == [
        "There is no word 7 in this sentence; showing the one with most to tell."
    ]
    assert at.query_params == {"say": "a b"}


@pytest.mark.parametrize(
    "text",
    ["<b>x</b> & [y](z) $\\alpha$", "\u202egnitirw \x00 \u200b", "我喜欢猫", "🧡" * 9, "a" * 900],
)
def test_any_text_is_words(text: str) -> None:
    at = open_start(link(say=text))
    assert len(arcs(at)["words"]) == len(numbers(at, "start_chart")[0]) > 0
    assert at.error.len == 0


@pytest.mark.parametrize("text", ["", "   "])
def test_without_a_word_it_asks_for_one(text: str) -> None:
    at = open_start(link(say=text))
    assert [each.value for each in at.info] == [
        "Type a sentence: who looks at whom in it is drawn here."
    ]
    control(at, "say").set_value("a b")
    assert arcs(checked(at.run()))["words"] == ["a", "b"]


def test_without_the_model_it_says_why_the_weights_are_random(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(choice: str, progress: object) -> None:
        raise ModelUnavailableError("minilm.none", "MiniLM isn't installed")

    monkeypatch.setattr(model_store, "_models", None)
    monkeypatch.setattr(model_store, "_load", refuse)
    at = open_start()
    (drawn,) = numbers(at, "start_chart")
    np.testing.assert_array_equal(drawn, run_of(SENTENCE).attention().field("weights")[0])
    (why,) = (each.value for each in at.info)
    assert "random, so who looks at whom means nothing yet: MiniLM isn't installed" in why
    assert "learn" in [each.proto.page.rpartition("/")[2] for each in at.get("page_link")]


# Every parameter that Explore ever had; its first address was this one.
EXPLORES = """text text2 text3 text4 heads embed_size layers layer mask span look_ahead cells
projection scale temperature tokenizer vectors positions norm_order activation seed weights view
stage overview head_scale sentence head q k test changed other shuffle same_word color_scale
color_end""".split()  # noqa: SIM905


@pytest.mark.parametrize("key", EXPLORES)
def test_an_old_link_shows_explore_in_place(key: str) -> None:
    at = open_start(f"{key}=1&utm=2")
    assert "text" in [each.key for each in at.text_input]
    assert at.query_params.keys() - {"utm"}  # a reload shows the same page


@pytest.mark.parametrize("query", ["", "lang=en", "present=true", "embed=true", "utm=2", "say=a"])
def test_other_parameters_stay_on_the_start_page(query: str) -> None:
    assert is_start(open_start(query))


def test_explore_in_place_is_known_by_its_address_even_with_all_defaults() -> None:
    at = open_start("heads=4")
    change(at, heads=8)
    assert at.query_params == {"view": "heads"}
    assert is_start(go_to(at, "start"))
    assert at.query_params == {}


def test_the_sentence_comes_along_to_explore_and_back() -> None:
    at = open_start(link(say="a b c"))
    go_to(at, "explore")
    assert (control(at, "text").value, at.query_params) == ("a b c", {"text": "a b c"})
    change(at, text="d e")
    go_to(at, FIRST)
    assert (control(at, "say").value, at.query_params) == ("d e", {"say": "d e"})
