"""A story's cause: what becomes of the answers once the edges that it tells of are cut."""

import streamlit as st

from ui.link.head_edges import read_edges
from ui.link.memory import choose, value_of
from ui.pages.learn.circuit_view import CIRCUIT
from ui.pages.learn.source import TRAINED_ON_LEARN
from ui.pages.learn.stories import STORIES
from ui.runs.circuits import run_without
from ui.text.i18n import _
from ui.text.numbers import percent


def describe_cause() -> str:
    """Return what a cut does to the model that is shown; empty where it hasn't learnt the task."""
    story = STORIES.get(value_of("story"))
    if story is None or not story.cut:
        return ""
    try:
        settings = TRAINED_ON_LEARN.settings()
    except ValueError:  # said elsewhere
        return ""
    plan = settings.plan
    if plan.task != story.common["task"] or settings.snapshot.accuracy <= story.solved:
        return ""
    edges = read_edges(story.cut)
    cuts = tuple(sorted(cut for each in edges for cut in each.cuts(plan.layers, plan.heads)))
    if not cuts:
        return ""
    before, after = (run_without(settings, each).accuracy for each in ((), cuts))
    said = _("**Cause**: cut what keys read of earlier heads, and {before} → {after} are right.")
    return said.format(before=percent(before, 1), after=percent(after, 1))


def draw_cause_button() -> None:
    """Draw the button that shows it, where a story tells of edges."""
    story = STORIES[value_of("story")]
    if story.cut:
        st.button(
            _("Show the cause"),
            key="cause",
            icon=":material/content_cut:",
            on_click=_show,
            args=(story.cut,),
            help=_("Cuts the edges that the story tells of, once the model has learnt."),
        )


def _show(edges: str) -> None:
    choose("cause", view=CIRCUIT.name, cut_edges=edges)
