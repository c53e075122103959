"""Questions that the Lab answers with one click, and the settings that answer them."""

from typing import Any

from ui.link.links import as_written
from ui.link.memory import choose
from ui.pages.lab.parameters import PARAMETERS
from ui.text.i18n import N_

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
    "scale": N_("What does √d do?"),
    "sorting": N_("How many heads does sorting need?"),
    "doubling": N_("What does doubling the embedding cost at 1,000 tokens?"),
}
OPENS_WITH = "scale"


def opening() -> dict[str, Any]:
    """Return what the page opens with, where nobody has chosen anything: the first question."""
    return PRESETS[OPENS_WITH]


def preset_link(name: str) -> dict[str, str]:
    """Return what the address of a preset asks for."""
    return {key: as_written(value) for key, value in PRESETS[name].items()}


def choose_preset(name: str) -> None:
    """Let the controls describe a preset; called by a widget."""
    defaults = {key: parameter.default for key, parameter in PARAMETERS.items()}
    choose(f"preset {name}", **{**defaults, **PRESETS[name]})
