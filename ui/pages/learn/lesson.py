"""What lessons do on Learn: train one step before it is needed, and ask what has been learnt."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from lessons.learning import Learnt
from model.training.plan import Plan
from ui.controls.random_settings import draw_seed, sentence_input
from ui.controls.selection import Selection
from ui.frame.messages import describe_substitute
from ui.frame.teaching import Teaching, Values, Wait
from ui.jobs.training_queue import Training
from ui.lesson.picture import show_heads_alone
from ui.link.memory import value_of
from ui.link.plan_text import PLAN_FIELDS, read_plan
from ui.pages.learn.answers import show_answers
from ui.pages.learn.controls import draw_positions
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.progress import describe_ending, describe_training
from ui.pages.learn.trainings import (
    baseline_plan,
    drop_active,
    plan_in_use,
    train_again,
    train_unless_known,
    training_of,
    watched,
)
from ui.runs.trained_here import TrainedHereRun, read_typed
from ui.text.i18n import _
from ui.text.numbers import percent
from viz.theme import Theme

ANSWERS = 132  # pixels of the answers below a picture
UNTRAINED = 0  # the step whose snapshot needs no training


def begin(steps: Sequence[Values]) -> None:
    """Train what steps show, and what that is compared with; nothing for untrained weights."""
    wanted = {plan: values for values in steps for plan in _plans_of(values)}
    kept = learn_memory()
    for plan in kept.begun - wanted.keys():
        drop_active(plan)
    kept.begun = set(wanted)
    for plan, values in wanted.items():
        train_unless_known(plan, is_slow=values["pace"] == "slow")


def _plans_of(values: Values) -> list[Plan]:
    if values["at"] == UNTRAINED:
        return []
    corpus = learn_memory().corpus if values["task"] == "characters" else ""
    plans = [Plan(**{name: values[name] for name in PLAN_FIELDS}, corpus=corpus)]
    if values["kept"]:
        plans.append(read_plan(values["kept"], corpus))
    return plans


def wait() -> Wait | None:
    """Return how far the trainings are that the chosen values need; None once they are over."""
    if value_of("at") == UNTRAINED:
        return None
    try:
        shown = plan_in_use()
    except ValueError:
        return None  # there is nothing to wait for: who computes it says why
    plans = [plan for plan in (shown, baseline_plan()) if plan is not None]
    trainings = [(plan, training_of(plan)) for plan in dict.fromkeys(plans)]
    left = [(plan, each) for plan, each in trainings if each is None or not each.is_over]
    if not left:
        return None
    ended = [each for _plan, each in left if each is None or not each.is_active]
    training = ended[0] if ended else left[0][1]  # nobody has to wait to hear of a failure
    done = sum(_done(plan, each) for plan, each in trainings) / len(trainings)
    again = partial(_train_again, tuple(plan for plan, _training in left))
    if training is None:
        return Wait("", problem=_("The training hasn't been started."), again=again)
    if training.is_active:
        said = _("The model is being trained: {share} · {how}").format(
            share=percent(done), how=describe_training(training)
        )
        return Wait(said, done)
    label = _("Go on") if training.can_go_on else _("Train again")
    return Wait("", problem=describe_ending(training), again=again, again_label=label)


def _done(plan: Plan, training: Training | None) -> float:
    return 0.0 if training is None else training.step / plan.steps


def _train_again(plans: tuple[Plan, ...]) -> None:
    for plan in plans:
        train_again(plan)


def learnt(run: TrainedHereRun) -> Learnt:
    """Return what a training has come to at the snapshot that is shown."""
    seen, shown = watched(run.settings.plan, run.settings.typed), run.settings.snapshot
    return Learnt(
        accuracy=run.accuracy,
        curve=tuple((s.step, s.accuracy) for s in seen.snapshots if s.step <= shown.step),
        said=run.answer,
        right=run.example.targets,
    )


def show_beside(run: TrainedHereRun, selection: Selection, theme: Theme) -> None:
    """Draw the heads and the answers, without the curves: for half of a page."""
    show_heads_alone(run, selection, is_wide=False, below=ANSWERS)
    show_answers(run, is_over=False)


def draw_typed(run: TrainedHereRun, selection: Selection) -> None:
    """Draw the field for an input of one's own, and say where it can't be read."""
    plan = run.settings.plan
    sentence_input(_("Try your own input"), "text", placeholder=plan.learnt.probe)
    _typed, problem = read_typed(plan.learnt, value_of("text"))
    if problem:
        st.caption(describe_substitute(plan, problem))


CONTROLS = {
    "positions": draw_positions,
    "seed": lambda: draw_seed(_("Here: the first weights and the examples.")),
}
CONTROLS_OF_RUN = {"text": draw_typed}
TEACHING = Teaching(
    begin=begin, wait=wait, asks_of=("text", "task", "positions", "seed"), numbers=learnt
)
