"""What heads do, in a few numbers, and any stage as a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


def head_statistics(weights: np.ndarray, allowed: np.ndarray) -> pd.DataFrame:
    """Return a row a head: means over the queries that have something to attend to.

    Args:
        weights: (H, Q, K), rows that sum to one, or to zero where nothing is allowed.
        allowed: (Q, K) which keys each query may attend to.

    Returns:
        A table with the columns
        head;
        entropy: of a row's weights, in nats;
        entropy_share: entropy / log(reachable keys), 0 to 1; rows with one reachable key have
        nothing to spread over and are left out;
        largest_weight: of a row;
        distance: |query - key| in positions, weighted by the weights;
        first_token: weight on position 0;
        itself: weight on the query's own position.
        A mean over no rows is NaN.
    """
    queries, keys = allowed.shape
    weights = weights.astype(np.float64)
    reachable = allowed.sum(axis=1)  # (Q,)
    some, several = reachable > 0, reachable > 1
    entropy = -np.where(weights > 0, weights * np.log(np.where(weights > 0, weights, 1)), 0).sum(-1)
    distance = np.abs(np.arange(queries)[:, None] - np.arange(keys))  # (Q, K)
    own = np.zeros(weights.shape[:2])  # (H, Q); a query beyond the keys has no own position
    own[:, :keys] = np.diagonal(weights, axis1=1, axis2=2)
    highest = np.log(np.where(several, reachable, 2))  # 2 only fills rows that are left out
    return pd.DataFrame(
        {
            "head": np.arange(len(weights)),
            "entropy": _mean(entropy, some),
            "entropy_share": _mean(entropy / highest, several),
            "largest_weight": _mean(weights.max(axis=-1), some),
            "distance": _mean((weights * distance).sum(-1), some),
            "first_token": _mean(weights[:, :, 0], some),
            "itself": _mean(own, some),
        }
    )


def tidy(
    values: np.ndarray,
    dimensions: Sequence[str],
    names: Mapping[str, Sequence[str]],
    value: str,
    *,
    first: int = 0,
    most: int | None = None,
) -> pd.DataFrame:
    """Return an array as a tidy table: one row a number.

    Args:
        values: any shape.
        dimensions: the name of each axis, which becomes a column of positions.
        names: for some dimensions, what their positions are called; becomes a second column
            "<dimension>_token".
        value: the name of the column of values.
        first: the row to begin with.
        most: how many rows to make from there; None for all.
    """
    end = values.size if most is None else min(first + most, values.size)
    rows = np.arange(first, end)
    positions = [p.astype(np.int32) for p in np.unravel_index(rows, values.shape)]
    columns: dict[str, np.ndarray] = {}
    for dimension, position in zip(dimensions, positions, strict=True):
        columns[dimension] = position
        if dimension in names:
            columns[f"{dimension}_token"] = np.asarray(names[dimension], dtype=object)[position]
    return pd.DataFrame({**columns, value: values.reshape(-1)[first:end]})


def _mean(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The mean of (H, Q) over the chosen queries, NaN where there are none."""
    if not rows.any():
        return np.full(len(values), np.nan)
    mean: np.ndarray = values[:, rows].mean(axis=1)
    return mean
