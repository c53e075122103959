"""Attention being learnt: curves over the steps, beside or above the heads at one of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .figure import SpecFigure
from .heatmap import base_layout
from .learning_curves import (
    DASH,
    KEPT_DASH,
    cursor,
    curve,
    mark_phase_change,
    panel_axes,
    panel_titles,
    panels_of,
)
from .learning_info import Learning, learning_grid
from .playback import Place, buttons, slider, still_caption
from .pooling import pool_extremes
from .theme import Theme
from .tiles import tiles_spec

LEFT_MARGIN = 62  # pixels: numbers at the curves' axes
RIGHT_MARGIN = 8  # ... where the colour bar stands within the plot
FRAME_BYTES, TRACE_BYTES = 260, 60  # what a frame has beside its numbers, and each of its heatmaps


def frames_size(learning: Learning, count: int) -> int:
    """Estimate how many bytes `count` frames add to a figure, whether it has them yet or not."""
    grid, heads = learning_grid(learning), len(learning.tiles.names)
    numbers = -(-4 * grid.tile_rows * grid.tile_columns // 3) * 4  # four bytes, in base64
    return count * (heads * (numbers + TRACE_BYTES) + FRAME_BYTES)


def draw_learning(learning: Learning, theme: Theme) -> go.Figure:
    """Draw the curves up to now and the heads at one step; with frames, a slider to all others.

    Traces 0 to T - 1 are the heads, as in draw_tiles, and so are annotations 0 to T - 1.

    Args:
        learning: what to show, at least one head, one cell and one run.
        theme: the page's colours.
    """
    tiles = learning.tiles_shown
    spec = tiles_spec(tiles, theme)
    panels = panels_of(learning)
    layout = spec["layout"]
    heads = len(tiles.names)
    bar = spec["data"][heads:]  # of a curved scale: last, since frames count from the heads on
    del spec["data"][heads:]
    spec["data"] += [cursor(panel, learning.step_shown, theme) for panel in panels]
    spec["data"] += [
        curve(learning, panel, run, head, theme)
        for panel in panels
        for run in reversed(range(len(learning.curves)))  # this run's above the kept one's
        for head in range(len(panel.values[run]))
    ]
    spec["data"] += bar
    place = _arrange(learning, layout, theme)
    layout |= panel_axes(learning, panels, theme)
    _mark_names(learning, layout["annotations"][:heads], theme)
    layout["annotations"] += panel_titles(learning, panels, theme)
    mark_phase_change(learning, layout, theme)
    _add_playback(learning, spec, place, theme)
    return SpecFigure(spec)


def _arrange(learning: Learning, layout: dict[str, Any], theme: Theme) -> Place:
    """Make room beside or above the heads for the curves, and below for what plays them."""
    margin, beside = layout["margin"], learning.plot_height - learning.tiles_shown.height
    left, right = LEFT_MARGIN, margin["r"]
    across, down = learning.heads_domain
    layout["xaxis"]["domain"] = across
    if learning.is_stacked:
        left, right = max(LEFT_MARGIN, margin["l"]), RIGHT_MARGIN
        layout["yaxis"]["domain"] = down
        for axis in ("coloraxis", "coloraxis2"):  # the second is a curved scale's
            if bar := layout.get(axis, {}).get("colorbar"):
                bar |= {"x": across[1], "y": down[1]}
    place = Place(margin["b"], left=left, is_stacked=learning.is_stacked)
    margin = {**margin, "l": left, "r": right, "b": place.below + place.room}
    height = layout["height"] + beside + place.room
    layout |= base_layout(theme, margin=margin, height=height)
    return place


def _mark_names(learning: Learning, names: Sequence[dict[str, Any]], theme: Theme) -> None:
    """A dash before each head's name, as its curve is drawn; the kept run's heads may follow."""
    heads = [(run, i) for run, of in enumerate(learning.curves) for i in range(len(of.head_names))]
    if len(names) in (len(learning.curves[0].head_names), len(heads)):
        for name, (run, head) in zip(names, heads, strict=False):
            color = theme.lines[head % len(theme.lines)]
            dash = KEPT_DASH if run else DASH
            name["text"] = f'<span style="color:{color}">{dash}</span> {name["text"]}'


def _frames(learning: Learning, values: np.ndarray) -> list[dict[str, Any]]:
    """Return what each snapshot changes: the heatmaps and the cursors."""
    grid, cursors = learning_grid(learning), 3
    pooled = pool_extremes(values, grid.pooled_rows, grid.pooled_columns)
    return [
        {
            "name": str(i),
            "data": [
                *({"type": "heatmap", "z": z} for z in heads),
                *({"x": [int(step), int(step)]} for _ in range(cursors)),
            ],
            "traces": list(range(len(heads) + cursors)),
        }
        for i, (step, heads) in enumerate(zip(learning.curves[0].steps, pooled, strict=True))
    ]


def _add_playback(learning: Learning, spec: dict[str, Any], place: Place, theme: Theme) -> None:
    """The frames and what plays them, or the caption alone."""
    layout, words = spec["layout"], learning.words
    if learning.frames is not None:
        steps = learning.curves[0].steps
        spec["frames"] = _frames(learning, learning.frames)
        layout["sliders"] = [
            slider(learning.captions, list(steps), learning.active, place=place, theme=theme)
        ]
        layout["updatemenus"] = [buttons(words.play, words.pause, place=place, theme=theme)]
    elif learning.captions:
        layout["annotations"].append(still_caption(learning.captions[0], place=place))
