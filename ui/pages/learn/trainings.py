"""The trainings of a page: those that run, those that have run, and the one to compare with."""

from contextlib import suppress
from functools import cache
from threading import Lock
from weakref import WeakValueDictionary

from cachetools import LRUCache

from model.training.plan import Plan
from model.training.trainer import Snapshot, snapshot_steps
from ui.choices.learning import SLOW_SECONDS
from ui.jobs.open_page import page_is_open
from ui.jobs.training_queue import Training, TrainingQueue
from ui.link.memory import choose, settle, value_of
from ui.link.notices import notice
from ui.link.plan_text import PLAN_FIELDS, plan_text, read_plan
from ui.link.room import room_in_use
from ui.pages.learn.memory import learn_memory
from ui.runs.trained_here import Watched, untrained
from ui.server.lines import LINES
from ui.server.turns import session_in_use, take_turn
from ui.text.i18n import _

MOST_KEPT = 6  # trainings of a page: what was trained a minute ago is still there ...
MOST_KEPT_BYTES = 32 * 2**20  # ... unless its snapshots are large: a class has a hundred pages
# Of attention at all snapshots, of all sessions: up to 19 MB for an example. What doesn't fit is
# computed again.
MOST_WATCHED_BYTES = 128 * 2**20

_watched: LRUCache[tuple[str, Plan, tuple[str, ...]], Watched] = LRUCache(
    MOST_WATCHED_BYTES, getsizeof=lambda watched: watched.bytes
)
_lock = Lock()
# What a class trains, by its room: it lives as long as one of its screens has it.
_of_classes: WeakValueDictionary[tuple[str, Plan], Training] = WeakValueDictionary()


@cache
def queue() -> TrainingQueue:
    """Return the queue that all pages share."""
    made = LINES["trainings"] = TrainingQueue()
    return made


def plan_in_use() -> Plan:
    """Return what the controls describe.

    Raises:
        ValueError: if it is over a limit, or its task can't be made; says why.
    """
    chosen = {name: value_of(name) for name in PLAN_FIELDS}
    return Plan(**chosen, corpus=corpus_in_use())


def corpus_in_use() -> str:
    """Return the text that a character model reads; empty where it is the default, or none."""
    if value_of("task") != "characters":
        return ""
    return learn_memory().corpus


def baseline_plan() -> Plan | None:
    """Return what to compare with, if there is anything."""
    text = value_of("kept")
    if not text:
        return None
    try:
        return read_plan(text, corpus_in_use() if text.startswith("characters,") else "")
    except ValueError:  # its corpus has changed to one that is too short
        return None


def training_of(plan: Plan) -> Training | None:
    """Return what has come of a plan on this page; None if it was never trained."""
    return _trainings().get(plan)


def snapshots_of(plan: Plan) -> tuple[Snapshot, ...]:
    """Return what there is to see of a plan, at least its beginning."""
    training = training_of(plan)
    return training.snapshots if training and training.snapshots else (untrained(plan),)


def is_from_file(plan: Plan) -> bool:
    """Whether what there is of a plan was trained some other time."""
    training = training_of(plan)
    return training is not None and training.from_file


def shown_snapshot(plan: Plan) -> Snapshot:
    """Return the snapshot that is chosen: the last one at or before the chosen step."""
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
    settle(at=None if used == steps[-1] else used)
    if used != at:
        message = _("There is no snapshot of step {asked}; showing that of step {used}.")
        notice("at", message.format(asked=at, used=used), at)


def watched(plan: Plan, typed: tuple[str, ...]) -> Watched:
    """Return what a plan's snapshots make of an example, up to the last one that has come."""
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
    plan, other = plan_in_use(), baseline_plan()
    for each in dict.fromkeys([plan, other]):
        if each is not None and not _is_trained(each):
            _submit(each)
    choose("train", at=None)


def train_unless_known(plan: Plan, *, is_slow: bool | None = None) -> None:
    """Start what nobody has trained on this page yet.

    Args:
        plan: of it.
        is_slow: whether it is spread over time; None for what is chosen on the page.
    """
    if training_of(plan) is None and not _take_from_class(plan):
        _submit(plan, is_slow=is_slow)
    _give_to_class(plan)


def drop_active(plan: Plan) -> None:
    """Stop and forget what runs, or waits for it; what has ended stays."""
    training = training_of(plan)
    if training is not None and training.is_active:
        if training not in _of_classes.values():
            training.stop()
        del _trainings()[plan]


def _take_from_class(plan: Plan) -> bool:
    """Look on at what another screen of the same class trains, or has trained; whether there is.

    Thirty who follow a lesson see the same numbers, and they are computed once.
    """
    with _lock:
        training = _of_classes.get((room_in_use(), plan))
        if training is None or not _is_useful(training):
            return False
        before, now = training.is_wanted, page_is_open()
        training.is_wanted = lambda: before() or now()
    _add(training)
    return True


def _give_to_class(plan: Plan) -> None:
    training, key = training_of(plan), (room_in_use(), plan)
    if training is None or not room_in_use():
        return
    with _lock:
        there = _of_classes.get(key)
        if there is None or not _is_useful(there):
            _of_classes[key] = training


def train_again(plan: Plan) -> None:
    """Go on with what has ended too early, or begin it anew; what runs or is trained stays."""
    if not _is_trained(plan):
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
    choose("reset", at=None)


def keep_as_baseline() -> None:
    """Compare with this run from now on."""
    choose("keep", kept=plan_text(plan_in_use()))


def forget_baseline() -> None:
    """Compare with nothing."""
    choose("keep", kept="")


def add_loaded(plan: Plan, snapshot: Snapshot) -> None:
    """Have weights that come from a file, as if they had been trained here."""
    training = Training(plan)
    training.state, training.step, training.snapshots = "finished", snapshot.step, (snapshot,)
    training.from_file = True
    _add(training)


def active() -> list[Training]:
    """Return what the page shows of what runs, or waits for it."""
    return [training for training in _trainings().values() if training.is_active]


def _is_trained(plan: Plan) -> bool:
    training = training_of(plan)
    return training is not None and _is_useful(training)


def _is_useful(training: Training) -> bool:
    """Whether there is a result, or will be one."""
    return training.is_active or training.state == "finished"


def _submit(plan: Plan, *, is_slow: bool | None = None) -> None:
    training = training_of(plan)
    if training is None or not training.can_go_on:
        training = Training(plan, page_is_open())
        _add(training)
    if is_slow is None:
        is_slow = value_of("pace") == "slow"
    training.least_seconds = SLOW_SECONDS if is_slow else 0.0
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
    return learn_memory().trainings
