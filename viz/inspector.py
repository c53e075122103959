"""One weight, worked out by hand: from D products to the share of a row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import base_layout, limit_of
from .theme import Theme


@dataclass(frozen=True)
class CellArithmetic:
    """The steps from a query and a key to their weight, in float64.

    Products of two float32 numbers are exact in float64, so what is shown adds up to as many
    digits as anyone writes down.
    """

    query: np.ndarray  # (D,) q
    key: np.ndarray  # (D,) k
    products: np.ndarray  # (D,) q_d · k_d
    energy: float  # their sum
    divisor: float
    bias: float  # what is added to the score, as ALiBi does; 0 without
    score: float  # energy / divisor + bias
    allowed: bool  # by the mask
    largest: float  # the largest score of the row that the mask allows; -inf if there is none
    exponential: float  # exp(score - largest); 0 where masked
    denominator: float  # the sum of the row's exponentials
    weight: float  # exponential / denominator; 0 where nothing is allowed


def cell_arithmetic(
    query: np.ndarray,
    keys: np.ndarray,
    key: int,
    divisor: float,
    allowed: np.ndarray,
    biases: np.ndarray | None = None,
) -> CellArithmetic:
    """Work out softmax(q · Kᵀ / divisor + bias) for one key.

    The row's largest score is subtracted before exp, as every implementation does, so that exp
    can't overflow; it cancels out of the weight.

    Args:
        query: (D,) the projected query.
        keys: (K, D) the projected keys of the row.
        key: which key to look at.
        divisor: of the energies.
        allowed: (K,) which keys the mask allows.
        biases: (K,) what is added to the scores; None for nothing.
    """
    added = np.zeros(len(keys)) if biases is None else biases.astype(np.float64)
    q, all_keys = query.astype(np.float64), keys.astype(np.float64)
    products = q * all_keys[key]
    scores = all_keys @ q / divisor + added
    scores[key] = products.sum() / divisor + added[key]  # the very number that is shown
    reachable = np.where(allowed, scores, -np.inf)
    largest = float(reachable.max(initial=-np.inf))
    exponentials = np.exp(reachable - largest) if allowed.any() else np.zeros_like(scores)
    denominator = float(exponentials.sum())
    return CellArithmetic(
        query=q,
        key=all_keys[key],
        products=products,
        energy=float(products.sum()),
        divisor=divisor,
        bias=float(added[key]),
        score=float(scores[key]),
        allowed=bool(allowed[key]),
        largest=largest,
        exponential=float(exponentials[key]),
        denominator=denominator,
        weight=float(exponentials[key] / denominator) if denominator else 0.0,
    )


def draw_products(
    cell: CellArithmetic,
    theme: Theme,
    *,
    dimension: str = "dimension",
    product: str = "product q·k",
) -> go.Figure:
    """Draw q, k and the products q_d · k_d as bars, one a dimension, from top to bottom.

    q and k share one scale. Hover shows all three. `dimension` and `product` are the axes' words.
    """
    signed = [theme.positive if p >= 0 else theme.negative for p in cell.products]
    most = limit_of(np.stack([cell.query, cell.key]))
    axis: dict[str, Any] = {"fixedrange": True, "zerolinecolor": theme.faint}
    down = {**axis, "gridcolor": theme.masked, "nticks": 5}
    factor = {**down, "range": [-1.08 * most, 1.08 * most], "nticks": 4}
    bars = {
        "type": "bar",
        "x": list(range(len(cell.products))),
        "customdata": np.stack([cell.query, cell.key, cell.products], axis=1),
        "hovertemplate": f"{dimension} %{{x}}<br>"
        "q %{customdata[0]:.9g}<br>"
        "k %{customdata[1]:.9g}<br>q·k <b>%{customdata[2]:.9g}</b><extra></extra>",
    }
    return SpecFigure(
        {
            "data": [
                {**bars, "y": cell.products, "marker": {"color": signed}},
                {**bars, "y": cell.query, "yaxis": "y2", "marker": {"color": theme.query}},
                {**bars, "y": cell.key, "yaxis": "y3", "marker": {"color": theme.key}},
            ],
            "layout": {
                **base_layout(theme, margin={"l": 64, "r": 8, "t": 8, "b": 46}, height=380),
                "bargap": 0.15,
                "showlegend": False,
                "xaxis": {"title": {"text": dimension}, "showgrid": False, **axis},
                "yaxis": {**down, "title": {"text": product}, "domain": [0, 0.42]},
                "yaxis2": {**factor, "title": {"text": "q"}, "domain": [0.76, 1]},
                "yaxis3": {**factor, "title": {"text": "k"}, "domain": [0.47, 0.71]},
            },
        }
    )
