"""What links' parameters are called, within a sentence and by themselves, and their values."""

from typing import Any

from ui.text.i18n import N_, _
from ui.text.option_names import WORDS, word

PARAMETER_NAMES = {
    "all_heads": N_("every head"),
    "heads": N_("heads"),
    "embed_size": N_("the embedding"),
    "layers": N_("layers"),
    "layer": N_("the layer"),
    "mask": N_("mask"),
    "span": N_("the mask's span"),
    "look_ahead": N_("looking ahead"),
    "cells": N_("the painted mask"),
    "projection": N_("projection"),
    "scale": N_("scale"),
    "temperature": N_("the temperature"),
    "tokenizer": N_("tokens"),
    "vectors": N_("word vectors"),
    "positions": N_("positions"),
    "norm_order": N_("norm"),
    "activation": N_("feed-forward"),
    "seed": N_("the seed"),
    "sentence": N_("the sentence shown"),
    "model": N_("model"),
    "kind": N_("attention"),
    "added": N_("the added tokens"),
    "removed": N_("the removed heads"),
    "mean": N_("the averaged heads"),
    "cut": N_("the cut edges"),
    "edge": N_("the weights set by hand"),
    "put": N_("the patterns put in"),
    "from_text": N_("the sentence of the patterns"),
    "together": N_("reading both sentences together"),
    "from_file": N_("attention from a file"),
    "task": N_("task"),
    "learning_rate": N_("the learning rate"),
    "steps": N_("the steps"),
    "at": N_("the moment of training"),
    # Of the picture.
    "color_scale": N_("the scale of colours"),
    "color_end": N_("the end of the colours"),
    "stage": N_("stage"),
    "overview": N_("overview"),
    "head_scale": N_("a scale for each head"),
    # Of Explore's tests.
    "changed": N_("the changed token"),
    "shuffle": N_("the shuffling's seed"),
    "same_word": N_("the same word everywhere"),
    # Of Pretrained.
    "words": N_("whole words"),
    "special": N_("special tokens"),
    "first": N_("the first token"),
    "rest": N_("rows that sum to 1 again"),
    "pattern": N_("pattern"),
    "effect": N_("what is shown of changes"),
    "token": N_("the token"),
    "against": N_("the other token"),
    # Of Learn.
    "pace": N_("pace"),
    "story": N_("story"),
    "kept": N_("the kept run"),
    "cut_edges": N_("the cut edges between heads"),
    # Of Compare.
    "a": N_("side A"),
    "b": N_("side B"),
    "patch": N_("what goes from A into B"),
    "one_text": N_("one sentence for both"),
    # Of the Lab.
    "head_counts": N_("heads"),
    "embed_sizes": N_("embedding sizes"),
    "scales": N_("scales"),
    "schemes": N_("positions"),
    "masks": N_("masks"),
    "projections": N_("projections"),
    "seeds": N_("seeds"),
    "metric": N_("measure"),
    "picture": N_("picture"),
    "along": N_("what is along the axis"),
    "line": N_("what makes the lines"),
    "panel": N_("what makes the panels"),
    "learn_heads": N_("heads"),
    "learn_embeddings": N_("embeddings"),
    "learn_layers": N_("layers"),
    "learn_rates": N_("learning rates"),
    "learn_schemes": N_("positions"),
    "learn_scales": N_("scales"),
    "learn_seeds": N_("seeds"),
    "learn_picture": N_("picture"),
    "cost_heads": N_("heads"),
    "cost_embeddings": N_("embedding sizes"),
    "cost_layers": N_("layers"),
    "tokens": N_("tokens"),
    "decoder": N_("decoder"),
    "amount": N_("amount"),
}

# Those that a link can leave to be touched, as it is written beside their controls.
CONTROL_NAMES = {
    "text": N_("Sentence"),
    "heads": N_("Heads"),
    "embed_size": N_("Embedding size"),
    "layers": N_("Layers"),
    "layer": N_("Layer shown"),
    "mask": N_("Mask"),
    "cells": N_("Painted mask"),
    "positions": N_("Positions"),
    "scale": N_("Scale"),
    "temperature": N_("Temperature"),
    "seed": N_("Seed"),
    "head": N_("Head"),
    "q": N_("Query"),
    "k": N_("Key"),
    "stage": N_("Stage"),
    "cost_heads": N_("Heads"),
    "cost_layers": N_("Layers"),
    "cost_embeddings": N_("Embedding sizes"),
    "tokens": N_("Tokens"),
}


# Codes for what is seen in the picture, or is too long to say.
WITHOUT_WORDS = frozenset(
    {
        *("a", "b", "kept", "cells", "added", "story"),
        *("removed", "mean", "cut", "edge", "put", "cut_edges"),
    }
)


def describe_value(key: str, value: Any) -> str | None:
    """Return a value as a person reads it; None where that would take too long, or say nothing."""
    if key in WITHOUT_WORDS:
        return None
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if value is None:
        return _("none")
    if isinstance(value, str):
        parts = value.split(",")
        return ", ".join(word(part.strip()) for part in parts) if _is_told(parts) else None
    return f"{value:g}"


def _is_told(parts: list[str]) -> bool:
    """Whether each part is an option with a word of its own, or a number."""
    return all(part.strip() in WORDS or part.strip().replace(".", "").isdigit() for part in parts)
