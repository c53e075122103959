"""What the pictures of sweeps have in common: axes, places for panels, texts on hover."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from .heatmap import base_layout
from .theme import TITLE_SIZE, Theme

HEIGHT = 400  # pixels: what a 1366×768 screen has room for
TALL_HEIGHT = 660  # ... and a 1920×1080 one
WIDTH = 960  # design pixels of the plot
LEFT, BELOW, RIGHT = 66, 50, 14  # pixels around the plot
TITLE_ROOM = 26  # pixels above each panel that has a title
TICKS_ROOM = 30  # pixels below each panel that isn't in the last row
GAP = 0.075  # of the width, between panels: for the numbers at an axis
MOST_PANELS = 12  # more are too small to read
WIDE_RATIO = 8  # from here on the numbers on an axis stand in equal ratios
DIGITS = ".6g"


@dataclass(frozen=True)
class Axis:
    """The values along an axis, escaped where they are text."""

    title: str
    values: np.ndarray  # (V,) growing numbers; of what isn't a number, its places 0, 1, 2 ...
    labels: Sequence[str]  # V
    numeric: bool = True

    @property
    def logarithmic(self) -> bool:
        """Whether the numbers are so far apart that equal ratios are drawn equally wide."""
        low, high = self.values.min(initial=np.inf), self.values.max(initial=-np.inf)
        return self.numeric and bool(low > 0 and low * WIDE_RATIO <= high)


@dataclass(frozen=True)
class Words:
    """The words of the figures, escaped."""

    seeds: str = "seeds"
    one_seed: str = "1 seed"
    nothing: str = "not measured"
    never: str = "never"


ENGLISH = Words()


@dataclass(frozen=True)
class Place:
    """A panel's place, as shares of the plot from the lower left."""

    left: float
    bottom: float
    width: float
    height: float
    first: bool  # in its row
    last: bool  # whether nothing is below it

    @property
    def x(self) -> list[float]:
        """From left to right."""
        return [self.left, self.left + self.width]

    @property
    def y(self) -> list[float]:
        """From bottom to top."""
        return [self.bottom, self.bottom + self.height]


def grid_of(count: int, height: int, titled: bool, gap: float = GAP) -> Sequence[Place]:
    """Return places for so many panels, in rows of up to four."""
    if not 1 <= count <= MOST_PANELS:
        raise ValueError(f"there must be 1 to {MOST_PANELS} panels, got {count}")
    rows = 1 if count <= 3 else ceil(count / 4) if count > 4 else 2
    columns = ceil(count / rows)
    room = TITLE_ROOM / height if titled else 0.0
    between = room + (TICKS_ROOM / height)
    width = (1 - gap * (columns - 1)) / columns
    each = (1 - room - between * (rows - 1)) / rows
    return [
        Place(
            left=(i % columns) * (width + gap),
            bottom=max(0.0, 1 - room - each - (i // columns) * (each + between)),
            width=width,
            height=each,
            first=i % columns == 0,
            last=i + columns >= count,
        )
        for i in range(count)
    ]


def frame_of(theme: Theme, height: int, *, legend: bool) -> dict[str, Any]:
    """Return the layout without its axes."""
    margin = {"l": LEFT, "r": RIGHT, "t": 8, "b": BELOW}
    layout = base_layout(theme, margin=margin, height=height)
    # The legend has as many rows as the window's width needs: Plotly makes room for them above.
    layout["margin"]["autoexpand"] = legend
    layout |= {
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
        "hovermode": "closest",
        "annotations": [],
    }
    return layout


def hover_text(about: str, value: str, numbers: Sequence[float], words: Words) -> str:
    """Return what is said of one point: its parameters, mean, standard deviation and count."""
    mean, std, count = numbers
    head = f"{about}<br>" if about else ""
    if not np.isfinite(mean):
        return f"{head}{value}: {words.nothing}"
    if count < 2 or not np.isfinite(std):
        return f"{head}{value} <b>{mean:{DIGITS}}</b> ({words.one_seed})"
    return f"{head}{value} <b>{mean:{DIGITS}}</b> ± {std:{DIGITS}} ({count:.0f} {words.seeds})"


def panel_title(text: str, place: Place, theme: Theme) -> list[dict[str, Any]]:
    """Return a panel's title as an annotation; none where it has no text."""
    if not text:
        return []
    return [
        {
            "x": place.left,
            "y": place.y[1],
            "xref": "paper",
            "yref": "paper",
            "text": f"<b>{text}</b>",
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"size": TITLE_SIZE, "color": theme.text},
        }
    ]


def places_axis(
    axis: Axis,
    domain: list[float],
    anchor: str,
    theme: Theme,
    *,
    titled: bool = True,
    labelled: bool = True,
) -> dict[str, Any]:
    """Return an axis of places 0, 1, 2 ..., each with its label."""
    return {
        "domain": domain,
        "anchor": anchor,
        "range": [-0.5, len(axis.labels) - 0.5],
        "tickmode": "array",
        "tickvals": list(range(len(axis.labels))),
        "ticktext": list(axis.labels) if labelled else [""] * len(axis.labels),
        "title": {
            "text": axis.title if titled else "",
            "standoff": 6,
            "font": {"color": theme.faint},
        },
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def steady_markers() -> dict[str, Any]:
    """Return markers that stay as they are: a click selects a point, and must not fade others."""
    return {key: {"marker": {"opacity": 1}} for key in ("selected", "unselected")}
