"""Questions that the Lab answers with one click, and the settings that answer them."""

from typing import Any

import streamlit as st

from ui.i18n import _
from ui.lab_parameters import CHOICES, LAB
from ui.link import as_written, keep

# Beside what differs, everything has its default.
PRESETS: dict[str, dict[str, Any]] = {
    "scale": {
        "head_counts": "4",
        "embed_sizes": "32, 64, 128, 256, 512",
        "scales": "head_dim,none",
        "seeds": 10,
        "metric": "score_spread",
        "along": "head_dim",
        "line": "scale",
    },
    "sorting": {"view": "learning", "learn_picture": "steps_to_95"},
    "doubling": {"view": "cost"},
}
QUESTIONS = {
    "scale": _("What does √d do?"),
    "sorting": _("How many heads does sorting need?"),
    "doubling": _("What does doubling the embedding cost at 1,000 tokens?"),
}
# What no widget keeps: see ui.lab_controls.
WITHOUT_WIDGET = (
    *CHOICES,
    *(
        "metric",
        "picture",
        "along",
        "line",
        "panel",
        "learn_picture",
        "task",
        "tokenizer",
        "amount",
    ),
)


def preset_link(name: str) -> dict[str, str]:
    """What the address of a preset asks for."""
    return {key: as_written(key, value) for key, value in PRESETS[name].items()}


def choose_preset(name: str) -> None:
    """Let the controls describe a preset; called by a widget."""
    for key, parameter in LAB.items():
        choose(key, PRESETS[name].get(key, parameter.default))


def choose(key: str, value: Any) -> None:
    """Give a control a value; called by a widget."""
    if key in WITHOUT_WIDGET:
        keep(key, value)
    else:
        st.session_state[key] = value
