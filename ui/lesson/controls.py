"""The controls that a lesson, or a teacher's link, leaves to be touched."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ui.controls.random_settings import segments, sentence_input
from ui.controls.selection import draw_selection
from ui.frame.follow import Followed
from ui.frame.page import Page
from ui.frame.view_bar import SWITCHES
from ui.text.i18n import _

VIEW_CONTROLS: Mapping[str, Callable[[], Any]] = {  # of every page with a run
    "head": partial(draw_selection, ("head",)),
    "q": partial(draw_selection, ("q",)),
    "k": partial(draw_selection, ("k",)),
    "stage": lambda: segments(_(SWITCHES["stage"][0]), SWITCHES["stage"][1], key="stage"),
}


def draw_controls(page: Page, names: Sequence[str]) -> None:
    """Draw those of the page's controls that stay while somebody types."""
    for name in names:
        draw = page.controls.get(name) or VIEW_CONTROLS.get(name)
        if draw is not None:
            draw()


def draw_sentences(page: Page, names: Sequence[str]) -> None:
    """Draw the fields of those of the page's sentences that are named, and no other draws."""
    for key, name in page.sentences.items():
        if key in names and key not in page.controls_of_run:
            sentence_input(_(name), key)


def draw_controls_of_run(page: Page, names: Sequence[str], followed: Followed) -> None:
    """Draw those of the page's controls that are about what is shown."""
    for name in names:
        if (draw := page.controls_of_run.get(name)) is not None:
            draw(*followed)


def controls_of(page: Page) -> tuple[str, ...]:
    """Return the names of all controls that a link can leave on a page."""
    known = {*page.controls, *page.controls_of_run}
    if page.source is not None:
        known |= page.sentences.keys() | VIEW_CONTROLS.keys()
    return tuple(key for key in page.parameters if key in known)
