"""Weights that were trained here, as a file and from a file, and on to another page."""

import json

import streamlit as st

from model.training.weights_file import LARGEST_FILE, configuration, read_weights, write_weights
from ui.controls.popover import draw_popover
from ui.frame.opened_from_learn import home_of
from ui.frame.page import draw_link
from ui.pages.learn.controls import choose_plan
from ui.pages.learn.memory import learn_memory
from ui.pages.learn.trainings import add_loaded, plan_in_use, shown_snapshot
from ui.server.uploads import largest_file
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.text.option_names import word


def draw_weights() -> None:
    """Draw trained weights as a file, and from a file, in a popover."""
    draw_popover(_("Weights"), _draw_files, key="weights_popover", icon=":material/save:")


def _draw_files() -> None:
    try:
        plan = plan_in_use()
    except ValueError:
        plan = None
    if plan is not None:
        snapshot = shown_snapshot(plan)
        name = f"headlight_{plan.task}_step_{snapshot.step}"
        st.download_button(
            _("These weights (safetensors)"),
            lambda: write_weights(plan, snapshot),
            f"{name}.safetensors",
            "application/octet-stream",
            key="download_weights",
            on_click="ignore",
        )
        st.download_button(
            _("Their configuration (JSON)"),
            lambda: json.dumps(configuration(plan, snapshot), indent=2, ensure_ascii=False),
            f"{name}.json",
            "application/json",
            key="download_configuration",
            on_click="ignore",
        )
        home = home_of(plan)
        draw_link(
            home,
            _("Open in {page}").format(page=word(home)),
            query={"weights": "learnt"},
            help=_("All views of that page, with these weights."),
        )
    most = min(LARGEST_FILE, largest_file()) // 2**20
    st.file_uploader(
        _("Weights that were downloaded here"),
        "safetensors",
        key="weights_file",
        on_change=_take_file,
        max_upload_size=most,
        help=_("A .safetensors file of at most {most} MB.").format(most=most),
    )
    if learn_memory().file_problem:
        st.error(learn_memory().file_problem, icon=":material/error:")


def _take_file() -> None:
    learn_memory().file_problem = ""
    file = st.session_state["weights_file"]
    if file is None:
        return
    try:
        plan, snapshot = read_weights(file.getvalue())
    except ValueError as error:
        learn_memory().file_problem = _("{name} can't be loaded: {error}.").format(
            name=plain(file.name), error=plain(describe_error(error, _), 400)
        )
        return
    add_loaded(plan, snapshot)
    choose_plan(plan)
