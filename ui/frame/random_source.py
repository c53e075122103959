"""Random weights: the source of Explore and of Encoder-decoder."""

from dataclasses import asdict, dataclass
from typing import Any

from model.positions import Positions
from ui.choices.options import TEXT_KEYS, preset_of
from ui.controls.fits import fit_heads, fit_layers
from ui.frame.source import Source
from ui.link.memory import value_of
from ui.runs.export import Contents
from ui.runs.random_weights import RandomRun, Settings, compute, compute_pair, config_of
from ui.runs.word_vectors import word_vectors
from ui.text.i18n import _, ngettext
from ui.text.option_names import word
from ui.views.divisor import divisor_text

MODEL_KEYS = (  # what the numbers depend on, beside sentences, masks and positions
    "layers",
    "heads",
    "embed_size",
    "projection",
    "scale",
    "temperature",
    "tokenizer",
    "norm_order",
    "activation",
    "seed",
)
NO_MASK_OPTIONS: dict[str, Any] = {"span": 1, "look_ahead": False, "cells": ""}


@dataclass(frozen=True)
class RandomWeights(Source[Settings, RandomRun]):
    """Random weights of an encoder, or of an encoder and a decoder."""

    is_pair: bool = False  # whether there is a decoder as well, and a target to each sentence

    def settings(self) -> Settings:
        """Return what is chosen at this moment."""
        options = NO_MASK_OPTIONS if self.is_pair else {k: value_of(k) for k in NO_MASK_OPTIONS}
        return Settings(
            texts=self._texts(),
            mask=value_of("mask"),
            positions=value_of("positions"),
            vectors=value_of("vectors"),
            **options,
            **{key: value_of(key) for key in MODEL_KEYS},
        )

    def compute(self, settings: Settings) -> RandomRun:
        """Return the numbers of these settings."""
        return compute_pair(settings) if self.is_pair else compute(settings)

    def describe(self, run: RandomRun) -> str:
        """Return what is random, and by which formulation it computes."""
        settings = run.settings
        divisor = divisor_text(run.facts(run.kinds[0], 0))
        parts = [*_origins(run), _("energies ÷ {divisor}").format(divisor=divisor)]
        if settings.positions != "none":
            parts.append(_with_positions(settings.positions))
        if settings.layers > 1 or self.is_pair or settings.norm_order == "pre":
            layers = ngettext("{count} layer, {norm}", "{count} layers, {norm}", settings.layers)
            parts.append(layers.format(count=settings.layers, norm=word(settings.norm_order)))
        return ", ".join(parts)

    def contents(self, run: RandomRun) -> Contents:
        """Return the inputs and the weights."""
        prefix = "source_" if self.is_pair else ""
        arrays = {f"{prefix}inputs": run.inputs.numpy()}
        if run.target_inputs is not None:
            arrays["target_inputs"] = run.target_inputs.numpy()
        arrays |= {name: weight.numpy() for name, weight in run.model.state_dict().items()}
        return Contents(asdict(run.settings), asdict(config_of(run.settings)), arrays)

    def file_stems(self) -> tuple[str, str]:
        """Return stems with the sizes."""
        whole = of_one = f"{value_of('heads')}_heads"
        if value_of("layers") > 1:
            whole = f"{value_of('layers')}_layers_{whole}"
            of_one = f"layer_{value_of('layer')}_{of_one}"
        if self.is_pair:
            of_one = f"{value_of('kind')}_{of_one}"
        return whole, of_one

    def layout(self) -> tuple[Any, ...]:
        """Return the view, the mask and the sizes."""
        return tuple(map(value_of, ("view", "mask", "layers", "embed_size", "heads")))

    def fit(self) -> None:
        """Bring heads and layers in line with the embedding."""
        fit_heads()
        fit_layers(pair=self.is_pair)

    def count_sentences(self) -> int:
        """Return how many sentences, or pairs, there are."""
        return len(self._texts()) // (2 if self.is_pair else 1)

    def _texts(self) -> tuple[str, ...]:
        first, *more = (value_of(key) for key in TEXT_KEYS)
        if not self.is_pair:
            return (first, *(text for text in more if text.strip()))
        target, *second = more
        return (first, target, *(second if any(text.strip() for text in second) else ()))


def _origins(run: RandomRun) -> list[str]:
    """Where word vectors and weights come from: what is trained, and what isn't."""
    settings, origins = run.settings, []
    seed = _("(seed {seed})").format(seed=settings.seed)
    if settings.vectors == "minilm":
        origins.append(_("**MiniLM's word vectors** ({which})").format(which=_axes(settings)))
    elif settings.projection == "identity":
        origins.append(_("**random word vectors, untrained**") + " " + seed)
    if settings.projection == "identity":
        origins.append(_("**identity projections**"))
        # Only what comes after a feed-forward depends on it.
        if settings.layers > 1 or len(run.kinds) > 1 or value_of("view") in ("layers", "tests"):
            origins.append(_("random feed-forward") + " " + seed)
        return origins
    names = {
        "paper": _("the paper's formulation"),
        "tutorial": _("the tutorial's formulation"),
        None: _("a formulation of your own"),
    }
    formulation = names[preset_of(settings.projection, settings.scale)]
    return [*origins, _("**random weights, untrained**") + " " + seed, formulation]


def _axes(settings: Settings) -> str:
    """Which principal axes of MiniLM's vectors are used."""
    size = word_vectors().size
    if settings.embed_size < size:
        return _("first {used} of {size} principal axes").format(
            used=settings.embed_size, size=size
        )
    every = _("all {size} principal axes").format(size=size)
    return every + (_(", then zeros") if settings.embed_size > size else "")


def _with_positions(positions: Positions) -> str:
    return {
        "sinusoidal": _("sinusoidal positions"),
        "learned": _("a table of positions (random here)"),
        "rotary": _("rotary positions"),
        "alibi": _("ALiBi"),
    }[positions]
