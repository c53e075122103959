"""The chosen head, query and key: from clicks, from the strip, from three small inputs."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.compute import Run, compute
from ui.controls import BOUND
from ui.i18n import _
from ui.link import fit_index, value_of
from ui.settings import Settings, Stage
from ui.stages import cell_at


@dataclass(frozen=True)
class Selection:
    """What is looked at. Where nothing was chosen yet, head and query fall back to the first."""

    sentence: int
    head: int | None
    query: int | None
    key: int | None


def choose(run: Run, sentence: int) -> Selection:
    """Draw the three inputs and return what is chosen."""
    fit_index("head", run.settings.heads, _("There is no head {value}; showing head {used}."))
    for key, message in (
        ("q", _("There is no query {value} in this sentence; showing {used}.")),
        ("k", _("There is no key {value} in this sentence; showing {used}.")),
    ):
        fit_index(key, run.length, message)
    with st.container(horizontal=True, gap="small", key="selection", vertical_alignment="center"):
        _index(_("Head"), "head", run.settings.heads, _("mean"))
        _index(_("Query"), "q", run.length, "–")
        _index(_("Key"), "k", run.length, "–")
    return Selection(sentence, value_of("head"), value_of("q"), value_of("k"))


def _index(label: str, key: str, count: int, placeholder: str) -> None:
    st.number_input(
        label,
        0,
        max(0, count - 1),
        value=None,
        step=1,
        key=key,
        bind=BOUND,
        placeholder=placeholder,
        width=150,
    )


def take_pick() -> None:
    """A token of the strip was chosen, or the chosen one again."""
    picked = _trigger("strip", "pick")
    if isinstance(picked, (int, float)):
        st.session_state["q"] = int(picked) if picked >= 0 else None


def take_cell(settings: Settings, sentence: int, stage: Stage) -> None:
    """A cell of the heads' chart was clicked: open the inspector on it.

    Takes the settings and computes again, so that a waiting session holds no trace.
    """
    place = _whole_numbers(_trigger("chart_clicks", "cell"), "tile", "row", "column")
    found = cell_at(compute(settings), sentence, stage, *place) if place else None
    if not found:
        return
    st.session_state["head"], st.session_state["q"], key = found
    if key is not None:
        st.session_state["k"] = key
    st.session_state["view"] = "head" if key is None else "cell"


def take_name(heads: int) -> None:
    """A head's name was clicked: open One head on it."""
    place = _whole_numbers(_trigger("chart_clicks", "name"), "tile")
    if place and 0 <= place[0] < heads:
        st.session_state["head"] = place[0]
        st.session_state["view"] = "head"


def _trigger(component: str, name: str) -> Any:
    return st.session_state.get(component, {}).get(name)


def _whole_numbers(sent: Any, *names: str) -> list[int] | None:
    """The named whole numbers of what a browser sent; None if it sent anything else."""
    if not isinstance(sent, dict):
        return None
    values = [sent.get(name) for name in names]
    if not all(isinstance(v, (int, float)) and v == int(v) for v in values):
        return None
    return [int(v) for v in values]
