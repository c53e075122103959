"""What every heatmap here has in common: its axes, its colours, its stripes, its frame."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .hatch import ONE, Lattice, hatched_image
from .labels import AxisLabels, text_width
from .pooling import factor, pool_mask
from .theme import FONT_FAMILY, LABEL_SIZE, Concept, Theme, color_scale
from .weight_scale import LINEAR, WeightScale, color_stops

LABEL_PITCH = 14  # pixels: labels that would stand closer are thinned out
COLUMN_PITCH = 15  # ... below a picture, which may be somewhat narrower than its design
BAR_NUMBER = 34  # pixels of the widest number beside a colour bar that its margin has room for


def base_layout(theme: Theme, *, margin: dict[str, Any], height: float) -> dict[str, Any]:
    """Return the frame of a figure: the page's colours, no modes, fixed margins (pixels)."""
    size = round(LABEL_SIZE * theme.magnified)
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT_FAMILY, "size": size, "color": theme.text},
        "hoverlabel": {"font": {"size": size + 1, "family": FONT_FAMILY}, "namelength": -1},
        # Letting Plotly find the margins costs a second layout.
        "margin": {**margin, "autoexpand": False},
        "height": height,
        "dragmode": False,
    }


def labelled_axis(
    labels: AxisLabels,
    *,
    step: int,
    starts: Sequence[int] = (0,),
    cell: int = 1,
    off_centre: float = 0.1,
    labelled: int | None = None,
) -> dict[str, Any]:
    """Return an axis with every `step`-th short label at the axis, and each full one on hover.

    Where most short labels are empty, the others are few, and all shown.

    Args:
        labels: of the cells of one tile.
        step: thins the labels at the axis.
        starts: the centres of the first cells of the tiles along this axis, whole numbers.
        cell: from one centre to the next, a whole number.
        labelled: how many of the tiles, from the first, have labels at the axis; None for all.
        off_centre: how far ticks stand beside the centres. On the very spot of a tick, up to a
            ten-thousandth of the axis, the hover box would show its text instead of the alias.
    """
    shown = labels_shown(labels, step)
    at_axis = starts[:labelled]
    return {
        "tickmode": "array",
        "tickvals": [start + i * cell + off_centre for start in at_axis for i in shown],
        "ticktext": [labels.short[i] for i in shown] * len(at_axis),
        "hoverformat": "d",
        "labelalias": {
            str(start + i * cell): label for start in starts for i, label in enumerate(labels.full)
        },
        "ticks": "",
        "ticklabeloverflow": "allow",  # else Plotly measures each label: 60 ms for 32 tokens
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def axis_title(text: str, standoff: int, concept: Concept | None, theme: Theme) -> dict[str, Any]:
    """Return a title `standoff` pixels away, in the colour of what stands along the axis."""
    color = theme.faint if concept is None else theme.of(concept)
    return {"text": text, "standoff": standoff, "font": {"color": color}}


def color_letters(axis: dict[str, Any], letters: Mapping[str, Concept], theme: Theme) -> None:
    """Give labels of an axis colours of their own.

    Args:
        axis: as labelled_axis makes it.
        letters: the labels, and whose colours they have.
        theme: the page's colours.
    """
    axis["ticktext"] = [
        f'<b style="color: {theme.of(letters[text])}">{text}</b>' if text in letters else text
        for text in axis["ticktext"]
    ]


def labels_shown(labels: AxisLabels, step: int) -> list[int]:
    """Return which labels stand at an axis: every `step`-th, or the few that aren't empty."""
    named = [i for i, label in enumerate(labels.short) if label]
    return named if len(named) <= len(labels) // step else list(range(0, len(labels), step))


def thinning(count: int, cell: float, pitch: int = LABEL_PITCH) -> int:
    """Return every how many-th of `count` labels is shown, where each has `cell` pixels."""
    return factor(count, int(count * cell) // pitch)


def labels_below(labels: AxisLabels, cell_width: float) -> tuple[int, int, int]:
    """Return how labels of cells of that width (pixels) stand below a heatmap.

    Returns:
        Their angle (degrees), their depth (pixels), and every how many-th is shown.
    """
    widest = max(map(text_width, labels.short))
    room = cell_width * len(labels) / max(1, sum(map(bool, labels.short)))
    if widest < room - 2:
        return 0, 22, 1
    step = thinning(len(labels), cell_width, COLUMN_PITCH)
    if room >= 20:
        return -45, int(0.75 * widest) + 14, step
    return -90, int(widest) + 10, step


def limit_of(values: np.ndarray) -> float:
    """Return the largest absolute value; 1 where there is none, so that a scale exists."""
    return float(np.nanmax(np.abs(values), initial=0.0)) or 1.0


def color_range(
    limit: float, diverging: bool, theme: Theme, scale: WeightScale = LINEAR
) -> tuple[float, list[Any]]:
    """Return the lower end and the colours of a scale up to the limit; `scale` is of weights."""
    if diverging:
        return -limit, color_scale(theme.diverging)
    return 0.0, color_stops(theme.sequential, scale.curve)


def own_scale(limit: float, diverging: bool, theme: Theme) -> dict[str, Any]:
    """Return a colour scale up to the limit for one heatmap alone, without a bar."""
    low, colors = color_range(limit, diverging, theme)
    return {"zmin": low, "zmax": limit, "colorscale": colors, "showscale": False}


def color_axis(
    limit: float, diverging: bool, title: str, theme: Theme, scale: WeightScale = LINEAR
) -> dict[str, Any]:
    """Return a colour scale up to the limit for several heatmaps, and its bar on the right."""
    low, colors = color_range(limit, diverging, theme, scale)
    size = round(LABEL_SIZE * theme.magnified)
    bar = {
        "thickness": 14,
        "len": 0.9,
        "outlinewidth": 0,
        "nticks": 6,
        "x": 1.01,
        "xpad": 4,
        "title": {"text": scale.titled(title), "side": "right", "font": {"size": size}},
    }
    if scale.end is not None:
        bar |= _numbers([(at * limit, text) for at, text in scale.ticks(limit)])
    return {"cmin": low, "cmax": limit, "colorscale": colors, "colorbar": bar}


def add_curved_bar(spec: dict[str, Any], scale: WeightScale, limit: float, theme: Theme) -> None:
    """Let the figure's colour bar be even in its colours, where those of its cells are not.

    Plotly draws a bar evenly in the values, which leaves most colours of a log scale a hair's
    breadth. So the bar gets a colour axis of its own, and the trace without points that Plotly
    needs to draw it.
    """
    axis = spec["layout"]["coloraxis"]
    bar = axis.pop("colorbar") | _numbers(scale.ticks(limit))
    axis["showscale"] = False
    spec["layout"]["coloraxis2"] = {
        "cmin": 0,
        "cmax": 1,
        "colorscale": color_scale(theme.sequential),
        "colorbar": bar,
    }
    spec["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [None],
            "y": [None],
            "marker": {"color": [0], "coloraxis": "coloraxis2"},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    )


def bar_room(scale: WeightScale, limit: float) -> int:
    """Return how many pixels more the bar of a scale of weights needs for its numbers."""
    if scale == LINEAR:
        return 0
    widest = max(text_width(text) for _at, text in scale.ticks(limit))
    return max(0, int(widest) - BAR_NUMBER)


def _numbers(ticks: Sequence[tuple[float, str]]) -> dict[str, Any]:
    """The properties of a colour bar with these numbers beside it."""
    values, texts = zip(*ticks, strict=True)
    return {"tickmode": "array", "tickvals": values, "ticktext": texts}


def hatching(
    masked: np.ndarray | None,
    block: tuple[int, int],
    cell: tuple[float, float],
    boxes: Sequence[dict[str, Any]],
    theme: Theme,
    lattice: Lattice = ONE,
) -> list[dict[str, Any]]:
    """Return the stripes below one or more equally masked heatmaps, as layout images.

    Args:
        masked: (R, C) True where masked; None for nothing.
        block: how many rows and columns share a cell.
        cell: about the width and height of a cell on the screen, in pixels.
        boxes: for each heatmap its place: x, y (upper left), sizex, sizey, xref, yref.
        theme: the page's colours.
        lattice: how often the heatmap is repeated within a box.
    """
    source = None
    if masked is not None:
        source = hatched_image(pool_mask(masked, *block), *cell, theme, lattice)
    if source is None:
        return []
    return [{"source": source, "sizing": "stretch", "layer": "below", **box} for box in boxes]
