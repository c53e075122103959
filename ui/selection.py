"""The chosen head, query and key: from clicks, from the strip, from three small inputs."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.components import window_is_tall
from ui.compute import Run, compute
from ui.controls import BOUND, current_settings
from ui.i18n import _
from ui.link import value_of
from ui.settings import MAX_HEADS, MAX_TOKENS
from ui.stages import cell_at, stage_tiles


@dataclass(frozen=True)
class Selection:
    """What is looked at in a run. None where nothing is chosen."""

    sentence: int
    head: int | None
    query: int | None
    key: int | None


def draw_selection(*, required: tuple[str, ...] = ()) -> None:
    """The three inputs; those required by a view start at 0.

    Their bounds are the app's, not the sentence's, which changes live.
    """
    for key in required:
        if value_of(key) is None:
            st.session_state[key] = 0
    _index(_("Head"), "head", MAX_HEADS, _("mean"))
    _index(_("Query"), "q", MAX_TOKENS, _("none"))
    _index(_("Key"), "k", MAX_TOKENS, _("none"))


def selection_in(run: Run) -> tuple[Selection, list[str]]:
    """What is chosen, brought within the run, and a message for each thing that isn't there.

    The inputs keep what was asked for, so that it comes back with a longer sentence.
    """
    messages: list[str] = []

    def within(key: str, count: int, message: str) -> int | None:
        value = value_of(key)
        if value is None or value < count or not count:
            return value
        messages.append(message.format(value=value, used=count - 1))
        return count - 1

    selection = Selection(
        sentence=min(value_of("sentence"), len(run.lengths)) - 1,
        head=within(
            "head",
            run.settings.heads,
            _("There is no head {value}; showing the last one, head {used}."),
        ),
        query=within(
            "q",
            run.length,
            _("There is no query {value} in this sentence; showing the last one, {used}."),
        ),
        key=within(
            "k",
            run.length,
            _("There is no key {value} in this sentence; showing the last one, {used}."),
        ),
    )
    return selection, messages


def _index(label: str, key: str, count: int, placeholder: str) -> None:
    st.number_input(
        label,
        0,
        count - 1,
        value=None,
        step=1,
        key=key,
        bind=BOUND,
        placeholder=placeholder,
        width=190,
    )


def take_pick() -> None:
    """A token of the strip was chosen, or the chosen one again."""
    picked = _whole_numbers({"pick": _trigger("strip", "pick")}, "pick")
    if picked:
        st.session_state["q"] = picked[0] if 0 <= picked[0] < MAX_TOKENS else None
        st.rerun()  # the whole page: the strip's own fragment doesn't hold the inputs


def take_cell() -> None:
    """A cell of the heads' chart was clicked: open the inspector, or One head, on it."""
    place = _whole_numbers(_trigger("chart_clicks", "cell"), "tile", "row", "column")
    if not place:
        return
    run = compute(current_settings())
    if not run.length:  # the sentence was emptied before the click arrived
        return
    stage, sentence = value_of("stage"), selection_in(run)[0].sentence
    tiles = stage_tiles(run, sentence, stage, tall=window_is_tall())
    found = cell_at(tiles, stage, *place)
    if not found:
        return
    head, st.session_state["q"], key = found
    if head is not None:
        st.session_state["head"] = head
    if key is not None:
        st.session_state["k"] = key
    st.session_state["view"] = "head" if key is None else "cell"


def take_name() -> None:
    """A head's name was clicked: open One head on it."""
    place = _whole_numbers(_trigger("chart_clicks", "name"), "tile")
    if place and 0 <= place[0] < value_of("heads"):
        if value_of("stage") != "output":
            st.session_state["head"] = place[0]
        st.session_state["view"] = "head"


def _trigger(component: str, name: str) -> Any:
    return st.session_state.get(component, {}).get(name)


def _whole_numbers(sent: Any, *names: str) -> list[int] | None:
    """The named whole numbers of what a browser sent; None if it sent anything else."""
    if not isinstance(sent, dict):
        return None
    values = [sent.get(name) for name in names]
    if not all(isinstance(v, (int, float)) and v == v // 1 for v in values):
        return None
    return [int(v) for v in values]
