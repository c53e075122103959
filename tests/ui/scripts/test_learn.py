"""The code of a training trains the same model again, with torch alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.tasks import TASKS
from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from tests.matrix import some_of
from tests.ui.scripts.running import Runner
from tests.ui.scripts.trained import STEPS, trained
from ui.runs.trained_here import TrainedHereRun, compute_trained_here
from ui.scripts.learn import training_script
from ui.scripts.parts.philox import Philox
from ui.scripts.script import Where
from ui.scripts.scripts import NoScriptError, script_of

CLOSE = 1e-6  # on one machine the same sums are made in the same order


def script(run: TrainedHereRun, **where: Any) -> str:
    return training_script(run, Where(kind=run.kinds[-1], **where)).python("x.py")


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_random_numbers_are_numpys(seed: int) -> None:
    theirs = np.random.Generator(np.random.Philox(key=np.array([seed, 5], dtype=np.uint64)))
    ours = Philox(seed, 5)
    for end in (2, 3, 26, 2**31 + 1):  # of the last, every other draw is done again
        assert ours.integers(end, 3, 5).tolist() == theirs.integers(end, size=(3, 5)).tolist()
        assert ours.fractions(7).tolist() == theirs.random(7).tolist()


@pytest.mark.parametrize(
    "tasks",
    some_of(
        1,
        [["reverse", "numbers", "characters"], ["copy", "shift", "sort", "histogram", "majority"],
         ["compare", "lookup", "brackets", "induction"]],
    ),
    ids=" ".join,
)  # fmt: skip
def test_each_task_is_learnt_again(tasks: list[str], torch_alone: Runner, tmp_path: Path) -> None:
    sources = {task: script(trained(replace(RECOMMENDED[task], seed=3))) for task in tasks}
    for task, (difference, said) in torch_alone.run(sources, tmp_path).items():
        assert difference <= CLOSE, task
        assert f"after {STEPS} steps" in said


def test_every_option_is_learnt_again(torch_alone: Runner, tmp_path: Path) -> None:
    base = Plan(task="copy", heads=2, embed_size=16, layers=2, steps=13)
    corpus = 'It\'s """odd"""\\n, \u202eisn\'t\u202c it? ' * 12
    plans = {
        "positions_learned": replace(base, positions="learned"),
        "positions_rotary": replace(base, positions="rotary", scale="embed_size"),
        "positions_alibi": replace(base, positions="alibi", scale="none"),
        "positions_none": replace(base, positions="none", seed=2**31 - 1),
        "pair_rotary": replace(base, task="numbers", positions="rotary"),
        "pair_alibi": replace(base, task="numbers", positions="alibi", layers=1),
        "pair_learned": replace(base, task="numbers", positions="learned"),
        "attention_only": replace(base, task="compare", positions="learned"),
        "own_text": replace(base, task="characters", corpus=corpus),
    }
    sources = {name: script(trained(plan)) for name, plan in plans.items()}  # into the cooldown
    sources["untrained"] = script(trained(base, steps=0), layer=1)
    for name, (difference, _said) in torch_alone.run(sources, tmp_path).items():
        assert difference <= CLOSE, name


def test_every_task_has_code() -> None:
    assert set(TASKS) == set(RECOMMENDED)


def test_weights_from_a_file_have_none() -> None:
    run = trained(Plan(task="sort"), steps=0)
    run = compute_trained_here(replace(run.settings, from_file=True))
    with pytest.raises(NoScriptError, match="from a file"):
        script_of(run, Where())
