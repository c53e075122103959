"""The chosen head, query and key: from clicks, from the strip, from three small inputs."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.controls import BOUND
from ui.i18n import _
from ui.link import value_of
from ui.repairs import index_within, repair, wanted_of
from ui.run import Attention, Run
from ui.settings import (
    DEFAULT_TEXT,
    MAX_HEADS,
    MAX_TOKENS,
    MAX_TRAINED_HEADS,
    TELLING,
    Kind,
)
from ui.state import on_trained_page


@dataclass(frozen=True)
class Selection:
    """What is looked at in a run. None where nothing is chosen."""

    kind: Kind
    layer: int
    sentence: int
    head: int | None
    query: int | None
    key: int | None


def draw_selection(*, required: tuple[str, ...] = (), head_only: bool = False) -> None:
    """The three inputs; those required by a view start at 0. Or the head's, the others unseen.

    Their bounds are the app's, not the sentence's, which changes live.
    """
    for key in required:
        if value_of(key) is None:
            st.session_state[key] = 0
    heads = MAX_TRAINED_HEADS if on_trained_page() else MAX_HEADS
    _index(_("Head"), "head", heads, _("mean"))
    with st.container(key="tokens_unused") if head_only else nullcontext():
        _index(_("Query"), "q", MAX_TOKENS, _("none"))
        _index(_("Key"), "k", MAX_TOKENS, _("none"))


def selection_in(run: Run) -> Selection:
    """Return what is chosen, brought within the run."""

    def within(key: str, count: int) -> int | None:
        value: int | None = value_of(key)
        return value if value is None or not count else min(value, count - 1)

    kind: Kind = value_of("kind") if len(run.kinds) > 1 else "encoder_self"
    layer = min(value_of("layer"), run.layers_of(kind) - 1)
    sentence = min(value_of("sentence"), len(run.source.lengths)) - 1
    looked_at = run.attention(layer, sentence, kind).whole
    return Selection(
        kind=kind,
        layer=layer,
        sentence=sentence,
        head=within("head", run.heads_of(kind)),
        query=within("q", len(looked_at.queries)),
        key=within("k", len(looked_at.keys)),
    )


def fit_selection(run: Run) -> Selection:
    """Return what is chosen, with controls and link made right where it isn't there."""
    selection = selection_in(run)
    looked_at = attention_in(run, selection).whole
    no_query = _("There is no query {asked} in this sentence; showing the last one, {used}.")
    no_key = _("There is no key {asked} in this sentence; showing the last one, {used}.")
    if _is_opening(wanted_of("q")):
        no_query = ""
    repair(
        (
            index_within(
                "head",
                run.heads_of(selection.kind),
                _("There is no head {asked}; showing the last one, head {used}."),
            ),
            index_within("q", len(looked_at.queries), no_query),
            index_within("k", len(looked_at.keys), no_key),
        )
    )
    return selection_in(run)


def _is_opening(query: int | None) -> bool:
    """Whether the page itself has chosen the query, for a sentence that is gone."""
    opened = TELLING.get(value_of("model"), {}) if on_trained_page() else {}
    return query == opened.get("q") and value_of("text") != DEFAULT_TEXT


def attention_in(run: Run, selection: Selection) -> Attention:
    """The attention that is looked at."""
    return run.attention(selection.layer, selection.sentence, selection.kind)


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


def show_next_time(choice: dict[str, Any]) -> None:
    """Choose what a button in the page's fragment stands for."""
    st.session_state.update(choice)
    draw_next_time()


def draw_next_time() -> None:
    """Let the whole page run anew: a button in its fragment changed what isn't in it."""
    st.session_state["_layout"] = None


def take_pick() -> None:
    """A token of the strip was chosen, or the chosen one again."""
    picked = whole_numbers({"pick": st.session_state.get("strip", {}).get("pick")}, "pick")
    if picked:
        places = st.session_state.get("_strip_places", [])
        st.session_state["q"] = places[picked[0]] if 0 <= picked[0] < len(places) else None
        st.rerun()  # the whole page: the strip's own fragment doesn't hold the inputs


def whole_numbers(sent: Any, *names: str) -> list[int] | None:
    """The named whole numbers of what a browser sent; None if it sent anything else."""
    if not isinstance(sent, dict):
        return None
    values = [sent.get(name) for name in names]
    if not all(
        isinstance(v, (int, float)) and not isinstance(v, bool) and v == v // 1 for v in values
    ):
        return None
    return [int(v) for v in values]
