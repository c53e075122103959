"""The code of a run with random weights: Explore's, and Encoder-decoder's."""

from typing import Any

import numpy as np

from model.masks import decode_cells
from ui.runs.random_weights import RandomRun, vector_of
from ui.scripts.check import check_settings
from ui.scripts.literals import Numbers
from ui.scripts.script import Script, Where

ENCODER = ("settings", "seeded", "positions", "masks", "attention", "blocks", "encoder_run")
PAIR = ("settings", "seeded", "positions", "pair_masks", "attention", "blocks", "pair_run")
NO_NAMES = {'f"{name}queries"': '"queries"', 'f"{name}keys"': '"keys"'}
NO_NAMES |= {'f"{name}values"': '"values"', 'f"{name}fc_out"': '"fc_out"'}
NO_PREFIX = {'f"{name}layers.{layer}"': 'f"layers.{layer}"'}
WITH_SPAN = ("window", "prefix", "strided")


def random_script(run: RandomRun, where: Where) -> Script:
    """Return the code of what a page with random weights shows."""
    settings = run.settings
    is_pair = run.target is not None
    is_deep = settings.layers > 1
    options = {
        "PAIR": is_pair,
        "ORIGIN": "seed",
        "PROJECTION": settings.projection,
        "SCALE": settings.scale,
        "TEMPERED": settings.temperature != 1,
        "POSITIONS": settings.positions,
        "MASK": settings.mask,
        "MASKED": is_pair or run.masks["encoder_self"] is not None,
        "LOOK_AHEAD": settings.look_ahead,
        "EMPTY_ROWS": _has_empty_rows(run),
        "CUSTOM": "open",
        "SEVERAL": len(run.source.lengths) > 1,
        "VECTORS": settings.vectors,
        "SURROGATES": any(map(_has_surrogates, _tokens(run))),
        "DEEP": is_deep,
        "NORM_ORDER": settings.norm_order,
        "ACTIVATION": settings.activation,
        "ATTENTION_ONLY": False,
    }
    values: dict[str, Any] = {
        "SEED": settings.seed,
        "EMBED_SIZE": settings.embed_size,
        "HEADS": settings.heads,
        "LAYERS": settings.layers,
        "TEMPERATURE": settings.temperature,
    }
    if is_pair:
        values |= {"SOURCES": _sentences(run.source), "TARGETS": _sentences(run.target)}
    else:
        values["SENTENCES"] = _sentences(run.source)
        if settings.mask in WITH_SPAN:
            values["SPAN"] = settings.span
        if settings.mask == "custom":
            options["CUSTOM"], values["PAINTED"] = _painted(settings.cells)
    if settings.vectors == "minilm":
        values["WORD_VECTORS"] = {
            token: Numbers(vector_of(token, settings)) for token in dict.fromkeys(_tokens(run))
        }
    weights = run.attention(where.layer, where.sentence, where.kind).field("weights")
    check, is_sampled = check_settings(weights, run.trace.output[where.sentence].numpy())
    return Script(
        title="Attention, step by step, with the numbers that Headlight shows.",
        about=_about(run),
        requirements=("torch",),
        installs=("torch",),
        where=where,
        parts=PAIR if is_pair else ENCODER,
        options=options,
        settings=values,
        renamed=NO_PREFIX if is_deep or is_pair else NO_NAMES,
        check={**check, "KIND": where.kind, "LAYER": where.layer, "SENTENCE": where.sentence},
        is_sampled=is_sampled,
    )


def _about(run: RandomRun) -> tuple[str, ...]:
    settings = run.settings
    model = "An encoder and a decoder" if run.target is not None else "An encoder"
    about = [
        f"{model} with random, untrained weights, all computed from the seed. At its end it "
        "compares its weights and its output with those that the page showed, and prints the "
        "largest difference."
    ]
    if run.left_out:
        about.append(f"The text has {run.left_out} more tokens, which the page leaves out.")
    if settings.vectors == "minilm":
        about.append(
            "The word vectors are those of all-MiniLM-L6-v2, turned onto their principal axes; "
            "here they are constants."
        )
    return tuple(about)


def _sentences(side: Any) -> list[list[str]]:
    return [list(tokens[:n]) for tokens, n in zip(side.tokens, side.lengths, strict=True)]


def _tokens(run: RandomRun) -> list[str]:
    sides = [side for side in (run.source, run.target) if side is not None]
    return [token for side in sides for tokens in _sentences(side) for token in tokens]


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _has_empty_rows(run: RandomRun) -> bool:
    """Whether a query may attend to nothing at all, so that softmax alone would give NaN."""
    masks = [mask for mask in run.masks.values() if mask is not None]
    return any(not mask.any(dim=-1).all() for mask in masks)


def _painted(cells: str) -> tuple[str, list[str]]:
    """How a painted mask goes on beyond what is painted, and its rows."""
    painted = decode_cells(cells) if cells else np.ones((1, 1), dtype=bool)
    is_causal = len(painted) > 1 and not np.triu(painted, 1).any()
    rows = ["".join("#" if cell else "." for cell in row) for row in painted]
    return "causal" if is_causal else "open", rows
