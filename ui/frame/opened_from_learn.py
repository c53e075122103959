"""A model that was trained on Learn, opened on Explore or on Encoder-decoder."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from model.training.plan import Plan
from model.training.trainer import Snapshot
from ui.choices.options import KINDS
from ui.controls.fits import fit_layer_to
from ui.controls.random_settings import segments, sentence_input
from ui.frame.failures import told_in_place
from ui.frame.follow import Top, draw_top, end_sidebar, follow
from ui.frame.history import live
from ui.frame.messages import describe_substitute, show_limits
from ui.frame.trained_here import TrainedHere
from ui.frame.view_bar import draw_selection_row, draw_view_bar
from ui.link.address import asked_for
from ui.link.memory import choose, current_page, default_of, parameters, session, settle, value_of
from ui.link.notices import notice
from ui.link.plan_text import PLAN_FIELDS
from ui.link.side import Side
from ui.runs.trained_here import TrainedHereSettings, read_typed
from ui.text.i18n import _
from ui.text.option_names import word
from ui.views.strip import show_strip
from ui.views.view import View


@dataclass(frozen=True)
class OpenedModel(TrainedHere):
    """A model that was trained on Learn, as it was looked at there last."""

    plan: Plan
    snapshot: Snapshot
    from_file: bool
    text: str  # what it was asked about
    learn: Any  # the page on which it was trained

    @property
    def home(self) -> str:
        """The name of the page that shows such models."""
        return home_of(self.plan)

    def settings(self) -> TrainedHereSettings:
        """Return what is looked at."""
        typed, _problem = read_typed(self.plan.learnt, value_of("text"))
        return TrainedHereSettings(self.plan, self.snapshot, typed, self.from_file)

    def file_stems(self) -> tuple[str, str]:
        """Return stems with the task."""
        return self.file_stems_of(self.plan.task)

    def side(self) -> Side:
        """Return the training as a side of a comparison.

        Raises:
            ValueError: if its weights come from a file.
        """
        refuse_file(self.from_file)
        plan = {name: getattr(self.plan, name) for name in PLAN_FIELDS}
        which = {key: value_of(key) for key in ("layer", "kind", "text") if key in parameters()}
        return Side.of(self.learn, {**plan, **which, "at": self.snapshot.step})


def refuse_file(from_file: bool) -> None:
    """Raise ValueError for weights from a file, which no link can hold."""
    if from_file:
        raise ValueError(_("These weights come from a file, which a comparison's link can't hold."))


def home_of(plan: Plan) -> str:
    """Return the name of the page that shows such models."""
    return "encoder-decoder" if plan.learnt.kind == "encoder-decoder" else "explore"


def open_elsewhere(model: OpenedModel) -> None:
    """Let a link to the model's home open this one."""
    session().opened = model


def opened_model() -> OpenedModel | None:
    """Return the model that was opened here, if the page shows it."""
    if "weights" not in parameters() or value_of("weights") != "learnt":
        return None
    model: OpenedModel | None = session().opened
    return model if model is not None and model.home == current_page().name else None


def fit_weights() -> None:
    """Fall back to random weights where a link asks for what was trained on somebody's page."""
    if value_of("weights") != "learnt":
        return
    model = opened_model()
    if model is not None:
        if "text" not in asked_for():
            settle(text=model.text)
        return
    settle(weights="random")
    message = _(
        "The link shows weights that were trained on another page, which a link doesn't hold; "
        "showing random ones. Train on Learn, and open them from there."
    )
    notice("weights", message)


def show_opened(model: OpenedModel, views: tuple[View, ...]) -> None:
    """Draw the page of such a model: what it reads, and the views of the page that it is on."""
    with st.sidebar:
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
        end_sidebar(model, more=False, reset=None)
    top = draw_top()
    draw_view_bar(views)
    draw_selection_row(views, sentences=1)
    live(_follow)(top, model, views)


def _draw_which(model: OpenedModel) -> None:
    """Draw which attention is shown: its kind, and its layer."""
    if model.plan.learnt.kind == "encoder-decoder":
        segments(_("Attention"), KINDS, key="kind")
    layers = model.plan.layers
    fit_layer_to(layers)
    if layers > 1:
        st.segmented_control(
            _("Layer shown"), range(layers), default=value_of("layer"), required=True, key="layer"
        )


def _put_back() -> None:
    choose("forget", weights="random", text=default_of("text"), layer=0)


def _follow(top: Top, model: OpenedModel, views: tuple[View, ...]) -> None:
    """Draw what follows from what is typed."""
    followed = follow(model, views, top.messages, header=top.header)
    if followed is not None:
        with top.messages, told_in_place():
            run, selection = followed
            _typed, problem = read_typed(model.plan.learnt, value_of("text"))
            show_limits(
                model, run, *([describe_substitute(model.plan, problem)] if problem else [])
            )
            if selection.kind != "cross":  # there is one row of words, and not two
                show_strip(run, selection)
    with top.sentences[0]:
        sentence_input(_("Input"), "text", placeholder=model.plan.learnt.probe)
