"""Every view of every task opens, before and after training, with the snapshot's numbers."""

import numpy as np
import pytest

from model.tasks import TASKS
from tests.matrix import matrix
from tests.ui.helpers import change, chart, header, notices, report, stage_numbers, value
from tests.ui.pages.learn.helpers import (
    CHART,
    errors,
    open_learn,
    open_trained,
    plan_of,
    read,
    snapshots_of,
)
from ui.choices.options import LEARN_VIEWS, OVERVIEWS, STAGES


@matrix(3, "task", TASKS)
def test_all_views_of_a_task_open(task: str) -> None:
    page = open_trained(task=task, heads=2, embed_size=16, layers=2, steps=4)
    for view in LEARN_VIEWS:
        change(page, view=view)
        assert errors(page) == notices(page) == [], view
        assert "4 steps from seed 0" in header(page)
        assert value(page, "view") == view


@matrix(2, "stage", STAGES)
@pytest.mark.parametrize("task", ["shift", "numbers"])
def test_all_stages_open(task: str, stage: str) -> None:
    page = open_learn(task=task, view="numbers", stage=stage)
    assert errors(page) == notices(page) == []


@matrix(2, "overview", OVERVIEWS)
@pytest.mark.parametrize("task", ["shift", "numbers"])
def test_all_overviews_open(task: str, overview: str) -> None:
    page = open_learn(task=task, layers=2, view="layers", overview=overview)
    assert errors(page) == notices(page) == []


def test_the_tables_show_the_last_snapshots_numbers() -> None:
    page = open_trained(heads=2, layers=2, view="numbers", layer=1)
    plan = plan_of(page)
    weights, _said = read(plan, snapshots_of(plan)[-1])
    np.testing.assert_array_equal(stage_numbers(page)["weight"], weights[2:].ravel())


def test_on_a_phone_the_curves_stand_above_the_heads() -> None:
    page = open_trained(task="sort", heads=2)
    wide = chart(page, CHART)
    report(page, "chart_clicks", '{"narrow": true}')
    narrow = chart(page, CHART)
    layout = narrow["layout"]
    assert layout["yaxis"]["domain"][1] < layout["yaxis4"]["domain"][0]
    assert layout["xaxis2"]["domain"] == [0, 1]
    assert wide["layout"]["xaxis2"]["domain"] == [0, 0.35]
    assert layout["sliders"][0]["pad"]["r"] == 0
    assert [t["type"] for t in narrow["data"]] == [t["type"] for t in wide["data"]]
    assert narrow["frames"] == wide["frames"]


def test_a_storys_sentences_take_their_room_from_the_figure() -> None:
    usual = chart(open_learn(task="sort"), CHART)["layout"]["height"]
    page = open_learn(task="sort", story="learning_scale")
    assert chart(page, CHART)["layout"]["height"] == usual - 56
    report(page, "chart_clicks", '{"narrow": true}')
    phone = chart(page, CHART)["layout"]["height"]
    change(page, story=None)
    assert chart(page, CHART)["layout"]["height"] == phone  # which is moved up and down anyway
