"""Learn's own controls: what is trained, how, and the buttons that do it."""

from typing import Any

import streamlit as st

from model.tasks import TASKS
from model.training.plan import LARGEST_EMBEDDING, MOST_LAYERS, MOST_STEPS, Plan
from model.training.recommended import RECOMMENDED
from ui.choices.learning import LEARN_EMBEDDINGS, LEARN_RATES, LEARN_STEPS, MAX_CORPUS
from ui.choices.limits import SMALLEST_EMBEDDING
from ui.choices.options import PACES, POSITIONS
from ui.choices.sizes import nearest
from ui.controls.fits import fit_layer
from ui.controls.popover import draw_popover
from ui.controls.random_settings import draw_scale, draw_seed, segments
from ui.controls.reset import draw_reset, resettable
from ui.jobs.training_queue import Training
from ui.link.memory import choose, default_of, value_of
from ui.link.plan_text import PLAN_FIELDS, plan_text
from ui.pages.learn.fitting import fit_few_heads
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.stories import STORIES
from ui.pages.learn.story_check import stop_check
from ui.pages.learn.trainings import (
    active,
    baseline_plan,
    forget_baseline,
    keep_as_baseline,
    pause,
    reset,
    train,
    training_of,
)
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.option_names import word
from ui.text.task_goals import GOALS
from ui.views.advice import chart_advice


def draw_story() -> None:
    """Draw the choice of a story."""
    st.selectbox(
        _("Story"),
        list(STORIES),
        index=None,
        format_func=word,
        key="story",
        placeholder=_("A story to tell"),
        label_visibility="collapsed",
        on_change=_take_story,
    )


def _take_story() -> None:
    story = value_of("story")
    stop_check()
    if story is not None:
        kept, shown = STORIES[story].plans()
        choose_plan(shown, kept=plan_text(kept), story=story)


def choose_plan(plan: Plan, *, kept: str = "", story: str | None = None) -> None:
    """Let the controls describe a plan; called by a widget."""
    chosen = {name: getattr(plan, name) for name in PLAN_FIELDS}
    chosen |= {
        "text": "",
        "head": None,
        "q": None,
        "k": None,
        "layer": 0,
        "at": None,
        "cut_edges": "",
    }
    chosen |= {"story": story, "kept": kept}
    choose(f"plan {plan_text(plan)} {story}", **chosen)
    if plan.corpus:
        learn_memory().corpus = plan.corpus


def draw_task() -> None:
    """Draw the choice of a task, and what it asks for."""
    st.selectbox(
        _("Task"),
        list(TASKS),
        index=list(TASKS).index(value_of("task")),
        format_func=word,
        placeholder="",
        key="task",
        on_change=_take_task,
    )
    # Below the picture there is no room for the advice.
    advice = chart_advice() if value_of("view") == "watch" else ""
    st.caption(f"{_(GOALS[value_of('task')])} {advice}".rstrip())


def _take_task() -> None:
    """Another task was chosen: begin with what solves it."""
    stop_check()
    choose_plan(RECOMMENDED[value_of("task")])


def draw_sizes() -> None:
    """Draw the model's sizes and positions, the learning rate and the steps."""
    left, right = st.columns(2, gap="small")
    with right:
        _slider(_("Embedding size"), "embed_size", LEARN_EMBEDDINGS, help=explain(
            "embedding", "head_size", more=_(
                "{low} to {high}. A larger embedding extends the smaller one."
            ).format(low=SMALLEST_EMBEDDING, high=LARGEST_EMBEDDING),
        ))  # fmt: skip
    heads = fit_few_heads()
    with left:
        st.select_slider(
            _("Heads"),
            heads,
            value=nearest(value_of("heads"), heads),
            key="heads",
            help=explain("head"),
        )
    left, right = st.columns(2, gap="small")
    with left:
        _slider(_("Layers"), "layers", list(range(1, MOST_LAYERS + 1)), help=explain("layer"))
    with right:
        draw_positions()
    left, right = st.columns(2, gap="small")
    with left:
        _slider(_("Learning rate"), "learning_rate", LEARN_RATES, help=explain(
            "learning_rate", "parameters", "loss",
            more=_("In the last fifth of the steps it falls to 0."),
        ))  # fmt: skip
    with right:
        _slider(_("Steps"), "steps", LEARN_STEPS, help=explain(
            "step", more=_("Here of 64 new examples; {most} at most.").format(most=MOST_STEPS)
        ))  # fmt: skip
    fit_layer()


def draw_positions() -> None:
    """Draw the choice of how the model tells places apart."""
    st.selectbox(
        _("Positions"),
        POSITIONS,
        index=POSITIONS.index(value_of("positions")),
        format_func=word,
        placeholder="",
        key="positions",
        help=explain("positions", "sinusoidal", "rotary", "alibi"),
    )


def _slider(label: str, key: str, choices: list[Any], help: str | None = None) -> None:
    """A slider over some numbers, and the one that a link or a file has chosen."""
    st.select_slider(
        label,
        sorted({*choices, default_of(key), value_of(key)}),
        value=value_of(key),
        format_func=lambda value: f"{value:g}",  # which is also how a link has it
        key=key,
        help=help,
    )


def draw_more() -> None:
    """Draw the rest in a popover: scale, pace, seed."""
    draw_popover(_("More"), _draw_rest, key="more_popover", icon=":material/tune:")


def _draw_rest() -> None:
    with st.container(key="more"):
        draw_scale()
        segments(
            _("Pace"),
            PACES,
            key="pace",
            help=_("Slow: spread over twenty seconds, to talk about it. It learns the same."),
        )
        draw_seed(_("Here: the first weights and the examples."))


def draw_first_settings() -> None:
    """Draw Reset of the settings: to what solves this task; what was trained stays."""
    plan = RECOMMENDED[value_of("task")]
    first = {**resettable(), **{name: getattr(plan, name) for name in PLAN_FIELDS}}
    draw_reset(first, label=_("Defaults"))


def draw_corpus() -> None:
    """Draw the text that a character model learns from."""
    if value_of("task") == "characters":
        draw_popover(
            _("Text to learn from"), _draw_text, key="corpus_popover", icon=":material/article:"
        )


def _draw_text() -> None:
    st.session_state.setdefault("corpus", learn_memory().corpus)
    st.text_area(
        _("Text to learn from"),
        key="corpus",
        height=300,
        max_chars=MAX_CORPUS,
        placeholder=_("Paste a page of text. Left empty, it learns from a story of ours."),
        label_visibility="collapsed",
        on_change=_take_corpus,
    )


def _take_corpus() -> None:
    learn_memory().corpus = st.session_state["corpus"]


def draw_buttons(plan: Plan | None) -> None:
    """Train, Pause, Continue, Reset, Keep."""
    training = training_of(plan) if plan else None
    other = baseline_plan()
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
            on_click=keep_as_baseline,
            help=_("Compare it with what you train next: curves overlaid, heads side by side."),
        )
    elif value_of("kept"):
        st.button(
            _("Stop comparing"),
            key="keep",
            icon=":material/bookmark_remove:",
            on_click=forget_baseline,
        )


def _draw_train(plan: Plan | None, shown: list[Training]) -> None:
    """Train, or what it is called where something has been trained already."""
    other = baseline_plan()
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
