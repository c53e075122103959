"""What is chosen at this moment, on whichever page is shown, and the numbers that follow."""

from typing import Any

from model.pretrained.base import Head, reads_pairs
from ui.compute import compute, compute_pair
from ui.controls import MODEL_KEYS
from ui.learnt import LearntSettings, compute_learnt
from ui.link import asks_together, current_page, value_of
from ui.models import is_loaded, model_of
from ui.parameters import PLAN_FIELDS
from ui.run import Run
from ui.seeing import Seeing
from ui.settings import TEXT_KEYS, Settings
from ui.trained import TrainedSettings, compute_trained
from ui.trainings import carried, carried_settings, learnt_settings

NO_MASK_OPTIONS: dict[str, Any] = {"span": 1, "look_ahead": False, "cells": ""}


def current_settings() -> Settings | TrainedSettings | LearntSettings:
    """What is chosen at this moment, on the page that is shown.

    Raises:
        ValueError: on Learn, if what is chosen can't be trained.
    """
    if on_learn_page():
        return learnt_settings()[0]
    if (model := carried()) is not None:
        return carried_settings(model)[0]
    return trained_settings() if on_trained_page() else random_settings()


def random_settings() -> Settings:
    """What is chosen at this moment where weights are random."""
    pair = on_pair_page()
    return Settings(
        texts=_pairs() if pair else _batch(),
        mask=value_of("mask"),
        positions=value_of("positions"),
        vectors=value_of("vectors"),
        **(NO_MASK_OPTIONS if pair else {key: value_of(key) for key in NO_MASK_OPTIONS}),
        **{key: value_of(key) for key in MODEL_KEYS},
    )


def trained_settings() -> TrainedSettings:
    """What is chosen at this moment on Pretrained."""
    texts = (value_of("text"), value_of("text2"))
    choice = value_of("model")
    model = model_of(choice) if is_loaded(choice) else None
    kind = model.kind if model else None
    if kind == "decoder" or (kind != "encoder-decoder" and not texts[1].strip()):
        texts = texts[:1]
    return TrainedSettings(
        model=choice,
        texts=texts,
        added=() if kind == "encoder" else added_tokens(),
        removed=frozenset(removed_heads()),
        seeing=Seeing(**{key: value_of(key) for key in ("words", "special", "rest", "first")}),
        # Similarity is about two vectors, each of a sentence by itself.
        together=asks_together() and model is not None and reads_pairs(model),
    )


def special_tokens_in_use() -> tuple[bool, bool]:
    """Whether special tokens, or padding, can be hidden on Pretrained, and whether one is first."""
    settings = trained_settings()
    if not is_loaded(settings.model):
        return True, True
    model = model_of(settings.model)
    found = [model.tokenizer.special_in(text, settings.added) for text in settings.texts]
    is_padded = model.kind == "encoder" and len(found) > 1 and not settings.together
    return is_padded or any(has for has, _first in found), all(first for _has, first in found)


def added_tokens() -> tuple[int, ...]:
    """The ids of the tokens that a decoder has written after the text."""
    return tuple(int(token) for token in value_of("added").split(",") if token)


def removed_heads() -> list[Head]:
    """The layer and head of each head that is removed, in the order of their removal."""
    pairs = (pair.split(".") for pair in value_of("removed").split(",") if pair)
    return [(int(layer), int(head)) for layer, head in pairs]


def run_of(settings: Settings | TrainedSettings | LearntSettings) -> Run:
    """The numbers of these settings, on the page that is shown."""
    if isinstance(settings, LearntSettings):
        return compute_learnt(settings)
    if isinstance(settings, TrainedSettings):
        return compute_trained(settings)
    return compute_pair(settings) if on_pair_page() else compute(settings)


def layout_in_use() -> tuple[Any, ...]:
    """The values that decide which controls there are, beside those in the fragment."""
    if on_learn_page():
        return tuple(value_of(key) for key in ("view", "kept", "story", *PLAN_FIELDS))
    if on_trained_page():
        keys = ("view", "model", "kind", "special", "first", "together")
        return (*map(value_of, keys), special_tokens_in_use())
    if carried() is not None:
        return tuple(value_of(key) for key in ("view", "weights"))
    return tuple(value_of(key) for key in ("view", "mask", "layers", "embed_size", "heads"))


def on_trained_page() -> bool:
    """Whether the page shown has a trained model."""
    return current_page() == "pretrained"


def on_learn_page() -> bool:
    """Whether the page shown trains its model."""
    return current_page() == "learn"


def on_pair_page() -> bool:
    """Whether the page shown has a source and a target."""
    return current_page() == "encoder-decoder"


def _batch() -> tuple[str, ...]:
    more = (value_of(key) for key in TEXT_KEYS[1:])
    return (value_of("text"), *(text for text in more if text.strip()))


def _pairs() -> tuple[str, ...]:
    source, target, *second = (value_of(key) for key in TEXT_KEYS)
    return (source, target, *(second if any(text.strip() for text in second) else ()))
