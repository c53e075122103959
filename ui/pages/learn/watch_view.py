"""Attention being learnt: the heads at one snapshot, how they came to it, and what they answer."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from model.training.plan import Plan
from model.transformer import AttentionKind as Kind
from ui.choices.learning import MOST_HEADS_SHOWN
from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.let_show import let_show
from ui.controls.presenting import design_width, draw_to_room, is_presented
from ui.controls.selection import Selection
from ui.link.lesson import place_shown
from ui.link.memory import set_values, value_of
from ui.pages.learn.answers import show_answers
from ui.pages.learn.description import WATCHED
from ui.pages.learn.lesson import show_beside
from ui.pages.learn.memory import Mounted, learn_memory
from ui.pages.learn.page_file import keep_picture
from ui.pages.learn.trainings import (
    baseline_plan,
    plan_in_use,
    snapshots_of,
    training_of,
    watched,
)
from ui.pages.learn.words import caption_of, figure_words
from ui.runs.trained_here import TrainedHereRun, TrainedHereSettings, Watched, read_typed
from ui.server.turns import take_turn
from ui.text.i18n import _
from ui.text.numbers import percent
from ui.views.few_heads import FEW
from ui.views.heads import PLOTLY_CONFIG
from ui.views.marks import mark_heads
from ui.views.stages import attention_tiles, describe
from ui.views.view import Chart, Choice, Place, View
from viz.learning import draw_learning, frames_size
from viz.learning_info import (
    HEIGHT,
    NARROW_HEIGHT,
    NARROW_WIDTH,
    TALL_HEIGHT,
    TALL_WIDTH,
    WIDTH,
    Curves,
    Learning,
)
from viz.theme import Theme

CHART = "learn_chart"
STORY_HEIGHT = 56  # pixels that the figure leaves to a story's two sentences, or a lesson's
BARS = 16.5, 11.5  # what is around it for a class, in heights of a text: in a lesson, and without
MOST_FRAME_BYTES = 3 * 2**20  # that a page gets to scrub without asking the server


def show_watch(run: TrainedHereRun, selection: Selection, theme: Theme) -> None:
    """Draw the figure, with all snapshots inside where they are small enough, and the answers."""
    plan = run.settings.plan
    is_over = not _is_active(plan, baseline_plan())  # asked once: it may end while this is drawn
    learning, others = _learning(run, selection, is_over=is_over)
    theme = replace(theme, magnified=1)  # it is enlarged as a whole, where a class looks

    def draw(height: int) -> go.Figure:
        return draw_learning(replace(learning, height=height), theme)

    keep_picture(run, learning)
    st.plotly_chart(
        draw_to_room(draw, learning.height, learning.height, bars=BARS[place_shown() is None]),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_describe(learning, plan),
    )
    if learning.frames is None and is_over and len(learning.curves[0].steps) > 1:
        _draw_slider(learning)
    frames = () if learning.frames is None else watched(plan, run.settings.typed).answers
    if not is_presented():  # then there is no room, and the figure says it too
        show_answers(run, is_over=not _is_active(plan), frames=frames)
    for message in others:
        st.caption(message)


def _learning(
    run: TrainedHereRun, selection: Selection, *, is_over: bool
) -> tuple[Learning, list[str]]:
    """What the figure shows, and what is said below it."""
    settings, kind = run.settings, selection.kind
    plan, seen = settings.plan, watched(settings.plan, settings.typed)
    layers = shown_layers(plan, selection.layer)
    attention = run.attention(layers[0], 0, kind)
    tiles = attention_tiles(attention, "weights")
    values = _of_layers(seen, kind, plan, layers)
    names, short = _names(plan, layers), _names(plan, layers, short=True)
    curves = [_curves(seen, kind, plan, layers, _("this run"))]
    messages: list[str] = []
    baseline = _baseline_seen(plan, settings)
    if baseline is not None:
        other, kept_layers = baseline.plan, shown_layers(baseline.plan, selection.layer)
        curves.append(_curves(baseline, kind, other, kept_layers, _("kept")))
        if baseline.example == seen.example and kind in baseline.weights:
            theirs = _of_layers(baseline, kind, other, kept_layers)
            values = np.concatenate([values, _at_steps(theirs, baseline, seen)], axis=1)
            names += [_("kept: {head}").format(head=n) for n in _names(other, kept_layers)]
            short += [
                _("kept {head}").format(head=n) for n in _names(other, kept_layers, short=True)
            ]
        else:
            messages.append(_("The kept run reads other symbols, so only its curves are compared."))
    take_turn(values.size)
    active = next(i for i, s in enumerate(seen.snapshots) if s.step == settings.snapshot.step)
    values = np.where(seen.allowed(kind), values, np.float32("nan"))
    words = figure_words()
    tiles = replace(
        tiles, values=values[active], names=names, short_names=short, scale=weight_scale()
    )
    width, height = _size()
    learning = Learning(
        tiles=mark_heads(tiles, attention, selection, layers),
        curves=curves,
        step=settings.snapshot.step,
        last_step=max(plan.steps, *(int(c.steps[-1]) for c in curves)),
        captions=[caption_of(seen, active, words)],
        words=words,
        width=width,
        height=height,
        is_stacked=window_is_narrow(),
    )
    fits = frames_size(learning, len(values)) <= MOST_FRAME_BYTES
    if fits and len(values) > 1 and is_over:
        captions = [caption_of(seen, i, words) for i in range(len(values))]
        shows = (settings.plan, settings.typed, value_of("kept"), kind, layers, len(values))
        first = _first_frame(shows, active, len(values) - 1)
        learning = replace(learning, frames=values, captions=captions, active=first)
    return learning, messages


def _size() -> tuple[int, int]:
    """The figure's width and height, as the window has room for."""
    if window_is_narrow():
        return NARROW_WIDTH, NARROW_HEIGHT
    if is_presented():
        return design_width(), HEIGHT  # its height follows from the window's
    width, height = (TALL_WIDTH, TALL_HEIGHT) if window_is_tall() else (WIDTH, HEIGHT)
    is_told = value_of("story") is not None or place_shown() is not None
    return width, height - STORY_HEIGHT if is_told else height


def _first_frame(shows: tuple[object, ...], active: int, last: int) -> int:
    """The frame that the figure begins with: the last, or the one that a link asks for.

    It stays while the browser scrubs, or the figure would be sent again, with all its frames, each
    time the slider is let go.
    """
    at, mounted = value_of("at"), learn_memory().mounted
    first = last if at is None else active
    if mounted is not None and mounted.shows == shows and mounted.at == at is not None:
        first = mounted.first
    learn_memory().mounted = Mounted(shows, at, first)
    return first


def shown_layers(plan: Plan, layer: int) -> list[int]:
    """Return the layers whose heads are drawn: all, if there is room for them."""
    if plan.layers * plan.heads <= MOST_HEADS_SHOWN:
        return list(range(plan.layers))
    return [min(layer, plan.layers - 1)]


def _baseline_seen(plan: Plan, settings: TrainedHereSettings) -> Watched | None:
    """What there is to see of the kept run."""
    other = baseline_plan()
    if other is None or other == plan or training_of(other) is None:
        return None
    typed = settings.typed
    if other.task != plan.task:
        typed, _problem = read_typed(other.learnt, "")
    return watched(other, typed)


def _of_layers(seen: Watched, kind: Kind, plan: Plan, layers: list[int]) -> np.ndarray:
    """The weights of these layers' heads at each snapshot, (S, T, Q, K)."""
    heads = [layer * plan.heads + head for layer in layers for head in range(plan.heads)]
    return np.stack(seen.weights[kind])[:, heads]


def _at_steps(values: np.ndarray, kept: Watched, seen: Watched) -> np.ndarray:
    """The kept run's weights where this run has snapshots: those of the last one until then."""
    steps = np.array([s.step for s in kept.snapshots])
    at = np.searchsorted(steps, [s.step for s in seen.snapshots], side="right") - 1
    return values[np.maximum(at, 0)]


def _names(plan: Plan, layers: list[int], *, short: bool = False) -> list[str]:
    """What the heads are called; with their layer, where there are several."""
    of_one, of_more = _("Head {head}"), _("Layer {layer}, head {head}")
    if short:
        of_one, of_more = "{head}", "{layer} · {head}"
    name = of_one if plan.layers == 1 else of_more
    return [name.format(layer=layer, head=head) for layer in layers for head in range(plan.heads)]


def _curves(seen: Watched, kind: Kind, plan: Plan, layers: list[int], name: str) -> Curves:
    heads = [layer * plan.heads + head for layer in layers for head in range(plan.heads)]
    kind = kind if kind in seen.weights else "encoder_self"
    return Curves(
        steps=np.array([s.step for s in seen.snapshots]),
        accuracy=np.array([s.accuracy for s in seen.snapshots]),
        loss=np.array([s.loss for s in seen.snapshots]),
        entropy=seen.entropies(kind)[:, heads],
        head_names=_names(plan, layers),
        name=name,
        phase_change=seen.phase_change,
    )


def _describe(learning: Learning, plan: Plan) -> str:
    """A sentence on the chart, for people who hear it instead of seeing it.

    It is about what the figure begins with: another text would mount it anew.
    """
    curves = learning.curves[0]
    at = int(np.flatnonzero(curves.steps <= learning.step_shown)[-1])
    said = _(
        "{task}, step {step} of {steps}: {accuracy} of the answers are right, loss {loss:.3g}."
    ).format(
        task=plan.task,
        step=learning.step_shown,
        steps=plan.steps,
        accuracy=percent(curves.accuracy[at], 1),
        loss=curves.loss[at],
    )
    return f"{said} {describe(learning.tiles_shown)}"


def _is_active(*plans: Plan | None) -> bool:
    trainings = [training_of(plan) for plan in plans if plan is not None]
    return any(training is not None and training.is_active for training in trainings)


def _draw_slider(learning: Learning) -> None:
    """The snapshots on a slider of the server's, where there are too many numbers to send."""
    steps = [int(step) for step in learning.curves[0].steps]
    let_show("snapshot", max(s for s in steps if s <= learning.step))
    st.select_slider(
        _("Snapshot at step"),
        steps,
        key="snapshot",
        on_change=lambda: set_values(at=st.session_state["snapshot"]),
    )


def take_frame(frame: int) -> None:
    """Show the snapshot at which the figure's slider was let go."""
    try:
        snapshots = snapshots_of(plan_in_use())
    except ValueError:
        return
    if 0 <= frame < len(snapshots):
        last = frame == len(snapshots) - 1
        set_values(at=None if last else snapshots[frame].step)
        mounted = learn_memory().mounted
        if mounted is not None:
            mounted.at = value_of("at")


def behind_tile(run: TrainedHereRun, selection: Selection, tile: int) -> Choice:
    """Return what to show after a click on a head: itself; None for one of the kept run."""
    plan = run.settings.plan
    layers = shown_layers(plan, selection.layer)
    place, head = divmod(tile, plan.heads)
    if not 0 <= place < len(layers):
        return None
    return {"view": "head", "layer": layers[place], "head": head}


def behind_cell(run: TrainedHereRun, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a cell: its arithmetic."""
    tile, row, column = place
    behind = behind_tile(run, selection, tile)
    attention = run.attention(0, 0, selection.kind)
    if behind is None or not (
        0 <= row < len(attention.queries) and 0 <= column < len(attention.keys)
    ):
        return None
    return {**behind, "view": "cell", "q": row, "k": column}


WATCH = View(
    "watch",
    show_watch,
    lambda: WATCHED,
    beside=show_beside,
    charts=(Chart(CHART, behind_cell, behind_tile),),
    is_for_class=lambda run, selection: run.settings.plan.heads <= FEW and not value_of("kept"),
    shows_weights=lambda: True,
)
