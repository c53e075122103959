"""The chosen head, query and key: from clicks, from the strip, from three small inputs."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from model.transformer import AttentionKind as Kind
from ui.choices.limits import MAX_PRETRAINED_HEADS, MAX_TOKENS
from ui.link.fitting import index_within, repair, wanted_of
from ui.link.memory import assume, choose, memory, value_of
from ui.link.page import UNCHOSEN, Unchosen
from ui.runs.run import Attention, Run
from ui.text.i18n import _

INPUTS = ("head", "q", "k")


@dataclass(frozen=True)
class Selection:
    """What is looked at in a run. None where nothing is chosen."""

    kind: Kind
    layer: int
    sentence: int
    head: int | None
    query: int | None
    key: int | None


def draw_selection(inputs: tuple[str, ...] = INPUTS, *, required: tuple[str, ...] = ()) -> None:
    """Draw these of the three inputs; those required by a view start at 0.

    Their bounds are the app's, not the sentence's, which changes live.
    """
    for key in required:
        if value_of(key) in (None, UNCHOSEN):
            assume(**{key: 0})
    drawn = {
        "head": partial(_draw_index, _("Head"), "head", MAX_PRETRAINED_HEADS, _("mean")),
        "q": partial(_draw_index, _("Query"), "q", MAX_TOKENS, _no_query()),
        "k": partial(_draw_index, _("Key"), "k", MAX_TOKENS, _("none")),
    }
    for key in inputs:
        drawn[key]()


def _no_query() -> str:
    """What stands in the field of the query while it is empty."""
    return _("auto") if _chooses_query() else _("none")


def _chooses_query() -> bool:
    """Whether the page chooses the query, as One head does where neither link nor person has."""
    return value_of("q") is None and value_of("view") == "head"


def selection_in(run: Run) -> Selection:
    """Return what is chosen, brought within the run."""

    def within(key: str, count: int) -> int | None:
        value: int | Unchosen | None = value_of(key)
        if value is None or value is UNCHOSEN:
            return None
        return min(value, count - 1) if count else value

    kind: Kind = value_of("kind") if len(run.kinds) > 1 else run.kinds[0]
    if kind not in run.kinds:
        kind = run.kinds[0]
    layer = min(value_of("layer"), run.layers_of(kind) - 1)
    sentence = min(value_of("sentence"), len(run.source.lengths)) - 1
    looked_at = run.attention(layer, sentence, kind).whole
    head, query = within("head", run.heads_of(kind)), within("q", len(looked_at.queries))
    if _chooses_query() and not run.is_empty:
        query = telling_query(looked_at, head or 0)
    return Selection(
        kind=kind,
        layer=layer,
        sentence=sentence,
        head=head,
        query=query,
        key=within("k", len(looked_at.keys)),
    )


def fit_selection(run: Run) -> Selection:
    """Return what is chosen, with controls and link made right where it isn't there."""
    selection = selection_in(run)
    looked_at = attention_in(run, selection).whole
    no_query = _("There is no query {asked} in this sentence; showing the last one, {used}.")
    no_key = _("There is no key {asked} in this sentence; showing the last one, {used}.")
    if wanted_of("q") == memory().chosen_by_page.get("q"):  # for a sentence that is gone
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


def telling_query(attention: Attention, head: int) -> int | None:
    """Return the query with a head's largest weight on another word; None where there is none."""
    counts = attention.query_side.words(attention.sentence)[:, None] & attention.key_side.words(
        attention.sentence
    )
    if attention.kind != "cross":
        np.fill_diagonal(counts, False)  # a word on itself
    largest = np.where(counts, attention.field("weights")[head], 0).max(axis=1, initial=0)
    return int(largest.argmax()) if largest.any() else None


def attention_in(run: Run, selection: Selection) -> Attention:
    """Return the attention that is looked at."""
    return run.attention(selection.layer, selection.sentence, selection.kind)


def _draw_index(label: str, key: str, count: int, placeholder: str) -> None:
    st.number_input(
        label,
        0,
        count - 1,
        value=None,
        step=1,
        key=key,
        placeholder=placeholder,
        width=190,
    )


def draw_next_time() -> None:
    """Let the whole page run anew: a button in its fragment changed what isn't in it."""
    memory().layout = ()


def take_pick() -> None:
    """Choose the token of the strip that was clicked, or none if it was the chosen one."""
    picked = whole_numbers({"pick": st.session_state.get("strip", {}).get("pick")}, "pick")
    if picked:
        places = memory().strip_places
        choose("pick", q=places[picked[0]] if 0 <= picked[0] < len(places) else UNCHOSEN)
        st.rerun()  # the whole page: the strip's own fragment doesn't hold the inputs


def whole_numbers(sent: Any, *names: str) -> list[int] | None:
    """Return the named whole numbers of what a browser sent; None if it sent anything else."""
    if not isinstance(sent, dict):
        return None
    values = [
        int(value)
        for value in map(sent.get, names)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    ]
    return values if len(values) == len(names) else None
