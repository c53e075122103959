"""A model that was trained on Learn, looked at on Explore or on Encoder-decoder."""

import io
import json

import numpy as np
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from model.training.plan import Plan
from tests.matrix import matrix
from tests.ui.conftest import Download
from tests.ui.helpers import (
    change,
    chart,
    checked,
    control,
    go_back,
    go_to,
    header,
    labels,
    link,
    notices,
    numbers,
    open_app,
    open_pair,
    open_popovers,
    send,
    stage_numbers,
    strip,
    type_text,
)
from tests.ui.pages.learn.helpers import (
    CHART,
    SMALL,
    captions,
    errors,
    finish,
    open_learn,
    open_trained,
    plan_of,
    press,
    read,
    snapshots_of,
)
from ui.choices.options import PAIR_VIEWS, VIEWS

RANDOM = (
    "The link shows weights that were trained on another page, which a link doesn't hold; showing "
    "random ones. Train on Learn, and open them from there."
)


def carry(page: AppTest) -> AppTest:
    """Follow the link to the page that has all views for what is shown."""
    links = open_popovers(page).get("page_link")
    (shown,) = [each for each in links if each.proto.label.startswith("Open in ")]
    path = {"Explore": "explore", "Encoder-decoder": "encoder-decoder"}[shown.proto.label[8:]]
    page._page_hash = calc_hash(path)
    page.query_params = {"weights": "learnt"}
    return checked(page._run(WidgetStates()))


def test_explore_shows_the_weights_that_were_trained() -> None:
    page = open_trained(task="shift", heads=2, layers=2)
    plan = plan_of(page)
    carry(page)
    assert header(page).startswith(
        "**Headlight** — **weights trained here**, 30 steps from seed 0: shift, 2 layers × 2 heads"
    )
    assert ":green-badge[" in header(page)
    assert "weights" in page.query_params
    weights, _said = read(plan, snapshots_of(plan)[-1])
    np.testing.assert_array_equal(numbers(page), weights[:2])
    change(page, layer=1)
    np.testing.assert_array_equal(numbers(page), weights[2:])
    assert (
        captions(page)[0] == "Trained on Learn: shift, 30 steps. It reads its task's symbols alone."
    )
    assert notices(page) == errors(page) == []
    assert strip(page)["tokens"] == list(plan.learnt.split(plan.learnt.probe))


def test_the_snapshot_and_the_input_come_along() -> None:
    page = open_trained()
    plan = plan_of(page)
    send(page, "chart_clicks", "frame", {"chart": CHART, "frame": 9})
    change(page, text="tenletters")
    carry(page)
    snapshot = snapshots_of(plan)[9]
    assert f"{snapshot.step} steps from seed 0" in header(page)
    assert control(page, "text").value == "tenletters"
    np.testing.assert_array_equal(numbers(page), read(plan, snapshot, "tenletters")[0])


def test_typing_follows_each_key_press_and_what_is_no_symbol_is_told() -> None:
    page = carry(open_trained())
    plan, symbols = plan_of(open_learn(**SMALL)), labels(chart(page)["layout"]["xaxis"])
    assert len(symbols) == 10
    type_text(page, "abcdefghij")
    np.testing.assert_array_equal(
        numbers(page), read(plan, snapshots_of(plan)[-1], "abcdefghij")[0]
    )
    type_text(page, "abc<b>1")
    assert notices(page) == [
        r"'\<' is none of this task's symbols, a b c d e ... z. Shown instead: headlights."
    ]
    assert control(page, "text").value == "abc<b>1"
    np.testing.assert_array_equal(numbers(page), read(plan, snapshots_of(plan)[-1])[0])
    type_text(page, "")
    assert notices(page) == []
    assert strip(page)["tokens"] == list("headlights")


def test_encoder_decoder_shows_a_model_with_cross_attention() -> None:
    page = open_trained(task="numbers", positions="learned", heads=2)
    plan = plan_of(page)
    carry(page)
    assert "numbers, 1 layer × 2 heads" in header(page)
    for kind in ("cross", "encoder_self", "decoder_self"):
        change(page, view="numbers", kind=kind)
        assert notices(page) == errors(page) == []
        weights, _said = read(plan, snapshots_of(plan)[-1], kind=kind)
        drawn = stage_numbers(page)["weight"].to_numpy()
        np.testing.assert_array_equal(np.nan_to_num(drawn), np.nan_to_num(weights.ravel()))
    change(page, text="407")
    assert notices(page) == []
    change(page, text="fifty fifty")
    assert len(notices(page)) == 1
    assert notices(page)[0].endswith("Shown instead: four hundred and seven.")


@matrix(2, "task", ["reverse", "induction", "compare", "characters", "numbers"])
def test_all_views_of_its_new_page_show_it(task: str) -> None:
    page = carry(open_trained(task=task, heads=2, layers=2))
    views = PAIR_VIEWS if task == "numbers" else VIEWS
    for view in views:
        if view != "tests":
            change(page, view=view)
            assert notices(page) == errors(page) == [], view
            assert "weights trained here" in header(page)


def test_a_cell_that_is_clicked_opens_its_arithmetic() -> None:
    page = carry(open_trained(heads=2))
    send(page, "chart_clicks", "cell", {"chart": "heads_chart", "tile": 1, "row": 2, "column": 3})
    assert [page.query_params[key] for key in ("view", "head", "q", "k")] == ["cell", "1", "2", "3"]
    assert "in head 1" in page.markdown[1].value


def test_back_to_random_weights() -> None:
    page = carry(open_trained(task="shift", heads=2, layers=2))
    change(page, layer=1)
    press(page, "forget")
    opened = open_app()
    assert header(page) == header(opened)
    np.testing.assert_array_equal(numbers(page), numbers(opened))
    assert control(page, "text").value == control(opened, "text").value
    assert "weights" not in page.query_params
    go_to(page, "learn")
    assert "30 steps from seed 0" in header(page)


def test_explore_is_afterwards_as_it_was_left() -> None:
    page = open_app("heads=4&seed=7")
    shown = numbers(page)
    go_to(page, "learn")
    change(page, steps=50)
    press(page, "train")

    finish(page)
    carry(page)
    assert "weights trained here" in header(page)
    press(page, "forget")
    assert control(page, "heads").value == 4
    assert control(page, "seed").value == 7
    np.testing.assert_array_equal(numbers(page), shown)


def test_it_stays_while_another_page_is_shown() -> None:
    page = carry(open_trained())
    shown = header(page)
    go_to(page, "encoder-decoder")
    assert "random weights" in header(page)
    assert notices(page) == []
    go_to(page, "explore")
    assert header(page) == shown
    go_to(page, "learn")
    assert "weights trained here" in header(page)


@matrix(2, "value", ["learnt", "LEARNT", "random", "foo", "<script>"])
def test_a_link_cannot_hold_trained_weights(value: str) -> None:
    for page in (open_app(link(weights=value)), open_pair(link(weights=value))):
        assert "random weights, untrained" in header(page)
        assert "weights" not in page.query_params
        said = notices(page)
        if value.lower() == "learnt":
            assert said == [RANDOM]
        else:
            assert len(said) == (value != "random")
    go_back(page, "encoder-decoder", link(weights=value))
    assert "random weights, untrained" in header(page)


def test_each_page_shows_only_what_was_carried_there() -> None:
    page = carry(open_trained())
    go_to(page, "learn")
    change(page, task="numbers")
    carry(page)
    assert "numbers, 1 layer × 1 head" in header(page)
    go_to(page, "explore")  # which was left with a trained model
    assert "numbers" not in header(page)
    go_to(page, "encoder-decoder")
    assert "numbers, 1 layer × 1 head" in header(page)
    go_to(page, "learn")
    change(page, task="shift")
    carry(page)
    assert "shift, 1 layer × 1 head" in header(page)
    go_to(page, "encoder-decoder")
    assert "shift" not in header(page)


@pytest.mark.parametrize(("task", "other"), [("numbers", "explore"), ("copy", "encoder-decoder")])
def test_a_link_shows_no_model_of_the_other_kind(task: str, other: str) -> None:
    page = carry(open_learn(task=task))
    go_back(page, other, link(weights="learnt"))
    assert "random weights, untrained" in header(page)


def test_its_downloads_hold_its_numbers(download: Download) -> None:
    carry(open_trained(heads=2))
    name, data = download("download_npz")
    assert name == "headlight_trace_reverse.npz"
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        plan = Plan(**json.loads(str(found["config"]))["plan"])
        weights, _said = read(plan, snapshots_of(plan)[-1])
        np.testing.assert_array_equal(found["weights"][0], weights)
    assert plan.heads == 2
