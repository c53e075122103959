"""What is to be trained, and how: one small frozen dataclass that checks itself."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, get_args

from ..attention import Scale
from ..checks import check_heads_divide
from ..config import Architecture, Config
from ..errors import CodedValueError
from ..positions import Positions, check_pairs
from ..tasks import task_of
from ..tasks.base import LONGEST_PROBE, Task

# A training is watched while people wait: the limits keep it within a minute or two, and the
# weights of one snapshot within two megabytes.
LARGEST_EMBEDDING = 128
MOST_HEADS = 8
MOST_LAYERS = 4
MOST_STEPS = 3000
MOST_PARAMETERS = 450_000
LOWEST_RATE, HIGHEST_RATE = 1e-5, 1000.0  # the highest ones diverge, which is worth seeing
LARGEST_SEED = 2**31 - 1
LONGEST_CORPUS = 20_000  # characters: some pages, which are read in milliseconds


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a training depends on: equal plans give equal snapshots.

    Raises:
        ValueError: if the task or an option is unknown, a number is out of range, or the model
            would be too large; says the limit.
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
        """Check everything, so that whatever has a plan can train it."""
        for name, least, most in (
            ("heads", 1, MOST_HEADS),
            ("embed_size", 2, LARGEST_EMBEDDING),
            ("layers", 1, MOST_LAYERS),
            ("steps", 1, MOST_STEPS),
            ("learning_rate", LOWEST_RATE, HIGHEST_RATE),
            ("seed", 0, LARGEST_SEED),
        ):
            value = getattr(self, name)
            if not least <= value <= most:  # nor is NaN
                raise CodedValueError(
                    "plan.out_of_range",
                    "{name} must lie between {least} and {most}, got {value}",
                    name=name,
                    least=least,
                    most=most,
                    value=value,
                )
        for name, choices in (("positions", Positions), ("scale", Scale)):
            if getattr(self, name) not in get_args(choices):
                raise CodedValueError(
                    "plan.unknown_option",
                    "{name} must be one of {choices}, got {value!r}",
                    name=name,
                    choices=get_args(choices),
                    value=getattr(self, name),
                )
        if len(self.corpus) > LONGEST_CORPUS:
            raise CodedValueError(
                "plan.long_corpus",
                "the corpus has {count:,} characters, and may have {most:,}; take a part of it",
                count=len(self.corpus),
                most=LONGEST_CORPUS,
            )
        check_heads_divide(self.embed_size, self.heads)
        if self.positions == "rotary":
            check_pairs(self.embed_size, self.heads)
        if self.parameters > MOST_PARAMETERS:
            raise CodedValueError(
                "plan.too_large",
                "the model would have {count:,} weights, and there may be {most:,}; take fewer "
                "layers or a smaller embedding",
                count=self.parameters,
                most=MOST_PARAMETERS,
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return a plan's fields, without the task that it has made of them: that has tensors."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

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
        stacks = 2 if self.learnt.kind == "encoder-decoder" else 1  # each with tables of its own
        positions = LONGEST_PROBE if self.positions == "learned" else 0
        rows = stacks * (len(self.learnt.symbols) + positions) + len(self.learnt.symbols)
        return self.layers * layer + rows * self.embed_size
