"""Clicks and the slider in Learn's figure; and that nothing which a browser may send breaks it."""

import itertools
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.matrix import EIGHTH
from tests.ui.helpers import (
    alt,
    change,
    chart,
    control,
    go_back,
    header,
    link,
    send,
    send_raw,
)
from tests.ui.pages.learn.helpers import (
    CHART,
    finish,
    heatmaps,
    open_learn,
    open_trained,
    plan_of,
    press,
    read,
    snapshots_of,
    tile_names,
)


def chosen(page: AppTest) -> dict[str, Any]:
    """What is looked at, as it is in the link."""
    keys = ("view", "layer", "head", "q", "k", "at")
    return {key: page.query_params[key] for key in keys if key in page.query_params}


def frame(number: Any) -> dict[str, Any]:
    return {"chart": CHART, "frame": number}


def cell(tile: Any, row: Any, column: Any) -> dict[str, Any]:
    return {"chart": CHART, "tile": tile, "row": row, "column": column}


def name(tile: Any) -> dict[str, Any]:
    return {"chart": CHART, "tile": tile}


# The slider


def test_the_slider_chooses_a_snapshot_for_everything_but_the_figure() -> None:
    page = open_trained()
    snapshots = snapshots_of(plan_of(page))
    figure, described = chart(page, CHART), alt(page, CHART)
    for number in (5, 0, len(snapshots) - 2):
        send(page, "chart_clicks", "frame", frame(number))
        step = snapshots[number].step
        assert chosen(page) == {"at": str(step)}
        said = f"{step} steps from seed 0" if step else "not trained yet** (seed 0)"
        assert said in header(page)
        # The same figure, which the browser needn't draw anew.
        assert chart(page, CHART) == figure
        assert alt(page, CHART) == described
    send(page, "chart_clicks", "frame", frame(len(snapshots) - 1))
    assert chosen(page) == {}  # whatever comes last
    assert "30 steps from seed 0" in header(page)


def test_the_other_views_show_the_snapshot_that_the_slider_chose() -> None:
    page = open_trained()
    plan = plan_of(page)
    send(page, "chart_clicks", "frame", frame(7))
    send(page, "chart_clicks", "cell", cell(0, 2, 3))
    snapshot = snapshots_of(plan)[7]
    assert chosen(page) == {
        "at": str(snapshot.step), "view": "cell", "head": "0", "q": "2", "k": "3",
    }  # fmt: skip
    weights, _said = read(plan, snapshot)
    assert f"{weights[0, 2, 3]:.4f}"[:5] in " ".join(str(m.value) for m in page.markdown)
    # Back at the figure, it begins with what is chosen.
    change(page, view="watch")
    np.testing.assert_array_equal(heatmaps(page), weights)
    assert chart(page, CHART)["layout"]["sliders"][0]["active"] == 7
    assert alt(page, CHART).startswith(f"reverse, step {snapshot.step} of 30: ")


def test_a_link_opens_at_the_snapshot_it_names_once_that_is_learnt() -> None:
    page = open_learn(embed_size=16, steps=30, at=9)
    assert "not trained yet" in header(page)
    press(page, "train")
    finish(page)
    assert "30 steps" in header(page)  # who trains wants to see what comes
    assert "at" not in page.query_params


@pytest.mark.matrix
def test_a_step_between_two_snapshots_shows_the_one_before() -> None:
    page = open_trained(steps=400, embed_size=8)
    steps = [s.step for s in snapshots_of(plan_of(page))]
    between = next(a + 1 for a, b in itertools.pairwise(steps) if b > a + 2)
    go_back(page, "learn", link(steps=400, embed_size=8, at=between))
    assert f"{between - 1} steps from seed 0" in header(page)


# Cells and names


RUNS = {
    "one layer": ({"heads": 2}, {1: (0, 1)}),
    "two layers": ({"heads": 2, "layers": 2}, {1: (0, 1), 2: (1, 0), 3: (1, 1)}),
    "only one shown": (
        {"heads": 8, "layers": 2, "layer": 1, "embed_size": 16}, {0: (1, 0), 7: (1, 7)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
def test_a_cell_opens_its_arithmetic_and_a_name_its_head(run: str) -> None:
    parameters, tiles = RUNS[run]
    for tile, (layer, head) in tiles.items():
        shown = {"layer": str(layer)} if layer else {}
        page = open_learn(**parameters)
        send(page, "chart_clicks", "cell", cell(tile, 4, 9))
        assert chosen(page) == {**shown, "view": "cell", "head": str(head), "q": "4", "k": "9"}
        page = open_learn(**parameters)
        send(page, "chart_clicks", "name", name(tile))
        assert chosen(page) == {**shown, "view": "head", "head": str(head)}
        assert any(f"**Head {head}**" in str(m.value) for m in page.markdown)


def test_a_click_on_a_head_of_the_kept_run_does_nothing() -> None:
    page = open_trained(heads=2)
    press(page, "keep")
    change(page, heads=1)
    assert tile_names(page) == ["Head 0", "kept: Head 0", "kept: Head 1"]
    before = chosen(page)
    for tile in (1, 2):
        send(page, "chart_clicks", "cell", cell(tile, 1, 1))
        send(page, "chart_clicks", "name", name(tile))
        assert chosen(page) == before
        assert control(page, "view").value == "watch"
    send(page, "chart_clicks", "name", name(0))
    assert chosen(page)["head"] == "0"


def test_a_masked_cell_can_be_inspected() -> None:
    page = open_learn(task="shift")
    send(page, "chart_clicks", "cell", cell(0, 0, 3))
    assert chosen(page) == {"view": "cell", "head": "0", "q": "0", "k": "3"}


@pytest.mark.parametrize("kind", ["encoder self", "decoder self", "cross"])
def test_a_cell_of_each_kind_of_attention_opens(kind: str) -> None:
    page = open_learn(task="numbers", kind=kind)
    rows, columns = heatmaps(page)[0].shape
    send(page, "chart_clicks", "cell", cell(0, rows - 1, columns - 1))
    assert chosen(page) == {
        "view": "cell", "head": "0", "q": str(rows - 1), "k": str(columns - 1),
    }  # fmt: skip
    page = open_learn(task="numbers", kind=kind)
    send(page, "chart_clicks", "cell", cell(0, rows, columns - 1))
    assert chosen(page) == {}


FORGED = [
    None, True, 7, "frame", "", [], [1, 2, 3], {}, {"chart": CHART},
    *map(frame, ("1", None, [1], {}, 0.5, float("nan"), float("inf"), -1e400, -1, 10**30, 1e300,
                 10_000)),
    cell("1", "1", "1"), cell(None, 0, 0), cell([1], 0, 0), cell(0.5, 0, 0), cell(0, 1.25, 0),
    cell(0, float("inf"), 0), cell(2, 0, 0), cell(-1, 0, 0), cell(0, -1, 0), cell(0, 0, -1),
    cell(0, 10, 0), cell(0, 0, 10), cell(10**30, 0, 0), cell(0, 0, 1e300),
    name("0"), name(None), name(-1), name(1), name(0.5), name(10**30), name(float("nan")),
]  # fmt: skip
FORGED += [
    {**cell(0, 1, 1), "chart": other}
    for other in (None, "", "cross_chart", "finder_chart", 3, [], {})
]


@EIGHTH
def test_what_no_browser_sends_changes_nothing(part: slice) -> None:
    page = open_trained()
    before, figure = dict(page.query_params), chart(page, CHART)
    for event in ("frame", "cell", "name", "pick", ""):
        heard = event in ("frame", "cell", "name")
        for value in FORGED[part] if heard else [name(0), cell(0, 1, 1)]:
            if event == "name" and isinstance(value, dict) and "row" in value:
                continue  # its tile may be one that there is
            send(page, "chart_clicks", event, value)
            assert page.query_params == before, (event, value)
    for payload in ("null", "[]", "{}", '"x"', "[1]", '[{"event": "frame"}]', '[{"value": 1}]'):
        send_raw(page, "chart_clicks", payload)
        assert page.query_params == before, payload
    assert chart(page, CHART) == figure


def test_clicks_on_a_page_that_can_train_nothing_change_nothing() -> None:
    page = open_learn(layers=4, embed_size=128)
    assert page.error
    before = dict(page.query_params)
    send(page, "chart_clicks", "frame", frame(0))
    send(page, "chart_clicks", "cell", cell(0, 0, 0))
    send(page, "chart_clicks", "name", name(0))
    assert page.query_params == before
