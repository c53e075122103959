"""What is measured once: one experiment with one seed."""

from dataclasses import dataclass, fields
from typing import Any, Literal

from model.attention import Scale
from model.checks import check_heads_divide
from model.masks import Mask
from model.positions import Positions, check_pairs
from model.tokens import Tokenizer
from model.training.plan import Plan

Kind = Literal["mechanism", "learning"]
Projection = Literal["full", "shared", "identity"]


@dataclass(frozen=True, kw_only=True)
class MechanismPoint:
    """One attention layer on one text, with random weights.

    Raises:
        ValueError: if the heads don't divide the embedding, or rotary positions don't fit.
    """

    text: str
    tokenizer: Tokenizer = "words"
    heads: int
    embed_size: int
    projection: Projection = "full"
    scale: Scale = "head_dim"
    temperature: float = 1.0
    positions: Positions = "none"
    mask: Mask = "none"
    span: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what no value shows alone."""
        check_heads_divide(self.embed_size, self.heads)
        if self.positions == "rotary":
            check_pairs(self.embed_size, self.heads)


LearningPoint = Plan
Point = MechanismPoint | LearningPoint


def kind_of(point: Point) -> Kind:
    """Return which kind of experiment a point is of."""
    return "mechanism" if isinstance(point, MechanismPoint) else "learning"


def parameters_of(point: Point) -> dict[str, Any]:
    """Return a point's parameters by their names, in their order."""
    return {field.name: getattr(point, field.name) for field in fields(point)}
