"""A page for a class, and with a teacher's choice of controls: what is drawn of it, and said."""

import io
import re
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lessons.shelf import lessons
from model.masks import encode_cells
from tests.ui.conftest import Download
from tests.ui.helpers import (
    chart,
    is_drawn,
    link,
    notices,
    numbers,
    open_app,
    report,
    send,
    send_raw,
    type_text,
    value,
)
from ui.frame.page import Page
from ui.lesson.controls import controls_of
from ui.pages import PAGES

CHART = "lesson_chart"


def said(at: AppTest) -> str:
    return " ".join(str(element.value) for element in at.markdown)


def trace_of(download: Download, query: str) -> Any:
    """What the downloaded file of this link holds."""
    open_app(query)
    _name, data = download("download_npz")
    return np.load(io.BytesIO(data))


def presented(path: str = "explore", **more: object) -> AppTest:
    return open_app(link(present="true", **more), path=path)


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.source is not None])
def test_a_class_sees_one_picture_of_two_heads_and_no_sidebar(page: str) -> None:
    at = presented(page)
    assert not at.sidebar.children
    assert 1 <= len(numbers(at, "learn_chart" if page == "learn" else CHART)) <= 2
    assert not at.tabs
    assert not is_drawn(at, "view")
    assert is_drawn(at, "text")


@pytest.mark.parametrize("view", ["heads", "head", "cell", "layers", "tests", "numbers"])
def test_whatever_the_view_a_class_sees_the_picture(view: str) -> None:
    at = presented(view=view, layers=3)
    assert 1 <= len(numbers(at, CHART)) <= 2


def test_shown_are_the_two_heads_whose_words_look_most_at_one_other(download: Download) -> None:
    at = presented()
    weights = trace_of(download, "")["weights"][0]
    sharpest = sorted(range(8), key=lambda head: -weights[head].max(axis=1).mean())[:2]
    shown = numbers(at, CHART)
    for matrix, head in zip(shown, sorted(sharpest), strict=True):
        np.testing.assert_array_equal(matrix, weights[head])
    # The sentence to say is about the first of them, and the query whose row is framed.
    head = min(sharpest)
    looks = weights[head] * (1 - np.eye(len(weights[head])))
    query = int(looks.max(axis=1).argmax())
    sentence = "The animal didn't cross the street because it was too tired ."
    words = sentence.split(" ")
    key = int(weights[head][query].argmax())
    share = round(100 * float(weights[head][query, key]))
    expected = f"Head {head}: “{words[query]}” looks most at “{words[key]}”: {share}%."
    assert said(at).replace("\\", "") == expected
    assert len(chart(at, CHART)["layout"]["shapes"]) == 1


def test_cells_say_their_weights() -> None:
    at = presented(text="the cat sat", head=3)
    (matrix,) = numbers(at, CHART)
    (trace,) = chart(at, CHART)["data"]
    assert trace["text"] == [[f"{round(100 * float(w))}%" for w in row] for row in matrix]


def test_of_a_chosen_key_the_whole_way_to_its_weight_is_said(download: Download) -> None:
    chosen = {"text": "the cat sat", "head": 1, "q": 2, "k": 1}
    at = presented(**chosen)
    arrays = trace_of(download, link(**chosen))
    energy, score, weight = (
        float(arrays[name][0, 1, 2, 1]) for name in ("energy", "scores", "weights")
    )
    minus = "−"
    expected = (
        f"Head 1, “sat” on “cat”: q·k is {energy:.2f}; divided by √8 the score is {score:.2f}; "
        f"after softmax {100 * weight:.1f}%."
    ).replace("-", minus)
    assert said(at).replace("-", minus) == expected


def test_a_word_that_may_look_at_nothing_is_said_so() -> None:
    cells = encode_cells(np.array([[True, False], [False, False]]))
    at = presented(text="the cat", mask="custom", cells=cells, head=0, q=1)
    assert said(at) == "Head 0: “cat” may look at nothing."


def test_typing_is_followed() -> None:
    at = type_text(presented(heads=1), "red fish")
    (matrix,) = numbers(at, CHART)
    assert matrix.shape == (2, 2)
    assert re.search("“(red|fish)” looks most at “(red|fish)”", said(at))


def test_an_empty_sentence_keeps_its_field() -> None:
    at = presented(text="")
    assert is_drawn(at, "text")
    assert [info.value for info in at.info] == ["Type a sentence above."]
    assert not at.get("plotly_chart")


def test_the_next_head_is_a_key_away_and_after_the_last_one_come_two() -> None:
    at = presented(heads=2)
    seen = []
    for _press in range(4):
        at = send(at, "presenter", "head", 1)
        seen.append(value(at, "head"))
    assert seen == [0, 1, None, 0]
    assert len(numbers(at, CHART)) == 1


def test_on_compare_the_key_goes_through_the_pairs() -> None:
    at = presented("compare")
    seen = []
    for _press in range(9):
        at = send(at, "presenter", "head", 1)
        seen.append(value(at, "head"))
    assert seen == [1, 2, 3, 4, 5, 6, 7, 0, 1]
    assert len(numbers(at, "compare_a")) == len(numbers(at, "compare_b")) == 1


def sizes(at: AppTest) -> tuple[int, int]:
    """The height of the picture, and of its letters."""
    layout = chart(at, CHART)["layout"]
    return round(layout["height"]), layout["font"]["size"]


def test_letters_grow_with_the_window_and_by_a_key() -> None:
    at = presented()
    usual = sizes(at)
    assert usual[1] == 20
    at = report(at, "presenter", '{"window": [1920, 1080]}')
    large = sizes(at)
    assert large[1] == 28  # 20 × 1080 / 768
    assert large[0] / usual[0] == pytest.approx(1080 / 768, abs=0.01)
    for by, size in ((1, 31), (1, 34), (-1, 31), (-1, 28), (-1, 26)):
        at = send(at, "presenter", "size", by)
        assert sizes(at)[1] == size
    for _press in range(20):
        at = send(at, "presenter", "size", 1)
    assert sizes(at)[1] == round(28.125 * 1.1**4)


@pytest.mark.parametrize(
    "window", ['"a"', "null", "[]", "[1, 1]", "[1e9, 768]", '["1366", "768"]', "[1366]", '{"a": 1}']
)
def test_a_window_that_none_can_have_is_taken_for_the_usual_one(window: str) -> None:
    at = presented()
    usual = sizes(at)
    assert sizes(report(at, "presenter", f'{{"window": {window}}}')) == usual


@pytest.mark.parametrize("payload", ['"x"', "null", "[]", '{"size": 1}', "1e999", "5"])
def test_forged_keys_change_nothing(payload: str) -> None:
    at = presented()
    usual = sizes(at)
    at = send_raw(at, "presenter", f'[{{"event": "size", "value": {payload}}}]')
    assert sizes(at) == usual


def test_the_key_out_brings_the_whole_page_back() -> None:
    at = send(presented(heads=4), "presenter", "leave", 1)
    assert is_drawn(at, "view")
    assert value(at, "present") is False
    assert link(**at.query_params) == "heads=4"


def test_the_start_page_is_presented_at_its_own_address() -> None:
    at = open_app("present=true", path="")
    assert at.title[0].value.startswith("Attention is how much")
    assert is_drawn(at, "say")
    assert not at.get("plotly_chart")


def test_a_lesson_is_presented_with_what_is_to_be_said_below() -> None:
    step = lessons()["scale"].steps[0]
    at = presented(lesson="scale")
    assert at.subheader[0].value == step.heading
    assert step.text in said(at).replace("\\", "")
    at = presented(lesson="scale", revealed="true")
    assert "It is: " in said(at)
    assert step.text not in said(at).replace("\\", "")
    assert chart(at, CHART)["layout"]["font"]["size"] == 20


# ----------------------------------------------------------------------------- few controls


def test_only_the_controls_that_a_link_names_are_there() -> None:
    at = open_app(link(only="heads,mask"))
    assert is_drawn(at, "heads")
    assert is_drawn(at, "mask")
    for other in ("text", "embed_size", "layers", "view", "stage", "seed"):
        assert not is_drawn(at, other), other
    assert not at.sidebar.children
    assert len(numbers(at)) == 8


def test_they_work_and_the_view_stays_as_the_link_has_it() -> None:
    at = open_app(link(only="head,text", view="head", head=2))
    assert "**Head 2**" in said(at)
    (field,) = [each for each in at.number_input if each.key == "head"]
    at = field.set_value(5).run()
    assert "**Head 5**" in said(at)
    assert value(at, "only") == "head,text"


def test_controls_that_a_page_has_not_are_named() -> None:
    at = open_app(link(only="heads,wings,embed"))
    assert is_drawn(at, "heads")
    assert any("wings, embed" in notice for notice in notices(at)), notices(at)


def test_a_link_with_none_of_the_pages_controls_shows_the_page_and_says_so_once() -> None:
    at = open_app(link(only="wings"))
    assert len(numbers(at)) == 8
    assert is_drawn(at, "heads")
    assert any("wings" in notice for notice in notices(at)), notices(at)
    assert link(**at.query_params) == ""


def test_all_controls_are_a_press_away() -> None:
    at = open_app(link(only="heads", heads=4))
    (button,) = [each for each in at.button if each.key == "all_controls"]
    at = button.click().run()
    assert is_drawn(at, "view")
    assert link(**at.query_params) == "heads=4"


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_page_takes_a_choice_of_controls(page: Page) -> None:
    at = open_app(link(only=",".join((*controls_of(page)[:2], "wings"))), path=page.name)
    assert bool(at.sidebar.children) == (not controls_of(page) and page.name != "start")
    assert any("wings" in notice for notice in notices(at))
    assert not at.error
