"""Learn: what it opens with, what the buttons do at each moment, and that its numbers are right."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.training.plan import Plan
from model.training.trainer import snapshot_steps
from tests.matrix import matrix
from tests.ui.helpers import alt, array, change, chart, control, header, notices
from tests.ui.pages.learn.helpers import (
    CHART,
    LONG,
    answers,
    buttons,
    captions,
    errors,
    finish,
    heatmaps,
    open_learn,
    open_trained,
    plan_of,
    press,
    progress,
    read,
    snapshots_of,
    trainings,
    untrained,
)
from ui.jobs.training_queue import Training
from ui.pages.learn.trainings import queue

UNTRAINED = "**Headlight** — **random weights, not trained yet** (seed {}): {} "
TRAINED = "**Headlight** — **weights trained here**, {} steps from seed {}: {} "


def only_training(page: AppTest) -> Training:
    (training,) = trainings(page).values()
    return training


def started(page: AppTest) -> Training:
    """The page's training, at work."""
    training = only_training(page)
    assert training.wait(lambda t: t.state == "running" and bool(t.snapshots), LONG)
    return training


def test_it_opens_with_a_learner_that_has_learnt_nothing() -> None:
    page = open_learn()
    plan = plan_of(page)
    first = untrained(plan)
    assert header(page).startswith(UNTRAINED.format(0, "reverse, 1 layer × 1 head, energies ÷ √32"))
    assert ":green-badge[" in header(page)
    assert alt(page, CHART).startswith(
        f"reverse, step 0 of 400: {first.accuracy:.1%} of the answers are right, "
        f"loss {first.loss:.3g}. weight in 1 picture of 10 × 10 cells, from "
    )
    weights, said = read(plan, first)
    np.testing.assert_array_equal(heatmaps(page), weights)
    assert [text for _look, text in answers(page)["says"]] == said
    assert "frames" not in chart(page, CHART)
    assert progress(page) == "Not trained yet: 400 steps"
    assert buttons(page) == {"Train": True, "Reset": False, "Keep this run": False}
    assert control(page, "text").value == ""
    assert control(page, "text").placeholder == "headlights"
    assert page.query_params == {}
    assert notices(page) == errors(page) == []
    assert captions(page) == [
        "Say the letters backwards. A solving head looks at the place across. Click a cell or a "
        "head's name to look closer."
    ]


def test_train_pause_continue_and_reset() -> None:
    page = open_learn(pace="slow", steps=50, embed_size=16)
    plan = plan_of(page)
    press(page, "train")
    training = started(page)
    page.run()
    assert buttons(page) == {"Pause": True, "Reset": True, "Keep this run": True}
    assert training.wait(lambda t: t.step >= 2 and t.steps_per_second > 0, LONG)
    page.run()
    assert re.fullmatch(r"step \d+ of 50 · \d+ steps/s · \d+\.\d s left", progress(page))

    press(page, "pause")
    finish(page)
    step = training.step
    assert training.state == "stopped"
    assert buttons(page) == {"Continue": True, "Reset": True, "Keep this run": True}
    assert progress(page) == f"Paused at step {step} of 50"
    assert header(page).startswith(
        TRAINED.format(training.snapshots[-1].step, 0, "reverse, 1 layer × 1 head, energies ÷ √16")
    )

    change(page, pace="full")
    press(page, "train")
    finish(page)
    assert training.state == "finished"
    assert training.snapshots == snapshots_of(plan)
    assert buttons(page) == {"Train": False, "Reset": True, "Keep this run": True}
    assert re.fullmatch(r"step 50 of 50 · \d+\.\d s of training", progress(page))
    last = training.snapshots[-1]
    assert header(page).startswith(
        TRAINED.format(50, 0, "reverse, 1 layer × 1 head, energies ÷ √16")
    )
    assert ":green-badge[" in header(page)
    assert alt(page, CHART).startswith(
        f"reverse, step 50 of 50: {last.accuracy:.1%} of the answers are right, "
        f"loss {last.loss:.3g}."
    )

    press(page, "reset")
    assert trainings(page) == {}
    assert "not trained yet** (seed 0): reverse, " in header(page)
    assert buttons(page) == {"Train": True, "Reset": False, "Keep this run": False}
    assert progress(page) == "Not trained yet: 50 steps"


def test_the_figure_of_a_shorter_training_begins_with_its_own_last_snapshot() -> None:
    page = open_trained()
    before = alt(page, CHART)
    press(page, "reset")
    change(page, pace="slow")
    press(page, "train")
    training = started(page)
    press(page, "pause")
    finish(page)
    step = training.snapshots[-1].step
    assert alt(page, CHART).startswith(f"reverse, step {step} of 30: ")
    change(page, pace="full")
    press(page, "train")
    finish(page)
    assert "30 steps from seed 0" in header(page)
    assert alt(page, CHART) == before


def test_a_running_training_that_is_reset_ends() -> None:
    page = open_learn(pace="slow")
    press(page, "train")
    training = started(page)
    press(page, "reset")
    assert training.wait(lambda t: t.state == "stopped", LONG)
    assert buttons(page) == {"Train": True, "Reset": False, "Keep this run": False}
    assert "not trained yet" in header(page)


def test_another_plan_is_another_training_and_both_are_kept() -> None:
    page = open_trained()
    first = plan_of(page)
    shown = heatmaps(page)
    change(page, seed=5)
    assert "not trained yet** (seed 5)" in header(page)
    press(page, "train")
    finish(page)
    assert "**weights trained here**, 30 steps from seed 5" in header(page)
    change(page, seed=0)
    assert "**weights trained here**, 30 steps from seed 0" in header(page)
    np.testing.assert_array_equal(heatmaps(page), shown)
    assert {p: t.snapshots for p, t in trainings(page).items()} == {
        plan: snapshots_of(plan) for plan in (first, plan_of(page, seed=5))
    }


def test_only_the_last_trainings_of_a_page_are_kept() -> None:
    page = open_learn(steps=1, embed_size=8)
    for seed in range(8):
        change(page, seed=seed)
        press(page, "train")
        finish(page)
    assert [plan.seed for plan in trainings(page)] == [2, 3, 4, 5, 6, 7]
    change(page, seed=0)
    assert "not trained yet" in header(page)


def test_a_training_that_waits_says_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue(), "slots", 1)
    first = open_learn(pace="slow")
    press(first, "train")
    busy = started(first)
    second, third = open_learn(**{"seed": 1, "steps": 30}), open_learn(**{"seed": 2, "steps": 30})
    for page in (second, third):
        press(page, "train")
        page.run()
    assert progress(second) == ("All of this server's cores are busy: 1 training is before yours.")
    assert progress(third) == ("All of this server's cores are busy: 2 trainings are before yours.")
    assert buttons(third) == {"Pause": True, "Reset": True, "Keep this run": True}
    press(second, "pause")
    second.run()
    second.run()
    assert buttons(second) == {"Train": True, "Reset": True, "Keep this run": True}
    third.run()
    assert "1 training is before yours" in progress(third)
    busy.stop()
    finish(third)
    assert "weights trained here" in header(third)
    press(second, "train")
    finish(second)
    assert "weights trained here" in header(second)


# Numbers


RUNS: dict[str, dict[str, object]] = {
    "one head": {},
    "heads and layers": {"task": "shift", "heads": 2, "layers": 2, "positions": "alibi"},
    "looks back alone": {"task": "induction", "heads": 2, "positions": "rotary", "layers": 2},
    "without feed-forward": {"task": "compare", "heads": 2, "scale": "none"},
    "cross": {"task": "numbers", "positions": "learned"},
    "decoder's own": {"task": "numbers", "kind": "decoder self"},
    "encoder's own": {"task": "numbers", "kind": "encoder self"},
    "typed": {"task": "reverse", "text": "ABCA xyz"},
}


@matrix(2, "name", RUNS)
def test_frames_and_curves_are_what_the_snapshots_make_of_the_example(name: str) -> None:
    page = open_trained(**RUNS[name])
    plan, kind = plan_of(page), str(RUNS[name].get("kind", "")).replace(" ", "_")
    snapshots = snapshots_of(plan)
    made = [read(plan, s, str(RUNS[name].get("text", "")), kind) for s in snapshots]
    figure = chart(page, CHART)
    heads = plan.heads * plan.layers
    assert len(figure["frames"]) == len(snapshots) == len(snapshot_steps(plan))
    for frame, (weights, _said) in zip(figure["frames"], made, strict=True):
        assert frame["traces"][:heads] == list(range(heads))
        drawn = [array(data["z"]) for data in frame["data"][:heads]]
        np.testing.assert_array_equal(drawn, weights)
    np.testing.assert_array_equal(heatmaps(page), made[-1][0])
    check_captions(page, [said for _weights, said in made])
    check_curves(page, plan, np.array([weights for weights, _said in made], dtype=float))


def check_captions(page: AppTest, said: list[list[str]]) -> None:
    """Each says how much is right, and what the snapshot answers where it is asked."""
    (slider,) = chart(page, CHART)["layout"]["sliders"]
    assert slider["active"] == len(said) - 1
    right = [right for _look, right in answers(page)["right"]]
    for step, snapshot, symbols in zip(
        slider["steps"], snapshots_of(plan_of(page)), said, strict=True
    ):
        asked = [symbol for symbol, wanted in zip(symbols, right, strict=True) if wanted]
        whole = ("" if all(len(symbol) == 1 for symbol in asked) else " ").join(asked)
        begins, here = step["label"].split(" · here: ")
        assert begins == f"step {snapshot.step} · {snapshot.accuracy:.1%} right"
        assert here == whole or (here.endswith("…") and whole.startswith(here[:-1]))


def check_curves(page: AppTest, plan: Plan, weights: np.ndarray) -> None:
    """Accuracy, loss and each head's entropy; weights are (S, N, Q, K)."""
    snapshots = snapshots_of(plan)
    curves = [t for t in chart(page, CHART)["data"] if t["type"] == "scatter" and t.get("name")]
    accuracy, loss, *entropies = curves
    for curve in curves:
        assert array(curve["x"]).tolist() == [s.step for s in snapshots]
    np.testing.assert_array_equal(array(accuracy["y"]), [s.accuracy * 100 for s in snapshots])
    np.testing.assert_array_equal(array(loss["y"]), [s.loss for s in snapshots])
    logarithms = np.log(np.where(weights > 0, weights, 1))
    entropy = -np.nansum(weights * logarithms, axis=-1).mean(-1)  # (S, N)
    assert len(entropies) == weights.shape[1]
    for head, curve in enumerate(entropies):
        np.testing.assert_allclose(array(curve["y"]), entropy[:, head], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("task", ["reverse", "lookup", "numbers"])
def test_the_answers_show_which_are_right(task: str) -> None:
    page = open_trained(task=task, seed=3)
    plan = plan_of(page)
    example = plan.learnt.example(plan.learnt.split(plan.learnt.probe))
    _weights, said = read(plan, snapshots_of(plan)[-1])
    rows = answers(page)
    assert [text for _look, text in rows["reads"]] == list(example.inputs)
    assert [text for _look, text in rows.get("source", [])] == list(example.source)
    assert [text for _look, text in rows["right"]] == [t or "" for t in example.targets]
    assert rows["says"] == [
        ("unasked", "") if right is None else ("right" if right == answer else "wrong", answer)
        for answer, right in zip(said, example.targets, strict=True)
    ]


def test_what_is_learnt_is_shown_as_right() -> None:
    page = open_trained(task="majority", embed_size=32, steps=150, learning_rate=0.003)
    (training,) = trainings(page).values()
    assert training.snapshots[-1].accuracy > 0.9
    looks = [look for look, _text in answers(page)["says"] if look != "unasked"]
    assert looks.count("right") / len(looks) > 0.9
