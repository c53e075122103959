"""Learn's own controls: what is trained, how, and the buttons that do it."""

import math
import time
from typing import Any

import streamlit as st

from model.tasks import TASKS
from model.training.plan import LARGEST_EMBEDDING, MOST_LAYERS, MOST_STEPS, Plan
from model.training.recommended import RECOMMENDED
from ui.controls import BOUND, draw_scale, draw_seed, segments
from ui.i18n import _
from ui.link import default_of, fit_layer, fit_learnt_heads, keep, value_of
from ui.options import word
from ui.parameters import PLAN_FIELDS, plan_text
from ui.settings import (
    LEARN_EMBEDDINGS,
    LEARN_RATES,
    LEARN_STEPS,
    MAX_CORPUS,
    PACES,
    POSITIONS,
    SMALLEST_EMBEDDING,
    nearest,
)
from ui.stories import STORIES
from ui.story_check import stop_check
from ui.training_queue import Training
from ui.trainings import (
    active,
    keep_none,
    keep_this,
    kept_plan,
    pause,
    reset,
    train,
    training_of,
)

STALE_FOR = 1.0  # seconds in which a browser may not have heard yet what was chosen

# What a solving head has to do.
GOALS = {
    "reverse": _("Say the letters backwards. A solving head looks at the place across."),
    "copy": _("Say the letters again after the bar. A solving head looks back, always as far."),
    "shift": _("Say the letter before. A solving head looks one place back."),
    "sort": _("Say the digits in order. A solving head finds the digit of each rank."),
    "histogram": _("Say how often each letter occurs. A solving head looks at its likes."),
    "majority": _("Say which letter is the most frequent. A solving head looks at all alike."),
    "compare": _("Is the right neighbour larger than the left one? Two heads look at one each."),
    "lookup": _("Say the value of the key in front. A solving head finds the key's pair."),
    "brackets": _("Say which bracket closes. A solving head finds the one that opened."),
    "induction": _("Continue a repetition. A solving head looks at what followed the last time."),
    "characters": _("Say the next character of your text. Heads look back at what helps."),
    "numbers": _("Write number words in digits. Cross-attention aligns digits with words."),
}  # fmt: skip


def draw_story() -> None:
    """Which story is told, if any."""
    st.selectbox(
        _("Story"),
        list(STORIES),
        index=None,
        format_func=word,
        key="story",
        bind=BOUND,
        placeholder=_("A story to tell"),
        label_visibility="collapsed",
        on_change=_take_story,
    )


def _take_story() -> None:
    story = value_of("story")
    if _is_stale(story=story):
        return
    stop_check()
    if story is not None:
        kept, shown = STORIES[story].plans()
        choose_plan(shown, kept=plan_text(kept), story=story)


def choose_plan(plan: Plan, *, kept: str = "", story: str | None = None) -> None:
    """Let the controls describe a plan; called by a widget."""
    chosen = {name: getattr(plan, name) for name in PLAN_FIELDS}
    chosen |= {"story": story, "text": "", "head": None, "q": None, "k": None, "layer": 0}
    st.session_state.update(chosen)
    if plan.corpus:
        st.session_state["_corpus"] = plan.corpus
    keep("at", None)
    keep("kept", kept)
    if st.session_state.get("_running"):
        st.session_state["_chosen"] = (chosen, kept, time.monotonic())


def choose_again() -> None:
    """Choose once more what has just been chosen, if a stale repaint has undone it.

    While a training runs, the browser asks for a repaint five times a second, with the values that
    its controls have then: also those that it hasn't heard yet were changed.
    """
    chosen, kept, at = st.session_state.get("_chosen", ({}, "", -math.inf))
    if time.monotonic() - at < STALE_FOR:
        st.session_state.update({k: v for k, v in chosen.items() if value_of(k) != v})
        if value_of("kept") != kept:
            keep("kept", kept)


def _is_stale(**values: Any) -> bool:
    """Whether a control's change is none, but what a browser had before it was told otherwise."""
    chosen, _kept, at = st.session_state.get("_chosen", ({}, "", -math.inf))
    return time.monotonic() - at < STALE_FOR and any(chosen[k] != v for k, v in values.items())


def draw_task() -> None:
    """Which task, and what it asks for."""
    st.selectbox(
        _("Task"),
        list(TASKS),
        index=list(TASKS).index(default_of("task")),
        format_func=word,
        key="task",
        bind=BOUND,
        on_change=_take_task,
    )
    st.caption(GOALS[value_of("task")])


def _take_task() -> None:
    """Another task was chosen: begin with what solves it."""
    if _is_stale(task=value_of("task")):
        return
    stop_check()
    choose_plan(RECOMMENDED[value_of("task")])


def draw_sizes() -> None:
    """The model's sizes and positions, the learning rate and the steps."""
    left, right = st.columns(2, gap="small")
    with right:
        _slider(_("Embedding size"), "embed_size", LEARN_EMBEDDINGS, help=_(
            "Numbers per symbol, {low} to {high}. A larger embedding extends the smaller one."
        ).format(low=SMALLEST_EMBEDDING, high=LARGEST_EMBEDDING))  # fmt: skip
    heads = fit_learnt_heads()
    with left:
        st.select_slider(
            _("Heads"), heads, value=nearest(default_of("heads"), heads), key="heads", bind=BOUND
        )
    left, right = st.columns(2, gap="small")
    with left:
        _slider(_("Layers"), "layers", list(range(1, MOST_LAYERS + 1)))
    with right:
        st.selectbox(
            _("Positions"),
            POSITIONS,
            index=POSITIONS.index(default_of("positions")),
            format_func=word,
            key="positions",
            bind=BOUND,
            help=_("How the model knows where a symbol stands; with none it doesn't."),
        )
    left, right = st.columns(2, gap="small")
    with left:
        _slider(_("Learning rate"), "learning_rate", LEARN_RATES, help=_(
            "How far AdamW's steps go; in the last fifth of them it falls to 0. Too large, and the "
            "loss diverges: try it."
        ))  # fmt: skip
    with right:
        _slider(_("Steps"), "steps", LEARN_STEPS, help=_(
            "Updates of the weights, each on 64 new examples; {most} at most."
        ).format(most=MOST_STEPS))  # fmt: skip
    fit_layer()


def _slider(label: str, key: str, choices: list[Any], help: str | None = None) -> None:
    """A slider over some numbers, and the one that a link or a file has chosen."""
    st.select_slider(
        label,
        sorted({*choices, default_of(key), value_of(key)}),
        value=default_of(key),
        format_func=lambda value: f"{value:g}",  # which is also how a link has it
        key=key,
        bind=BOUND,
        help=help,
    )


def draw_more() -> None:
    """The rest: scale, seed, pace, and a character model's text."""
    with (
        st.popover(_("More"), icon=":material/tune:", width="stretch"),
        st.container(key="more"),
    ):
        draw_scale()
        segments(
            _("Pace"),
            PACES,
            key="pace",
            help=_("Slow: spread over twenty seconds, to talk about it. It learns the same."),
        )
        draw_seed(_("Of the first weights and the examples: the same seed learns the same."))


def draw_corpus() -> None:
    """The text that a character model learns from."""
    if value_of("task") != "characters":
        return
    st.session_state.setdefault("corpus", st.session_state.get("_corpus", ""))
    with st.popover(_("Text to learn from"), icon=":material/article:", width="stretch"):
        st.text_area(
            _("Text to learn from"),
            key="corpus",
            height=300,
            max_chars=MAX_CORPUS,
            placeholder=_("Paste a page of text. Left empty, it learns from a story of ours."),
            label_visibility="collapsed",
            on_change=lambda: st.session_state.update(_corpus=st.session_state["corpus"]),
        )


def draw_buttons(plan: Plan | None) -> None:
    """Train, Pause, Continue, Reset, Keep."""
    training = training_of(plan) if plan else None
    other = kept_plan()
    compared = training_of(other) if other else None
    shown = [each for each in (training, compared) if each is not None]
    if active():  # perhaps of a plan that was looked at before
        st.button(_("Pause"), key="pause", icon=":material/pause:", on_click=pause)
    if not any(each.is_active for each in shown):
        _draw_train(plan, shown)
    st.button(
        _("Reset"),
        key="reset",
        icon=":material/restart_alt:",
        disabled=training is None,
        on_click=reset,
    )
    if plan is not None and value_of("kept") == "":
        st.button(
            _("Keep this run"),
            key="keep",
            icon=":material/bookmark_add:",
            disabled=training is None,
            on_click=keep_this,
            help=_("Compare it with what you train next: curves overlaid, heads side by side."),
        )
    elif value_of("kept"):
        st.button(
            _("Stop comparing"), key="keep", icon=":material/bookmark_remove:", on_click=keep_none
        )


def _draw_train(plan: Plan | None, shown: list[Training]) -> None:
    """Train, or what it is called where something has been trained already."""
    other = kept_plan()
    wanted = [each for each in dict.fromkeys([plan, other]) if each is not None]
    left = [each for each in wanted if (known := training_of(each)) is None or not known.is_over]
    label = _("Train both") if len(left) > 1 else _("Train")
    if any(each.can_go_on for each in shown):
        label = _("Continue")
    st.button(
        label,
        key="train",
        icon=":material/play_arrow:",
        type="primary",
        disabled=plan is None or not left,
        on_click=train,
    )
