"""Words to choose from, as large as they are to be read; later with the truth among them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import streamlit as st

from ui.components import as_json, source


@dataclass(frozen=True)
class PickerRow:
    """Words of which one is to be chosen."""

    label: str  # what they are to be chosen as
    words: Sequence[str]  # as they are to be read
    said: int | None  # the place of the chosen one
    right: Sequence[int] | None  # those that are right; None as long as that isn't to be seen


@dataclass(frozen=True)
class PickerColors:
    """Colours as CSS writes them."""

    said: str  # of the ring around what was chosen
    right: str  # behind what is right
    ground: str  # what is written on that


@cache
def _picker() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_picker", css=source("picker.css"), js=source("picker.js")
    )


def word_picker(
    rows: Sequence[PickerRow],
    colors: PickerColors,
    words: dict[str, str],
    *,
    key: str,
    on_pick: Callable[[], None],
) -> Any:
    """Mount rows of words; a click sets the trigger `pick` to {"row", "place"}.

    Args:
        rows: what there is to choose from. With what is right in them, nothing can be chosen.
        colors: of the page.
        words: what is said of a word to those who can't see it: "right", "said".
        key: of the component.
        on_pick: called after a click.
    """
    payload = {
        "rows": [asdict(row) for row in rows],
        "colors": asdict(colors),
        "words": words,
    }
    return _picker()(key=key, data=as_json(payload), on_pick_change=on_pick)
