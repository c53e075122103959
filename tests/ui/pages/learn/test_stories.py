"""Two runs side by side: a run that is kept, the stories, and the check of a story's claim."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.training.plan import Plan
from tests.matrix import matrix
from tests.ui.helpers import array, change, chart, checked, control, header, notices, own
from tests.ui.pages.learn.helpers import (
    CHART,
    LONG,
    SMALL,
    buttons,
    captions,
    errors,
    finish,
    heatmaps,
    markdowns,
    open_learn,
    open_trained,
    plan_of,
    press,
    progress,
    read,
    snapshots_of,
    tile_names,
    trainings,
)
from ui.link.plan_text import plan_text
from ui.pages.learn import story_check
from ui.pages.learn.memory import LearnMemory
from ui.pages.learn.stories import STORIES, Story

OTHER_SYMBOLS = "The kept run reads other symbols, so only its curves are compared."
SHORT = {"task": "reverse", "embed_size": 16, "steps": 20}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], Story]:
    """Makes the first story a quick one, whose claim is about these accuracies."""

    def make(solved: float, unsolved: float) -> Story:
        story = Story(
            say="Two sentences. Here they are.",
            common=SHORT,
            kept={"positions": "none"},
            shown={"positions": "sinusoidal"},
            solved=solved,
            unsolved=unsolved,
        )
        monkeypatch.setitem(STORIES, "reverse_positions", story)
        return story

    return make


def curves(page: AppTest) -> dict[str, list[np.ndarray]]:
    """For each curve's name its steps and values, first accuracy, then loss."""
    found: dict[str, list[np.ndarray]] = {}
    for trace in chart(page, CHART)["data"]:
        if trace["type"] == "scatter" and trace.get("name"):
            found.setdefault(trace["name"], []).extend((array(trace["x"]), array(trace["y"])))
    return found


def check_curves(page: AppTest, name: str, plan: Plan) -> None:
    steps, accuracy, _steps, loss = curves(page)[name]
    snapshots = snapshots_of(plan)
    assert steps.tolist() == [s.step for s in snapshots]
    np.testing.assert_array_equal(accuracy, [s.accuracy * 100 for s in snapshots])
    np.testing.assert_array_equal(loss, [s.loss for s in snapshots])


# A run that is kept


@pytest.mark.matrix
def test_a_kept_run_is_compared_with_what_is_trained_next() -> None:
    page = open_trained(heads=2)
    kept = plan_of(page)
    press(page, "keep")
    assert page.query_params["kept"] == "reverse,2,16,1,sinusoidal,head_dim,0.002,30,0"
    assert buttons(page) == {"Train": False, "Reset": True, "Stop comparing": True}
    assert tile_names(page) == ["Head 0", "Head 1"]  # it is the run itself

    change(page, heads=1, steps=50)
    assert buttons(page) == {"Train": True, "Reset": False, "Stop comparing": True} or (
        buttons(page) == {"Train both": True, "Reset": False, "Stop comparing": True}
    )
    press(page, "train")
    finish(page)
    plan = plan_of(page)
    assert trainings(page)[kept].snapshots == snapshots_of(kept)  # not trained again
    assert tile_names(page) == ["Head 0", "kept: Head 0", "kept: Head 1"]
    assert set(curves(page)) == {
        "this run", "this run · Head 0", "kept", "kept · Head 0", "kept · Head 1",
    }  # fmt: skip
    check_curves(page, "this run", plan)
    check_curves(page, "kept", kept)

    # In each frame, of the kept run the last snapshot until then.
    theirs = snapshots_of(kept)
    frames = chart(page, CHART)["frames"]
    for frame, snapshot in zip(frames, snapshots_of(plan), strict=True):
        until = [s for s in theirs if s.step <= snapshot.step][-1]
        drawn = [array(data["z"]) for data in frame["data"][:3]]
        np.testing.assert_array_equal(drawn[:1], read(plan, snapshot)[0])
        np.testing.assert_array_equal(drawn[1:], read(kept, until)[0])

    press(page, "keep")  # which stops comparing
    assert "kept" not in page.query_params
    assert tile_names(page) == ["Head 0"]
    assert buttons(page) == {"Train": False, "Reset": True, "Keep this run": True}


@pytest.mark.parametrize("task", ["reverse", "numbers"])
@matrix(2, "other", ["shift", "numbers", "characters"])
def test_a_kept_run_of_another_task_is_compared_by_its_curves_alone(task: str, other: str) -> None:
    kept = Plan(task=other, embed_size=8, steps=10, positions="learned")
    page = open_trained(task=task, steps=10, kept=plan_text(kept))
    assert (OTHER_SYMBOLS in captions(page)) == (task != other)
    assert tile_names(page) == ["Head 0"] + ["kept: Head 0"] * (task == other)
    check_curves(page, "this run", plan_of(page))
    check_curves(page, "kept", kept)
    if task == "numbers":
        change(page, kind="decoder_self")
        assert (OTHER_SYMBOLS in captions(page)) == (task != other)


def test_a_kept_run_of_a_task_with_three_kinds_of_attention() -> None:
    page = open_trained(task="numbers", positions="learned")
    press(page, "keep")
    change(page, heads=2)
    for kind in ("encoder_self", "decoder_self", "cross"):
        change(page, kind=kind)
        assert tile_names(page) == ["Head 0", "Head 1", "kept: Head 0"]
        assert errors(page) == notices(page) == []


def test_another_task_compares_with_nothing() -> None:
    page = open_trained()
    press(page, "keep")
    change(page, task="shift")
    assert "kept" not in page.query_params
    assert tile_names(page) == ["Head 0"]


def test_a_kept_run_in_a_link_is_trained_together_with_the_other() -> None:
    kept = Plan(**{"task": "reverse", **SMALL, "positions": "none"})
    page = open_learn(**SMALL, kept=plan_text(kept))
    assert buttons(page) == {"Train both": True, "Reset": False, "Stop comparing": True}
    assert tile_names(page) == ["Head 0"]
    press(page, "train")
    finish(page)
    assert {p: t.snapshots for p, t in trainings(page).items()} == {
        plan: snapshots_of(plan) for plan in (plan_of(page), kept)
    }
    assert tile_names(page) == ["Head 0", "kept: Head 0"]
    check_curves(page, "kept", kept)


def test_a_kept_run_that_is_shown_itself_is_not_compared_with_itself() -> None:
    kept = Plan(**{"task": "reverse", **SMALL, "learning_rate": 2e-3})
    page = open_trained(kept=plan_text(kept))
    assert plan_of(page) == kept
    assert list(trainings(page)) == [kept]
    assert tile_names(page) == ["Head 0"]


def test_pause_stops_both_and_continue_goes_on_with_both() -> None:
    kept = Plan(**{"task": "reverse", **SMALL, "positions": "none"})
    page = open_learn(**SMALL, kept=plan_text(kept), pace="slow")
    press(page, "train")
    both = list(trainings(page).values())
    for training in both:
        assert training.wait(lambda t: t.state == "running" and bool(t.snapshots), LONG)
    checked(page.run())
    press(page, "pause")
    finish(page)
    assert [t.state for t in both] == ["stopped"] * 2
    assert progress(page).startswith("Paused at step ")
    change(page, pace="full")
    press(page, "train")
    finish(page)
    assert [t.state for t in both] == ["finished"] * 2
    assert [t.snapshots for t in both] == [snapshots_of(t.plan) for t in both]


def test_the_kept_run_alone_can_be_paused_and_go_on() -> None:
    page = open_trained()
    change(page, positions="none", pace="slow")
    press(page, "train")
    kept = trainings(page)[plan_of(page)]
    assert kept.wait(lambda t: t.state == "running" and bool(t.snapshots), LONG)
    press(page, "keep")
    change(page, positions="sinusoidal")  # which is finished
    assert buttons(page)["Pause"]
    press(page, "pause")
    finish(page)
    assert kept.state == "stopped"
    assert buttons(page)["Continue"]
    change(page, pace="full")
    press(page, "train")
    finish(page)
    assert kept.state == "finished"
    assert kept.snapshots == snapshots_of(kept.plan)


# Stories


@pytest.mark.parametrize("key", STORIES)
def test_a_story_sets_both_plans_and_says_its_sentences(key: str) -> None:
    page = open_learn(text="abc", head=0, q=3)
    change(page, story=key)
    kept, shown = STORIES[key].plans()
    assert plan_of(page) == shown
    assert page.query_params["kept"] == plan_text(kept)
    assert any(STORIES[key].say in text for text in markdowns(page))
    assert control(page, "text").value == ""
    assert buttons(page) == {
        "Train both": True, "Reset": False, "Stop comparing": True, "Check: five seeds": True,
    }  # fmt: skip
    assert errors(page) == notices(page) == []


@pytest.mark.usefixtures("tiny")
def test_train_both_trains_both_plans_of_a_story(tiny: Callable[..., Story]) -> None:
    tiny(0.5, 0.5)
    page = open_learn()
    change(page, story="reverse_positions")
    press(page, "train")
    finish(page)
    kept, shown = STORIES["reverse_positions"].plans()
    assert {p: t.snapshots for p, t in trainings(page).items()} == {
        plan: snapshots_of(plan) for plan in (shown, kept)
    }
    assert tile_names(page) == ["Head 0", "kept: Head 0"]
    np.testing.assert_array_equal(
        heatmaps(page),
        np.concatenate([read(plan, snapshots_of(plan)[-1])[0] for plan in (shown, kept)]),
    )
    check_curves(page, "this run", shown)
    check_curves(page, "kept", kept)
    assert buttons(page)["Train"] is False
    change(page, story=None)
    assert "Check: five seeds" not in buttons(page)
    assert tile_names(page) == ["Head 0", "kept: Head 0"]


@pytest.mark.parametrize(("solved", "unsolved", "held"), [(0.0, 1.0, 2), (1.0, 1.0, 0)])
def test_the_check_counts_how_often_the_claim_holds(
    tiny: Callable[..., Story],
    monkeypatch: pytest.MonkeyPatch,
    solved: float,
    unsolved: float,
    held: int,
) -> None:
    story = tiny(solved, unsolved)
    monkeypatch.setattr(story_check, "SEEDS", range(2))
    page = open_learn()
    change(page, story="reverse_positions")
    press(page, "check")
    assert "Training seed 0 …: 0 of 2 seeds are done." in markdowns(page)
    check = own(page, LearnMemory).check
    while len(check.pairs) < 2 or check.active():
        for training in check.active():
            assert training.wait(lambda t: not t.is_active, LONG)
        checked(page.run())
        if check.active():  # the claim is about both seeds
            assert not any("Held in" in text for text in markdowns(page))
    checked(page.run())
    ends = [[snapshots_of(plan)[-1].accuracy for plan in story.plans(seed)] for seed in range(2)]
    each = "; ".join(
        f"seed {seed}: {kept:.1%} against {shown:.1%}" for seed, (kept, shown) in enumerate(ends)
    )
    assert f"Held in **{held} of 2** seeds. {each}" in markdowns(page)
    assert buttons(page)["Check: five seeds"] is True
    assert header(page).count("not trained yet") == 1  # what is shown is nobody's check


def test_another_story_shows_no_check_and_stops_it(
    tiny: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny(0.5, 0.5)
    monkeypatch.setitem(SHORT, "steps", 3000)
    page = open_learn()
    change(page, story="reverse_positions")
    press(page, "check")
    check = own(page, LearnMemory).check
    change(page, story="one_head")
    assert all(training.is_asked_to_stop for pair in check.pairs for training in pair)
    for training in check.active():
        assert training.wait(lambda t: not t.is_active, LONG)
    checked(page.run())
    assert not any("Training seed" in text for text in markdowns(page))
    assert [t.state for pair in check.pairs for t in pair] == ["stopped"] * 2


def test_a_check_that_is_stopped_starts_no_further_seeds(
    tiny: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny(0.5, 0.5)
    monkeypatch.setitem(SHORT, "steps", 3000)
    page = open_learn()
    change(page, story="reverse_positions")
    press(page, "check")
    check = own(page, LearnMemory).check
    for training in check.active():
        training.stop()
        assert training.wait(lambda t: not t.is_active, LONG)
    checked(page.run())
    assert len(check.pairs) == 1  # what is stopped stays stopped
    said = "Stopped: 0 of 5 seeds are done, so nothing is said of the claim."
    assert said in markdowns(page)
