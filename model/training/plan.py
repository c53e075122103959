"""What is to be trained, and how: one small frozen dataclass that checks itself."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from model.attention import Scale
from model.config import Architecture, Config
from model.positions import Positions
from model.tasks import task_of
from model.tasks.base import Task

# A training is watched while people wait: the limits keep it within a minute or two, and the
# weights of one snapshot within two megabytes.
LARGEST_EMBEDDING = 128
MOST_HEADS = 8
MOST_LAYERS = 4
MOST_STEPS = 3000
MOST_PARAMETERS = 450_000
LOWEST_RATE, HIGHEST_RATE = 1e-5, 10.0  # the highest ones diverge, which is worth seeing
LONGEST_PROBE = 48  # symbols that a trained model can be asked about


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a training depends on: equal plans give equal snapshots.

    Raises:
        ValueError: if a number is out of range, or the model would be too large; says the limit.
    """

    task: str  # one of model.tasks.TASKS
    heads: int = 1
    embed_size: int = 32
    layers: int = 1
    positions: Positions = "sinusoidal"
    scale: Scale = "head_dim"
    learning_rate: float = 3e-3
    steps: int = 400
    seed: int = 0
    corpus: str = ""  # what a character model reads; the other tasks make their own examples

    def __post_init__(self) -> None:
        """Check the numbers; the modules check what concerns them alone."""
        for name, least, most in (
            ("heads", 1, MOST_HEADS),
            ("embed_size", 2, LARGEST_EMBEDDING),
            ("layers", 1, MOST_LAYERS),
            ("steps", 1, MOST_STEPS),
            ("learning_rate", LOWEST_RATE, HIGHEST_RATE),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and least <= value <= most):
                raise ValueError(f"{name} must lie between {least} and {most}, got {value}")
        if self.scale not in get_args(Scale):
            raise ValueError(f"scale must be one of {get_args(Scale)}, got {self.scale!r}")
        if self.positions == "rotary" and self.embed_size // self.heads % 2:
            raise ValueError(
                "rotary positions turn pairs of numbers, so embed_size / heads must be even, got "
                f"{self.embed_size} / {self.heads}"
            )
        if self.parameters > MOST_PARAMETERS:
            raise ValueError(
                f"the model would have {self.parameters:,} weights, and there may be "
                f"{MOST_PARAMETERS:,}; take fewer layers or a smaller embedding"
            )

    @cached_property
    def learnt(self) -> Task:
        """The task itself."""
        return task_of(self.task, self.corpus)

    @property
    def config(self) -> Config:
        """The stack's: pre-norm with a final norm, which learns at any of these sizes."""
        return Config(
            embed_size=self.embed_size,
            heads=self.heads,
            layers=self.layers,
            vocabulary=len(self.learnt.symbols),
            longest=LONGEST_PROBE,
            architecture=Architecture(
                projection="full",
                scale=self.scale,
                positions=self.positions,
                norm_order="pre",
                final_norm=True,
                attention_only=self.learnt.attention_only,
            ),
        )

    @property
    def parameters(self) -> int:
        """About how many weights the model has; exact but for biases and norms."""
        attention, feed_forward = 4 * self.embed_size**2, 8 * self.embed_size**2
        if self.learnt.attention_only:
            feed_forward = 0
        layer = attention + feed_forward
        if self.learnt.kind == "encoder-decoder":
            layer = 3 * attention + 2 * feed_forward
        tables = (2 if self.learnt.kind == "encoder-decoder" else 1) + 1  # and the unembedding
        positions = LONGEST_PROBE if self.positions == "learned" else 0
        return (
            self.layers * layer + (tables * len(self.learnt.symbols) + positions) * self.embed_size
        )
