"""The parameters that each page's link can hold, with their defaults."""

from typing import Any
from urllib.parse import parse_qs

from model.errors import CodedValueError
from model.head_finder import PATTERNS
from model.tasks import TASKS
from model.training.plan import HIGHEST_RATE, LOWEST_RATE, MOST_STEPS, Plan
from model.training.plan import LARGEST_EMBEDDING as LARGEST_LEARNT
from model.training.plan import MOST_HEADS as MOST_LEARNT_HEADS
from model.training.plan import MOST_LAYERS as MOST_LEARNT_LAYERS
from ui.error_text import describe_error
from ui.i18n import _
from ui.lab_parameters import LAB
from ui.models import DEFAULT_MODEL, model_choices
from ui.readers import Parameter, cells, flag, is_whole, number, option, text, whole_numbers
from ui.settings import (
    ACTIVATIONS,
    BETWEEN_TOKENS,
    COLOR_SCALES,
    COMPARE_VIEWS,
    DEFAULT_OTHER,
    DEFAULT_TARGET,
    DEFAULT_TEXT,
    HIGHEST_END,
    HIGHEST_TEMPERATURE,
    KINDS,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LEARN_VIEWS,
    LOWEST_END,
    LOWEST_TEMPERATURE,
    MASKS,
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

MAX_PLAN_TEXT = 200  # characters


def model(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """One of the models that the server's owner offers, which can change while it runs."""
    return option(*model_choices())(key, text, default)


def plan(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """A training to compare with, as plan_text writes it."""
    try:
        return plan_text(read_plan(text)) if text else default, None
    except ValueError as error:
        return default, _(
            "The link's {key} {text} is no training to compare with: {error}."
        ).format(key=key, text=verbatim(text), error=plain(describe_error(error, _), 300))


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
        raise CodedValueError(
            "plan_text.parts", "expected {wanted} parts, got {got}",
            wanted=len(PLAN_FIELDS), got=len(parts),
        )  # fmt: skip
    task, heads, embed_size, layers, positions, scale, rate, steps, seed = parts
    if not all(map(is_whole, (heads, embed_size, layers, steps))) or not (
        seed.isascii() and seed.isdigit()
    ):
        raise CodedValueError(
            "plan_text.no_whole_number", "sizes, steps and seed must be whole numbers"
        )
    try:
        learning_rate = float(rate)
    except ValueError:
        raise CodedValueError(
            "plan_text.no_number", "the learning rate must be a number, got {text!r}", text=rate
        ) from None
    return Plan(
        task=task,
        heads=int(heads),
        embed_size=int(embed_size),
        layers=int(layers),
        positions=positions,  # type: ignore[arg-type]  # the plan checks it
        scale=scale,  # type: ignore[arg-type]
        learning_rate=learning_rate,
        steps=int(steps),
        seed=int(seed[:10]),
        corpus=corpus,
    )


def _color_end(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """A weight; nothing stands for the largest that is shown."""
    if not text.strip():
        return None, None
    return number(LOWEST_END, HIGHEST_END, lambda weight: float(f"{weight:g}"))(key, text, default)


_COLORS: dict[str, Parameter] = {
    "color_scale": Parameter("linear", option(*COLOR_SCALES)),
    "color_end": Parameter(None, _color_end),
}

_EVERYWHERE: dict[str, Parameter] = {
    **_COLORS,
    "text": Parameter(DEFAULT_TEXT, text),
    "stage": Parameter("weights", option(*STAGES)),
    "overview": Parameter("every_head", option(*OVERVIEWS)),
    "head_scale": Parameter(False, flag),
    "sentence": Parameter(1, number(1, len(TEXT_KEYS))),
    "q": Parameter(None, number(0, MAX_TOKENS - 1)),
    "k": Parameter(None, number(0, MAX_TOKENS - 1)),
}

_SHARED: dict[str, Parameter] = {
    **_EVERYWHERE,
    **dict.fromkeys(TEXT_KEYS[1:], Parameter("", text)),
    "heads": Parameter(8, number(1, MAX_HEADS)),
    "embed_size": Parameter(64, number(SMALLEST_EMBEDDING, LARGEST_EMBEDDING)),
    "layers": Parameter(1, number(1, MAX_LAYERS)),
    "projection": Parameter("full", option(*PROJECTIONS)),
    "scale": Parameter("head_dim", option(*SCALES)),
    "temperature": Parameter(
        1.0, number(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, lambda t: round(t, 2))
    ),
    "tokenizer": Parameter("words", option(*TOKENIZERS)),
    "vectors": Parameter("hashed", option(*VECTORS)),
    "positions": Parameter("none", option(*POSITIONS)),
    "norm_order": Parameter("post", option(*NORM_ORDERS)),
    "activation": Parameter("relu", option(*ACTIVATIONS)),
    "seed": Parameter(0, number(0, LARGEST_SEED)),
    "layer": Parameter(0, number(0, MAX_LAYERS - 1)),
    "head": Parameter(None, number(0, MAX_HEADS - 1)),
    "weights": Parameter("random", option(*WEIGHTS)),
}

PAGES: dict[str, dict[str, Parameter]] = {
    "explore": {
        **_SHARED,
        "mask": Parameter("none", option(*MASKS)),
        "span": Parameter(3, number(1, MAX_SPAN)),
        "look_ahead": Parameter(False, flag),
        "cells": Parameter("", cells),
        "view": Parameter("heads", option(*VIEWS)),
        "test": Parameter("leak", option(*TESTS)),
        "changed": Parameter(None, number(0, MAX_TOKENS - 1)),
        "other": Parameter(DEFAULT_OTHER, text),
        "shuffle": Parameter(1, number(0, LARGEST_SEED)),
        "same_word": Parameter(False, flag),
    },
    "encoder-decoder": {
        **_SHARED,
        "text2": Parameter(DEFAULT_TARGET, text),
        "layers": Parameter(2, number(1, MAX_LAYERS)),
        "mask": Parameter("causal_padding", option(*PAIR_MASKS)),
        "view": Parameter("kinds", option(*PAIR_VIEWS)),
        "kind": Parameter("cross", option(*KINDS)),
    },
    "pretrained": {
        **_EVERYWHERE,
        "text2": Parameter("", text),
        "model": Parameter(DEFAULT_MODEL, model),
        "view": Parameter("heads", option(*TRAINED_VIEWS)),
        "kind": Parameter("encoder_self", option(*KINDS)),
        "layer": Parameter(0, number(0, MAX_TRAINED_LAYERS - 1)),
        "head": Parameter(None, number(0, MAX_TRAINED_HEADS - 1)),
        "words": Parameter(False, flag),
        "special": Parameter(True, flag),
        "first": Parameter(True, flag),
        "rest": Parameter(False, flag),
        "together": Parameter(False, flag),
        "pattern": Parameter("previous", option(*PATTERNS)),
        "added": Parameter("", whole_numbers(MOST_ADDED, 1)),
        "removed": Parameter("", whole_numbers(MOST_REMOVED, 2)),
    },
}

_OPENS_LEARN = STORIES["reverse_positions"].plans()[1]

PAGES["learn"] = {
    **_EVERYWHERE,
    "text": Parameter("", text),  # empty: the task's own
    "task": Parameter(_OPENS_LEARN.task, option(*TASKS)),
    "heads": Parameter(_OPENS_LEARN.heads, number(1, MOST_LEARNT_HEADS)),
    "embed_size": Parameter(_OPENS_LEARN.embed_size, number(SMALLEST_EMBEDDING, LARGEST_LEARNT)),
    "layers": Parameter(_OPENS_LEARN.layers, number(1, MOST_LEARNT_LAYERS)),
    "positions": Parameter(_OPENS_LEARN.positions, option(*POSITIONS)),
    "scale": Parameter(_OPENS_LEARN.scale, option(*SCALES)),
    "learning_rate": Parameter(
        _OPENS_LEARN.learning_rate,
        number(LOWEST_RATE, HIGHEST_RATE, lambda rate: float(f"{rate:.4g}")),
    ),
    "steps": Parameter(_OPENS_LEARN.steps, number(1, MOST_STEPS)),
    "seed": Parameter(0, number(0, LARGEST_SEED)),
    "pace": Parameter("full", option(*PACES)),
    "story": Parameter(None, option(*STORIES)),
    "kept": Parameter("", plan),
    "at": Parameter(None, number(0, MOST_STEPS)),
    "view": Parameter("watch", option(*LEARN_VIEWS)),
    "kind": Parameter("cross", option(*KINDS)),
    "layer": Parameter(0, number(0, MOST_LEARNT_LAYERS - 1)),
    "head": Parameter(None, number(0, MOST_LEARNT_HEADS - 1)),
}

# The pages whose pictures can be compared, and what of their parameters is about the picture alone,
# not about what is computed.
SIDES = ("explore", "encoder-decoder", "pretrained", "learn")
ONLY_SHOWN = {
    *("view", "stage", "overview", "head_scale", "head", "q", "k", "pattern"),
    *("test", "changed", "other", "shuffle", "same_word"),
    *("words", "special", "first", "rest", "color_scale", "color_end"),
    *("weights", "pace", "story", "kept"),
}
MAX_SIDE_TEXT = 40_000  # characters: two sentences at their longest, and what is chosen


def compared(page: str) -> dict[str, Parameter]:
    """The parameters of a page that decide what is computed."""
    return {key: each for key, each in PAGES[page].items() if key not in ONLY_SHOWN}


def read_side(text: str) -> tuple[str, dict[str, Any], list[str]]:
    """A configuration to compare: its page, what is chosen there, and a message for each repair.

    Raises:
        ValueError: if no page is named that can be compared.
    """
    page, _mark, query = text[:MAX_SIDE_TEXT].partition("?")
    if page not in SIDES:
        raise ValueError(_("it must begin with one of {pages}").format(pages=", ".join(SIDES)))
    asked = parse_qs(query, keep_blank_values=True)
    chosen, messages = {}, []
    for key, parameter in compared(page).items():
        if key in asked:
            chosen[key], message = parameter.read(key, asked[key][-1])
            messages += [message] if message else []
    return page, chosen, messages


def _side(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """One side of a comparison, as ui.sides writes it; it is repaired where it is read."""
    try:
        read_side(text)
    except ValueError as error:
        return default, _("The link's {key} {text} can't be compared: {error}.").format(
            key=key, text=verbatim(text), error=error
        )
    return text[:MAX_SIDE_TEXT], None


PAGES["compare"] = {  # opens with what the scale does
    "a": Parameter("explore", _side),
    "b": Parameter("explore?scale=none", _side),
    "side": Parameter("b", option("a", "b")),
    "one_text": Parameter(True, flag),
    "stage": Parameter("weights", option(*BETWEEN_TOKENS)),
    "view": Parameter("heads", option(*COMPARE_VIEWS)),
    "head": Parameter(0, number(0, MAX_TRAINED_HEADS - 1)),  # or pair of heads
    **_COLORS,
}

PAGES["lab"] = LAB

# What a page chooses where neither a link nor a person does. (A control's default is what it has
# when it is cleared.)
OPENING: dict[str, dict[str, Any]] = {"pretrained": TELLING[DEFAULT_MODEL]}

MODEL_PAGES = {"explore", "encoder-decoder", "pretrained"}
# What people keep when they go from one of these to another; masks and views are each page's own.
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
