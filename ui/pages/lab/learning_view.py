"""A sweep of trainings as pictures: accuracy over steps, steps to 95 %, and the table."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lab.grid import Grid
from lab.points import parameters_of
from lab.results import METRICS, Result
from ui.controls.presenting import draw_to_room
from ui.frame.pictures import tell_weights
from ui.jobs.sweep_queue import Ticket
from ui.link.memory import value_of
from ui.pages.lab.grids import varying
from ui.pages.lab.pictures import words_of
from ui.pages.lab.point_links import show_found, take_click
from ui.pages.lab.sentences import learning_sentence
from ui.pages.lab.words import METRIC_WORDS, configuration
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.views.heads import PLOTLY_CONFIG
from viz.labels import escape, shorten
from viz.sweep_dots import Dots, draw_dots
from viz.sweep_parts import HEIGHT, TALL_HEIGHT, Axis
from viz.sweeps import Lines, Panel, Series, draw_lines
from viz.theme import theme_of

CHART = "learning_chart"
MOST_CURVES = 12  # configurations in one picture
BARS = 9.9  # what stands above and below it for a class, in heights of a text

Group = tuple[str, list[Result]]  # a configuration's name, and its seeds in their order


def show_learning(ticket: Ticket) -> None:
    """Draw what the trainings have learnt so far, and say what it is."""
    frame = ticket.frame()
    if frame.empty:
        return
    axes = varying(ticket.grid) or ["heads"]
    planned = () if ticket.state == "finished" else ticket.grid.points().valid
    show_found(ticket, learning_sentence(frame, axes, planned))
    if value_of("learn_picture") == "table":
        return  # which is below every picture, and has the room now
    groups = groups_of(ticket.results, axes)
    if not have_learnt(groups):
        return  # all have failed, and the row above says why
    _draw_chart(groups, ticket.grid)
    shown = groups[:MOST_CURVES]
    said = [_("Accuracy is of held-out examples, at each snapshot.")]
    if any(result.failure for _name, results in shown for result in results):
        said.append(_("Trainings that failed are in no curve, and have never reached 95 %."))
    if len(groups) > MOST_CURVES:
        said.append(
            _("The first {shown} of {all} configurations; the table has all.").format(
                shown=MOST_CURVES, all=len(groups)
            )
        )
    said.append(_("Click a point to train it on Learn."))
    st.caption(" ".join(said))


def present_learning(ticket: Ticket, picture: DeltaGenerator, said: DeltaGenerator) -> None:
    """Draw what the trainings have learnt, and say below it what that is."""
    frame = ticket.frame()
    if frame.empty:
        return
    axes = varying(ticket.grid) or ["heads"]
    planned = () if ticket.state == "finished" else ticket.grid.points().valid
    groups = groups_of(ticket.results, axes)
    if have_learnt(groups):
        with picture:
            _draw_chart(groups, ticket.grid)
    with said:
        st.markdown(learning_sentence(frame, axes, planned))


def have_learnt(groups: Sequence[Group]) -> bool:
    """Whether any of the trainings came to an end."""
    return any(result.metrics for _name, results in groups for result in results)


def _draw_chart(groups: Sequence[Group], grid: Grid) -> None:
    """Draw how the first configurations learn: as curves, or as dots."""
    theme, shown = theme_of(st.context.theme.type), groups[:MOST_CURVES]
    tell_weights(_("small models, trained here from random weights"))

    def draw(height: int) -> go.Figure:
        if value_of("learn_picture") == "steps_to_95":
            return draw_dots(dots_of(shown, height), theme)
        return draw_lines(curves_of(shown, grid, height), theme)

    st.plotly_chart(
        draw_to_room(draw, HEIGHT, TALL_HEIGHT, bars=BARS),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        on_select=partial(take_click, CHART),
        selection_mode="points",
        # The same while results come in: with another one it would be mounted anew.
        alt=_("How configurations learn, for each seed"),
    )


def groups_of(results: Sequence[Result], axes: Sequence[str]) -> list[Group]:
    """Return the results of each configuration, failures included."""
    groups: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.index):
        name = configuration(parameters_of(result.point), axes)
        groups.setdefault(name, []).append(result)
    return list(groups.items())


def curves_of(groups: Sequence[Group], grid: Grid, height: int) -> Lines:
    """Accuracy against steps, mean and standard deviation over the seeds."""
    series = []
    for name, results in groups:
        found = [result.metrics for result in results if result.metrics]
        if not found:
            continue
        curves = pd.DataFrame(
            {i: pd.Series(m["curve_accuracy"], m["curve_steps"]) for i, m in enumerate(found)}
        ).sort_index()
        steps = curves.index.to_numpy(float)
        series.append(
            Series(
                name=name,
                x=steps,
                mean=curves.mean(axis=1).to_numpy(float),
                std=curves.std(axis=1, ddof=1).to_numpy(float),
                count=curves.count(axis=1).to_numpy(int),
                about=[
                    f"<b>{name}</b><br>" + _("step {step}").format(step=round(s)) for s in steps
                ],
                ids=np.full(len(steps), results[0].index),
            )
        )
    column = METRICS["learning"]["accuracy"]
    panel = Panel("", _(METRIC_WORDS["accuracy"]), series, column.low, column.high)
    ticks = np.linspace(0, float(max(s.x.max() for s in series)), 6).round()
    axis = Axis(_("step"), ticks, [f"{tick:g}" for tick in ticks])
    return Lines([panel], axis, words=words_of([]), height=height)


def dots_of(groups: Sequence[Group], height: int) -> Dots:
    """Steps to 95 % of each seed; whoever failed never got there."""
    places = np.arange(len(groups), dtype=float)
    return Dots(
        Axis("", places, [name for name, _results in groups], numeric=False),
        [
            np.array([r.metrics["steps_to_95"] if r.metrics else np.nan for r in results])
            for _name, results in groups
        ],
        [[_about_dot(name, result) for result in results] for name, results in groups],
        [np.array([r.index for r in results]) for _name, results in groups],
        _(METRIC_WORDS["steps_to_95"]),
        words_of([]),
        height,
    )


def _about_dot(name: str, result: Result) -> str:
    said = _("<b>{name}</b>, seed {seed}").format(name=name, seed=result.point.seed)
    return said + (
        f"<br>{escape(shorten(describe_error(result.failure, _), 80))}" if result.failure else ""
    )
