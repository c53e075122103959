"""The sentence as a row of words: pointing at one shows how much it attends to the others."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from ui.components import StripData, token_strip
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection, attention_in, take_pick
from ui.link.memory import memory
from ui.runs.run import Run
from ui.text.i18n import _
from ui.text.markdown import token_text
from ui.views.advice import click_advice, take_advice
from viz.theme import theme_of


def _nothing() -> None:
    pass


def show_strip(
    run: Run,
    selection: Selection,
    *,
    change: str = "",
    put_back: Callable[[], None] = _nothing,
) -> None:
    """Draw the strip for the chosen layer and head, or the mean of the heads.

    Args:
        run: what is shown.
        selection: what of it.
        change: what the last change of a setting has done, if that is to be told.
        put_back: undoes it.
    """
    attention = attention_in(run, selection).at("weights")
    groups = attention.query_groups
    memory().strip_places = [group[0] for group in groups]
    tokens = [token_text(token) for token in attention.queries]
    chosen = [row for row, group in enumerate(groups) if selection.query in group]
    weights = attention.field("weights")
    if selection.head is None:
        shown, whose = weights.mean(axis=0), _("mean of the heads")
    else:
        shown = weights[selection.head]
        whose = _("head {number}").format(number=selection.head)
    if run.layers_of(selection.kind) > 1:
        whose = _("layer {layer}, {whose}").format(layer=selection.layer, whose=whose)
    advice = click_advice()
    token_strip(
        StripData(
            tokens=tokens,
            real=attention.real_queries,
            places=[group[0] for group in groups],
            weights=np.nan_to_num(shown),
            masked=~attention.allowed | np.isnan(shown),  # a file may have no number there
            chosen=chosen[0] if chosen else None,
            second=_second(run, groups),
            hint=_hint(tokens, advice).format(whose=whose),
            sentence=_("How much “{{token}}” attends to each word ({whose}).").format(whose=whose),
            advice=advice,
            color=theme_of(st.context.theme.type).query,
            change=change,
            put_back=_("Put it back"),
            scale=weight_scale(),
        ),
        key="strip",
        on_pick=_take_pick,
        on_put_back=put_back,
    )


def _take_pick() -> None:
    """A word was clicked: choose it, or none."""
    take_advice()
    take_pick()


def _second(run: Run, groups: list[list[int]]) -> int | None:
    """The place at which the second of two sentences begins that are read together."""
    return next((place for place, group in enumerate(groups) if run.begins_second(group[0])), None)


def _hint(tokens: list[str], advice: str) -> str:
    """What is said while nothing is pointed at; there is one line for it, advice included."""
    hint = _("Point at a word: how much it attends to each of the others ({whose}).")
    if not advice and any(token.startswith("␣") and token != "␣" for token in tokens):
        hint += " " + _("␣ is a space, which belongs to the token after it.")
    return hint
