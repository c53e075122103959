"""Each story's claim, tried with one seed: what the kept training can't, the shown one can."""

import pytest

from model.training.plan import Plan
from model.training.trainer import Trainer
from tests.matrix import matrix
from ui.pages.learn.stories import STORIES
from ui.runs.word_vectors import use_one_thread

SEED = 1
STEPS = {
    "induction_layers": 250,
    "reverse_positions": 300,
}  # by when it is as clear as after all of them, and sooner


def accuracy(plan: Plan, steps: int) -> float:
    """How much is right after so many steps."""
    trainer = Trainer(plan)
    while trainer.step < steps:
        trainer.advance()
    return trainer.snapshot().accuracy


@matrix(1, "key", STORIES)
def test_a_storys_claim_holds(key: str) -> None:
    story = STORIES[key]
    use_one_thread()
    kept, shown = (accuracy(plan, STEPS.get(key, plan.steps)) for plan in story.plans(SEED))
    assert story.holds(kept, shown), (kept, shown)
    assert story.solved - story.unsolved > 0.03  # nobody takes one for the other


@pytest.mark.parametrize("key", STORIES)
def test_a_storys_trainings_differ_in_one_thing(key: str) -> None:
    kept, shown = STORIES[key].plans(3)
    differ = [name for name in vars(shown) if getattr(kept, name) != getattr(shown, name)]
    assert len(differ) == 1
    assert kept.seed == shown.seed == 3
    assert STORIES[key].say.count(". ") == 1  # two sentences, to say aloud


@pytest.mark.parametrize("key", STORIES)
def test_a_claim_holds_only_if_one_run_solves_the_task_and_the_other_does_not(key: str) -> None:
    story = STORIES[key]
    assert story.holds(kept=story.unsolved - 0.01, shown=story.solved + 0.001)
    assert not story.holds(kept=story.unsolved, shown=1.0)
    assert not story.holds(kept=0.0, shown=story.solved)
