"""What a step has to wait for: begun one step before, and told in place while it isn't there."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lessons.lesson import Step
from ui.frame.failures import logged
from ui.frame.page import Page, page_shown
from ui.frame.teaching import Values, Wait
from ui.link.lesson import Place, step_values
from ui.link.memory import own_memory, value_of
from ui.text.i18n import _

REPAINT_EVERY = 0.3  # seconds, while something is waited for


@dataclass
class Repainted:
    """Whether the step that a session shows paints itself anew, again and again."""

    by_itself: bool = False


def begin_steps(page: Page, place: Place, pages: Sequence[Page]) -> None:
    """Begin what the shown step needs and takes long, and what the next one needs.

    Args:
        page: the one that is shown.
        place: where somebody is in a lesson.
        pages: all that there are.
    """
    needed: dict[str, list[Values]] = {page.name: [{key: value_of(key) for key in page.parameters}]}
    steps, number = place.lesson.steps, place.number + 1
    following = steps[number - 1].page if number <= len(steps) else None
    for other in pages:
        if other.name == following:
            defaults = {key: parameter.default for key, parameter in other.parameters.items()}
            chosen = step_values(other, {"lesson": place.lesson.name, "step": number})
            needed.setdefault(other.name, []).append({**defaults, **chosen})
        if other.name in needed:
            with logged():  # a step that can't be computed says so itself
                other.teaching.begin(needed[other.name])


def repaint_every(step: Step) -> float | None:
    """Return after how many seconds a step is painted anew; None where nothing changes by itself.

    For the whole page's run; the part that is painted anew is to ask `fit_repainting` then.
    """
    is_going_on = _is_going_on(step)
    own_memory(Repainted).by_itself = is_going_on
    return REPAINT_EVERY if is_going_on else None


def fit_repainting(step: Step) -> None:
    """Run the whole page where there is now something to wait for, or no longer."""
    if _is_going_on(step) != own_memory(Repainted).by_itself:
        st.rerun()


def wait_of(step: Step) -> Wait | None:
    """Return what has to be waited for before a step's picture is shown, if it is asked for."""
    if step.question is not None and not value_of("revealed"):
        return None
    return page_shown().teaching.wait()


def _is_going_on(step: Step) -> bool:
    wait = wait_of(step)
    return wait is not None and not wait.problem


def steady_charts(page: Page, step: Step) -> tuple[str, ...]:
    """Return the keys of charts that keep their last picture while they are painted anew.

    None beside a question: what was seen before isn't to be seen for a moment in another's place.
    """
    if step.question is not None:
        return ()
    return (*page.teaching.steady, *(chart.key for chart in page.every_chart))


def draw_wait(wait: Wait) -> None:
    """Draw how far it is; or why it won't come, and what tries again."""
    with st.container(key="lesson_wait", gap="xsmall"):
        if not wait.problem:
            st.progress(min(1.0, wait.done), wait.said)
            return
        st.warning(wait.problem, icon=":material/info:")
        if wait.again is not None:
            st.button(
                wait.again_label or _("Try again"),
                key="try_again",
                icon=":material/replay:",
                on_click=wait.again,
            )
