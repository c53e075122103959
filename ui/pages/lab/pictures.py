"""From a sweep's results to what its pictures show: means over seeds, by the axes chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lab.grid import Grid
from lab.results import METRICS, summary
from ui.jobs.sweep_queue import Ticket
from ui.pages.lab.grids import varying
from ui.pages.lab.parameters import NUMERIC
from ui.pages.lab.words import AXIS_WORDS, METRIC_WORDS, Values, configuration, setting, value_word
from ui.text.i18n import _
from viz.sweep_maps import Map, Tile
from viz.sweep_parts import MOST_PANELS, Axis, Words
from viz.sweeps import Lines, Panel, Series

PARTS = {"head_dim": ("heads", "embed_size")}  # what an axis comes of


@dataclass(frozen=True)
class Chosen:
    """Which picture of a mechanism's sweep, with nothing left open."""

    picture: str
    metric: str
    along: str
    line: str | None  # in a heatmap the vertical axis
    panel: str | None  # None: no panels, or one for each measure

    @property
    def axes(self) -> list[str]:
        """The axes that are drawn."""
        return [axis for axis in (self.panel, self.line, self.along) if axis is not None]


def chosen_picture(
    grid: Grid, picture: str, metric: str, along: str | None, line: str | None, panel: str | None
) -> Chosen:
    """Return what is drawn where no more than this is chosen: the axes that vary, in order."""
    free = varying(grid)
    numeric = [axis for axis in free if axis in NUMERIC]
    along = along or next(iter([*numeric, *free]), "heads")
    free = [axis for axis in free if axis != along]
    if along in PARTS and sum(len(getattr(grid, part)) > 1 for part in PARTS[along]) == 1:
        free = [axis for axis in free if axis not in PARTS[along]]
    line = line if line != along else None
    others = [axis for axis in free if axis != panel]
    line = line or (others[0] if others else None)
    if picture == "heatmap" and line is None:
        line = "scale" if along != "scale" else "heads"
    if picture == "lines" or panel in (along, line):
        panel = None
    return Chosen(picture, metric, along, line, panel)


def measured(ticket: Ticket) -> pd.DataFrame:
    """Return the results that are no failures, with the size of a head and each one's place."""
    frame = ticket.placed_frame()
    frame = frame.assign(head_dim=frame["embed_size"] // frame["heads"])
    return frame[frame["failure"] == ""]


def averaged(frame: pd.DataFrame, grid: Grid, by: Sequence[str]) -> list[str]:
    """Return the axes besides the seeds that a group has several values of."""
    rest = [axis for axis in varying(grid) if axis not in by]
    groups = frame.groupby(list(by), sort=False)
    return [axis for axis in rest if len(frame) and groups[axis].nunique().max() > 1]


def means(frame: pd.DataFrame, grid: Grid, by: Sequence[str]) -> pd.DataFrame:
    """Return a row a group: its means, the place of its first point, what is said of it."""
    made = summary(frame, by)
    groups = frame.groupby(list(by), sort=False)
    made["place"] = groups["place"].first().to_numpy()
    axes = [*by, *(axis for axis in grid.axes if axis not in by)]
    fixed = {axis: groups[axis].nunique().to_numpy() == 1 for axis in axes}
    first = frame.drop_duplicates(list(by))[axes]
    made["about"] = [
        _about(row, by, [axis for axis in axes[len(by) :] if fixed[axis][i]])
        for i, row in enumerate(first.to_dict("records"))
    ]
    return made


def _about(row: Values, by: Sequence[str], fixed: Sequence[str]) -> str:
    """Two lines: where a point is in the picture, and what is the same for all of it."""
    said = f"<b>{configuration(row, by)}</b>"
    return said + (f"<br>{configuration(row, fixed)}" if fixed else "")


def axis_of(name: str, values: Iterable[Any]) -> Axis:
    """Return an axis with those values: numbers in their order, options in the grid's."""
    found = list(dict.fromkeys(values))
    if name in NUMERIC:
        found.sort()
        return Axis(_(AXIS_WORDS[name]), np.array(found, float), [f"{v:g}" for v in found])
    labels = [value_word(name, value) for value in found]
    return Axis(_(AXIS_WORDS[name]), np.arange(len(found), dtype=float), labels, numeric=False)


def words_of(rest: Sequence[str]) -> Words:
    """Return how the figures call what they are means of."""
    seeds = _("measurements") if rest else _("seeds")
    return Words(seeds=seeds, one_seed=_("1 seed"), nothing=_("not measured"), never=_("never"))


def lines_of(frame: pd.DataFrame, grid: Grid, chosen: Chosen, height: int) -> tuple[Lines, int]:
    """Return the lines of a sweep, and how many panels there is no room for."""
    rest = averaged(frame, grid, chosen.axes)
    made = means(frame, grid, chosen.axes)
    axis = axis_of(chosen.along, made[chosen.along])
    places = _places(axis, made[chosen.along], chosen.along)
    made = made.assign(x=places)
    if chosen.picture == "panels" and chosen.panel is None:
        panels = [_panel(made, name, _(METRIC_WORDS[name]), chosen) for name in METRICS[grid.kind]]
        return Lines(panels, axis, words=words_of(rest), height=height), 0
    if chosen.panel is None:
        panels = [_panel(made, chosen.metric, "", chosen)]
        return Lines(panels, axis, words=words_of(rest), height=height), 0
    values = axis_values(made, chosen.panel)
    panels = [
        _panel(
            made[made[chosen.panel] == value], chosen.metric, setting(chosen.panel, value), chosen
        )
        for value in values[:MOST_PANELS]
    ]
    lines = Lines(panels, axis, same_range=True, words=words_of(rest), height=height)
    return lines, max(0, len(values) - MOST_PANELS)


def axis_values(frame: pd.DataFrame, axis: str) -> list[Any]:
    """Return the values on an axis, in the order in which they are drawn."""
    values = list(dict.fromkeys(frame[axis].tolist()))
    return sorted(values) if axis in NUMERIC else values


def _places(axis: Axis, column: pd.Series, name: str) -> np.ndarray:
    """Where each row is on the axis."""
    if axis.numeric:
        return column.to_numpy(float)
    order = {value: place for place, value in enumerate(dict.fromkeys(column))}
    return np.array([order[value] for value in column], dtype=float)


def _panel(made: pd.DataFrame, metric: str, title: str, chosen: Chosen) -> Panel:
    column = METRICS["mechanism"][metric]
    if chosen.line is None:
        series = [_series("", made, metric)]
    else:
        series = [
            _series(setting(chosen.line, value), made[made[chosen.line] == value], metric)
            for value in axis_values(made, chosen.line)
        ]
    return Panel(title, _(METRIC_WORDS[metric]), series, column.low, column.high)


def _series(name: str, rows: pd.DataFrame, metric: str) -> Series:
    rows = rows.sort_values("x")
    return Series(
        name=name,
        x=rows["x"].to_numpy(float),
        mean=rows[f"{metric}_mean"].to_numpy(float),
        std=rows[f"{metric}_std"].to_numpy(float),
        count=rows[f"{metric}_count"].to_numpy(int),
        about=rows["about"].tolist(),
        ids=rows["place"].to_numpy(int),
    )


def map_of(frame: pd.DataFrame, grid: Grid, chosen: Chosen, height: int) -> tuple[Map, int]:
    """Return the heatmaps of a sweep, and how many there is no room for."""
    assert chosen.line is not None  # chosen_picture sees to it
    rest = averaged(frame, grid, chosen.axes)
    made = means(frame, grid, chosen.axes)
    across, up = axis_values(made, chosen.along), axis_values(made, chosen.line)
    panels = [None] if chosen.panel is None else axis_values(made, chosen.panel)
    tiles = []
    for value in panels[:MOST_PANELS]:
        rows = made if value is None else made[made[chosen.panel] == value]
        title = "" if value is None else setting(str(chosen.panel), value)
        tiles.append(_tile(rows, chosen.metric, (chosen.line, up), (chosen.along, across), title))
    shown = Map(
        tiles,
        axis_of(chosen.along, across),
        axis_of(chosen.line, up),
        _(METRIC_WORDS[chosen.metric]),
        words_of(rest),
        height,
    )
    return shown, max(0, len(panels) - MOST_PANELS)


def _tile(
    rows: pd.DataFrame,
    metric: str,
    vertical: tuple[str, Sequence[Any]],
    horizontal: tuple[str, Sequence[Any]],
    title: str,
) -> Tile:
    """A heatmap of a measure; each axis has a name and values."""
    (line, up), (along, across) = vertical, horizontal
    shape = (len(up), len(across))
    mean, std = np.full(shape, np.nan), np.full(shape, np.nan)
    count, ids = np.zeros(shape, int), np.full(shape, -1)
    about = [[configuration({along: x, line: y}, (line, along)) for x in across] for y in up]
    for row in rows.to_dict("records"):
        cell = up.index(row[line]), across.index(row[along])
        mean[cell] = row[f"{metric}_mean"]
        std[cell] = row[f"{metric}_std"]
        count[cell] = row[f"{metric}_count"]
        ids[cell] = row["place"]
        about[cell[0]][cell[1]] = row["about"]
    return Tile(title, mean, std, count, about, ids)
