"""What the pages open with, written out here so that a changed default is noticed."""

from typing import Any

from ui.runs.random_weights import RandomRun, Settings, compute, compute_pair

SENTENCE = "The animal didn't cross the street because it was too tired."
TARGET = "Das Tier überquerte die Straße nicht, weil es zu müde war."

OPENS_WITH: dict[str, Any] = {
    "texts": (SENTENCE,),
    "layers": 1,
    "heads": 8,
    "embed_size": 64,
    "mask": "none",
    "span": 3,
    "look_ahead": False,
    "cells": "",
    "projection": "full",
    "scale": "head_dim",
    "temperature": 1.0,
    "tokenizer": "words",
    "vectors": "hashed",
    "positions": "none",
    "norm_order": "post",
    "activation": "relu",
    "seed": 0,
}

# Encoder-decoder has no masks with a number or painted cells.
PAIR_OPENS_WITH: dict[str, Any] = OPENS_WITH | {
    "texts": (SENTENCE, TARGET),
    "layers": 2,
    "mask": "causal_padding",
    "span": 1,
}


def run_of(*texts: str, **changes: Any) -> RandomRun:
    """What Explore should show for these sentences and settings."""
    chosen = {**OPENS_WITH, **({"texts": texts} if texts else {}), **changes}
    run: RandomRun = compute.__wrapped__(Settings(**chosen))  # not what the app has kept
    return run


def pair_of(*texts: str, **changes: Any) -> RandomRun:
    """What Encoder-decoder should show for these pairs and settings."""
    chosen = {**PAIR_OPENS_WITH, **({"texts": texts} if texts else {}), **changes}
    return compute_pair(Settings(**chosen))
