"""How far a training is, and why it has ended."""

import streamlit as st

from model.training.plan import Plan
from model.training.worker import SECONDS
from ui.jobs.training_queue import Training
from ui.pages.learn.trainings import baseline_plan, queue, training_of
from ui.text.errors import describe_error
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain
from ui.text.numbers import decimal


def show_progress(plan: Plan) -> None:
    """Show the bar: steps per second and time left, or the place in the queue."""
    training = _told(plan)
    if training is None:
        steps = ngettext("{count} step", "{count} steps", plan.steps)
        st.progress(0.0, _("Not trained yet: ") + steps.format(count=plan.steps))
        return
    st.progress(min(1.0, training.step / training.plan.steps), describe_training(training))


def _told(plan: Plan) -> Training | None:
    """The training that the bar is about: of two that run, the one that is shown."""
    training, other = training_of(plan), baseline_plan()
    if other is None or (training is not None and training.is_active):
        return training
    compared = training_of(other)
    return compared if compared is not None and compared.is_active else training


def describe_training(training: Training) -> str:
    """Return how far a training is."""
    step = _("step {step} of {steps}").format(step=training.step, steps=training.plan.steps)
    match training.state:
        case "waiting":
            place = queue().place(training)
            if place == 0:
                return _("Starting …")
            return ngettext(
                "All of this server's cores are busy: {count} training is before yours.",
                "All of this server's cores are busy: {count} trainings are before yours.",
                place,
            ).format(count=place)
        case "running" if training.steps_per_second:
            left = (training.plan.steps - training.step) / training.steps_per_second
            return _("{step} · {rate} steps/s · {left} s left").format(
                step=step, rate=round(training.steps_per_second), left=decimal(left, 1)
            )
        case "finished" if training.from_file:
            return _("{step}, from a file").format(step=step)
        case "finished":
            return _("{step} · {seconds} s of training").format(
                step=step, seconds=decimal(training.seconds, 1)
            )
        case "stopped":
            return _("Paused at {step}").format(step=step)
    return step


def show_endings(plan: Plan) -> None:
    """Say why a training has ended too early, where it has."""
    for training in (training_of(plan), _other(plan)):
        if training is None:
            continue
        if training.state == "diverged":
            last = training.snapshots[-1].step if training.snapshots else 0
            st.error(
                _(
                    "The training diverged: after step {step} the loss is no longer a number, as "
                    "the learning rate of {rate:g} is too high. Shown is the last good snapshot, "
                    "of step {last}."
                ).format(step=training.step, rate=training.plan.learning_rate, last=last),
                icon=":material/error:",
            )
        elif training.state == "too slow":
            st.warning(
                _("The training was stopped after {seconds} s, the limit of a run. Continue goes "
                  "on from there.").format(seconds=SECONDS),
                icon=":material/info:",
            )  # fmt: skip
        elif training.state == "failed":
            st.error(
                _("The training failed: {message}. What it had learnt by then is shown.").format(
                    message=plain(describe_error(training.message, _), 300)
                ),
                icon=":material/error:",
            )


def describe_ending(training: Training) -> str:
    """Return why a training has ended before its last step, where nothing of it is shown."""
    match training.state:
        case "diverged":
            return _(
                "The training diverged: after step {step} the loss is no longer a number, as the "
                "learning rate of {rate:g} is too high."
            ).format(step=training.step, rate=training.plan.learning_rate)
        case "too slow":
            return _("The training was stopped after {seconds} s, the limit of a run.").format(
                seconds=SECONDS
            )
        case "failed":
            return _("The training failed: {message}.").format(
                message=plain(describe_error(training.message, _), 300).rstrip(".")
            )
    return _("The training was stopped at step {step} of {steps}.").format(
        step=training.step, steps=training.plan.steps
    )


def _other(plan: Plan) -> Training | None:
    other = baseline_plan()
    return None if other in (None, plan) else training_of(other)
