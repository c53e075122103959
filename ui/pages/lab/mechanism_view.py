"""A sweep of the mechanism as pictures: lines with bands, heatmaps, a panel each."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lab.grid import Grid
from ui.controls.presenting import draw_to_room
from ui.frame.pictures import tell_weights
from ui.jobs.sweep_queue import Ticket
from ui.link.memory import value_of
from ui.pages.lab.pictures import (
    Chosen,
    averaged,
    chosen_picture,
    lines_of,
    map_of,
    means,
    measured,
)
from ui.pages.lab.point_links import show_found, take_click
from ui.pages.lab.sentences import mechanism_sentence, unfinished_sentence
from ui.pages.lab.words import AXIS_WORDS, METRIC_WORDS
from ui.text.i18n import _, ngettext
from ui.views.heads import PLOTLY_CONFIG
from viz.sweep_maps import draw_map
from viz.sweeps import draw_lines
from viz.theme import theme_of

CHART = "sweep_chart"
HEIGHT, TALL_HEIGHT = 352, 590  # pixels: the sentence stands above it
BARS = 9.9  # what stands above and below it for a class, in heights of a text


def picture_in_use(grid: Grid) -> Chosen:
    """Return what is drawn of a grid."""
    names = ("picture", "metric", "along", "line", "panel")
    return chosen_picture(grid, *(value_of(name) for name in names))


def describe_axes(grid: Grid) -> dict[str, str]:
    """Return what each choice of an axis comes to where none is made."""
    chosen = picture_in_use(grid)
    of_each = _("measure") if chosen.picture == "panels" else _("none")
    axes = {"along": chosen.along, "line": chosen.line, "panel": chosen.panel}
    return {
        key: _(AXIS_WORDS[axis]) if axis else of_each if key == "panel" else _("none")
        for key, axis in axes.items()
    }


def show_mechanism(ticket: Ticket) -> None:
    """Draw what a sweep has found so far, and say what it is."""
    chosen = picture_in_use(ticket.grid)
    frame = measured(ticket)
    if frame.empty:
        return
    show_found(ticket, found_sentence(frame, ticket, chosen))
    left_out = _draw_chart(frame, ticket, chosen)
    _tell_means(frame, ticket, chosen, left_out)


def present_mechanism(ticket: Ticket, picture: DeltaGenerator, said: DeltaGenerator) -> None:
    """Draw what a sweep has found, and say below it what that is."""
    chosen = picture_in_use(ticket.grid)
    frame = measured(ticket)
    if frame.empty:
        return
    with picture:
        _draw_chart(frame, ticket, chosen)
    with said:
        st.markdown(found_sentence(frame, ticket, chosen))


def _draw_chart(frame: pd.DataFrame, ticket: Ticket, chosen: Chosen) -> int:
    """Draw the picture, and return how many panels of it are left out."""
    theme = theme_of(st.context.theme.type)
    left_out = 0
    tell_weights(_("measured with random weights, untrained: means over seeds"))

    def draw(height: int) -> go.Figure:
        nonlocal left_out
        if chosen.picture == "heatmap":
            shown, left_out = map_of(frame, ticket.grid, chosen, height)
            return draw_map(shown, theme)
        lines, left_out = lines_of(frame, ticket.grid, chosen, height)
        return draw_lines(lines, theme)

    st.plotly_chart(
        draw_to_room(draw, HEIGHT, TALL_HEIGHT, bars=BARS),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        on_select=partial(take_click, CHART),
        selection_mode="points",
        # The same while results come in: with another one it would be mounted anew.
        alt=_("{measure} along {axis}: means over seeds").format(
            measure=_(METRIC_WORDS[chosen.metric]), axis=_(AXIS_WORDS[chosen.along])
        ),
    )
    return left_out


def found_sentence(frame: pd.DataFrame, ticket: Ticket, chosen: Chosen) -> str:
    """Return what a sweep has found, once all of it is measured."""
    if ticket.state != "finished":
        return unfinished_sentence(ticket.progress.done, ticket.progress.total)
    return mechanism_sentence(means(frame, ticket.grid, chosen.axes), chosen)


def _tell_means(frame: pd.DataFrame, ticket: Ticket, chosen: Chosen, left_out: int) -> None:
    """What the means are over, and what isn't drawn."""
    rest = averaged(frame, ticket.grid, chosen.axes)
    seeds = int(frame.groupby(list(ticket.grid.axes))["seed"].nunique().max())
    if seeds > 1:
        over = ngettext("{count} seed", "{count} seeds", seeds).format(count=seeds)
        said = [_("Mean over {over}; the band is one standard deviation to either side.")]
        if chosen.picture == "heatmap":
            said = [_("Mean over {over}.")]
        over = " × ".join([over, *(_(AXIS_WORDS[axis]) for axis in rest)])
        said = [said[0].format(over=over)]
    else:
        said = [_("A single seed: no mean, and no spread.")]
        if rest:
            axes = " × ".join(_(AXIS_WORDS[axis]) for axis in rest)
            said = [_("One seed; mean over {axes}.").format(axes=axes)]
    if left_out:
        said.append(_("{count} panels more don't fit.").format(count=left_out))
    said.append(_("Click a point to open the first of its measurements in Explore."))
    st.caption(" ".join(said))
