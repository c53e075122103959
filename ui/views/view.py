"""What a view is: a way to look at a run, with what it needs and what its clicks open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ui.controls.selection import Selection
from ui.runs.run import Run
from ui.text.descriptions import Description
from viz.theme import Theme

Place = tuple[int, int, int]  # tile, row, column
Choice = dict[str, Any] | None  # what to show next, by parameters; None: nothing was hit

Show = Callable[[Any, Selection, Theme], None]


def _opens_nothing(run: Run, selection: Selection, tile: int) -> Choice:
    return None


def _draws_nothing() -> None:
    pass


def _never() -> bool:
    return False


def _not_for_class(run: Any, selection: Selection) -> bool:
    return False


@dataclass(frozen=True)
class Chart:
    """A picture in which cells, and the names above its tiles, can be clicked."""

    key: str
    behind_cell: Callable[[Any, Selection, Place], Choice]
    behind_name: Callable[[Any, Selection, int], Choice] = _opens_nothing


@dataclass(frozen=True)
class View:
    """A way to look at a run."""

    name: str  # as links have it
    show: Show
    describe: Callable[[], Description]  # what it shows, as far as the page's values tell
    # Draws of it what has room in half of a page, beside a lesson's question; None: all of it.
    beside: Show | None = None
    # Whether it draws itself as large as a class needs it; else one or two heads are drawn instead.
    is_for_class: Callable[[Any, Selection], bool] = _not_for_class
    charts: tuple[Chart, ...] = ()
    switch: str | None = None  # the parameter that chooses what it shows
    draw_options: Callable[[], None] = _draws_nothing  # how it shows that
    required: tuple[str, ...] = ()  # of head, q and k: what it can't do without
    inputs: tuple[str, ...] = ()  # of head, q and k: what stands in a row above it
    picks: bool = True  # whether head, query and key say anything in it
    picks_sentence: bool = True  # whether one sentence of several does
    shows_weights: Callable[[], bool] = _never  # as cells of a picture
    needs_tokens: bool = False  # whether it has nothing to show when all tokens are hidden
    group: str = ""  # views of one group share an entry of the bar, which has this name
    has_strip: bool = True  # whether the sentence stands above it as a row of words


def named(views: Sequence[View], name: str) -> View:
    """Return the view with this name."""
    return next(view for view in views if view.name == name)
