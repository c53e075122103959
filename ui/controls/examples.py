"""Examples: each sets what it says, and puts back what the one before it has set."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from ui.link.memory import choose, current_page, default_of, own_memory, value_of
from ui.text.i18n import _

Example = Mapping[str, Any]  # which controls it sets


@dataclass
class _Taken:
    """What the last example of a page has set, and what was chosen before the first."""

    chosen: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)


@dataclass
class _AllTaken:
    """The examples that were taken last, by page."""

    of: dict[str, _Taken] = field(default_factory=dict)


def draw_examples(
    examples: Mapping[str, Example],
    *,
    named: Callable[[str], str],
    begin_anew: Iterable[str],
    then: Callable[[], None] = lambda: None,
) -> None:
    """Draw the choice of an example.

    Args:
        examples: their names, and which controls each sets.
        named: says what an example is called.
        begin_anew: the controls that mean nothing in another sentence; an example that doesn't
            set them puts them back to their defaults.
        then: called when an example was taken.
    """

    def take() -> None:
        name = st.session_state["example"]
        take_example(name, examples[name], begin_anew)
        then()
        st.session_state["example"] = None

    st.selectbox(
        _("Examples"),
        list(examples),
        index=None,
        format_func=named,
        key="example",
        placeholder=_("Examples"),
        label_visibility="collapsed",
        on_change=take,
    )


def take_example(name: str, example: Example, begin_anew: Iterable[str]) -> None:
    """Choose what an example says, in one action; called by a widget.

    What the last one has set, and this one doesn't, goes back to what was chosen before the first,
    unless somebody has changed it since.
    """
    last = own_memory(_AllTaken).of.get(current_page().name, _Taken())
    before = {key: last.before[key] for key, value in last.chosen.items() if value_of(key) == value}
    anew = {key: default_of(key) for key in begin_anew}
    own_memory(_AllTaken).of[current_page().name] = _Taken(
        dict(example), {key: before.get(key, value_of(key)) for key in example}
    )
    choose(f"example {name}", **{**before, **anew, **example})
