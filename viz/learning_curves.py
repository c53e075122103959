"""The curves of a training: accuracy, loss and the heads' entropy over the steps, in panels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .labels import text_width
from .learning_info import Learning
from .theme import TITLE_SIZE, Theme
from .tile_names import BOLD

PANEL_TITLE = 24  # pixels above each panel, as much as there is above a tile
PANEL_GAP = 10  # ... and below
MOST_MARKERS = 40  # on one curve: more would cover it
DASH, KEPT_DASH = "━", "╍"  # how the curves look, in text


@dataclass(frozen=True)
class Panel:
    """One of the three small charts."""

    axis: str  # "y2"
    title: str
    value: str  # what a point is, on hover
    values: Sequence[np.ndarray]  # for each run (N, S): its curves
    top: float  # where its axis ends
    unit: str = ""
    ticks: int = 4  # at most


def panels_of(learning: Learning) -> list[Panel]:
    """Return the three panels, from top to bottom."""
    runs, words = learning.curves, learning.words
    loss = [run.loss[None] for run in runs]
    entropy = [run.entropy.T for run in runs]
    even = np.log(learning.tiles.values.shape[-1])  # the entropy of attending to all alike
    accuracy = [run.accuracy[None] * 100 for run in runs]
    highest = _largest([*entropy, np.array([even])])
    return [
        Panel("y2", words.accuracy, words.accuracy, accuracy, 100, " %", 3),
        Panel("y3", words.loss, words.loss, loss, _largest(loss)),
        Panel("y4", words.entropy, words.entropy_value, entropy, highest),
    ]


def _largest(values: Sequence[np.ndarray]) -> float:
    """The largest finite number; 1 where none is above zero, so that an axis exists."""
    return max((float(v[np.isfinite(v)].max(initial=0.0)) for v in values), default=0.0) or 1.0


def cursor(panel: Panel, step: int, theme: Theme) -> dict[str, Any]:
    """Draw the line at the step shown, over the whole panel."""
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


def curve(learning: Learning, panel: Panel, run: int, head: int, theme: Theme) -> dict[str, Any]:
    """Draw one curve: of a run, or of one of its heads."""
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


def panel_axes(
    learning: Learning, panels: Sequence[Panel], theme: Theme
) -> dict[str, dict[str, Any]]:
    """Return one axis of steps below all panels, and one of values for each."""
    last = max(1, learning.last_step)
    beyond = 0.012 * last  # so that the cursor isn't cut in half at the ends
    common = {"fixedrange": True, "zeroline": False, "gridcolor": theme.masked, "anchor": "x2"}
    axes = {
        "xaxis2": {
            **common,
            "anchor": panels[-1].axis,
            "domain": [0, learning.curves_width / learning.width],
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
    height = learning.plot_height
    share = learning.height / height
    for i in range(count):
        gap = PANEL_GAP / height if i < count - 1 else 0.0
        yield 1 - (i + 1) / count * share + gap, 1 - i / count * share - PANEL_TITLE / height


def panel_titles(learning: Learning, panels: Sequence[Panel], theme: Theme) -> list[dict[str, Any]]:
    """Return the panels' titles, and how the two runs are told apart where there are two."""
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
        room = learning.curves_width - BOLD * text_width(learning.words.accuracy)
        both, one = f"{DASH} {this}  {KEPT_DASH} {kept}", f"{KEPT_DASH} {kept}"
        key = {"text": both if text_width(both) < room else one, "font": {"color": theme.faint}}
        titles.append({**title, **key, "x": 1, "xanchor": "right", "yref": "y2 domain"})
    return titles


def mark_phase_change(learning: Learning, layout: dict[str, Any], theme: Theme) -> None:
    """Draw a dotted line through all panels, with its name beside the middle one's title.

    No curve and no cursor gets there.
    """
    step, words = learning.curves[0].phase_change, learning.words
    if step is None:
        return
    before = step / max(1, learning.last_step) * learning.curves_width  # pixels
    title = BOLD * text_width(words.loss) + 8
    fits = text_width(words.phase_change) < learning.curves_width - before
    if learning.is_stacked:  # there is room for it behind the title alone
        place = {"x": 1, "xref": "x2 domain", "xanchor": "right"}
    else:
        shift = max(4, title - before) if fits else -4
        place = {"x": step, "xref": "x2", "xanchor": "left" if fits else "right", "xshift": shift}
    begins_at_name = before > title and not learning.is_stacked
    line = {"color": theme.faint, "width": 1.5, "dash": "dot"}
    layout["shapes"] = layout.get("shapes", []) + [  # the heads may have marks
        {"type": "line", "xref": "x2", "x0": step, "x1": step, "line": line, "layer": "below"}
        | {"yref": f"y{panel} domain", "y0": 0, "y1": 1.2 if panel == 3 and begins_at_name else 1}
        for panel in (2, 3, 4)
    ]
    layout["annotations"].append(
        {
            **place,
            "y": 1,
            "yref": "y3 domain",
            "text": words.phase_change,
            "showarrow": False,
            "yanchor": "bottom",
            "font": {"color": theme.faint},
        }
    )
