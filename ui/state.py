"""What is chosen at this moment, on whichever page is shown, and the numbers that follow."""

from typing import Any

import streamlit as st

from ui.compute import compute, compute_pair
from ui.controls import MODEL_KEYS, positions_in_use
from ui.link import value_of
from ui.run import Run
from ui.settings import TEXT_KEYS, Settings

NO_MASK_OPTIONS: dict[str, Any] = {"span": 1, "look_ahead": False, "cells": ""}


def current_settings() -> Settings:
    """What is chosen at this moment."""
    pair = on_pair_page()
    return Settings(
        texts=_pairs() if pair else _batch(),
        mask=value_of("mask"),
        positions=positions_in_use(),
        **(NO_MASK_OPTIONS if pair else {key: value_of(key) for key in NO_MASK_OPTIONS}),
        **{key: value_of(key) for key in MODEL_KEYS},
    )


def run_of(settings: Settings) -> Run:
    """The numbers of these settings, on the page that is shown."""
    return compute_pair(settings) if on_pair_page() else compute(settings)


def layout_in_use() -> tuple[Any, ...]:
    """The values that decide which controls there are, beside those in the fragment."""
    return tuple(value_of(key) for key in ("view", "mask", "layers", "embed_size", "heads"))


def on_pair_page() -> bool:
    """Whether the page shown has a source and a target."""
    return bool(st.session_state["_page"] == "encoder-decoder")


def _batch() -> tuple[str, ...]:
    more = (value_of(key) for key in TEXT_KEYS[1:])
    return (value_of("text"), *(text for text in more if text.strip()))


def _pairs() -> tuple[str, ...]:
    source, target, *second = (value_of(key) for key in TEXT_KEYS)
    return (source, target, *(second if any(text.strip() for text in second) else ()))
