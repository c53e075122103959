"""Reset: the controls go back to what the page opens with, all in one action."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.choices.options import TEXT_KEYS
from ui.link.audience import AUDIENCE
from ui.link.lesson import LESSON
from ui.link.memory import choose, parameters, value_of
from ui.text.i18n import _
from ui.text.parameter_names import PARAMETER_NAMES, describe_value

# A person's own words, what was written after them, and what of it all is looked at.
STAYS = frozenset(
    {
        *TEXT_KEYS,
        *("other", "added", "sentence", "view", "test", "side", "all_heads"),
        *("kind", "layer", "head", "q", "k", "at", "weights"),
        *LESSON,
        *AUDIENCE,
    }
)


def resettable() -> dict[str, Any]:
    """Return what the current page's settings have at first."""
    return {key: parameter.default for key, parameter in parameters().items() if key not in STAYS}


def draw_reset(
    first: Mapping[str, Any] | None = None,
    *,
    label: str = "",
    take: Callable[..., None] = choose,
) -> None:
    """Draw the button, which says what it puts back; it can't be pressed where that is nothing.

    Args:
        first: what the settings go back to, where that isn't the page's defaults.
        label: what it is called beside another Reset.
        take: chooses values after one deliberate action, as ui.link.memory.choose does.
    """
    first = resettable() if first is None else first
    changed = {key: value for key, value in first.items() if value_of(key) != value}
    st.button(
        label or _("Reset"),
        key="reset_controls",
        icon=":material/restart_alt:",
        disabled=not changed,
        on_click=take,
        args=["reset controls"],
        kwargs=changed,
        width="stretch",
        help=_describe(changed),
    )


def _describe(changed: Mapping[str, Any]) -> str:
    """What goes back to what."""
    if not changed:
        return _("Nothing to put back: every setting is as it was at first.")
    said = [_describe_one(key, value) for key, value in changed.items()]
    return _("Puts back: {settings}. Sentences, and what is looked at, stay.").format(
        settings="; ".join(said)
    )


def _describe_one(key: str, first: Any) -> str:
    name = _(PARAMETER_NAMES[key])
    now, then = describe_value(key, value_of(key)), describe_value(key, first)
    if now is None or then is None:
        return name
    return _("{name} ({now} → {then})").format(name=name, now=now, then=then)
