"""What is chosen by clicks; and that nothing which a browser may send can break the page."""

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import run_of
from tests.matrix import EIGHTH, matrix
from tests.ui.helpers import (
    change,
    chart,
    control,
    link,
    notices,
    numbers,
    open_app,
    report,
    rerun_fragment,
    send,
    send_raw,
    strip,
    type_text,
)

TEXT = "the cat saw the dog"


def chosen(page: AppTest) -> dict[str, Any]:
    """What is looked at, as it is in the link."""
    keys = ("view", "head", "q", "k")
    return {key: page.query_params[key] for key in keys if key in page.query_params}


def cell(tile: Any, row: Any, column: Any) -> dict[str, Any]:
    return {"chart": "heads_chart", "tile": tile, "row": row, "column": column}


def name(tile: Any) -> dict[str, Any]:
    return {"chart": "heads_chart", "tile": tile}


@pytest.mark.parametrize("stage", ["energy", "scores", "weights"])
def test_a_cell_between_two_tokens_opens_the_inspector_on_it(stage: str) -> None:
    page = open_app(link(text=TEXT, stage=stage))
    send(page, "chart_clicks", "cell", cell(3, 4, 1))
    assert chosen(page) == {"view": "cell", "head": "3", "q": "4", "k": "1"}
    assert "query 4 ` dog ` attend to key 1 ` cat `, in head 3" in page.markdown[1].value


@pytest.mark.parametrize("stage", ["qkv", "head_outputs"])
def test_a_cell_of_a_dimension_opens_one_head_on_its_token(stage: str) -> None:
    page = open_app(link(text=TEXT, stage=stage, k=1))
    send(page, "chart_clicks", "cell", cell(3, 4, 5))
    assert chosen(page) == {"view": "head", "head": "3", "q": "4", "k": "1"}


def test_a_cell_of_the_output_belongs_to_no_head() -> None:
    page = open_app(link(text=TEXT, stage="output", head=2))
    send(page, "chart_clicks", "cell", cell(0, 1, 60))
    assert chosen(page) == {"view": "head", "head": "2", "q": "1"}


def test_a_masked_cell_can_be_inspected() -> None:
    page = open_app(link(text=TEXT, mask="causal"))
    send(page, "chart_clicks", "cell", cell(0, 0, 4))
    assert chosen(page) == {"view": "cell", "head": "0", "q": "0", "k": "4"}
    assert "masked: score becomes −∞" in page.markdown[2].value


def test_a_heads_name_opens_one_head() -> None:
    page = open_app(link(text=TEXT))
    send(page, "chart_clicks", "name", name(5))
    assert chosen(page) == {"view": "head", "head": "5"}
    assert "**Head 5** of 8" in page.markdown[1].value


def test_the_outputs_name_opens_one_head_on_the_first() -> None:
    page = open_app(link(text=TEXT, stage="output"))
    send(page, "chart_clicks", "name", name(0))
    assert chosen(page) == {"view": "head", "head": "0"}


@pytest.mark.parametrize("tall", [False, True])
def test_a_cell_of_a_pooled_picture_is_the_one_whose_value_is_shown(tall: bool) -> None:
    text = " ".join(f"w{i}" for i in range(500))
    page = open_app(link(text=text, heads=2, embed_size=16, stage="energy"))
    if tall:
        report(page, "chart_clicks", '{"tall": true}')
    energy = run_of(text, heads=2, embed_size=16).attention().field("energy")
    shown = np.array(numbers(page))
    assert shown.size < energy.size
    row, column = 7, 11
    send(page, "chart_clicks", "cell", cell(1, row, column))
    head, q, k = (control(page, key).value for key in ("head", "q", "k"))
    assert head == 1
    assert energy[head, q, k] == shown[1, row, column]
    block = -(-500 // shown.shape[1]), -(-500 // shown.shape[2])
    assert (q // block[0], k // block[1]) == (row, column)


FORGED = [
    None, True, 7, "cell", "", [], [1, 2, 3], {}, {"chart": "heads_chart", "tile": 1, "row": 1},
    {"chart": "heads_chart", "row": 1, "column": 1}, {"tile": 1, "row": 1, "column": 1},
    cell("1", "1", "1"), cell(None, 0, 0), cell([1], 0, 0), cell({}, 0, 0), cell(0.5, 0, 0),
    cell(0, 1.25, 0), cell(float("nan"), 0, 0), cell(0, float("inf"), 0), cell(0, 0, -1e400),
    cell(8, 0, 0), cell(-1, 0, 0), cell(0, -1, 0), cell(0, 0, -1), cell(0, 5, 0), cell(0, 0, 5),
    cell(10**30, 0, 0), cell(0, 0, 1e300),
]  # fmt: skip
FORGED += [
    {**cell(1, 1, 1), "chart": chart}
    for chart in (
        None,
        "",
        "head_chart",
        "cross_chart",
        3,
        [],
    )
]
FORGED_NAMES = [
    None, True, 3, "3", [3], {}, name("3"), name(None), name(2.5), name(float("nan")), name(1e400),
    name(8), name(-1), {"tile": 3}, {"chart": "cross_chart", "tile": 3},
    {"chart": "layers_chart", "tile": 3}, {"chart": ["heads_chart"], "tile": 3},
]  # fmt: skip


@EIGHTH
def test_a_forged_cell_or_name_is_ignored(part: slice) -> None:
    page = open_app(link(text=TEXT))
    before = chart(page)
    sent = [("cell", value) for value in FORGED] + [("name", value) for value in FORGED_NAMES]
    for event, value in [*sent[part], ("rows", cell(0, 0, 0)), ("pick", 1)]:
        send(page, "chart_clicks", event, value)
        assert chosen(page) == {}, (event, value)
    assert chart(page) == before


@matrix(3, "value", [None, "1", 0.5, [], {}, {"pick": 1}, float("nan"), 1e400])
def test_a_forged_pick_is_ignored(value: Any) -> None:
    page = open_app(link(text=TEXT, q=2))
    send(page, "strip", "pick", value)
    assert chosen(page) == {"q": "2"}


@pytest.mark.parametrize("value", [-1, -5, 512, 10**30])
def test_a_pick_beyond_any_sentence_chooses_nothing(value: int) -> None:
    page = open_app(link(text=TEXT, q=2))
    send(page, "strip", "pick", value)
    assert chosen(page) == {"q": ""}
    assert strip(page)["chosen"] is None


@pytest.mark.parametrize("component", ["strip", "chart_clicks"])
def test_a_malformed_message_is_ignored(component: str) -> None:
    page = open_app(link(text=TEXT))
    for payload in ("null", "[]", "[1]", '{"event": "cell"}', '"cell"', '[{"event": []}]'):
        send_raw(page, component, payload)
        assert chosen(page) == {}, payload
    for payload in ("null", "[]", '{"tall": []}', '{"pick": "x", "cell": 1, "name": [2]}'):
        report(page, component, payload)
        assert chosen(page) == {}, payload


@pytest.mark.parametrize("stage", ["weights", "qkv", "output"])
def test_a_click_that_arrives_when_the_sentence_is_gone_is_ignored(stage: str) -> None:
    # The chart stays on the screen until the page without it has arrived.
    page = open_app(link(text="", stage=stage))
    send(page, "chart_clicks", "cell", cell(0, 0, 0))
    assert chosen(page) == {}


def test_a_click_in_a_longer_sentence_than_the_one_that_is_left_is_ignored() -> None:
    page = open_app(link(text="a b c d e"))
    change(page, text="a b")
    send(page, "chart_clicks", "cell", cell(0, 4, 4))
    assert chosen(page) == {}


def test_a_click_that_arrives_together_with_another_embedding_size_opens_its_cell() -> None:
    page = open_app(link(text=TEXT))
    control(page, "embed_size").set_value(60)  # which 8 heads don't divide
    send(page, "chart_clicks", "cell", cell(1, 4, 2))
    assert chosen(page) == {"view": "cell", "head": "1", "q": "4", "k": "2"}
    assert control(page, "heads").value == 6
    assert notices(page) == ["8 heads don't divide an embedding of 60; using the nearest, 6."]
    weight = run_of(TEXT, heads=6, embed_size=60).attention().field("weights")[1, 4, 2]
    shown = f'<span title="{weight:.9g}">{weight:.4g}</span>'
    assert f"(float32) |  | **{shown}** |" in page.markdown[2].value


def test_a_click_on_a_head_that_another_embedding_size_takes_away_is_ignored() -> None:
    page = open_app(link(text=TEXT))
    control(page, "embed_size").set_value(60)
    send(page, "chart_clicks", "cell", cell(7, 0, 0))
    assert chosen(page) == {}
    assert control(page, "heads").value == 6


def test_a_pick_chooses_a_query_on_the_whole_page_also_from_the_fragment() -> None:
    page = open_app(link(text=TEXT))
    rerun_fragment(page, lambda: send(page, "strip", "pick", 3))
    assert strip(page)["chosen"] == 3
    assert control(page, "q").value == 3
    assert page.query_params["q"] == "3"
    send(page, "strip", "pick", -1)  # a click on the chosen one
    assert control(page, "q").value is None
    assert page.query_params["q"] == ""  # none, where One head would choose one


def test_a_query_that_is_not_there_comes_back_with_a_longer_sentence() -> None:
    page = open_app(link(text=TEXT, q=4))
    change(page, text="the cat")
    assert notices(page) == ["There is no query 4 in this sentence; showing the last one, 1."]
    assert strip(page)["chosen"] == 1
    change(page, text=TEXT)
    assert notices(page) == []
    assert strip(page)["chosen"] == 4


def test_what_a_link_asks_for_beyond_the_sentence_stands_right_in_field_and_link() -> None:
    page = open_app(link(text="we see a cat and dog", view="head", q=7, k=99))
    assert notices(page) == [
        "There is no query 7 in this sentence; showing the last one, 5.",
        "There is no key 99 in this sentence; showing the last one, 5.",
    ]
    assert [control(page, key).value for key in ("q", "k")] == [5, 5]
    assert (page.query_params["q"], page.query_params["k"]) == ("5", "5")
    again = open_app(link(**page.query_params))
    assert notices(again) == []


def test_a_query_follows_the_words_while_they_are_typed() -> None:
    page = open_app(link(text=TEXT, q=4))
    for words, used in ((4, 3), (2, 1), (3, 2), (5, 4)):
        type_text(page, " ".join(TEXT.split()[:words]))
        assert control(page, "q").value == strip(page)["chosen"] == used
        assert page.query_params["q"] == str(used)
        said = f"There is no query 4 in this sentence; showing the last one, {used}."
        assert notices(page) == ([said] if used < 4 else [])


def test_a_query_that_is_chosen_among_those_that_are_there_does_not_go_back() -> None:
    page = open_app(link(text="the cat saw", q=4))
    change(page, q=1)
    assert notices(page) == []
    change(page, text=TEXT)
    assert control(page, "q").value == 1


def test_an_empty_sentence_changes_nothing_that_is_chosen() -> None:
    page = open_app(link(text=TEXT, q=4))
    change(page, text="")
    assert (control(page, "q").value, page.query_params["q"]) == (4, "4")


def test_typing_keeps_what_is_chosen() -> None:
    page = open_app(link(text=TEXT, q=1, head=2))
    type_text(page, f"{TEXT} run")
    assert strip(page)["chosen"] == 1
    assert "(head 2)" in strip(page)["hint"]
    assert json.dumps(strip(page)["tokens"][-1]) == '"run"'


def test_a_tall_window_gets_larger_charts_with_the_same_numbers() -> None:
    page = open_app(link(text=TEXT))
    low, weights = chart(page)["layout"]["height"], numbers(page)
    report(page, "chart_clicks", '{"tall": true}')
    assert chart(page)["layout"]["height"] > low + 200
    np.testing.assert_array_equal(numbers(page), weights)
    change(page, mask="causal")
    assert chart(page)["layout"]["height"] > low + 200
    type_text(page, "a b")
    assert chart(page)["layout"]["height"] > low + 200
    assert page.query_params == {"text": "a b", "mask": "causal"}


@pytest.mark.parametrize(
    ("view", "needs"),
    [("head", {"head": "0"}), ("cell", {"head": "0", "q": "0", "k": "0"}), ("numbers", {})],
)
def test_what_a_view_cannot_do_without_starts_at_the_first(
    view: str, needs: dict[str, str]
) -> None:
    page = open_app(link(text=TEXT))
    change(page, view=view)
    shown = {key: page.query_params.get(key) for key in ("head", "q", "k")}
    assert {key: value for key, value in shown.items() if value} == needs
    for key in needs:
        change(page, **{key: 3})
        change(page, **{key: None})  # emptied: the first again
        assert control(page, key).value == 0
