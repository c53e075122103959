"""The parameters that a page's link can hold: their defaults, and how a stranger's text is read."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from model.head_finder import PATTERNS
from model.masks import decode_cells
from model.tasks import TASKS
from model.training.plan import HIGHEST_RATE, LOWEST_RATE, MOST_STEPS, Plan
from model.training.plan import LARGEST_EMBEDDING as LARGEST_LEARNT
from model.training.plan import MOST_HEADS as MOST_LEARNT_HEADS
from model.training.plan import MOST_LAYERS as MOST_LEARNT_LAYERS
from ui.i18n import _
from ui.models import DEFAULT_MODEL, model_choices
from ui.options import find_option, word
from ui.settings import (
    ACTIVATIONS,
    DEFAULT_OTHER,
    DEFAULT_TARGET,
    DEFAULT_TEXT,
    HIGHEST_TEMPERATURE,
    KINDS,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LEARN_VIEWS,
    LOWEST_TEMPERATURE,
    MASKS,
    MAX_CHARACTERS,
    MAX_HEADS,
    MAX_LAYERS,
    MAX_SPAN,
    MAX_TOKENS,
    MAX_TRAINED_HEADS,
    MAX_TRAINED_LAYERS,
    MOST_ADDED,
    MOST_REMOVED,
    NORM_ORDERS,
    OVERVIEWS,
    PACES,
    PAIR_MASKS,
    PAIR_VIEWS,
    POSITIONS,
    PROJECTIONS,
    SCALES,
    SMALLEST_EMBEDDING,
    STAGES,
    TELLING,
    TESTS,
    TEXT_KEYS,
    TOKENIZERS,
    TRAINED_VIEWS,
    VECTORS,
    VIEWS,
    WEIGHTS,
)
from ui.stories import STORIES
from ui.text import plain, verbatim

# Turns a link's text into a value, and a message if it isn't the value asked for.
# It gets the parameter's name, the text, and the default.
MAX_PLAN_TEXT = 200  # characters

Reader = Callable[[str, str, Any], tuple[Any, str | None]]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a page's link."""

    default: Any
    reader: Reader

    def read(self, key: str, text: str) -> tuple[Any, str | None]:
        """The value that a text means, and a message if it had to be changed."""
        return self.reader(key, text, self.default)


def _option(*options: str) -> Reader:
    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        option = find_option(text, options)
        if option is not None:
            return option, None
        return default, _(
            "The link asks for {key} {text}; there are: {options}. Using {used}."
        ).format(
            key=key,
            text=verbatim(text),
            options=", ".join(map(word, options)),
            used=_("none") if default is None else word(default),
        )

    return read


def _number(low: float, high: float, cast: Callable[[float], float] = round) -> Reader:
    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        try:
            wanted = float(text)
        except ValueError:
            wanted = math.nan
        if math.isnan(wanted):
            said = _("none") if default is None else default
            return default, _(
                "The link asks for {key} {text}, which isn't a number. Using {used}."
            ).format(key=key, text=verbatim(text), used=said)
        value = cast(min(max(wanted, low), high))
        if value == wanted:
            return value, None
        return value, _("The link asks for {key} {text}; using the nearest, {used}.").format(
            key=key, text=verbatim(text), used=value
        )

    return read


def _text(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    if len(text) <= MAX_CHARACTERS:
        return text, None
    return text[:MAX_CHARACTERS], _(
        "The link's {key} has {count} characters; the first {limit} are used."
    ).format(key=key, count=len(text), limit=MAX_CHARACTERS)


def _flag(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    if text.strip().lower() in ("true", "1", "false", "0"):
        return text.strip().lower() in ("true", "1"), None
    return default, _("The link asks for {key} {text}; using {used}.").format(
        key=key, text=verbatim(text), used=default
    )


def _cells(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    if not text:
        return default, None
    try:
        decode_cells(text)
    except ValueError as error:
        return default, _(
            "The link's custom mask {text} can't be read: {error}. Starting with an open one."
        ).format(text=verbatim(text), error=error)
    return text, None


def _model(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """One of the models that the server's owner offers, which can change while it runs."""
    return _option(*model_choices())(key, text, default)


def _whole_numbers(most: int, size: int) -> Reader:
    """Up to so many groups of whole numbers: 5,17 or 3.1,4.0."""

    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        groups = [group.split(".") for group in text.split(",") if group.strip()]
        if not all(len(g) == size and all(map(_is_whole, g)) for g in groups):
            return default, _(
                "The link's {key} {text} can't be read: expected something like {example}."
            ).format(key=key, text=verbatim(text), example=("17,4", "3.1,5.0")[size - 1])
        value = ",".join(".".join(str(int(n)) for n in group) for group in groups[:most])
        if len(groups) <= most:
            return value, None
        return value, _("The link's {key} has {count} entries; the first {most} are used.").format(
            key=key, count=len(groups), most=most
        )

    return read


def _plan(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """A training to compare with, as plan_text writes it."""
    try:
        return plan_text(read_plan(text)) if text else default, None
    except ValueError as error:
        return default, _(
            "The link's {key} {text} is no training to compare with: {error}."
        ).format(key=key, text=verbatim(text), error=plain(str(error), 300))


PLAN_FIELDS = (
    "task",
    "heads",
    "embed_size",
    "layers",
    "positions",
    "scale",
    "learning_rate",
    "steps",
    "seed",
)


def plan_text(plan: Plan) -> str:
    """A plan without its corpus, short enough for a link."""
    return ",".join(
        f"{value:g}" if isinstance(value, float) else str(value)
        for value in (getattr(plan, name) for name in PLAN_FIELDS)
    )


def read_plan(text: str, corpus: str = "") -> Plan:
    """The plan that plan_text wrote.

    Raises:
        ValueError: if the text is anything else, or the plan is over a limit.
    """
    parts = text[:MAX_PLAN_TEXT].split(",")
    if len(parts) != len(PLAN_FIELDS):
        raise ValueError(f"expected {len(PLAN_FIELDS)} parts, got {len(parts)}")
    task, heads, embed_size, layers, positions, scale, rate, steps, seed = parts
    if not all(map(_is_whole, (heads, embed_size, layers, steps))) or not (
        seed.isascii() and seed.isdigit()
    ):
        raise ValueError("sizes, steps and seed must be whole numbers")
    return Plan(
        task=task,
        heads=int(heads),
        embed_size=int(embed_size),
        layers=int(layers),
        positions=positions,  # type: ignore[arg-type]  # the plan checks it
        scale=scale,  # type: ignore[arg-type]
        learning_rate=float(rate),
        steps=int(steps),
        seed=int(seed[:10]),
        corpus=corpus,
    )


def _is_whole(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 10


_EVERYWHERE: dict[str, Parameter] = {
    "text": Parameter(DEFAULT_TEXT, _text),
    "stage": Parameter("weights", _option(*STAGES)),
    "overview": Parameter("every_head", _option(*OVERVIEWS)),
    "head_scale": Parameter(False, _flag),
    "sentence": Parameter(1, _number(1, len(TEXT_KEYS))),
    "q": Parameter(None, _number(0, MAX_TOKENS - 1)),
    "k": Parameter(None, _number(0, MAX_TOKENS - 1)),
}

_SHARED: dict[str, Parameter] = {
    **_EVERYWHERE,
    **dict.fromkeys(TEXT_KEYS[1:], Parameter("", _text)),
    "heads": Parameter(8, _number(1, MAX_HEADS)),
    "embed_size": Parameter(64, _number(SMALLEST_EMBEDDING, LARGEST_EMBEDDING)),
    "layers": Parameter(1, _number(1, MAX_LAYERS)),
    "projection": Parameter("full", _option(*PROJECTIONS)),
    "scale": Parameter("head_dim", _option(*SCALES)),
    "temperature": Parameter(
        1.0, _number(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, lambda t: round(t, 2))
    ),
    "tokenizer": Parameter("words", _option(*TOKENIZERS)),
    "vectors": Parameter("hashed", _option(*VECTORS)),
    "positions": Parameter("none", _option(*POSITIONS)),
    "norm_order": Parameter("post", _option(*NORM_ORDERS)),
    "activation": Parameter("relu", _option(*ACTIVATIONS)),
    "seed": Parameter(0, _number(0, LARGEST_SEED)),
    "layer": Parameter(0, _number(0, MAX_LAYERS - 1)),
    "head": Parameter(None, _number(0, MAX_HEADS - 1)),
    "weights": Parameter("random", _option(*WEIGHTS)),
}

PAGES: dict[str, dict[str, Parameter]] = {
    "explore": {
        **_SHARED,
        "mask": Parameter("none", _option(*MASKS)),
        "span": Parameter(3, _number(1, MAX_SPAN)),
        "look_ahead": Parameter(False, _flag),
        "cells": Parameter("", _cells),
        "view": Parameter("heads", _option(*VIEWS)),
        "test": Parameter("leak", _option(*TESTS)),
        "changed": Parameter(None, _number(0, MAX_TOKENS - 1)),
        "other": Parameter(DEFAULT_OTHER, _text),
        "shuffle": Parameter(1, _number(0, LARGEST_SEED)),
        "same_word": Parameter(False, _flag),
    },
    "encoder-decoder": {
        **_SHARED,
        "text2": Parameter(DEFAULT_TARGET, _text),
        "layers": Parameter(2, _number(1, MAX_LAYERS)),
        "mask": Parameter("causal_padding", _option(*PAIR_MASKS)),
        "view": Parameter("kinds", _option(*PAIR_VIEWS)),
        "kind": Parameter("cross", _option(*KINDS)),
    },
    "pretrained": {
        **_EVERYWHERE,
        "text2": Parameter("", _text),
        "model": Parameter(DEFAULT_MODEL, _model),
        "view": Parameter("heads", _option(*TRAINED_VIEWS)),
        "kind": Parameter("encoder_self", _option(*KINDS)),
        "layer": Parameter(0, _number(0, MAX_TRAINED_LAYERS - 1)),
        "head": Parameter(None, _number(0, MAX_TRAINED_HEADS - 1)),
        "words": Parameter(False, _flag),
        "special": Parameter(True, _flag),
        "rest": Parameter(False, _flag),
        "pattern": Parameter("previous", _option(*PATTERNS)),
        "added": Parameter("", _whole_numbers(MOST_ADDED, 1)),
        "removed": Parameter("", _whole_numbers(MOST_REMOVED, 2)),
    },
}

_OPENS_LEARN = STORIES["reverse_positions"].plans()[1]

PAGES["learn"] = {
    **_EVERYWHERE,
    "text": Parameter("", _text),  # empty: the task's own
    "task": Parameter(_OPENS_LEARN.task, _option(*TASKS)),
    "heads": Parameter(_OPENS_LEARN.heads, _number(1, MOST_LEARNT_HEADS)),
    "embed_size": Parameter(_OPENS_LEARN.embed_size, _number(SMALLEST_EMBEDDING, LARGEST_LEARNT)),
    "layers": Parameter(_OPENS_LEARN.layers, _number(1, MOST_LEARNT_LAYERS)),
    "positions": Parameter(_OPENS_LEARN.positions, _option(*POSITIONS)),
    "scale": Parameter(_OPENS_LEARN.scale, _option(*SCALES)),
    "learning_rate": Parameter(
        _OPENS_LEARN.learning_rate,
        _number(LOWEST_RATE, HIGHEST_RATE, lambda rate: float(f"{rate:.4g}")),
    ),
    "steps": Parameter(_OPENS_LEARN.steps, _number(1, MOST_STEPS)),
    "seed": Parameter(0, _number(0, LARGEST_SEED)),
    "pace": Parameter("full", _option(*PACES)),
    "story": Parameter(None, _option(*STORIES)),
    "kept": Parameter("", _plan),
    "at": Parameter(None, _number(0, MOST_STEPS)),
    "view": Parameter("watch", _option(*LEARN_VIEWS)),
    "kind": Parameter("cross", _option(*KINDS)),
    "layer": Parameter(0, _number(0, MOST_LEARNT_LAYERS - 1)),
    "head": Parameter(None, _number(0, MOST_LEARNT_HEADS - 1)),
}

# What a page chooses where neither a link nor a person does. (A control's default is what it has
# when it is cleared.)
OPENING: dict[str, dict[str, Any]] = {"pretrained": TELLING[DEFAULT_MODEL]}

# What people keep when they go from one page to another; masks and views are each page's own.
KEPT = (
    "text",
    "heads",
    "embed_size",
    "layers",
    "projection",
    "scale",
    "temperature",
    "tokenizer",
    "vectors",
    "positions",
    "norm_order",
    "activation",
    "seed",
)
