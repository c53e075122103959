"""Trainings to draw, and what to look for in their figures."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz.labels import token_labels
from viz.learning_info import Curves, Learning
from viz.tiles import Tiles

CAUSAL = np.triu(np.ones((4, 4), dtype=bool), 1)
PANELS = ("y2", "y3", "y4")


def curves_of(snapshots: int = 3, heads: int = 2, name: str = "this run", **how: Any) -> Curves:
    parts = np.linspace(0, 1, snapshots)
    return Curves(
        steps=np.arange(snapshots) * 50,
        accuracy=0.1 + 0.875 * parts,
        loss=2.5 - 2 * parts,
        entropy=np.stack([2 - parts - h / 10 for h in range(heads)], axis=1),
        head_names=[f"Head {h}" for h in range(heads)],
        name=name,
        **how,
    )


def weights(snapshots: int, heads: int, tokens: int) -> np.ndarray:
    drawn = np.random.default_rng(0).dirichlet(np.ones(tokens), (snapshots, heads, tokens))
    return drawn.astype(np.float32)


def tiles_of(values: np.ndarray, masked: np.ndarray | None = None) -> Tiles:
    heads, rows, columns = values.shape
    return Tiles(
        values=values if masked is None else np.where(masked, np.float32("nan"), values),
        names=[f"Head {h}" for h in range(heads)],
        rows=token_labels([f"r{i}" for i in range(rows)]),
        columns=token_labels([f"c{i}" for i in range(columns)]),
        row_title="query (from)",
        column_title="key (to)",
        value_title="weight",
        diverging=False,
        masked=masked,
        masked_text="hidden",
    )


def running(heads: int = 2, tokens: int = 4, **how: Any) -> Learning:
    """A run that isn't over: no frames yet."""
    given = {"curves": [curves_of(heads=heads)], "step": 100, "last_step": 400, **how}
    return Learning(tiles=tiles_of(weights(1, heads, tokens)[0]), **given)


def finished(snapshots: int = 3, heads: int = 2, tokens: int = 4, **how: Any) -> Learning:
    """A run that is over, with a frame for each of its snapshots."""
    frames = weights(snapshots, heads, tokens)
    given = {
        "curves": [curves_of(snapshots, heads)],
        "step": -1,  # of no meaning where there are frames
        "last_step": (snapshots - 1) * 50,
        "captions": [f"step {i * 50}" for i in range(snapshots)],
        "frames": frames,
        "active": snapshots - 1,
        **how,
    }
    return Learning(tiles=tiles_of(frames[0]), **given)


def on_panel(figure: go.Figure, axis: str) -> list[Any]:
    """The curves of a panel, without its cursor."""
    return [t for t in figure.data if t.yaxis == axis and t.hoverinfo != "skip"]


def cursors(figure: go.Figure) -> list[Any]:
    return [t for t in figure.data if t.hoverinfo == "skip"]


def visible_text(annotation: Any) -> str:
    return str(annotation.text)
