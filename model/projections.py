"""How queries, keys and values follow from what an attention reads, as an equation."""

from dataclasses import dataclass
from typing import Literal, get_args

Projected = Literal["queries", "keys", "values"]
PROJECTED: tuple[Projected, ...] = get_args(Projected)


@dataclass(frozen=True)
class ProjectionEquation:
    """The equation Q = factor · rot(X W + b) of a head; likewise of keys and values.

    rot turns pairs of numbers by angles that depend on the position alone (Su et al., 2021,
    "RoFormer"), so that lengths stay as they are.
    """

    groups: tuple[int, ...]  # (H) for each head, which group of columns of W is its own
    has_bias: bool
    factor: float = 1.0
    rotated: int = 0  # how many of a head's D numbers rot turns; 0 where there is no rot
    own_part: bool = False  # a head projects only its own part of X, with a W that all share
