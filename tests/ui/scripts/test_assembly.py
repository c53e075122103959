"""The code that people get is as tidy as ours, whatever the settings."""

import subprocess
import sys
from contextlib import suppress

import pytest

from model.pretrained.base import ModelUnavailableError
from model.training.plan import Plan
from tests.defaults import pair_of, run_of
from tests.ui.scripts.trained import trained
from ui.runs.pretrained import PretrainedSettings, compute_pretrained
from ui.runs.run import Run
from ui.scripts.assembly import assemble
from ui.scripts.script import Where
from ui.scripts.scripts import script_of

LINTED = ("--select=E,F,W,B,SIM,C4,UP,PT,D1", "--line-length=100", "--ignore=D107")


def runs() -> dict[str, Run]:
    found: dict[str, Run] = {
        "explore": run_of(),
        "deep": run_of("a b", "c", layers=2, mask="window", positions="rotary", norm_order="pre"),
        "pair": pair_of(positions="alibi"),
        "learn": trained(Plan(task="brackets", positions="learned"), steps=0),
        "numbers": trained(Plan(task="numbers", positions="rotary"), steps=0),
        "characters": trained(Plan(task="characters", layers=2), steps=0),
    }
    with suppress(ModelUnavailableError):
        found["minilm"] = compute_pretrained(PretrainedSettings("minilm", ("a b", "c")))
    return found


@pytest.mark.parametrize("trace", [False, True])
def test_the_linter_has_nothing_to_say_of_it(trace: bool) -> None:
    for name, run in runs().items():
        script = script_of(run, Where(kind=run.kinds[-1]))
        source = script.body(trace=True) if trace else script.python(f"{name}.py")
        if trace:
            source = f'"""A notebook."""\n\n{source}'
        command = [sys.executable, "-m", "ruff", "check", "--isolated", *LINTED, "-"]
        said = subprocess.run(
            command, input=source, capture_output=True, text=True, check=False
        ).stdout
        assert said.strip() == "All checks passed!", (name, said)


def test_a_branch_that_holds_is_all_that_is_left() -> None:
    options = {"MASKED": True, "MASK": "strided", "LOOK_AHEAD": False, "SEVERAL": False}
    code = assemble(["masks", "encoder_run"], options, {"SPAN": 7})
    assert "SPAN = 7\n" in code
    assert "allowed = (back >= 0) & (back % SPAN == 0)" in code
    assert "if " not in code
    assert "PAINTED" not in code
