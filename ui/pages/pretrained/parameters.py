"""What a link to Pretrained can hold."""

from typing import Any

from model.head_finder import PATTERNS
from ui.choices.limits import (
    LARGEST_TOKEN,
    MAX_PRETRAINED_HEADS,
    MAX_PRETRAINED_LAYERS,
    MOST_ADDED,
)
from ui.choices.options import EFFECTS, KINDS, PRETRAINED_VIEWS
from ui.link.common_parameters import RUN, index, shown, typed
from ui.link.head_edges import head_edges
from ui.link.interventions import PARAMETERS as INTERVENTIONS
from ui.link.page import Parameter
from ui.link.readers import flag, number, option, text, whole_numbers
from ui.runs.model_store import DEFAULT_MODEL, model_choices


def _model(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """Return one of the models that the server's owner offers, which can change while it runs."""
    return option(*model_choices())(key, text, default)


PARAMETERS: dict[str, Parameter] = {
    **RUN,
    "text2": typed("", text),
    "model": Parameter(DEFAULT_MODEL, _model),
    "from_file": Parameter(False, flag),
    "view": shown("heads", option(*PRETRAINED_VIEWS)),
    "kind": Parameter("encoder_self", option(*KINDS)),
    "layer": typed(0, number(0, MAX_PRETRAINED_LAYERS - 1)),
    "head": index(MAX_PRETRAINED_HEADS),
    "words": shown(False, flag),
    "special": shown(True, flag),
    "first": shown(True, flag),
    "rest": shown(False, flag),
    "together": Parameter(False, flag),
    "pattern": shown("previous", option(*PATTERNS)),
    "token": shown(None, number(0, LARGEST_TOKEN)),
    "against": shown(None, number(0, LARGEST_TOKEN)),
    "added": Parameter("", whole_numbers(MOST_ADDED, 1)),
    **INTERVENTIONS,
    "cut_edges": shown("", head_edges),
    "effect": shown("overview", option(*EFFECTS)),
}
