"""The row above the picture: which view, and what the view needs to know."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from model.head_finder import PATTERNS
from ui.choices.options import OVERVIEWS, STAGES, TESTS
from ui.controls.colors import draw_colors
from ui.controls.fits import fit_sentence_to
from ui.controls.popover import draw_popover
from ui.controls.random_settings import segments
from ui.controls.selection import draw_selection
from ui.frame.description import draw_description
from ui.link.memory import choose, value_of
from ui.text.explain import explain
from ui.text.i18n import N_, _
from ui.text.option_names import capital, word
from ui.views.view import View, named
from viz.labels import text_width

SWITCHES: dict[str, tuple[str, tuple[Any, ...]]] = {  # what they are called, and what there is
    "stage": (N_("Stage"), STAGES),
    "overview": (N_("Overview"), OVERVIEWS),
    "test": (N_("Test"), TESTS),
    "pattern": (N_("Pattern"), PATTERNS),
}

WITHIN = "view_of_group"  # the key of the switch between the views of a group
ROW = 750  # pixels of the words of views and stages that a projector's row has room for
LIST_WIDTH = 160  # pixels of what shows one of them
Draw = Callable[[View], None]


def _draw_nothing(view: View) -> None:
    pass


def _fit_in_a_row(options: tuple[str, ...]) -> bool:
    return sum(text_width(word(option)) for option in options) <= ROW


def _draw_list(label: str, options: tuple[str, ...], *, key: str) -> None:
    """Draw options as a list, where there is no room for them side by side."""
    st.selectbox(
        label,
        options,
        index=options.index(value_of(key)),
        format_func=capital,
        placeholder="",
        key=key,
        width=LIST_WIDTH,
        label_visibility="collapsed",
    )


def draw_view_bar(
    views: tuple[View, ...],
    draw_more: Draw = _draw_nothing,
    there: Mapping[str, tuple[Any, ...]] = MappingProxyType({}),
) -> None:
    """Draw the switch between views, what belongs to the chosen one, and what it shows.

    Head, query and key stand in a popover where there is no room for them.

    Args:
        views: that there are.
        draw_more: draws what else belongs to a view.
        there: of the switches that have less to choose from than usual, what there is.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="view_bar"):
        view, names = _draw_views(views)
        if view.switch is not None:
            label, options = SWITCHES[view.switch]
            options = there.get(view.switch, options)
            if view.switch != "stage" or _fit_in_a_row((*names, *options)):
                segments(_(label), options, key=view.switch, hidden=True)
            else:
                _draw_list(_(label), options, key=view.switch)
        view.draw_options()
        draw_more(view)
        if view.shows_weights():
            draw_colors()
        if view.picks and not view.inputs:  # a row is too high for them, and a click chooses too
            label = _("Head · query · key")
            draw_popover(
                label,
                draw_selection,
                key="choose_popover",
                icon=":material/my_location:",
                help=f"{label}\n\n{explain('head', 'query', 'key')}",
                width="content",
            )
    draw_description(view.describe())


def _draw_views(views: tuple[View, ...]) -> tuple[View, tuple[str, ...]]:
    """Draw the switch between views, and one between those of a group.

    Returns:
        The chosen view, and what stands in the switch.
    """
    shown = named(views, value_of("view"))
    groups: dict[str, list[View]] = {}
    for view in views:
        groups.setdefault(view.group or view.name, []).append(view)
    # A group stands there as the view of it that is shown, or else as its first.
    entries = {
        (shown if shown in group else group[0]).name: name if len(group) > 1 else group[0].name
        for name, group in groups.items()
    }
    st.segmented_control(
        _("View"),
        tuple(entries),
        default=shown.name,
        required=True,
        format_func=lambda name: word(entries[name]),
        key="view",
        label_visibility="collapsed",
    )
    group = groups[shown.group or shown.name]
    if len(group) > 1:
        st.session_state[WITHIN] = shown.name
        st.segmented_control(
            word(shown.group),
            tuple(view.name for view in group),
            required=True,
            format_func=word,
            key=WITHIN,
            label_visibility="collapsed",
            on_change=_take_view,
        )
    return shown, tuple(entries.values())


def _take_view() -> None:
    choose("view", view=st.session_state[WITHIN])


def draw_selection_row(
    views: tuple[View, ...], *, sentences: int, draw_more: Draw = _draw_nothing
) -> None:
    """Draw head, query and key where the view is about them, and the sentence of a batch."""
    view = named(views, value_of("view"))
    fit_sentence_to(sentences)
    with st.container(horizontal=True, gap="medium", key="selection"):
        draw_more(view)
        draw_selection(view.inputs, required=view.required)
        if sentences > 1 and view.picks_sentence:
            st.segmented_control(
                _("Sentence"),
                range(1, sentences + 1),
                default=value_of("sentence"),
                required=True,
                key="sentence",
            )
