"""One head: the terms of the equation are the trace's, row for row."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from tests.defaults import run_of
from tests.ui.helpers import (
    alt,
    array,
    captions,
    change,
    chart,
    control,
    formulas_on,
    labels,
    link,
    masked,
    notices,
    open_app,
    report,
    send,
    strip,
)
from tests.ui.pages.pretrained.helpers import needs_minilm, open_trained, weights_of
from tests.ui.views.helpers import framed_rows

TEXT = "the cat saw the dog"
FORMULAS = ["Q = X W_Q^{(0)}", "K = X W_K^{(0)}", "QK^\\top", "S = QK^\\top / {}",
            "A = \\mathrm{softmax}(S)", "V = X W_V^{(0)}", "A V"]  # fmt: skip


@pytest.mark.parametrize("mask", ["none", "causal", "padding"])
@pytest.mark.parametrize("head", [0, 3])
def test_the_seven_matrices_are_the_traces(head: int, mask: str) -> None:
    page = open_app(
        link(text=TEXT, text2="and a longer sentence than that", heads=4, embed_size=32,
             view="head", head=head, mask=mask)
    )  # fmt: skip
    run = run_of(TEXT, "and a longer sentence than that", heads=4, embed_size=32, mask=mask)
    trace, allowed = run.attention().trace, run.attention().allowed
    q, k, v, energy, scores, weights, output = (
        getattr(trace, name)[0, head].numpy()
        for name in ("queries", "keys", "values", "energy", "scores", "weights", "head_outputs")
    )
    data = chart(page, "head_chart")["data"][:7]
    assert [term["name"] for term in data] == [
        "Q", "Kᵀ", "energy", "scores", "weights", "V", "output",
    ]  # fmt: skip
    expected = [q, k.T, energy, masked(scores, allowed), masked(weights, allowed), v, output]
    for term, values in zip(data, expected, strict=True):
        np.testing.assert_array_equal(array(term["z"]), values, err_msg=term["name"])
    # And they make an equation.
    shown = [array(term["z"]).astype(np.float64) for term in data]
    np.testing.assert_allclose(shown[0] @ shown[1], shown[2], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.nan_to_num(shown[4]) @ shown[5], shown[6], rtol=1e-4, atol=1e-5)


def test_a_tall_window_gets_higher_matrices_of_the_same_numbers() -> None:
    page = open_app(link(text=TEXT, view="head"))
    low = chart(page, "head_chart")
    report(page, "chart_clicks", '{"tall": true}')
    high = chart(page, "head_chart")
    assert high["layout"]["height"] - low["layout"]["height"] == 460 - 262
    for before, after in zip(low["data"][:7], high["data"][:7], strict=True):
        np.testing.assert_array_equal(array(before["z"]), array(after["z"]))


def test_no_head_chosen_is_the_first_and_a_head_that_is_not_there_the_last() -> None:
    page = open_app(link(text="a b", view="head", q=""))
    assert page.markdown[1].value == (
        "**Head 0** of 8, D = 8. X: the vectors that the layer reads. Choose a query to "
        "follow its row."
    )
    change(page, head=12)
    assert "**Head 7** of 8, D = 8." in page.markdown[1].value
    assert [box.value for box in page.warning] == [
        "There is no head 12; showing the last one, head 7."
    ]
    run = run_of("a b")
    term = chart(page, "head_chart")["data"][4]
    np.testing.assert_array_equal(array(term["z"]), run.attention().trace.weights[0, 7].numpy())


@pytest.mark.parametrize(
    ("query", "divisor", "spoken"),
    [
        ("", "\\sqrt{8}", "√8"),
        ("mask=causal", "\\sqrt{8} + M", "√8"),
        ("scale=embed_size", "\\sqrt{64}", "√64"),
        ("scale=none", "1", "1"),
        ("temperature=0.5&mask=padding", "(\\sqrt{8} \\cdot 0.5) + M", "(√8 × 0.5)"),
    ],
)
def test_the_formulas_have_the_divisor_and_the_mask(query: str, divisor: str, spoken: str) -> None:
    page = open_app(f"view=head&q=&{query}")
    formulas = formulas_on(page)
    assert formulas == [f"${formula.format(divisor) if 'S = Q' in formula else formula}$"
                        for formula in FORMULAS]  # fmt: skip
    assert f"divided by {spoken}" in alt(page, "head_chart")


def test_a_shared_projection_acts_on_the_heads_own_part_of_the_input() -> None:
    page = open_app("view=head&projection=shared&head=2")
    formulas = formulas_on(page)
    assert formulas[0] == "$Q = X^{(2)} W_Q$"
    assert formulas[5] == "$V = X^{(2)} W_V$"
    run = run_of(projection="shared")
    part = run.inputs[0, :, 16:24]  # of the third head
    torch.testing.assert_close(
        part @ run.attention().facts.queries.weight.T,
        run.attention().trace.queries[0, 2],
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_pooled_equation_says_how_many_numbers_share_a_cell() -> None:
    page = open_app(link(text="w " * 400, view="head", heads=1, embed_size=8))
    shapes = [array(term["z"]).shape for term in chart(page, "head_chart")["data"][:7]]
    rows = -(-400 // shapes[2][0])
    assert shapes[2][0] == shapes[2][1] < 400
    assert captions(page) == [
        "Pooled to fit the screen: each cell shows the value furthest from zero among "
        f"{rows} × {rows} numbers."
    ]
    assert not captions(open_app("view=head"))


def test_the_chosen_query_is_framed_where_it_is_a_row() -> None:
    page = open_app(link(text=TEXT, view="head", q=""))
    assert chart(page, "head_chart")["layout"]["shapes"] == []
    change(page, q=2)
    frames = chart(page, "head_chart")["layout"]["shapes"]
    assert {frame["path"] for frame in frames} == {"M0,0.6H1V0.4H0Z"}  # the third of five rows
    # Q, energy, scores, weights and the output; Kᵀ and V have a row for each key.
    assert [frame["yref"] for frame in frames] == [
        f"{axis} domain" for axis in ("y", "y3", "y4", "y5", "y7")
    ]


def most_telling(head: int, **settings: Any) -> tuple[int, int]:
    """The query and key of the largest weight of a word on another."""
    weights = run_of(TEXT, **settings).attention().trace.weights[0, head]
    pairs = [(q, k) for q in range(5) for k in range(5) if q != k]
    return max(pairs, key=lambda pair: float(weights[pair]))


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_it_opens_with_the_query_that_looks_furthest_at_another_word(mask: str) -> None:
    page = open_app(link(text=TEXT, view="head", mask=mask))
    for head in (0, 5):
        change(page, head=head)
        query, _key = most_telling(head, mask=mask)
        names = ("the ·0", "cat", "saw", "the ·3", "dog")
        assert f" ` {names[query]} ` fits best with ` " in page.markdown[1].value
        assert strip(page)["chosen"] == query
        assert control(page, "q").value is None  # nobody has chosen it
        assert "q" not in page.query_params
        assert len(chart(page, "head_chart")["layout"]["shapes"]) == 5
    change(page, view="heads")
    assert strip(page)["chosen"] is None
    assert framed_rows(chart(page)) == []


def test_a_query_that_somebody_takes_away_stays_away_and_the_link_says_so() -> None:
    page = open_app(link(text=TEXT, view="head"))
    for take_away in (lambda: send(page, "strip", "pick", -1), lambda: change(page, q=None)):
        take_away()
        assert strip(page)["chosen"] is None
        assert page.query_params["q"] == ""
        assert chart(page, "head_chart")["layout"]["shapes"] == []
        change(page, head=3)
        assert strip(page)["chosen"] is None
        change(page, q=4)
        assert page.query_params["q"] == "4"
    page = open_app(link(text=TEXT, view="head", q=""))
    assert strip(page)["chosen"] is None
    assert notices(page) == []
    assert page.query_params["q"] == ""
    assert page.markdown[1].value.endswith("Choose a query to follow its row.")


def test_of_one_word_there_is_no_telling_query() -> None:
    assert strip(open_app(link(text="a", view="head")))["chosen"] is None


@needs_minilm
def test_a_telling_query_and_its_key_are_words_and_no_special_tokens() -> None:
    text = "the cat saw the dog"  # between [CLS] and [SEP], which most heads look at
    page = open_trained(text=text, view="head", layer=2, head=4)
    weights = weights_of("minilm", text, 2)[4]
    pairs = [(q, k) for q in range(1, 6) for k in range(1, 6) if q != k]
    assert strip(page)["chosen"] == max(pairs, key=lambda pair: float(weights[pair]))[0]


def test_it_says_which_key_fits_best() -> None:
    page = open_app(link(text=TEXT, view="head", head=2, q=3, mask="causal"))
    trace = run_of(TEXT, mask="causal").attention().trace
    row = trace.weights[0, 2, 3]
    key = int(row.argmax())
    assert page.markdown[1].value.endswith(
        f" ` the ·3 ` fits best with ` {('the ·0', 'cat', 'saw', 'the ·3', 'dog')[key]} `: score "
        f"{trace.scores[0, 2, 3, key]:.3g}, weight {100 * row[key]:.0f}%."
    )


def test_a_query_without_keys_says_so() -> None:
    page = open_app(link(text="", text2="a b", mask="padding", view="head", q=1))
    assert page.markdown[1].value.endswith(" may attend to nothing.")


def test_bars_beside_the_output_are_what_each_word_adds_to_it() -> None:
    page = open_app(link(text=TEXT, view="head", head=2, q=3))
    trace = run_of(TEXT).attention().trace
    added = trace.weights[0, 2, 3, :, None] * trace.values[0, 2]  # (K, D)
    torch.testing.assert_close(added.sum(0), trace.head_outputs[0, 2, 3])
    bars = chart(page, "head_chart")["data"][7]
    assert (bars["type"], bars["orientation"]) == ("bar", "h")
    np.testing.assert_allclose(array(bars["x"]), added.norm(dim=1).numpy(), rtol=1e-5)
    assert array(bars["y"]).tolist() == [0, 1, 2, 3, 4]
    behind = array(bars["customdata"])
    np.testing.assert_array_equal(behind[:, 0], trace.weights[0, 2, 3].numpy())
    np.testing.assert_allclose(behind[:, 1], trace.values[0, 2].norm(dim=1).numpy(), rtol=1e-5)
    layout = chart(page, "head_chart")["layout"]
    assert labels(layout["yaxis8"])[1] == "cat (position 1)"
    assert layout["yaxis8"]["range"] == [4.5, -0.5]  # the first on top, as in V
    change(page, q=None)
    assert len(chart(page, "head_chart")["data"]) == 7


def test_on_a_phone_it_is_the_chain_of_the_chosen_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.views.head.window_is_narrow", lambda: True)
    page = open_app(link(text=TEXT, view="head", head=2, q=3))
    trace = run_of(TEXT).attention().trace
    drawn = [array(term["z"]) for term in chart(page, "head_chart")["data"][:7]]
    shapes = [(1, 8), (8, 5), (1, 5), (1, 5), (1, 5), (5, 8), (1, 8)]
    assert [of.shape for of in drawn] == shapes
    np.testing.assert_array_equal(drawn[0][0], trace.queries[0, 2, 3].numpy())
    np.testing.assert_array_equal(drawn[4][0], trace.weights[0, 2, 3].numpy())
    np.testing.assert_array_equal(drawn[6][0], trace.head_outputs[0, 2, 3].numpy())
    layout = chart(page, "head_chart")["layout"]
    assert [note["text"] for note in layout["annotations"]][::2] == [
        "<b>Q</b>", "× <b>Kᵀ</b>", "= <b>energy</b>", "→ <b>scores</b>", "→ <b>weights</b>",
        "× <b>V</b>", "= <b>output</b>", "<b>made of</b>",
    ]  # fmt: skip
    assert not formulas_on(page)  # they would be too narrow to be read


def test_the_axes_name_tokens_and_dimensions() -> None:
    layout = chart(open_app(link(text="a b", view="head", heads=32, embed_size=64)), "head_chart")[
        "layout"
    ]
    tokens = ["a (position 0)", "b (position 1)"]
    dimensions = [f"dimension {i}" for i in range(4)]  # 16 heads: D = 4
    assert labels(layout["yaxis"]) == labels(layout["xaxis3"]) == tokens
    assert labels(layout["xaxis"]) == labels(layout["yaxis2"]) == dimensions
    assert labels(layout["xaxis2"]) == tokens


def test_the_alt_text_has_the_largest_weight() -> None:
    page = open_app(link(text=TEXT, view="head", head=2, mask="causal"))
    weights = run_of(TEXT, mask="causal").attention().trace.weights[0, 2]
    said = re.search(r"Largest weight (\S+)\.", alt(page, "head_chart"))
    assert said is not None
    assert said[1] == f"{weights.max():.3g}"


def test_a_head_in_which_everything_is_masked_draws() -> None:
    page = open_app(link(text="", text2="a b", mask="padding", view="head"))
    data = chart(page, "head_chart")["data"]
    assert np.isnan(array(data[4]["z"])).all()
    np.testing.assert_array_equal(array(data[6]["z"]), 0)
    assert alt(page, "head_chart").endswith("Largest weight 0.")
