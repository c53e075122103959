"""The parameters that the links of several pages can hold, with their defaults."""

from typing import Any

from ui.choices.examples import DEFAULT_TEXT
from ui.choices.limits import (
    HIGHEST_END,
    HIGHEST_TEMPERATURE,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LOWEST_END,
    LOWEST_TEMPERATURE,
    MAX_HEADS,
    MAX_LAYERS,
    MAX_TOKENS,
    SMALLEST_EMBEDDING,
)
from ui.choices.options import (
    ACTIVATIONS,
    COLOR_SCALES,
    NORM_ORDERS,
    OVERVIEWS,
    POSITIONS,
    PROJECTIONS,
    SCALES,
    STAGES,
    TEXT_KEYS,
    TOKENIZERS,
    VECTORS,
    WEIGHTS,
)
from ui.link.audience import AUDIENCE
from ui.link.lesson import LESSON
from ui.link.page import UNCHOSEN, Parameter
from ui.link.readers import Reader, flag, number, option, text


def typed(default: Any, reader: Reader, *, computes: bool = True) -> Parameter:
    """Return a parameter that is typed, dragged or painted."""
    return Parameter(default, reader, computes=computes, is_gradual=True)


def shown(default: Any, reader: Reader) -> Parameter:
    """Return a parameter of the picture alone, chosen at once."""
    return Parameter(default, reader, computes=False)


def index(most: int) -> Parameter:
    """Return the parameter of a head, a query or a key: a number field, which may be empty."""
    return typed(None, number(0, most - 1), computes=False)


def _query(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """A query's place; nothing stands for none, where the page would choose one."""
    if not text.strip():
        return UNCHOSEN, None
    return number(0, MAX_TOKENS - 1)(key, text, default)


def _color_end(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """A weight; nothing stands for the largest that is shown."""
    if not text.strip():
        return None, None
    return number(LOWEST_END, HIGHEST_END, lambda weight: float(f"{weight:g}"))(key, text, default)


TEMPERATURE = typed(1.0, number(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, lambda t: round(t, 2)))
COLORS: dict[str, Parameter] = {
    "color_scale": shown("linear", option(*COLOR_SCALES)),
    "color_end": typed(None, _color_end, computes=False),
}

# Of every page.
EVERY_PAGE: dict[str, Parameter] = {**LESSON, **AUDIENCE}

# Of every page with a run.
RUN: dict[str, Parameter] = {
    **EVERY_PAGE,
    **COLORS,
    "text": typed(DEFAULT_TEXT, text),
    "stage": shown("weights", option(*STAGES)),
    "overview": shown("every_head", option(*OVERVIEWS)),
    "head_scale": shown(False, flag),
    "sentence": Parameter(1, number(1, len(TEXT_KEYS))),
    "q": Parameter(None, _query, computes=False, is_gradual=True, can_be_unchosen=True),
    "k": index(MAX_TOKENS),
}

# Of every page with random weights.
RANDOM: dict[str, Parameter] = {
    **RUN,
    **dict.fromkeys(TEXT_KEYS[1:], typed("", text)),
    "heads": typed(8, number(1, MAX_HEADS)),
    "embed_size": typed(64, number(SMALLEST_EMBEDDING, LARGEST_EMBEDDING)),
    "layers": typed(1, number(1, MAX_LAYERS)),
    "projection": Parameter("full", option(*PROJECTIONS)),
    "scale": Parameter("head_dim", option(*SCALES)),
    "temperature": TEMPERATURE,
    "tokenizer": Parameter("words", option(*TOKENIZERS)),
    "vectors": Parameter("hashed", option(*VECTORS)),
    "positions": Parameter("none", option(*POSITIONS)),
    "norm_order": Parameter("post", option(*NORM_ORDERS)),
    "activation": Parameter("relu", option(*ACTIVATIONS)),
    "seed": typed(0, number(0, LARGEST_SEED)),
    "layer": Parameter(0, number(0, MAX_LAYERS - 1)),
    "head": index(MAX_HEADS),
    "weights": shown("random", option(*WEIGHTS)),
}
# What people take along between pages with random weights; masks and views are each page's own.
SHARED = frozenset(
    {
        *("text", "heads", "embed_size", "layers", "projection", "scale", "temperature"),
        *("tokenizer", "vectors", "positions", "norm_order", "activation", "seed"),
    }
)
