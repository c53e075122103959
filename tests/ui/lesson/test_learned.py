"""The lesson whose model is trained meanwhile: what it asks, waits for, and what goes wrong."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lessons.shelf import forget, lessons
from model.errors import CodedText
from model.masks import encode_cells
from model.training.plan import Plan
from tests.matrix import matrix
from tests.ui.helpers import checked, control, link, open_app, open_popovers, own, type_text, value
from tests.ui.lesson.helpers import said, sent, steady
from tests.ui.pages.learn.helpers import finish, read, snapshots_of, trainings, untrained
from ui.jobs.training_queue import Training, TrainingQueue
from ui.pages.learn import progress
from ui.pages.learn import trainings as trainings_module
from ui.pages.learn.memory import LearnMemory


class AtOnce(TrainingQueue):
    """Trains in this process, before a page goes on: most tests aren't about processes."""

    def submit(self, training: Training) -> None:
        """Train it to its end."""
        training.snapshots = snapshots_of(training.plan)
        training.step, training.state = training.plan.steps, "finished"

    def warm_up(self) -> None:
        """Need no process."""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page trains is trained as soon as it is asked for."""
    queue = AtOnce()
    for module in (trainings_module, progress):
        monkeypatch.setattr(module, "queue", lambda: queue)


SOON = 60  # steps: trained in a moment, and by then not everything is right
REVERSE: dict[str, object] = {
    "task": "reverse", "heads": 1, "embed_size": 32, "learning_rate": 2e-3, "steps": 400,
}  # fmt: skip
TEXTS = ("", "attention", "abcdefghij", "zigzag")


def plan(**changes: object) -> Plan:
    return Plan(**{**REVERSE, **changes})


def follow(step: int, **more: object) -> AppTest:
    return open_app(link(lesson="learned", step=step, **more), path="learn")


def press(at: AppTest, key: str) -> AppTest:
    (button,) = [each for each in open_popovers(at).button if each.key == key]
    return checked(button.click().run())


def learned(step: int, **more: object) -> AppTest:
    """A step whose truth is shown, with a model that has learnt for a moment."""
    return finish(follow(step, steps=SOON, revealed="true", **more))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("text", TEXTS)
def test_before_training_as_many_letters_are_right_as_the_models_own_weights_say(text: str) -> None:
    typed = text or "headlights"
    _weights, answer = read(plan(), untrained(plan()), typed)
    right = sum(one == other for one, other in zip(answer, reversed(typed), strict=True))
    at = follow(1, text=text, revealed="true")
    assert f"It is {right}. So many of the {len(typed)} answers are right here." in said(at)
    assert at.get("plotly_chart")


@pytest.mark.usefixtures("at_once")
@matrix(2, "text", TEXTS)
def test_the_painting_is_held_against_what_was_learnt(text: str) -> None:
    short = plan(steps=SOON)
    (weights,), _answer = read(short, snapshots_of(short)[-1], text or "headlights")
    dark = weights >= weights.max(axis=1, keepdims=True) / 2
    at = learned(2, text=text, answer=encode_cells(dark))
    assert f"100% are in both. {dark.sum()} cells stand out: " in said(at)


def test_the_painting_that_solves_the_task_is_right_once_the_task_is_learnt() -> None:
    across = np.fliplr(np.eye(10, dtype=bool))
    (weights,), _answer = read(plan(), snapshots_of(plan())[-1])
    dark = weights >= weights.max(axis=1, keepdims=True) / 2
    share = (across & dark).sum() / (across | dark).sum()
    assert share > 0.7
    at = finish(follow(2, answer=encode_cells(across), revealed="true"))
    assert f"or in the right one, {share:.0%} are in both." in said(at)
    assert "The first place looks at the last letter" in said(at)


@pytest.mark.usefixtures("at_once")
@matrix(
    2, "changes", [{}, {"seed": 1}, {"seed": 2}, {"positions": "none"}, {"positions": "rotary"}]
)
def test_the_share_of_right_letters_is_the_trainings_own(changes: dict[str, object]) -> None:
    step = 4 if "positions" in changes else 3
    accuracy = snapshots_of(plan(steps=SOON, **changes))[-1].accuracy
    at = learned(step, answer=90, **changes)
    assert f"You said 90%. It is {accuracy:.1%}. So many of the answers are right" in said(at)
    assert "90% it had" not in said(at)  # it never had


@pytest.mark.usefixtures("at_once")
def test_a_wrong_share_is_told_when_the_training_had_it() -> None:
    short = plan(steps=SOON)
    curve = [(each.step, each.accuracy) for each in snapshots_of(short)]
    wanted = round(100 * curve[-1][1]) - 6  # below what is right at the end
    step = next(step for step, accuracy in curve if abs(accuracy - wanted / 100) <= 0.05)
    assert f"{wanted}% it had after {step} steps." in said(learned(3, answer=wanted))


@pytest.mark.usefixtures("at_once")
def test_without_positions_hardly_more_is_right_than_by_naming_the_commonest_letter() -> None:
    # Of ten letters of 26, the commonest is there twice on average: see the lesson's fourth step.
    accuracy = snapshots_of(plan(positions="none"))[-1].accuracy
    drawn = np.random.default_rng(0).integers(26, size=(20_000, 10))
    commonest = np.mean([np.bincount(word).max() for word in drawn]) / 10
    assert abs(accuracy - commonest) < 0.05


@pytest.mark.usefixtures("at_once")
def test_trainings_begin_one_step_before_they_are_needed() -> None:
    at = follow(1)
    assert list(trainings(at)) == [plan()]
    at = press(at, "way_next")
    assert list(trainings(at)) == [plan()]
    at = press(at, "way_next")
    assert list(trainings(at)) == [plan(), plan(positions="none")]


def test_what_no_step_needs_any_more_is_not_trained_to_its_end() -> None:
    at = follow(3)
    before = replaced(at, "running", step=10)
    (seed,) = [each for each in at.number_input if each.key == "seed"]
    at = checked(seed.set_value(4).run())
    assert before.is_asked_to_stop
    assert set(trainings(at)) == {plan(seed=4), plan(positions="none")}


def test_what_somebody_trained_by_himself_goes_on() -> None:
    at = follow(3)
    mine = plan(steps=50, heads=2)
    training = own(at, LearnMemory).trainings[mine] = Training(mine)
    at = checked(control(at, "seed").set_value(4).run())
    assert plan(seed=4) in trainings(at)
    assert training.is_active
    assert not training.is_asked_to_stop


@pytest.mark.usefixtures("at_once")
def test_outside_the_step_nothing_is_trained_unasked() -> None:
    at = press(follow(1), "explore_from_here")
    known = set(trainings(at))
    assert value(at, "free")
    at = checked(control(at, "positions").set_value("rotary").run())
    assert set(trainings(at)) == known


@pytest.mark.usefixtures("at_once")
def test_what_cant_be_trained_is_told_in_place() -> None:
    for more in ({"positions": "rotary", "embed_size": 31}, {"embed_size": 128, "layers": 4}):
        for revealed in ("false", "true"):
            at = follow(3, revealed=revealed, **more)
            assert not at.exception
            assert "It is" not in said(at)
            assert at.error


@pytest.mark.usefixtures("at_once")
def test_a_training_begins_also_while_another_page_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = """title = "Two"\nabout = "Two pages."\nminutes = 5\n"""
    for state in ("explore", "learn?steps=30&embed_size=16"):
        two += f"""[[step]]\nheading = "One"\ntext = "Look."\nstate = "{state}"\n"""
    (tmp_path / "two.toml").write_text(two, encoding="utf-8")
    monkeypatch.setenv("HEADLIGHT_LESSONS", str(tmp_path))
    forget()
    try:
        at = open_app("lesson=two")
        assert list(trainings(at)) == [plan(steps=30, embed_size=16)]
    finally:
        monkeypatch.undo()
        forget()


def replaced(at: AppTest, state: str, **fields: object) -> Training:
    """In place of the page's training, one in a state that it could have come to."""
    kept = own(at, LearnMemory).trainings
    for each in kept.values():
        each.stop()
    training = Training(plan())
    training.state = state  # type: ignore[assignment]
    for name, field in fields.items():
        setattr(training, name, field)
    kept[plan()] = training
    return training


@pytest.mark.usefixtures("at_once")
def test_reveal_waits_for_the_training_and_says_how_far_it_is() -> None:
    at = follow(3, answer=60)
    training = replaced(at, "running", step=100, steps_per_second=50.0)
    at = press(at, "reveal")
    (bar,) = at.get("progress")
    assert bar.proto.value == 25
    assert bar.proto.text == (
        "The model is being trained: 25% · step 100 of 400 · 50 steps/s · 6.0 s left"
    )
    assert not at.get("plotly_chart")
    assert "It is" not in said(at)
    assert at.number_input[0].value == 60
    assert at.number_input[0].disabled
    assert not [each for each in at.button if each.key == "reveal"]
    training.state, training.snapshots = "finished", snapshots_of(plan())
    at = checked(at.run())
    assert not at.get("progress")
    assert "You said 60%. It is 100.0%." in said(at)
    assert at.get("plotly_chart")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("state", "fields", "why"),
    [
        ("failed", {"message": CodedText("x", "no memory")}, "The training failed: no memory."),
        ("stopped", {"step": 100}, "The training was stopped at step 100 of 400."),
        ("too slow", {}, "The training was stopped after "),
        ("diverged", {"step": 7}, "The training diverged: after step 7 the loss is no longer a "),
    ],
)
def test_what_ends_too_early_says_why_and_can_be_tried_again(
    state: str, fields: dict[str, object], why: str
) -> None:
    at = follow(3, answer=60, revealed="true")
    replaced(at, state, **fields)
    at = checked(at.run())
    (warning,) = [each.value for each in at.warning]
    assert warning.startswith(why)
    assert not at.get("plotly_chart")
    assert "It is" not in said(at)
    at = finish(press(at, "try_again"))
    assert not at.warning
    assert "You said 60%. It is 100.0%." in said(at)


@pytest.mark.usefixtures("at_once")
def test_a_step_that_asks_nothing_shows_a_training_as_it_goes() -> None:
    at = follow(5)
    replaced(at, "running", step=200, snapshots=snapshots_of(plan())[:9])
    at = checked(at.run())
    assert at.get("plotly_chart")
    (bar,) = at.get("progress")
    assert bar.proto.value == 50
    assert "learn_chart" in steady(at)  # it doesn't blink
    assert not steady(follow(3))  # nor does a picture come back beside another question


@pytest.mark.usefixtures("at_once")
def test_before_it_is_revealed_nothing_of_what_was_learnt_is_sent() -> None:
    # The same links but for the model, which comes to other weights and to another accuracy.
    for step, changes in ((1, {"seed": 1}), (2, {"seed": 1}), (3, {"positions": "none"})):
        pages = [finish(follow(step, steps=SOON, **more)) for more in ({}, changes)]
        for at in pages:
            assert not at.get("plotly_chart")
            assert not at.get("html") or "answers" not in str(at.get("html"))
            assert not at.get("download_button")
        one, two = (
            [part for part in sent(at) if '"Seed"' not in part and "'Seed'" not in part]
            for at in pages
        )
        assert one == two
        shown = [finish(follow(step, steps=SOON, revealed="true", **more))
                 for more in ({}, changes)]  # fmt: skip
        assert sent(shown[0]) != sent(shown[1])  # else the test would show nothing


@pytest.mark.usefixtures("at_once")
def test_an_input_of_ones_own_is_asked_about_anew() -> None:
    at = follow(1, answer=3, revealed="true")
    at = type_text(at, "abc")
    assert not value(at, "revealed")
    assert not value(at, "answer")
    assert not at.get("plotly_chart")
    at = press(at, "reveal")
    assert "So many of the 3 answers are right here." in said(at)
    assert "By chance one letter" not in said(at)  # that was of the lesson's own word


@pytest.mark.usefixtures("at_once")
def test_an_input_that_cant_be_read_is_told_and_the_tasks_own_is_asked_about() -> None:
    at = follow(1, text="3!")
    told = [each.value for each in at.caption if "Shown instead: headlights." in each.value]
    assert len(told) == 1


@pytest.mark.usefixtures("at_once")
def test_with_another_seed_it_is_asked_anew() -> None:
    at = learned(3, answer=60)
    (seed,) = [each for each in at.number_input if each.key == "seed"]
    at = checked(seed.set_value(4).run())
    assert not value(at, "revealed")
    assert plan(steps=SOON, seed=4) in trainings(at)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("answer", ["-1", "nan", "1e999", "10.////", "<b>", "💡" * 500])
def test_a_hostile_answer_is_no_answer(answer: str) -> None:
    for step in (1, 2, 3):
        at = finish(follow(step, steps=SOON, answer=answer, revealed="true"))
        assert not at.exception
        assert "You said" not in said(at)
        assert "in both" not in said(at)


@pytest.mark.usefixtures("at_once")
def test_the_lesson_uses_the_plan_that_learns_reliably() -> None:
    for step in lessons()["learned"].steps:
        assert (step.page, step.state["task"]) == ("learn", "reverse")
