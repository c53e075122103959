"""Explore's controls one by one, by the parameters that they choose: a lesson unlocks some."""

from collections.abc import Callable, Mapping
from typing import Any

from ui.controls.random_settings import (
    draw_embedding_size,
    draw_heads,
    draw_layers,
    draw_positions,
    draw_scale,
    draw_seed,
    draw_temperature,
)
from ui.controls.selection import Selection
from ui.pages.explore.mask import draw_mask, draw_painter

CONTROLS: Mapping[str, Callable[[], None]] = {
    "heads": draw_heads,
    "embed_size": draw_embedding_size,
    "layers": draw_layers,
    "mask": draw_mask,
    "positions": draw_positions,
    "scale": draw_scale,
    "temperature": draw_temperature,
    "seed": lambda: draw_seed(""),
}
CONTROLS_OF_RUN: Mapping[str, Callable[[Any, Selection], None]] = {
    "cells": lambda run, selection: draw_painter(run, selection.sentence),
}
