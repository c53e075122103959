"""How a training ends other than with its last step, and what Learn says of it."""

import importlib
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from model.training.plan import Plan
from model.training.worker import SECONDS, Ended
from tests.ui.helpers import alt, change, chart, checked, header, notices, own
from tests.ui.jobs.helpers import ended
from tests.ui.pages.learn.helpers import (
    CHART,
    LONG,
    SMALL,
    buttons,
    errors,
    finish,
    open_learn,
    plan_of,
    press,
    snapshots_of,
    trainings,
)
from ui.jobs import open_page
from ui.jobs.training_queue import Training
from ui.link.plan_text import plan_text
from ui.pages.learn import trainings as trainings_module
from ui.pages.learn.memory import LearnMemory

WILD: dict[str, object] = {
    "task": "copy", "layers": 2, "embed_size": 16, "steps": 400, "learning_rate": 1000,
}  # fmt: skip


def paused(page: AppTest) -> Training:
    """The page's training, after some steps."""
    change(page, pace="slow")
    press(page, "train")
    (training,) = trainings(page).values()
    assert training.wait(lambda t: len(t.snapshots) > 1, LONG)
    press(page, "pause")
    finish(page)
    assert training.state == "stopped"
    return training


def test_a_training_that_diverges_shows_its_last_good_snapshot() -> None:
    page = open_learn(**WILD)
    press(page, "train")
    finish(page)
    (training,) = trainings(page).values()
    assert training.state == "diverged"
    last = training.snapshots[-1]
    assert errors(page) == [
        f"The training diverged: after step {training.step} the loss is no longer a number, as "
        "the learning rate of 1000 is too high. Shown is the last good snapshot, of step "
        f"{last.step}."
    ]
    assert f"{last.step} steps from seed 0" in header(page) or last.step == 0
    assert alt(page, CHART).startswith(f"copy, step {last.step} of 400: ")
    assert buttons(page) == {"Train": True, "Reset": True, "Keep this run": True}
    press(page, "train")  # once more, from the beginning
    finish(page)
    (again,) = trainings(page).values()
    assert again is not training
    assert again.snapshots == training.snapshots
    change(page, learning_rate=0.003)
    assert errors(page) == []


@pytest.mark.matrix
def test_it_is_told_of_the_run_that_is_compared_with_as_well() -> None:
    kept = Plan(**{**WILD, "learning_rate": 1000.0})  # type: ignore[arg-type]
    page = open_learn(**{**WILD, "learning_rate": 0.002, "steps": 20}, kept=plan_text(kept))
    press(page, "train")
    finish(page)
    assert [message[:22] for message in errors(page)] == ["The training diverged:"]
    assert "20 steps from seed 0" in header(page)


def test_a_training_that_takes_too_long_can_go_on() -> None:
    page = open_learn(**SMALL)
    training = paused(page)
    training._take(Ended("too slow", training.step, 1.0, training.checkpoint))
    checked(page.run())
    assert notices(page) == [
        f"The training was stopped after {SECONDS} s, the limit of a run. Continue goes on from "
        "there."
    ]
    assert buttons(page)["Continue"]
    change(page, pace="full")
    press(page, "train")
    finish(page)
    assert notices(page) == []
    assert training.snapshots == snapshots_of(plan_of(page))


def test_a_training_that_fails_says_why_and_shows_what_it_had_learnt() -> None:
    page = open_learn(**SMALL)
    training = paused(page)
    training._take(Ended("failed", training.step, 1.0, message="**no** <b>memory</b>"))
    checked(page.run())
    assert errors(page) == [
        r"The training failed: \*\*no\*\* \<b\>memory\</b\>. What it had learnt by then is shown."
    ]
    step = training.snapshots[-1].step
    assert f"{step} steps from seed 0" in header(page)
    assert buttons(page) == {"Train": True, "Reset": True, "Keep this run": True}
    change(page, pace="full")
    press(page, "train")
    finish(page)
    assert errors(page) == []
    assert trainings(page)[plan_of(page)].snapshots == snapshots_of(plan_of(page))


def test_what_runs_for_a_page_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    open_pages = {"test session id"}
    server = SimpleNamespace(is_active_session=lambda session: bool(open_pages))
    monkeypatch.setattr(
        open_page,
        "runtime",
        SimpleNamespace(exists=lambda: True, get_instance=lambda: server),
    )
    page = open_learn(story="one_head", pace="slow")
    press(page, "train")
    press(page, "check")
    check = own(page, LearnMemory).check
    running = [*trainings(page).values(), *check.active()]
    assert len(running) == 4
    assert running[0].wait(lambda t: t.state == "running", LONG)
    open_pages.clear()
    for training in running:
        trainings_module.queue().place(training)  # somebody looks at the queue
        assert training.wait(lambda t: not t.is_active, LONG)
        assert training.state in ("stopped", "finished")
    assert running[0].state == "stopped"
    assert running[0].step < 600


@pytest.mark.parametrize(
    "drawn", ["pages.learn.page.draw_buttons", "pages.learn.page.draw_view_bar"]
)
def test_one_that_ends_while_the_page_is_drawn_can_go_on(
    monkeypatch: pytest.MonkeyPatch, drawn: str
) -> None:
    page = open_learn(**SMALL, pace="slow")
    press(page, "train")
    end_after(monkeypatch, drawn, page)
    checked(page.run())
    assert buttons(page) == {"Continue": True, "Reset": True, "Keep this run": True}


def test_one_that_ends_while_its_figure_is_drawn_is_shown_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = open_learn(**SMALL, pace="slow")
    press(page, "train")
    end_after(monkeypatch, "pages.learn.watch_view.draw_learning", page)
    checked(page.run())
    assert "pause" in {each.key for each in page.button}
    assert "snapshot" not in {each.key for each in page.select_slider}
    assert "frames" not in chart(page, CHART)
    finish(page)
    assert "at" not in page.query_params
    assert chart(page, CHART)["frames"]


def end_after(monkeypatch: pytest.MonkeyPatch, drawn: str, page: AppTest) -> None:
    """Stop the page's training, after some steps, when this function has been called."""
    name, _, function = drawn.rpartition(".")
    module = importlib.import_module(f"ui.{name}")
    (training,) = trainings(page).values()
    original = getattr(module, function)

    def ending(*args: object, **options: object) -> object:
        done = original(*args, **options)
        if training.is_active:
            assert training.wait(lambda t: len(t.snapshots) > 1, LONG)
            training.stop()
            ended(training)
        return done

    monkeypatch.setattr(module, function, ending)
