"""The trainings of a page: which are kept, and which make room for others."""

import pytest

from model.training.plan import Plan
from model.training.trainer import Snapshot
from tests.ui.jobs.helpers import small
from ui.jobs.training_queue import State, Training
from ui.pages.learn import trainings


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[Plan, Training]:
    """The trainings of a page without a browser."""
    page: dict[Plan, Training] = {}
    monkeypatch.setattr(trainings, "_trainings", lambda: page)
    return page


def add(seed: int, state: State, size: int = 0) -> None:
    """A training in a state, whose snapshot has so many bytes of weights."""
    training = Training(small(seed=seed))
    training.state = state
    training.snapshots = (Snapshot(0, 1.0, 0.0, bytes(size)),)
    trainings._add(training)


def seeds(kept: dict[Plan, Training]) -> list[int]:
    return [plan.seed for plan in kept]


def test_six_are_kept_and_the_oldest_makes_room(kept: dict[Plan, Training]) -> None:
    for seed in range(6):
        add(seed, "finished")
    assert seeds(kept) == [0, 1, 2, 3, 4, 5]
    add(6, "finished")
    assert seeds(kept) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("state", ["running", "waiting"])
def test_one_that_runs_or_waits_is_never_dropped(kept: dict[Plan, Training], state: State) -> None:
    add(0, state)
    for seed in range(1, 6):
        add(seed, "finished")
    add(6, "finished")
    assert seeds(kept) == [0, 2, 3, 4, 5, 6]
    assert [training.plan.seed for training in trainings.active()] == [0]


def test_where_all_run_there_are_more_than_six(kept: dict[Plan, Training]) -> None:
    for seed in range(8):
        add(seed, "running")
    assert seeds(kept) == list(range(8))


def test_large_ones_make_room_sooner_but_not_what_runs(kept: dict[Plan, Training]) -> None:
    half = 16 * 2**20  # of the 32 MiB that a page keeps
    add(0, "running", half)
    add(1, "stopped", half)
    add(2, "finished")  # 32 MiB are not too many
    assert seeds(kept) == [0, 1, 2]
    add(3, "failed", 1)
    add(4, "finished")  # one byte more is
    assert seeds(kept) == [0, 2, 3, 4]


def test_a_plan_that_is_trained_again_takes_its_own_place(kept: dict[Plan, Training]) -> None:
    for seed in range(6):
        add(seed, "finished")
    again = Training(small(seed=2))
    trainings._add(again)
    assert seeds(kept) == [0, 1, 3, 4, 5, 2]
    assert kept[small(seed=2)] is again
