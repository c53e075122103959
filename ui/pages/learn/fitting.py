"""What of Learn's link depends on other parts of it."""

from model.training.plan import MOST_HEADS
from ui.controls.fits import fit_heads, fit_layer
from ui.link.address import asked_for
from ui.link.memory import settle, value_of
from ui.link.plan_text import PLAN_FIELDS, plan_text
from ui.pages.learn.stories import STORIES


def fit_few_heads() -> list[int]:
    """Return the head counts that can be chosen, of which Learn has room for few."""
    return fit_heads(MOST_HEADS)


def fit_story() -> None:
    """Let a story's link, that says nothing else, open its two plans; and no story be of others."""
    story = value_of("story")
    if story is None:
        return
    kept, shown = STORIES[story].plans()
    if not {*PLAN_FIELDS, "kept"} & asked_for().keys():
        settle(**{name: getattr(shown, name) for name in PLAN_FIELDS}, kept=plan_text(kept))
    elif value_of("task") != shown.task:
        settle(story=None)


FITS = {"story": fit_story, "heads": fit_few_heads, "layer": fit_layer}
