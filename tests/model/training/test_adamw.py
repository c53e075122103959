"""AdamW against PyTorch's class, to the last bit; and what it doesn't import."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from model.training.adamw import AdamW

RATES = (0.1, 0.03, 0.0, 1e-3, 2.0)
IMPORTS_NO_COMPILER = """
import sys
from model.training.plan import Plan
from model.training.trainer import Trainer
trainer = Trainer(Plan(task="reverse", heads=1, embed_size=8, learning_rate=1e-3, steps=2))
trainer.advance()
trainer.snapshot(), trainer.checkpoint()
sys.exit("torch._dynamo" in sys.modules)
"""


def weights() -> dict[str, nn.Parameter]:
    draw = torch.Generator().manual_seed(3)
    shapes = {"matrix": (4, 3), "vector": (5,), "never used": (2,)}
    return {
        name: nn.Parameter(torch.randn(shape, generator=draw)) for name, shape in shapes.items()
    }


def loss_of(each: dict[str, nn.Parameter], step: int) -> torch.Tensor:
    return (each["matrix"] * (step + 1)).sin().sum() + (each["vector"] ** 2).sum() * step


def test_its_steps_are_those_of_pytorchs_class() -> None:
    ours, theirs = weights(), weights()
    optimizer = AdamW(ours, decay=0.01)
    reference = torch.optim.AdamW(theirs.values(), weight_decay=0.01, fused=True)
    for step, rate in enumerate(RATES):
        optimizer.clear_gradients()
        loss_of(ours, step).backward()
        optimizer.step(rate)
        reference.zero_grad()
        reference.param_groups[0]["lr"] = rate
        loss_of(theirs, step).backward()
        reference.step()
        for name, weight in ours.items():
            assert torch.equal(weight, theirs[name]), (name, step)
    for name in ("matrix", "vector"):
        state = reference.state[theirs[name]]
        assert {kind: value.tolist() for kind, value in optimizer.state[name].items()} == {
            kind: value.tolist() for kind, value in state.items()
        }
    assert torch.equal(ours["never used"], weights()["never used"])
    assert optimizer.state["never used"]["step"] == 0


@pytest.mark.matrix
def test_a_training_imports_no_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS_NO_COMPILER], timeout=120)
    assert done.returncode == 0
