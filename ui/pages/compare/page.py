"""Compare: two configurations side by side, and what lies between them."""

import streamlit as st

from ui.choices.limits import MAX_PRETRAINED_HEADS
from ui.choices.options import BETWEEN_TOKENS, CARRIED, COMPARE_VIEWS, Stage
from ui.controls.colors import draw_colors
from ui.controls.random_settings import segments
from ui.frame.clicks import draw_click_listener
from ui.frame.description import draw_description
from ui.frame.history import live
from ui.frame.page import Page
from ui.link.memory import default_of, settle, value_of
from ui.link.notices import notice
from ui.link.side import Side
from ui.pages.compare.comparable import comparable
from ui.pages.compare.controls import draw_sides
from ui.pages.compare.descriptions import describe_comparison
from ui.pages.compare.downloads import ShownComparison, draw_downloads
from ui.pages.compare.follow import follow_for_a_class, follow_sides, prepare_sides
from ui.pages.compare.parameters import PARAMETERS
from ui.pages.compare.side import LETTERS, bring_sides, side_of
from ui.pages.compare.texts import draw_texts
from ui.pages.compare.view import CHARTS, CLICKABLE
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.trainings import active
from ui.text.explain import explain
from ui.text.i18n import N_, _
from ui.text.option_names import word
from ui.views.few_heads import draw_all_heads, opening

REPAINT_EVERY = 0.2  # seconds, while a side is being trained


def _draw() -> None:
    """Draw the controls of one side, around what both are."""
    _fit_stage()
    prepare_sides()  # before any control is drawn for what turns out not to be there
    learn_memory().running = running = [training.plan for training in active()]
    with st.sidebar:
        draw_sides()
        shown = ShownComparison()
        draw_downloads(shown)
        draw_click_listener(steady=CHARTS)
    top = draw_texts()
    _draw_view_bar()
    live(follow_sides, run_every=REPAINT_EVERY if running else None)(top, shown)


def _present() -> None:
    """Draw a pair of heads, and what lies between the sides."""
    _fit_stage()
    prepare_sides()
    learn_memory().running = running = [training.plan for training in active()]
    draw_texts()
    picture, said = st.container(), st.container(key="say", gap="xsmall")
    draw_click_listener(has_charts=False, steady=CHARTS)
    live(follow_for_a_class, run_every=REPAINT_EVERY if running else None)(picture, said)


def _stages(sides: list[Side]) -> tuple[Stage, ...]:
    """The stages of which both sides have the numbers; a file may have weights alone."""
    return tuple(
        stage
        for stage in BETWEEN_TOKENS
        if all(stage in comparable(side).stages(side) for side in sides)
    )


def _fit_stage() -> None:
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


def _draw_view_bar() -> None:
    sides = [side_of(letter)[0] for letter in LETTERS]
    if not all(comparable(side).is_usable(side) for side in sides):
        return  # there is nothing to compare, whichever way
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="view_bar"):
        view = segments(_("View"), COMPARE_VIEWS, key="view", hidden=True)
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


PAGE = Page(
    name="compare",
    title=N_("Compare"),
    draw=_draw,
    parameters=PARAMETERS,
    opening=opening,
    prepare=bring_sides,
    present=_present,
    charts=CLICKABLE,
)
