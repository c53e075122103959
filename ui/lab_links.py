"""From a point of a picture to the page that shows it in full."""

from typing import Any

import streamlit as st

from lab.points import MechanismPoint, Point
from model.training.plan import Plan
from ui.i18n import _
from ui.lab_grids import varying
from ui.lab_words import configuration
from ui.link import as_written
from ui.options import word
from ui.parameters import PLAN_FIELDS
from ui.sweeps import Ticket

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
    """The page that shows a point in full, and what its address asks for."""
    if isinstance(point, Plan):
        chosen: dict[str, Any] = {name: getattr(point, name) for name in PLAN_FIELDS}
        return "learn", _written({**chosen, "kept": "", "text": ""})
    assert isinstance(point, MechanismPoint)
    return "explore", _written({**{name: getattr(point, name) for name in POINT_FIELDS}, **PLAIN})


def _written(chosen: dict[str, Any]) -> dict[str, str]:
    return {key: as_written(key, value) for key, value in chosen.items()}


def take_click(chart: str) -> None:
    """A point of a chart was clicked: remember which."""
    points = st.session_state[chart]["selection"]["points"]
    place = points[0].get("customdata") if points else None
    place = place[0] if isinstance(place, list) and place else place
    if isinstance(place, int) and place >= 0:
        st.session_state["_clicked"] = (st.session_state["_grid_shown"], place)


def show_found(ticket: Ticket, sentence: str) -> None:
    """What came out in words; and, if a point was just clicked, the link to it, to be followed."""
    if ticket.state != "finished":
        sentence = _("*So far:* {sentence}").format(sentence=sentence)
    st.session_state["_grid_shown"] = ticket.grid
    grid, place = st.session_state.pop("_clicked", (None, None))
    point = next((r.point for r in ticket.results if r.index == place), None)
    if grid != ticket.grid or point is None:
        st.markdown(sentence)
        return
    left, right = st.columns([5, 3], gap="small", vertical_alignment="center")
    left.markdown(sentence)
    page, query = page_of(point)
    axes = dict.fromkeys(["heads", "embed_size", *varying(ticket.grid)])
    # st.switch_page can't leave a page with bound parameters: the ear for clicks follows the link.
    with right.container(key="open_now"):
        st.page_link(
            st.session_state["_pages"][page],
            label=_("**Opening in {page}: {which}, seed {seed}**").format(
                page=word(page),
                which=configuration(vars(point), list(axes)),
                seed=point.seed,
            ),
            icon=":material/open_in_new:",
            query_params=query,
        )
