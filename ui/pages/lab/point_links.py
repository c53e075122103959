"""From a point of a picture to the page that shows it in full."""

from typing import Any

import streamlit as st

from lab.points import MechanismPoint, Point
from model.training.plan import Plan
from ui.frame.page import draw_link
from ui.jobs.sweep_queue import Ticket
from ui.link.links import as_written
from ui.link.plan_text import PLAN_FIELDS
from ui.pages.lab.grids import varying
from ui.pages.lab.memory import lab_memory
from ui.pages.lab.words import configuration
from ui.text.i18n import _
from ui.text.option_names import word

# What Explore has besides a point's parameters: as it was measured, whatever was chosen there.
PLAIN: dict[str, Any] = {
    "text2": "",
    "text3": "",
    "text4": "",
    "layers": 1,
    "layer": 0,
    "vectors": "hashed",
    "norm_order": "post",
    "activation": "relu",
    "look_ahead": False,
    "weights": "random",
    "view": "heads",
}
POINT_FIELDS = (
    *("text", "tokenizer", "heads", "embed_size", "projection", "scale", "temperature"),
    *("positions", "mask", "span", "seed"),
)


def page_of(point: Point) -> tuple[str, dict[str, str]]:
    """Return the page that shows a point in full, and what its address asks for."""
    if isinstance(point, Plan):
        chosen: dict[str, Any] = {name: getattr(point, name) for name in PLAN_FIELDS}
        return "learn", _written({**chosen, "kept": "", "text": ""})
    assert isinstance(point, MechanismPoint)
    return "explore", _written({**{name: getattr(point, name) for name in POINT_FIELDS}, **PLAIN})


def _written(chosen: dict[str, Any]) -> dict[str, str]:
    return {key: as_written(value) for key, value in chosen.items()}


def take_click(chart: str) -> None:
    """Remember which point of a chart was clicked."""
    points = st.session_state[chart]["selection"]["points"]
    place = points[0].get("customdata") if points else None
    place = place[0] if isinstance(place, list) and place else place
    if isinstance(place, int) and place >= 0:
        lab_memory().clicked = (lab_memory().shown, place)


def show_found(ticket: Ticket, sentence: str) -> None:
    """Show what came out in words, and the link to a point that was just clicked."""
    memory = lab_memory()
    memory.shown = ticket.grid
    (grid, place), memory.clicked = memory.clicked or (None, None), None
    point = next((r.point for r in ticket.results if r.index == place), None)
    if grid != ticket.grid or point is None:
        st.markdown(sentence)
        return
    left, right = st.columns([5, 3], gap="small", vertical_alignment="center")
    left.markdown(sentence)
    page, query = page_of(point)
    axes = dict.fromkeys(["heads", "embed_size", *varying(ticket.grid)])
    # The listener to clicks follows the link.
    with right.container(key="open_now"):
        draw_link(
            page,
            _("**Opening in {page}: {which}, seed {seed}**").format(
                page=word(page),
                which=configuration(vars(point), list(axes)),
                seed=point.seed,
            ),
            query=query,
        )
