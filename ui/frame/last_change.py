"""What the last change of a setting has done, told until the next one, and undone on request."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.controls.selection import attention_in, selection_in
from ui.frame.effect import describe_change, describe_effect, differing
from ui.frame.failures import log_failure
from ui.frame.source import Source
from ui.link.address import went_back
from ui.link.memory import choose, own_memory
from ui.link.page import Linked
from ui.link.side import Side
from ui.runs.comparison import Comparison
from ui.runs.run import Attention, Run
from ui.text.i18n import _, spoken

LOOKED_AT = {"layer", "sentence", "kind"}  # these change what is shown, and not how it is computed


@dataclass
class _Last:
    """What a page computed last, and what was changed to come to it."""

    shown: Side | None = None
    before: Side | None = None  # None where there is nothing to tell
    told: tuple[object, str] = (None, "")  # the change and the language, and its sentence


def forget_change(page: Linked) -> None:
    """Tell nothing of what was changed while another page was shown."""
    own_memory(_Last).shown = None


def tell_change(source: Source[Any, Any], run: Run) -> str:
    """Return what the last change of a setting has done to the rows; empty if there is none.

    What is typed, and what is only looked at, is no such change. To be called in each run of the
    page, of which all but those after a change cost nothing.
    """
    last, now = own_memory(_Last), source.side()
    if last.shown != now:
        last.before = None if last.shown is None or went_back() else _before(last, now)
        last.shown = now
    if last.before is None or run.is_empty:
        return ""
    which = (last.before, now, spoken().code)
    if last.told[0] != which:
        last.told = (which, _sentence(source, last.before, now))
    return last.told[1]


def _before(last: _Last, now: Side) -> Side | None:
    """From where the change begins that has led to what is shown now."""
    assert last.shown is not None  # there would be no change
    keys = differing(last.shown, now)
    if not set(keys) - LOOKED_AT or any(key.startswith("text") for key in keys):
        return None
    if last.before is not None and differing(last.before, last.shown) == keys:
        gradual = all(now.page.parameters[key].is_gradual for key in keys)
        if gradual:  # one slider that is dragged on
            return last.before if last.before != now else None
    return last.shown


def _sentence(source: Source[Any, Any], before: Side, now: Side) -> str:
    try:
        comparison = Comparison(_attention(source, before), _attention(source, now))
        effect = describe_effect(comparison)
    except Exception as error:  # of a model that isn't there any more, say
        log_failure(error)
        effect = _("can't be compared with what was before.")
    return f"{describe_change(before, now)} {effect}".replace("**", "")


def _attention(source: Source[Any, Any], side: Side) -> Attention:
    """What was looked at on a side; its run is mostly kept."""
    with side.in_force():
        run: Run = source.compute(source.settings())
        return attention_in(run, selection_in(run))


def put_change_back() -> None:
    """Undo the change that is told; called by a widget."""
    last = own_memory(_Last)
    if last.before is None or last.shown is None:
        return
    keys = differing(last.before, last.shown)
    choose("put back", **{key: last.before.value(key) for key in keys})
    st.rerun()  # the whole page: the fragment of the sentence doesn't hold the controls
