"""The controls that a lesson, or a teacher's link, leaves to be touched."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from lessons.lesson import Step
from ui.controls.random_settings import segments, sentence_input
from ui.controls.selection import draw_selection
from ui.frame.follow import Followed
from ui.frame.page import Page
from ui.frame.view_bar import SWITCHES
from ui.link.notices import notice
from ui.text.i18n import _
from ui.text.markdown import verbatim

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


def tell_unknown_controls(page: Page, step: Step) -> None:
    """Say which controls a step unlocks that its page hasn't: its author is to hear."""
    known = _known(page)
    if unknown := [name for name in step.controls if name not in known]:
        said = _("The lesson's step unlocks controls that this page hasn't: {names}.")
        notice("step", said.format(names=verbatim(", ".join(unknown))))


def controls_of(page: Page) -> tuple[str, ...]:
    """Return the names of all controls that a link can leave on a page."""
    known = _known(page)
    return tuple(key for key in page.parameters if key in known)


def _known(page: Page) -> set[str]:
    """The names of all controls that can be drawn one by one."""
    known = {*page.controls, *page.controls_of_run}
    if page.source is not None:
        known |= page.sentences.keys() | VIEW_CONTROLS.keys()
    return known
