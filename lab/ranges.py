"""Which values the parameters of experiments can have."""

from typing import Any, get_args

from lab.points import Kind, Projection
from model.attention import Scale
from model.errors import CodedValueError
from model.masks import Mask
from model.positions import Positions
from model.tasks import TASKS
from model.tokens import Tokenizer
from model.training.plan import (
    HIGHEST_RATE,
    LARGEST_EMBEDDING,
    LOWEST_RATE,
    MOST_HEADS,
    MOST_LAYERS,
    MOST_STEPS,
)

MOST_SEEDS = 50
SWEPT_MASKS = tuple(mask for mask in get_args(Mask) if mask != "custom")  # nobody paints hundreds

_RANGES: dict[Kind, dict[str, tuple[float, float]]] = {
    "mechanism": {
        "heads": (1, 16),
        "embed_size": (8, 512),
        "temperature": (0.1, 5.0),
        "span": (1, 64),
        "seeds": (1, MOST_SEEDS),
    },
    "learning": {
        "heads": (1, MOST_HEADS),
        "embed_size": (2, LARGEST_EMBEDDING),
        "layers": (1, MOST_LAYERS),
        "learning_rate": (LOWEST_RATE, HIGHEST_RATE),
        "steps": (1, MOST_STEPS),
        "seeds": (1, MOST_SEEDS),
    },
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "tokenizer": get_args(Tokenizer),
    "projection": get_args(Projection),
    "scale": get_args(Scale),
    "positions": get_args(Positions),
    "mask": SWEPT_MASKS,
    "task": tuple(TASKS),
}
_FLOATS = ("temperature", "learning_rate")


def checked_value(kind: Kind, name: str, value: Any) -> Any:
    """Return a parameter's value as points have it, if it is one that there can be.

    Args:
        kind: of the experiment.
        name: of the parameter.
        value: as somebody has chosen it.

    Raises:
        CodedValueError: if it is unknown or out of range; says what there is.
    """
    if limits := _RANGES[kind].get(name):
        return _number(name, value, *limits)
    if choices := _CHOICES.get(name):
        if value not in choices:
            raise CodedValueError(
                "grid.unknown_option",
                "{name} must be one of {choices}, got {value}",
                name=name,
                choices=choices,
                value=repr(value),
            )
        return value
    if not isinstance(value, str):
        raise CodedValueError(
            "grid.no_text",
            "{name} must be a text, got {value}",
            name=name,
            value=repr(value),
        )
    return value


def _number(name: str, value: Any, least: float, most: float) -> float:
    """The value, if it lies within its limits; whole, where a part of one means nothing."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and least <= value <= most:
        if name in _FLOATS:
            return float(value)
        if int(value) == value:
            return int(value)
    if name in _FLOATS:
        raise CodedValueError(
            "grid.no_number",
            "{name} takes numbers from {least:g} to {most:g}, got {value}",
            name=name,
            least=least,
            most=most,
            value=repr(value),
        )
    raise CodedValueError(
        "grid.no_whole_number",
        "{name} takes whole numbers from {least:g} to {most:g}, got {value}",
        name=name,
        least=least,
        most=most,
        value=repr(value),
    )
