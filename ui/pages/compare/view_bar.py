"""The bar of a comparison's views: those that both sides have, and their switches."""

import streamlit as st

from ui.choices.limits import MAX_PRETRAINED_HEADS
from ui.choices.options import BETWEEN_TOKENS, CARRIED, COMPARE_VIEWS, CompareView, Stage
from ui.controls.colors import draw_colors
from ui.controls.random_settings import segments
from ui.frame.description import draw_description
from ui.link.memory import default_of, settle, value_of
from ui.link.notices import notice
from ui.link.side import Side
from ui.pages.compare.comparable import comparable
from ui.pages.compare.descriptions import describe_comparison
from ui.pages.compare.patching import patched_sides
from ui.pages.compare.patching_view import draw_patching_options
from ui.pages.compare.side import LETTERS, side_of
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.option_names import word
from ui.views.few_heads import draw_all_heads


def _stages(sides: list[Side]) -> tuple[Stage, ...]:
    """The stages of which both sides have the numbers; a file may have weights alone."""
    return tuple(
        stage
        for stage in BETWEEN_TOKENS
        if all(stage in comparable(side).stages(side) for side in sides)
    )


def fit_stage() -> None:
    """Keep the stage among those of which both sides have the numbers."""
    sides = [side_of(letter)[0] for letter in LETTERS]
    if value_of("stage") not in _stages(sides):
        if value_of("stage") in CARRIED:
            message = _("One side has no “{asked}”; showing “{used}”.")
            message = message.format(asked=word(value_of("stage")), used=word("weights"))
        else:
            message = _("The file has weights only: the rest isn't known.")
        settle(stage="weights")
        notice("stage", message)


def _views() -> tuple[CompareView, ...]:
    """The views that both sides have; a link's that they haven't becomes the first."""
    can_be_patched = patched_sides() is not None
    if value_of("view") == "patching" and not can_be_patched:
        settle(view=COMPARE_VIEWS[0])
        notice("view", _("A goes into B where both sides are one trained decoder: SmolLM2."))
    return tuple(view for view in COMPARE_VIEWS if view != "patching" or can_be_patched)


def draw_view_bar() -> None:
    """Draw the choice of the view that both sides have, with its own switches, and what it is."""
    sides = [side_of(letter)[0] for letter in LETTERS]
    if not all(comparable(side).is_usable(side) for side in sides):
        return  # there is nothing to compare, whichever way
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="view_bar"):
        view = segments(_("View"), _views(), key="view", hidden=True)
        if view == "patching":
            draw_patching_options()
        if view in ("heads", "head"):
            segments(_("Stage"), _stages(sides), key="stage", hidden=True)
            if value_of("stage") == "weights":
                draw_colors()
        if view == "heads":
            draw_all_heads()
        if view == "head":
            with st.container(key="pair", width="content"):
                st.number_input(
                    _("Pair"),
                    0,
                    MAX_PRETRAINED_HEADS - 1,
                    value=default_of("head"),
                    key="head",
                    width=150,
                    label_visibility="collapsed",
                    help=explain("head", more=_("Which pair of heads.")),
                )
    draw_description(describe_comparison(view, value_of("stage")))
