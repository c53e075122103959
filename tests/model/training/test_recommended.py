"""The recommended plans: they fit, and the quickest and the most telling ones are held to it."""

from dataclasses import replace

import pytest

from model.tasks import TASKS
from model.training.phase import induction_score, phase_change
from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from model.training.trainer import Snapshot, Trainer
from tests.matrix import matrix


def snapshots(plan: Plan, steps: int, every: int) -> list[Snapshot]:
    trainer = Trainer(plan)
    taken = [trainer.snapshot()]
    while trainer.step < steps:
        trainer.advance()
        if trainer.step % every == 0:
            taken.append(trainer.snapshot())
    return taken


def test_every_task_has_a_plan() -> None:
    assert list(RECOMMENDED) == list(TASKS)
    assert all(plan.task == task for task, plan in RECOMMENDED.items())
    assert {plan.seed for plan in RECOMMENDED.values()} == {0}


@matrix(1, "task", ["reverse", "shift"])
def test_it_is_learnt(task: str) -> None:
    plan = RECOMMENDED[task]
    first, last = snapshots(plan, plan.steps, plan.steps)
    assert first.accuracy < 0.2
    assert last.accuracy > 0.99


@pytest.mark.matrix
def test_induction_heads_form_in_two_layers() -> None:
    plan = RECOMMENDED["induction"]
    taken = snapshots(plan, 240, 40)
    assert taken[-1].accuracy > 0.95
    scores = [induction_score(plan, snapshot) for snapshot in taken]
    assert scores[0] < 0.2
    assert scores[-1] > 0.7
    step = phase_change([snapshot.step for snapshot in taken], scores)
    assert step in (160, 200)
    # The answers get right as the heads form: before most are wrong, afterwards most are right.
    right = {snapshot.step: snapshot.accuracy for snapshot in taken}
    assert right[step - 80] < 0.3
    assert right[step + 40] > 0.9


@pytest.mark.matrix
def test_in_one_layer_none_form() -> None:
    plan = replace(RECOMMENDED["induction"], layers=1)
    taken = snapshots(plan, 160, 80)
    assert max(snapshot.accuracy for snapshot in taken) < 0.3
    assert phase_change(range(3), [induction_score(plan, snapshot) for snapshot in taken]) is None
