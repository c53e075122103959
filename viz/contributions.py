"""What a head's output is made of: for each key a bar, its weight times its value's length."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .heatmap import labelled_axis
from .labels import AxisLabels
from .theme import Theme

BARS = 0.8  # of a matrix's width in the equation
FEW_TICKS = 3


@dataclass(frozen=True)
class Contributions:
    """The parts of one query's output: the sum of weight × value over K keys."""

    weights: np.ndarray  # (K,) 0 to 1
    lengths: np.ndarray  # (K,) of the values, Euclidean
    keys: AxisLabels  # K
    title: str = "made of"
    caption: str = "weight ×<br>length"  # below the bars
    key_word: str = "key"  # on hover
    weight_word: str = "weight"
    length_word: str = "length of its value"
    product_word: str = "adds"

    @property
    def products(self) -> np.ndarray:
        """The length of what each key adds to the output, (K,)."""
        products: np.ndarray = self.weights * self.lengths
        return products


def contribution_bars(made_of: Contributions, suffix: str, theme: Theme) -> dict[str, Any]:
    """Return the bars, the first key on top, with weight and length on hover."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": made_of.title,
        "x": made_of.products,
        "y": np.arange(len(made_of.weights), dtype=np.int32),
        "customdata": np.stack([made_of.weights, made_of.lengths], axis=1),
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "marker": {"color": theme.value},
        "showlegend": False,
        "hovertemplate": f"{made_of.key_word} %{{y}}<br>{made_of.weight_word} "
        f"%{{customdata[0]:.9g}}<br>{made_of.length_word} %{{customdata[1]:.9g}}<br>"
        f"{made_of.product_word} <b>%{{x:.9g}}</b><extra></extra>",
    }


def contribution_axes(made_of: Contributions, suffix: str, left: float) -> dict[str, Any]:
    """Return the bars' axes, from `left` (a part of the plot's width) to its right end."""
    longest = float(made_of.products.max(initial=0)) or 1.0
    return {
        f"xaxis{suffix}": {
            "domain": [left, 1],
            "anchor": f"y{suffix}",
            "range": [0, 1.05 * longest],
            "nticks": FEW_TICKS,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        f"yaxis{suffix}": {
            "anchor": f"x{suffix}",
            "range": [len(made_of.weights) - 0.5, -0.5],
            **labelled_axis(made_of.keys, step=1, off_centre=0.2),
            "showticklabels": False,  # the rows of V, in the same order
        },
    }
