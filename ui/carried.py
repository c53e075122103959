"""A model that was trained on Learn, carried to Explore or Encoder-decoder."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.controls import BOUND, draw_kept, segments, sentence_input
from ui.downloads import Shown
from ui.failures import told_in_place
from ui.frame import end_sidebar, follow
from ui.i18n import _
from ui.learnt import compute_learnt
from ui.link import default_of, fit_layer_to, keep, remember
from ui.messages import said_instead, tell_limits
from ui.options import word
from ui.settings import KINDS
from ui.strip import show_strip
from ui.trainings import Carried, carried_settings
from ui.view_bar import draw_selection_row, draw_view_bar


def show_carried(model: Carried, views: tuple[str, ...]) -> None:
    """The page of a carried model: what it reads, and the views of the page that it is on."""
    with st.sidebar:
        text_place = st.container()
        st.caption(
            _("Trained on Learn: {task}, {steps} steps. It reads its task's symbols alone.").format(
                task=word(model.plan.task), steps=model.snapshot.step
            )
        )
        _draw_which(model)
        st.button(
            _("Back to random weights"),
            key="forget",
            icon=":material/casino:",
            on_click=_put_back,
            width="stretch",
        )
        shown = st.session_state.setdefault("_shown_carried", Shown(compute_learnt))
        end_sidebar(shown, more=False)
    top = st.container()
    view = draw_view_bar(views, ("stage", "overview"))
    draw_selection_row(view)
    remember()
    _follow(text_place, top, shown, model)


def _draw_which(model: Carried) -> None:
    """Which attention: its kind, and its layer."""
    if model.plan.learnt.kind == "encoder-decoder":
        segments(_("Attention"), KINDS, key="kind")
    layers = model.plan.layers
    fit_layer_to(layers)

    def draw() -> None:
        st.segmented_control(
            _("Layer shown"),
            range(layers),
            default=default_of("layer"),
            required=True,
            key="layer",
            bind=BOUND,
        )

    draw_kept(draw, "layer", layers > 1, "layer")


def _put_back() -> None:
    keep("weights", "random")
    st.session_state.update(text=default_of("text"), layer=0)


@st.fragment
def _follow(text_place: DeltaGenerator, top: DeltaGenerator, shown: Shown, model: Carried) -> None:
    """What follows from what is typed."""
    followed = follow(shown, top, "text")
    if followed is not None:
        with top, told_in_place():
            run, selection = followed
            _settings, problem = carried_settings(model)
            tell_limits(run, *([said_instead(model.plan, problem)] if problem else []))
            if selection.kind != "cross":  # there is one row of words, and not two
                show_strip(run, selection)
    with text_place:
        sentence_input(_("Input"), "text", placeholder=model.plan.learnt.probe)
