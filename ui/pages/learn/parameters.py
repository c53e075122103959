"""What a link to Learn can hold."""

from typing import Any

from model.tasks import TASKS
from model.training.plan import (
    HIGHEST_RATE,
    LARGEST_EMBEDDING,
    LOWEST_RATE,
    MOST_HEADS,
    MOST_LAYERS,
    MOST_STEPS,
)
from ui.choices.limits import LARGEST_SEED, SMALLEST_EMBEDDING
from ui.choices.options import KINDS, LEARN_VIEWS, PACES, POSITIONS, SCALES
from ui.link.common_parameters import RUN, index, shown, typed
from ui.link.head_edges import head_edges
from ui.link.page import Parameter
from ui.link.plan_text import plan_text, read_plan
from ui.link.readers import number, option, text
from ui.pages.learn.stories import STORIES
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain, verbatim

_OPENS_WITH = STORIES["reverse_positions"].plans()[1]


def _plan(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """A training to compare with, as plan_text writes it."""
    try:
        return plan_text(read_plan(text)) if text else default, None
    except ValueError as error:
        return default, _(
            "The link's {key} {text} is no training to compare with: {error}."
        ).format(key=key, text=verbatim(text), error=plain(describe_error(error, _), 300))


PARAMETERS: dict[str, Parameter] = {
    **RUN,
    "text": typed("", text),  # empty: the task's own
    "task": Parameter(_OPENS_WITH.task, option(*TASKS)),
    "heads": typed(_OPENS_WITH.heads, number(1, MOST_HEADS)),
    "embed_size": typed(_OPENS_WITH.embed_size, number(SMALLEST_EMBEDDING, LARGEST_EMBEDDING)),
    "layers": typed(_OPENS_WITH.layers, number(1, MOST_LAYERS)),
    "positions": Parameter(_OPENS_WITH.positions, option(*POSITIONS)),
    "scale": Parameter(_OPENS_WITH.scale, option(*SCALES)),
    "learning_rate": typed(
        _OPENS_WITH.learning_rate,
        number(LOWEST_RATE, HIGHEST_RATE, lambda rate: float(f"{rate:.4g}")),
    ),
    "steps": typed(_OPENS_WITH.steps, number(1, MOST_STEPS)),
    "seed": typed(0, number(0, LARGEST_SEED)),
    "pace": shown("full", option(*PACES)),
    "story": shown(None, option(*STORIES)),
    "kept": shown("", _plan),
    "at": typed(None, number(0, MOST_STEPS)),
    "view": shown("watch", option(*LEARN_VIEWS)),
    "kind": Parameter("cross", option(*KINDS)),
    "layer": Parameter(0, number(0, MOST_LAYERS - 1)),
    "head": index(MOST_HEADS),
    "cut_edges": shown("", head_edges),
}
