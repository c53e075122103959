"""The row above the picture: which view, and what the view needs to know."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from model.head_finder import PATTERNS
from ui.color_controls import draw_colors
from ui.controls import BOUND, draw_kept, segments
from ui.i18n import _
from ui.link import count_sentences, default_of, fit_sentence, value_of
from ui.selection import draw_selection
from ui.settings import OVERVIEWS, STAGES, TESTS

# What a view can't do without, and the switch that chooses what it shows.
REQUIRED = {"head": ("head",), "cell": ("head", "q", "k")}
SWITCHES: dict[str, str] = {
    "heads": "stage",
    "kinds": "stage",
    "numbers": "stage",
    "layers": "overview",
    "tests": "test",
    "finder": "pattern",
}
ABOUT_ALL_HEADS = ("tests", "finder", "similarity")  # or about none
OPTIONS: dict[str, tuple[Any, ...]] = {
    "stage": STAGES,
    "overview": OVERVIEWS,
    "test": TESTS,
    "pattern": PATTERNS,
}
LABELS = {
    "stage": _("Stage"),
    "overview": _("Overview"),
    "test": _("Test"),
    "pattern": _("Pattern"),
}


def draw_view_bar(
    views: tuple[Any, ...],
    switches: Sequence[str],
    draw_more: Callable[[str], None] = lambda view: None,
) -> str:
    """The view's switch and its own; head, query and key in a popover where there is no room."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="view_bar"):
        view = segments(_("View"), views, key="view", hidden=True)
        for key in switches:
            switch = partial(segments, LABELS[key], OPTIONS[key], key=key, hidden=True)
            draw_kept(switch, key, SWITCHES.get(view) == key, key)
        draw_more(view)
        draw_colors(used=_shows_weights(view))
        if view in ABOUT_ALL_HEADS:
            # Out of sight, but there: a click in the picture chooses a head, and the link gets it.
            with st.container(key="selection_unused"):
                draw_selection()
        elif not _has_inputs(view):  # a row is too high for them here, and a click chooses as well
            label = _("Head · query · key")
            with (
                st.container(key="choose", width="content"),
                st.popover(label, icon=":material/my_location:", help=label),
            ):
                draw_selection()
    return view


def _shows_weights(view: str) -> bool:
    """Whether a view draws weights, or means of them, as cells of a picture."""
    match view:
        case "heads":
            return bool(value_of("stage") == "weights")
        case "kinds":  # which shows the weights where a stage isn't between words
            return value_of("stage") not in ("energy", "scores")
        case "layers":
            return bool(value_of("overview") != "stream")
        case "finder":
            return bool(value_of("pattern") != "entropy")
    return view in ("head", "watch")


def draw_selection_row(view: str, draw_more: Callable[[str], None] = lambda view: None) -> None:
    """Head, query and key where the view is about them; the sentence of a batch."""
    with st.container(horizontal=True, gap="medium", key="selection"):
        draw_more(view)
        if _has_inputs(view):
            draw_selection(required=REQUIRED.get(view, ()), head_only=view == "next")
        _choose_sentence(used=view != "similarity")  # which is about both


def _has_inputs(view: str) -> bool:
    return view in ("head", "cell", "numbers", "next")


def _choose_sentence(*, used: bool) -> None:
    """Which sentence of a batch is shown, where there is more than one."""
    count = count_sentences()
    fit_sentence()

    def draw() -> None:
        st.segmented_control(
            _("Sentence"),
            range(1, count + 1),
            default=default_of("sentence"),
            required=True,
            key="sentence",
            bind=BOUND,
        )

    draw_kept(draw, "sentence", used and count > 1, "sentence")
