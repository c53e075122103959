"""What follows from both sides: pictures, what changed, and what isn't as it was asked for."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.pretrained.base import ModelUnavailableError
from ui.controls.presenting import shown_theme, tell_heads
from ui.frame.failures import told_in_place
from ui.frame.follow import Top
from ui.frame.page_download import link_of_page
from ui.frame.pictures import tell_weights
from ui.link.fitting import index_within, repair
from ui.link.memory import own_memory, value_of
from ui.link.notices import show_notices
from ui.pages.compare.comparable import comparable
from ui.pages.compare.compute import ComputedSide, compute_side
from ui.pages.compare.downloads import ShownComparison
from ui.pages.compare.patching import PatchingMemory, is_patching
from ui.pages.compare.patching_view import describe_texts
from ui.pages.compare.sentence import notes, what_changed
from ui.pages.compare.side import LETTERS, Letter, fit_sides, side_of
from ui.pages.compare.view import show_alone, show_comparison, show_pair
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.progress import describe_training
from ui.pages.learn.trainings import active
from ui.runs.comparison import Comparison
from ui.text.explain import explain
from ui.text.i18n import _

TERMS = (
    "weight",
    "entropy",
    "nats",
    "divergence",
    "energy",
    "scale",
    "head_size",
)  # in the sentence on what changed


def prepare_sides() -> None:
    """Start trainings and load models, where that hasn't been done."""
    for letter in LETTERS:
        side, _messages = side_of(letter)
        kind = comparable(side)
        was_usable = kind.is_usable(side)
        try:
            kind.prepare(side)
        except ModelUnavailableError:  # said where the side is shown
            if was_usable:
                st.rerun()  # without the controls of what isn't there


def follow_sides(top: Top, shown: ShownComparison) -> None:
    """Draw the pictures of both sides, and say above them what these are.

    Args:
        top: the places above them.
        shown: learns what there is to save.
    """
    if [training.plan for training in active()] != learn_memory().running:
        st.rerun()  # a training has ended: no more repainting
    if is_patching() != own_memory(PatchingMemory).repaints:
        st.rerun()  # likewise, or something has begun
    with told_in_place(top.messages):
        a, b, both = _compute()
        with told_in_place():
            _show_pictures(a, b, both)
        with top.header:
            _show_sides(a, b)
        with top.messages:
            said = _show_notices(a, b, both)
        shown.both, shown.link = both, link_of_page()
        shown.about = f"A: {a.said} · B: {b.said}"
        shown.said = [*said, *a.messages, *b.messages]


def follow_for_a_class(picture: DeltaGenerator, said: DeltaGenerator) -> None:
    """Draw one pair of heads of both sides, and below it what these are and what differs."""
    with told_in_place(said):
        a, b, both = _compute()
        with picture, told_in_place():
            if both is None:
                _show_pictures(a, b, both)
            else:
                tell_heads(len(both.pairs))
                show_pair(both, value_of("stage"), shown_theme())
        with said:
            _show_notices(a, b, both)
            _show_sides(a, b)


def _compute() -> tuple[ComputedSide, ComputedSide, Comparison | None]:
    """Both sides, and what lies between them, if both have anything to show."""
    prepare_sides()
    fit_sides()
    a, b = (compute_side(letter) for letter in LETTERS)
    both = None
    if a.attention is not None and b.attention is not None:
        both = Comparison(a.attention, b.attention)
        no_pair = _("There is no pair {asked}; showing the last one, {used}.")
        repair([index_within("head", len(both.pairs), no_pair)])
    return a, b, both


def _show_sides(a: ComputedSide, b: ComputedSide) -> None:
    with st.container(key="sides", gap=None):
        tell_weights(f"A: {a.said}", f"B: {b.said}")
        _show_side("a", a)
        _show_side("b", b)


def _show_pictures(a: ComputedSide, b: ComputedSide, both: Comparison | None) -> None:
    theme = shown_theme()
    if both is not None:
        show_comparison(both, value_of("view"), value_of("stage"), theme)
        return
    for letter, seen in zip(LETTERS, (a, b), strict=True):
        if seen.attention is not None:
            show_alone(seen.attention, f"compare_{letter}", value_of("stage"), theme)


def _show_notices(a: ComputedSide, b: ComputedSide, both: Comparison | None) -> list[str]:
    """What lies between the sides, which is returned too, and what isn't as it was asked for."""
    show_notices()
    lies_between: list[str] = []
    if both is not None:
        with told_in_place(), st.container(key="sentence_of_two"):
            if any(seen.training and seen.training.is_active for seen in (a, b)):
                sentence = _("What lies between A and B is said when both are trained.")
            else:
                sentence = describe_texts() or what_changed(a.side, b.side, both)
            st.markdown(
                f":blue-background[A → B]   {sentence}",
                help=explain(*TERMS, more=_("Means over all queries and heads.")),
            )
            said = [] if describe_texts() else notes(both)
            if said:
                st.caption(" ".join(said))
            lies_between = [sentence, *said]
    if messages := [*a.messages, *b.messages]:
        st.warning("  \n".join(dict.fromkeys(messages)), icon=":material/info:")
    return lies_between


def _show_side(letter: Letter, seen: ComputedSide) -> None:
    """What a side is, and how far its training is."""
    if seen.attention is None:
        st.error(f"**{letter.upper()}**: {seen.said}", icon=":material/error:")
        return
    st.markdown(f"**{letter.upper()}** — {seen.said}")
    if seen.training is not None and seen.training.is_active:
        training = seen.training
        st.progress(min(1.0, training.step / training.plan.steps), describe_training(training))
