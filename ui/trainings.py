"""The trainings of a page: those that run, those that have run, and the one to compare with."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from threading import Lock

import streamlit as st
from cachetools import LRUCache
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from model.tasks.base import Task
from model.training.plan import Plan
from model.training.trainer import Snapshot, snapshot_steps
from ui.error_text import describe_error
from ui.i18n import _
from ui.learnt import LearntSettings, Watched, untrained
from ui.link import current_page, keep, notice, parameters, value_of
from ui.parameters import PLAN_FIELDS, plan_text, read_plan
from ui.settings import SLOW_SECONDS
from ui.training_queue import Training, TrainingQueue
from ui.turns import session_in_use, take_turn

MOST_KEPT = 6  # trainings of a page: what was trained a minute ago is still there ...
MOST_KEPT_BYTES = 32 * 2**20  # ... unless its snapshots are large: a class has a hundred pages
# Of attention at all snapshots, of all sessions: up to 19 MB for an example. What doesn't fit is
# computed again.
MOST_WATCHED_BYTES = 128 * 2**20

_watched: LRUCache[tuple[str, Plan, tuple[str, ...]], Watched] = LRUCache(
    MOST_WATCHED_BYTES, getsizeof=lambda watched: watched.bytes
)
_lock = Lock()


@cache
def queue() -> TrainingQueue:
    """The queue that all pages share."""
    return TrainingQueue()


def plan_in_use() -> Plan:
    """What the controls describe.

    Raises:
        ValueError: if it is over a limit, or its task can't be made; says why.
    """
    chosen = {name: value_of(name) for name in PLAN_FIELDS}
    return Plan(**chosen, corpus=corpus_in_use())


def corpus_in_use() -> str:
    """The text that a character model reads; empty where that is the default one, or none."""
    if value_of("task") != "characters":
        return ""
    corpus: str = st.session_state.get("_corpus", "")
    return corpus


def kept_plan() -> Plan | None:
    """What to compare with, if there is anything."""
    text = value_of("kept")
    if not text:
        return None
    try:
        return read_plan(text, corpus_in_use() if text.startswith("characters,") else "")
    except ValueError:  # its corpus has changed to one that is too short
        return None


def training_of(plan: Plan) -> Training | None:
    """What has come of a plan on this page; None if it was never trained."""
    return _trainings().get(plan)


def snapshots_of(plan: Plan) -> tuple[Snapshot, ...]:
    """What there is to see of a plan, at least its beginning."""
    training = training_of(plan)
    return training.snapshots if training and training.snapshots else (untrained(plan),)


def is_from_file(plan: Plan) -> bool:
    """Whether what there is of a plan was trained some other time."""
    training = training_of(plan)
    return training is not None and training.from_file


def shown_snapshot(plan: Plan) -> Snapshot:
    """The snapshot that is chosen: the last one at or before the chosen step."""
    snapshots, at = snapshots_of(plan), value_of("at")
    if at is None:
        return snapshots[-1]
    return next((s for s in reversed(snapshots) if s.step <= at), snapshots[0])


def fit_snapshot(plan: Plan) -> None:
    """Keep the chosen step among those of which a training has snapshots; None is the last."""
    at, steps = value_of("at"), snapshot_steps(plan)
    if at is None or at in steps[:-1]:
        return
    used = max(step for step in steps if step <= at)
    keep("at", None if used == steps[-1] else used)
    if used != at:
        message = _("There is no snapshot of step {asked}; showing that of step {used}.")
        notice("at", message.format(asked=at, used=used), at)


def learnt_settings() -> tuple[LearntSettings, str | None]:
    """What is looked at, and why that isn't what was typed.

    Raises:
        ValueError: if there is no plan that can be trained; says why.
    """
    plan = plan_in_use()
    typed, problem = typed_in(plan.learnt, value_of("text"))
    return LearntSettings(plan, shown_snapshot(plan), typed, is_from_file(plan)), problem


@dataclass(frozen=True)
class Carried:
    """A model that was trained on Learn, as it was looked at there last."""

    plan: Plan
    snapshot: Snapshot
    from_file: bool
    text: str  # what it was asked about
    home: str  # the page that shows such models


def leave_behind(settings: LearntSettings) -> None:
    """What is shown on Learn is what its link to another page opens."""
    text = value_of("text").strip() or settings.plan.learnt.probe
    st.session_state["_carried"] = Carried(
        settings.plan, settings.snapshot, settings.from_file, text, home_of(settings.plan)
    )


def home_of(plan: Plan) -> str:
    """Which page shows such models."""
    return "encoder-decoder" if plan.learnt.kind == "encoder-decoder" else "explore"


def carried() -> Carried | None:
    """The model that is carried here, if the page shows it."""
    if "weights" not in parameters() or value_of("weights") != "learnt":
        return None
    model: Carried | None = st.session_state.get("_carried")
    return model if model is not None and model.home == current_page() else None


def carried_settings(model: Carried) -> tuple[LearntSettings, str | None]:
    """What is looked at of a carried model, and why that isn't what was typed."""
    typed, problem = typed_in(model.plan.learnt, value_of("text"))
    return LearntSettings(model.plan, model.snapshot, typed, model.from_file), problem


def typed_in(task: Task, text: str) -> tuple[tuple[str, ...], str | None]:
    """What a task reads of a text; its own example, and why, if it can read nothing of it."""
    if text.strip():
        try:
            typed = task.split(text)
            task.example(typed)
        except ValueError as error:
            return task.split(task.probe), describe_error(error, _)
        return typed, None
    return task.split(task.probe), None


def watched(plan: Plan, typed: tuple[str, ...]) -> Watched:
    """What a plan's snapshots make of an example, up to the last one that has come."""
    key, snapshots = (session_in_use(), plan, typed), snapshots_of(plan)
    with _lock:
        known = _watched.pop(key, None)  # it grows: nobody else has it meanwhile
    if known is None or snapshots[: len(known.snapshots)] != known.snapshots:
        known = Watched(plan, typed)
    new = len(snapshots) - len(known.snapshots)
    take_turn(new * plan.layers * plan.heads * len(typed) ** 2)
    known.follow(snapshots)
    with _lock, suppress(ValueError):  # larger than all that is kept
        _watched[key] = known
    return known


def train() -> None:
    """Start what the controls describe, or go on with it; also what it is compared with."""
    plan, other = plan_in_use(), kept_plan()
    for each in dict.fromkeys([plan, other]):
        if each is not None and not _is_trained(each):
            _submit(each)
    keep("at", None)


def train_unless_known(plan: Plan) -> None:
    """Start what nobody has trained on this page yet."""
    if training_of(plan) is None:
        _submit(plan)


def pause() -> None:
    """Stop all that runs on this page; it can go on."""
    for training in _trainings().values():
        if training.is_active:
            training.stop()


def reset() -> None:
    """Forget what the controls' training has learnt."""
    training = _trainings().pop(plan_in_use(), None)
    if training is not None:
        training.stop()
    keep("at", None)


def keep_this() -> None:
    """Compare with this run from now on."""
    keep("kept", plan_text(plan_in_use()))


def keep_none() -> None:
    """Compare with nothing."""
    keep("kept", "")


def add_loaded(plan: Plan, snapshot: Snapshot) -> None:
    """Have weights that come from a file, as if they had been trained here."""
    training = Training(plan)
    training.state, training.step, training.snapshots = "finished", snapshot.step, (snapshot,)
    training.from_file = True
    _add(training)


def active() -> list[Training]:
    """What the page shows of what runs, or waits for it."""
    return [training for training in _trainings().values() if training.is_active]


def _is_trained(plan: Plan) -> bool:
    training = training_of(plan)
    return training is not None and (training.is_active or training.state == "finished")


def _submit(plan: Plan) -> None:
    training = training_of(plan)
    if training is None or not training.can_go_on:
        training = Training(plan, page_is_open())
        _add(training)
    training.least_seconds = SLOW_SECONDS if value_of("pace") == "slow" else 0.0
    queue().submit(training)


def _add(training: Training) -> None:
    trainings = _trainings()
    trainings.pop(training.plan, None)
    others = [plan for plan, other in trainings.items() if not other.is_active]
    while others and (
        len(trainings) >= MOST_KEPT or sum(map(_bytes, trainings.values())) > MOST_KEPT_BYTES
    ):
        del trainings[others.pop(0)]
    trainings[training.plan] = training


def _bytes(training: Training) -> int:
    return sum(len(snapshot.weights) for snapshot in training.snapshots)


def _trainings() -> dict[Plan, Training]:
    trainings: dict[Plan, Training] = st.session_state.setdefault("_trainings", {})
    return trainings


def page_is_open() -> Callable[[], bool]:
    """Whether this page is still open in a browser, for a thread to ask."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    server, session = runtime.get_instance(), context.session_id
    return lambda: bool(server.is_active_session(session))
