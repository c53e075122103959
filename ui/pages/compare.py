"""Compare: two configurations side by side, and what lies between them."""

from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.pretrained.base import ModelUnavailableError
from ui.clicks import CLICKABLE, take_cell, take_name
from ui.color_controls import draw_colors
from ui.comparison import Comparison
from ui.comparison_words import notes, what_changed
from ui.components import chart_clicks
from ui.controls import BOUND, draw_kept, segments
from ui.failures import logged, told_in_place
from ui.i18n import _
from ui.learn_progress import said_of_training
from ui.link import default_of, keep_undrawn, read_link, remember, show_notices, value_of
from ui.models import is_unusable
from ui.repairs import index_within, repair
from ui.settings import BETWEEN_TOKENS, COMPARE_VIEWS, MAX_TRAINED_HEADS
from ui.side_controls import draw_sides
from ui.side_runs import Seen, see
from ui.sides import LETTERS, Letter, bring_sides, fit_sides, side_of
from ui.trained_controls import load_with_progress
from ui.trainings import active, plan_in_use, train_unless_known
from ui.turns import turn
from ui.views.compare import CHARTS, show_alone, show_comparison
from viz.theme import theme_of

DIVERGENCE_HELP = _(
    "Entropy: how evenly a query spreads its weights, from 0 nats (all on one key). Divergence "
    "(Jensen-Shannon): how far the weights have moved, from 0 nats (the same) to 0.693 (log 2: no "
    "key in common). Means over all queries and heads."
)
REPAINT_EVERY = 0.2  # seconds, while a side is being trained


def page() -> None:
    """The page: the controls of one side, around what both are."""
    bring_sides()
    read_link("compare")
    _train_sides()
    _load_models()  # before any control is drawn for what turns out not to be there
    running = [training.plan for training in active()]
    with st.sidebar:
        draw_sides()
        chart_clicks(charts=CLICKABLE, on_cell=take_cell, on_name=take_name, steady=CHARTS)
    top = st.container()
    _draw_view_bar()
    remember()
    st.session_state["_running"] = running
    st.fragment(_follow, run_every=REPAINT_EVERY if running else None)(top)


def _train_sides() -> None:
    """Start the training of what nobody has trained on this page yet."""
    for letter in LETTERS:
        side, _messages = side_of(letter)
        if side.page == "learn":
            # What can't be trained is said where the side is drawn.
            with side.in_force(), logged(), suppress(ValueError):
                train_unless_known(plan_in_use())


def _load_models() -> None:
    """Load the trained models of the two sides, with a bar, where that hasn't been done."""
    for letter in LETTERS:
        side, _messages = side_of(letter)
        if side.page != "pretrained":
            continue
        was_unusable = is_unusable(side.value("model"))
        try:
            load_with_progress(side.value("model"))
        except ModelUnavailableError:  # said where the side is shown
            if not was_unusable:
                st.rerun()  # without the controls of what isn't there


def _has_unusable_side() -> bool:
    sides = [side_of(letter)[0] for letter in LETTERS]
    return any(side.page == "pretrained" and is_unusable(side.value("model")) for side in sides)


def _draw_view_bar() -> None:
    if _has_unusable_side():  # there is nothing to compare, whichever way
        keep_undrawn("view", "stage", "head", "color_scale", "color_end")
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="view_bar"):
        view = segments(_("View"), COMPARE_VIEWS, key="view", hidden=True)

        def draw_stage() -> None:
            segments(_("Stage"), BETWEEN_TOKENS, key="stage", hidden=True)

        shows_stage = view in ("heads", "head")
        draw_kept(draw_stage, "stage", shows_stage, "stage")
        draw_colors(used=shows_stage and value_of("stage") == "weights")
        # Always there, if out of sight: a click in the picture chooses it, and the link gets it.
        with st.container(key=f"pair_{'used' if view == 'head' else 'unused'}", width="content"):
            st.number_input(
                _("Pair"),
                0,
                MAX_TRAINED_HEADS - 1,
                value=default_of("head"),
                key="head",
                bind=BOUND,
                width=150,
                label_visibility="collapsed",
                help=_("Which pair of heads."),
            )


@turn()
def _follow(top: DeltaGenerator) -> None:
    if [training.plan for training in active()] != st.session_state["_running"]:
        st.rerun()  # a training has ended: no more repainting
    with told_in_place(top):
        _load_models()
        fit_sides()
        a, b = (see(letter) for letter in LETTERS)
        both = None
        if a.attention is not None and b.attention is not None:
            both = Comparison(a.attention, b.attention)
            no_pair = _("There is no pair {asked}; showing the last one, {used}.")
            repair([index_within("head", len(both.pairs), no_pair)])
        with told_in_place():
            _show_pictures(a, b, both)
        with top:
            _tell(a, b, both)


def _show_pictures(a: Seen, b: Seen, both: Comparison | None) -> None:
    theme = theme_of(st.context.theme.type)
    if both is not None:
        show_comparison(both, value_of("view"), value_of("stage"), value_of("head"), theme)
        return
    for letter, seen in zip(LETTERS, (a, b), strict=True):
        if seen.attention is not None:
            show_alone(seen.attention, f"compare_{letter}", value_of("stage"), theme)


def _tell(a: Seen, b: Seen, both: Comparison | None) -> None:
    """What the sides are, what lies between them, and what isn't as it was asked for."""
    show_notices()
    with st.container(key="sides", gap=None):
        for letter, seen in zip(LETTERS, (a, b), strict=True):
            _show_side(letter, seen)
    if both is not None:
        with told_in_place(), st.container(key="sentence_of_two"):
            sentence = what_changed(a.side, b.side, both)
            st.markdown(f":blue-background[A → B]   {sentence}", help=DIVERGENCE_HELP)
            if said := notes(both):
                st.caption(" ".join(said))
    if messages := [*a.messages, *b.messages]:
        st.warning("  \n".join(dict.fromkeys(messages)), icon=":material/info:")


def _show_side(letter: Letter, seen: Seen) -> None:
    """What a side is, and how far its training is."""
    if seen.attention is None:
        st.error(f"**{letter.upper()}**: {seen.said}", icon=":material/error:")
        return
    st.markdown(f"**{letter.upper()}** — {seen.said}")
    if seen.training is not None and seen.training.is_active:
        training = seen.training
        st.progress(min(1.0, training.step / training.plan.steps), said_of_training(training))
