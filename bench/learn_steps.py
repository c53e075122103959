"""A step of training: our loop against bare PyTorch loops over the same batches.

`python -m bench.learn_steps TASK SECONDS` prints as JSON the milliseconds a step of each loop.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.report import BenchError
from bench.start import APP_THREADS
from model.positions import sinusoidal_positions
from model.tasks.base import Batch
from model.tasks.randomness import stream
from model.training.learner import Learner
from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from model.training.trainer import BATCH_SIZE, WEIGHT_DECAY, Trainer

BLOCK = 10  # steps of one loop, before it is the next one's turn
FEWEST_BLOCKS = 5
CHECKED = 5  # first steps, whose losses must be the same in all loops over our model
TOLERANCE = 1e-3  # of a loss of about 3, in float32, with other kernels for AdamW
LAYERS_OF_PYTORCH = ("reverse", "sort")  # of these, PyTorch's own layers are measured as well

Step = Callable[[], "float | Tensor"]  # one update; the loss before it
Times = dict[str, list[float]]  # of each loop: milliseconds a step, one number a block


class TorchLearner(nn.Module):
    """The model that somebody would build of PyTorch's own layers, with the same sizes."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        size, symbols = plan.embed_size, len(plan.learnt.symbols)
        layer = nn.TransformerEncoderLayer(
            size, plan.heads, 4 * size, dropout=0.0, batch_first=True, norm_first=True
        )
        self.embedding = nn.Embedding(symbols, size)
        self.register_buffer("positions", sinusoidal_positions(plan.learnt.length, size))
        self.stack = nn.TransformerEncoder(
            layer, plan.layers, norm=nn.LayerNorm(size), enable_nested_tensor=False
        )
        self.unembedding = nn.Linear(size, symbols, bias=False)

    def forward(self, batch: Batch) -> Tensor:
        """The logits, (B, L, V)."""
        logits: Tensor = self.unembedding(self.stack(self.embedding(batch.inputs) + self.positions))
        return logits


def bare(plan: Plan, model: nn.Module, fused: bool | None = None) -> Step:
    """The loop that everybody writes, with PyTorch's own choice of kernels or the fused ones."""
    task, numbers = plan.learnt, itertools.count()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.learning_rate, weight_decay=WEIGHT_DECAY, fused=fused
    )

    def step() -> Tensor:
        batch = task.draw(BATCH_SIZE, stream(plan.seed, next(numbers)))
        loss = F.cross_entropy(model(batch).flatten(0, 1), batch.targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def loops(plan: Plan) -> dict[str, Step]:
    """All loops over one plan, which draw the same batches."""
    steps = {
        "ours": Trainer(plan).advance,
        "bare": bare(plan, Learner(plan)),
        "fused": bare(plan, Learner(plan), fused=True),
    }
    if plan.task in LAYERS_OF_PYTORCH:
        steps["pytorch"] = bare(plan, TorchLearner(plan), fused=True)
    return steps


def check_same(steps: dict[str, Step]) -> None:
    """Take the first steps, and raise unless the loops over our model have the same losses."""
    losses = {name: [float(step()) for _ in range(CHECKED)] for name, step in steps.items()}
    for name in ("bare", "fused"):
        if not torch.allclose(
            torch.tensor(losses[name]), torch.tensor(losses["ours"]), rtol=0.0, atol=TOLERANCE
        ):
            raise BenchError(f"the losses differ: {losses['ours']} and, {name}, {losses[name]}")


def times(plan: Plan, seconds: float) -> Times:
    """Milliseconds a step of each loop, in blocks that take turns, for so many seconds."""
    torch.set_num_threads(APP_THREADS)
    torch.manual_seed(0)
    steps = loops(plan)
    check_same(steps)
    taken: Times = {name: [] for name in steps}
    order, end = list(steps), time.perf_counter() + seconds
    while len(taken["ours"]) < FEWEST_BLOCKS or time.perf_counter() < end:
        for name in order:
            begin = time.perf_counter()
            for _ in range(BLOCK):
                steps[name]()
            taken[name].append((time.perf_counter() - begin) * 1000 / BLOCK)
        order.reverse()
    return taken


if __name__ == "__main__":
    print(json.dumps(times(RECOMMENDED[sys.argv[1]], float(sys.argv[2]))))
