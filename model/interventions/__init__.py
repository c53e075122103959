"""Interventions: what becomes of a model's answer when something inside it is changed by hand.

A weight says where a head looks; only a change shows what that does. `Interventions` names what is
changed, as a link can hold it. `changes_of` turns that, with the tensors of a run in which nothing
is changed, into `Changes`: what each attention and each residual vector of a run is told.
"""

from .change import (
    UNCHANGED,
    AttentionChange,
    Changes,
    EdgeCut,
    EdgeWeight,
    VectorPatch,
    with_weights,
)
from .named import (
    Edge,
    Extent,
    Interventions,
    Pattern,
    PatternSource,
    PlacedCut,
    PlacedWeight,
    changes_of,
)

__all__ = [
    "UNCHANGED",
    "AttentionChange",
    "Changes",
    "Edge",
    "EdgeCut",
    "EdgeWeight",
    "Extent",
    "Interventions",
    "Pattern",
    "PatternSource",
    "PlacedCut",
    "PlacedWeight",
    "VectorPatch",
    "changes_of",
    "with_weights",
]
