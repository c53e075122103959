"""Attention being learnt: curves over the steps on the left, the heads at one step on the right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from viz.figure import SpecFigure
from viz.heatmap import base_layout
from viz.labels import text_width
from viz.playback import ROOM, buttons, slider, still_caption
from viz.pooling import pool_extremes
from viz.theme import TITLE_SIZE, Theme
from viz.tiles import BOLD, Grid, Tiles, grid_of, tiles_spec

WIDTH, HEIGHT = 870, 348  # design pixels of the plot: what a 1366×768 screen has room for
TALL_WIDTH, TALL_HEIGHT = 1400, 630  # ... and a 1920×1080 one
LEFT = 0.35  # the curves' share of the width
LEFT_MARGIN = 62  # pixels: numbers at the curves' axes
PANEL_TITLE = 24  # pixels above each panel, as much as there is above a tile
PANEL_GAP = 10  # ... and below
FRAME_BYTES, TRACE_BYTES = 260, 60  # what a frame has beside its numbers, and each of its heatmaps
MOST_MARKERS = 40  # on one curve: more would cover it
DASH, KEPT_DASH = "━", "╍"  # how the curves look, in text


@dataclass(frozen=True)
class Curves:
    """How one run went, at each of its snapshots."""

    steps: np.ndarray  # (S,) whole numbers, growing
    accuracy: np.ndarray  # (S,) 0 to 1
    loss: np.ndarray  # (S,) nats
    entropy: np.ndarray  # (S, T) nats, of each head's weights
    head_names: Sequence[str]  # T, escaped
    name: str  # escaped: "this run", "kept"
    phase_change: int | None = None  # a step to mark; only the first run's is


@dataclass(frozen=True)
class Words:
    """What the figure says, escaped."""

    step: str = "step"
    accuracy: str = "accuracy"
    loss: str = "loss"
    entropy: str = "entropy of each head"
    entropy_value: str = "entropy"  # of one, on hover
    phase_change: str = "phase change"
    play: str = "▶ Play"
    pause: str = "❚❚ Pause"


@dataclass(frozen=True)
class Learning:
    """What the figure shows, before any drawing is decided.

    Raises:
        ValueError: if frames, captions and this run's snapshots are not equally many.
    """

    # The heads at `step`, this run's first: weights, 0 to 1. Width, height and limit don't count.
    tiles: Tiles
    curves: Sequence[Curves]  # this run and, if there is one, the kept run
    step: int  # the step shown; where there are frames, that of the active one is
    last_step: int  # where the curves will end
    captions: Sequence[str] = ()  # escaped: one a frame; without frames one for `step`, or none
    frames: np.ndarray | None = (
        None  # (S, T, R, C) float32, the heads at each snapshot; NaN: masked
    )
    active: int = 0  # the frame shown
    words: Words = Words()
    width: int = WIDTH  # design pixels of the plot
    height: int = HEIGHT

    def __post_init__(self) -> None:
        if self.frames is None:
            return
        found = (len(self.frames), len(self.captions), len(self.curves[0].steps))
        if len(set(found)) > 1:
            raise ValueError(
                "each of this run's snapshots needs one frame and one caption, got "
                f"{found[0]} frames, {found[1]} captions and {found[2]} snapshots"
            )
        if not 0 <= self.active < len(self.frames):
            raise ValueError(f"active must be one of {len(self.frames)} frames, got {self.active}")

    @property
    def step_shown(self) -> int:
        """The step that the heatmaps and the cursor are at."""
        return self.step if self.frames is None else int(self.curves[0].steps[self.active])

    @property
    def tiles_shown(self) -> Tiles:
        """The heads at that step, as large as there is room for, on a scale that frames share."""
        return replace(
            self.tiles,
            values=self.tiles.values if self.frames is None else self.frames[self.active],
            width=int(self.width * (1 - LEFT)) - _gap(self.tiles),
            height=self.height,
            diverging=False,
            limit=1.0,
        )


def learning_grid(learning: Learning) -> Grid:
    """The grid in which the heads are drawn."""
    return grid_of(learning.tiles_shown)


def frames_size(learning: Learning, count: int) -> int:
    """About how many bytes `count` frames add to a figure, whether it has them yet or not."""
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
    panels = _panels(learning)
    layout = spec["layout"]
    heads = len(tiles.names)
    bar = spec["data"][heads:]  # of a curved scale: last, since frames count from the heads on
    del spec["data"][heads:]
    spec["data"] += [_cursor(panel, learning.step_shown, theme) for panel in panels]
    spec["data"] += [
        _curve(learning, panel, run, head, theme)
        for panel in panels
        for run in reversed(range(len(learning.curves)))  # this run's above the kept one's
        for head in range(len(panel.values[run]))
    ]
    spec["data"] += bar
    below = layout["margin"]["b"]
    margin = {**layout["margin"], "l": LEFT_MARGIN, "b": below + ROOM}
    layout |= base_layout(theme, margin=margin, height=layout["height"] + ROOM)
    layout["xaxis"]["domain"] = [LEFT + _gap(tiles) / learning.width, 1]
    layout |= _panel_axes(learning, panels, theme)
    _mark_names(learning, layout["annotations"], theme)
    layout["annotations"] += _titles(learning, panels, theme)
    _mark_phase_change(learning, layout, theme)
    _add_playback(learning, spec, below, theme)
    return SpecFigure(spec)


@dataclass(frozen=True)
class _Panel:
    """One of the three small charts."""

    axis: str  # "y2"
    title: str
    value: str  # what a point is, on hover
    values: Sequence[np.ndarray]  # for each run (N, S): its curves
    top: float  # where its axis ends
    unit: str = ""
    ticks: int = 4  # at most


def _panels(learning: Learning) -> list[_Panel]:
    """From top to bottom."""
    runs, words = learning.curves, learning.words
    loss = [run.loss[None] for run in runs]
    entropy = [run.entropy.T for run in runs]
    even = np.log(learning.tiles.values.shape[-1])  # the entropy of attending to all alike
    accuracy = [run.accuracy[None] * 100 for run in runs]
    highest = _largest([*entropy, np.array([even])])
    return [
        _Panel("y2", words.accuracy, words.accuracy, accuracy, 100, " %", 3),
        _Panel("y3", words.loss, words.loss, loss, _largest(loss)),
        _Panel("y4", words.entropy, words.entropy_value, entropy, highest),
    ]


def _largest(values: Sequence[np.ndarray]) -> float:
    """The largest finite number; 1 where none is above zero, so that an axis exists."""
    return max((float(v[np.isfinite(v)].max(initial=0.0)) for v in values), default=0.0) or 1.0


def _gap(tiles: Tiles) -> int:
    """Pixels between the curves and the heatmaps: for the names of rows."""
    return 48 + int(max(map(text_width, tiles.rows.short)))


def _cursor(panel: _Panel, step: int, theme: Theme) -> dict[str, Any]:
    """The line at the step shown, over the whole panel."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.array([step, step], dtype=np.int32),
        "y": [0, panel.top * 2],
        "xaxis": "x2",
        "yaxis": panel.axis,
        "line": {"color": theme.highlight, "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _curve(learning: Learning, panel: _Panel, run: int, head: int, theme: Theme) -> dict[str, Any]:
    """One curve: of a run, or of one of its heads."""
    curves, of_heads = learning.curves[run], panel.axis == "y4"
    names = [curves.name, curves.head_names[head]] if of_heads else [curves.name]
    color = theme.lines[head % len(theme.lines)] if of_heads else theme.text
    return {
        "type": "scatter",
        # A curve of one snapshot is a point.
        "mode": "lines+markers" if run == 0 or len(curves.steps) == 1 else "lines",
        "name": " · ".join(names),
        "x": curves.steps.astype(np.int32),
        "y": panel.values[run][head].astype(np.float64),
        "xaxis": "x2",
        "yaxis": panel.axis,
        "line": {"color": color, "width": 1.5, "dash": "5px,3px" if run else "solid"},
        "marker": {"size": 4, "maxdisplayed": MOST_MARKERS},
        "opacity": 0.7 if run else 1,
        "hovertemplate": f"<b>%{{fullData.name}}</b><br>{learning.words.step} %{{x}}<br>"
        f"{panel.value} <b>%{{y:.4g}}{panel.unit}</b><extra></extra>",
        "showlegend": False,
    }


def _panel_axes(
    learning: Learning, panels: Sequence[_Panel], theme: Theme
) -> dict[str, dict[str, Any]]:
    """One axis of steps below all panels, and one of values for each."""
    last = max(1, learning.last_step)
    beyond = 0.012 * last  # so that the cursor isn't cut in half at the ends
    common = {"fixedrange": True, "zeroline": False, "gridcolor": theme.masked, "anchor": "x2"}
    axes = {
        "xaxis2": {
            **common,
            "anchor": panels[-1].axis,
            "domain": [0, LEFT],
            "range": [-beyond, last + beyond],
            "title": {"text": learning.words.step, "standoff": 4, "font": {"color": theme.faint}},
            "nticks": 5,
            "tickformat": "d",
            "hoverformat": "d",
        }
    }
    for panel, (bottom, top) in zip(panels, _domains(learning, len(panels)), strict=True):
        axes[f"yaxis{panel.axis[1:]}"] = {
            **common,
            "domain": [bottom, top],
            "range": [-0.04 * panel.top, 1.06 * panel.top],
            "nticks": panel.ticks,
            "ticksuffix": panel.unit,
        }
    return axes


def _domains(learning: Learning, count: int) -> Iterator[tuple[float, float]]:
    """The lower and upper end of each panel, as shares of the plot."""
    for i in range(count):
        gap = PANEL_GAP / learning.height if i < count - 1 else 0.0
        yield 1 - (i + 1) / count + gap, 1 - i / count - PANEL_TITLE / learning.height


def _mark_names(learning: Learning, names: Sequence[dict[str, Any]], theme: Theme) -> None:
    """A dash before each head's name, as its curve is drawn; the kept run's heads may follow."""
    heads = [(run, i) for run, of in enumerate(learning.curves) for i in range(len(of.head_names))]
    if len(names) in (len(learning.curves[0].head_names), len(heads)):
        for name, (run, head) in zip(names, heads, strict=False):
            color = theme.lines[head % len(theme.lines)]
            dash = KEPT_DASH if run else DASH
            name["text"] = f'<span style="color:{color}">{dash}</span> {name["text"]}'


def _titles(learning: Learning, panels: Sequence[_Panel], theme: Theme) -> list[dict[str, Any]]:
    """The panels' titles, and how the two runs are told apart where there are two."""
    title = {"xref": "x2 domain", "y": 1, "yanchor": "bottom", "showarrow": False}
    titles = [
        {
            **title,
            "x": 0,
            "xanchor": "left",
            "yref": f"{panel.axis} domain",
            "text": f"<b>{panel.title}</b>",
            "font": {"size": TITLE_SIZE},
        }
        for panel in panels
    ]
    if len(learning.curves) > 1:
        this, kept = (run.name for run in learning.curves[:2])
        room = LEFT * learning.width - BOLD * text_width(learning.words.accuracy)
        both, one = f"{DASH} {this}  {KEPT_DASH} {kept}", f"{KEPT_DASH} {kept}"
        key = {"text": both if text_width(both) < room else one, "font": {"color": theme.faint}}
        titles.append({**title, **key, "x": 1, "xanchor": "right", "yref": "y2 domain"})
    return titles


def _mark_phase_change(learning: Learning, layout: dict[str, Any], theme: Theme) -> None:
    """A dotted line through all panels, with its name beside the title of the one in the middle.

    No curve and no cursor gets there.
    """
    step, words = learning.curves[0].phase_change, learning.words
    if step is None:
        return
    before = step / max(1, learning.last_step) * LEFT * learning.width  # pixels
    title = BOLD * text_width(words.loss) + 8
    fits = text_width(words.phase_change) < LEFT * learning.width - before
    line = {"color": theme.faint, "width": 1.5, "dash": "dot"}
    layout["shapes"] = [
        {"type": "line", "xref": "x2", "x0": step, "x1": step, "line": line, "layer": "below"}
        | {"yref": f"y{panel} domain", "y0": 0, "y1": 1.2 if panel == 3 and before > title else 1}
        for panel in (2, 3, 4)
    ]
    layout["annotations"].append(
        {
            "x": step,
            "xref": "x2",
            "y": 1,
            "yref": "y3 domain",
            "text": words.phase_change,
            "showarrow": False,
            "xanchor": "left" if fits else "right",
            "yanchor": "bottom",
            "xshift": max(4, title - before) if fits else -4,
            "font": {"color": theme.faint},
        }
    )


def _frames(learning: Learning, values: np.ndarray) -> list[dict[str, Any]]:
    """What each snapshot changes: the heatmaps and the cursors."""
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


def _add_playback(learning: Learning, spec: dict[str, Any], below: int, theme: Theme) -> None:
    """The frames and what plays them, or the caption alone."""
    layout, words = spec["layout"], learning.words
    if learning.frames is not None:
        steps = learning.curves[0].steps
        spec["frames"] = _frames(learning, learning.frames)
        layout["sliders"] = [
            slider(learning.captions, list(steps), learning.active, below=below, theme=theme)
        ]
        layout["updatemenus"] = [buttons(words.play, words.pause, below=below, theme=theme)]
    elif learning.captions:
        layout["annotations"].append(still_caption(learning.captions[0], below=below))
