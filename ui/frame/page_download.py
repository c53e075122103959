"""Saving what is shown as a page: one HTML file that opens without the app."""

from collections.abc import Callable

import streamlit as st

from ui.controls.colors import weight_scale
from ui.controls.selection import Selection
from ui.frame.page import page_shown
from ui.link.code import here_for_others
from ui.link.links import link_to_this
from ui.link.memory import parameters, value_of
from ui.runs.page_file import Seen
from ui.server.turns import session_in_use, turn
from ui.text.i18n import _, in_this_language

VIEWS = {"head": "head", "cell": "head", "layers": "layers"}  # all others begin with all heads
HELP_SIZE = 6  # MB at most


def seen_now(selection: Selection) -> Seen:
    """Return what the session's page shows of a run: its link, its view and what is chosen."""
    stage = value_of("stage") if "stage" in parameters() else "weights"
    return Seen(
        page=_(page_shown().title),
        link=link_of_page(),
        view=VIEWS.get(value_of("view"), "heads"),
        stage=stage,
        head=selection.head or 0,
        query=selection.query,
        scale=weight_scale(),
    )


def link_of_page() -> str:
    """Return the whole link to what the page shows, as others reach it."""
    return here_for_others(link_to_this())


def draw_page_download(make: Callable[[], str], name: str) -> None:
    """Draw the button that saves a page, made when it is asked for.

    Args:
        make: returns the page; called in a thread without a session.
        name: what the file's name ends with.
    """
    in_turn = turn(session_in_use(), is_seen=False)
    st.download_button(
        _("A page (HTML)"),
        in_this_language(in_turn(lambda: make().encode("ascii"))),
        f"headlight_{name}.html",
        "text/html",
        key="download_page",
        help=_(
            "One file with these pictures, which opens in any browser without a network: up to "
            "{size} MB."
        ).format(size=HELP_SIZE),
        on_click="ignore",
    )
