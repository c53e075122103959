"""From settings to numbers: text -> tokens -> embeddings -> modules -> trace."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import torch
from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from torch import Tensor

from model.attention import Scale
from model.config import Activation, Architecture, Config, NormOrder
from model.masks import Mask, build_mask, causal_mask, padding_mask
from model.positions import Positions
from model.seeded import (
    PADDING,
    embed_with,
    random_encoder,
    random_transformer,
    token_vector,
)
from model.tokens import Tokenizer, tokenize
from model.transformer import AttentionKind as Kind
from model.transformer import Encoder, Transformer
from ui.choices.limits import (
    LARGEST_EMBEDDING,
    MAX_CHARACTERS,
    MAX_LAYERS,
    MAX_TOKENS,
    SMALLEST_EMBEDDING,
)
from ui.choices.options import TEXT_KEYS, ProjectionChoice, Vectors
from ui.choices.sizes import count_weights, head_choices, most_tokens
from ui.runs.run import ModuleRun
from ui.runs.sentences import Sentences
from ui.runs.word_vectors import use_one_thread, word_vectors
from ui.server.turns import take_turn

CACHED_WEIGHTS = 128 * 2**20  # bytes of weights that all sessions share
CACHED_RUNS = 16 * 2**20  # and of runs: what a class opens with, or looks at in another view


@dataclass(frozen=True)
class Settings:
    """Everything that the numbers depend on; two equal settings give equal numbers."""

    texts: tuple[str, ...]  # one to four sentences; on Encoder-decoder source, target, source ...
    layers: int
    heads: int
    embed_size: int
    mask: Mask
    span: int  # of the masks that have one: see model.masks.build_mask
    look_ahead: bool
    cells: str
    projection: ProjectionChoice
    scale: Scale
    temperature: float
    tokenizer: Tokenizer
    vectors: Vectors
    positions: Positions
    norm_order: NormOrder
    activation: Activation
    seed: int

    def __post_init__(self) -> None:
        """Raise ValueError for what no control can choose; the modules check the rest."""
        if not 1 <= len(self.texts) <= len(TEXT_KEYS):
            raise ValueError(f"there must be 1 to {len(TEXT_KEYS)} texts, got {len(self.texts)}")
        if not SMALLEST_EMBEDDING <= self.embed_size <= LARGEST_EMBEDDING:
            raise ValueError(
                f"embed_size must lie between {SMALLEST_EMBEDDING} and {LARGEST_EMBEDDING}, "
                f"got {self.embed_size}"
            )
        if self.heads not in head_choices(self.embed_size):
            raise ValueError(
                f"heads must be one of {head_choices(self.embed_size)} for an embedding of "
                f"{self.embed_size}, got {self.heads}"
            )
        if not 1 <= self.layers <= MAX_LAYERS:
            raise ValueError(f"layers must lie between 1 and {MAX_LAYERS}, got {self.layers}")


@dataclass(frozen=True, kw_only=True)
class RandomRun(ModuleRun):
    """A run of a model with random weights."""

    settings: Settings
    inputs: Tensor  # (B, S, E) the source's token vectors, before positions
    target_inputs: Tensor | None  # (B, T, E) the target's, on Encoder-decoder

    @property
    def is_post_norm(self) -> bool:
        """Whether each sub-layer's output is normed, so that all vectors have one length."""
        return self.settings.norm_order == "post"

    @property
    def has_identity(self) -> bool:
        """Whether the projections of all attentions are the identity."""
        return self.settings.projection == "identity"


def config_of(settings: Settings) -> Config:
    """Return the sizes and the architecture that the settings describe."""
    return Config(
        embed_size=settings.embed_size,
        heads=settings.heads,
        layers=settings.layers,
        temperature=settings.temperature,
        longest=MAX_TOKENS,
        architecture=Architecture(
            # The identity is a matrix like any other, before the split.
            projection="full" if settings.projection == "identity" else settings.projection,
            scale=settings.scale,
            positions=settings.positions,
            norm_order=settings.norm_order,
            final_norm=settings.norm_order == "pre",
            activation=settings.activation,
        ),
    )


def _bytes(model: Encoder | Transformer) -> int:
    return sum(weight.nbytes for weight in model.state_dict().values())


_models: LRUCache[Any, Encoder | Transformer] = LRUCache(CACHED_WEIGHTS, getsizeof=_bytes)
_lock = Lock()


@cached(_models, partial(hashkey, "encoder"), _lock)
def _encoder(config: Config, seed: int, identity: bool) -> Encoder:
    """The encoder of a configuration, which shares its weights with others and all sessions."""
    take_turn(count_weights(config.layers, config.embed_size))
    return random_encoder(config, seed, copy=False, identity=identity)


@cached(_models, partial(hashkey, "pair"), _lock)
def _transformer(config: Config, seed: int, identity: bool) -> Transformer:
    """The same, of an encoder and a decoder."""
    take_turn(count_weights(config.layers, config.embed_size, pair=True))
    return random_transformer(config, seed, copy=False, identity=identity)


def encoder_of(settings: Settings) -> Encoder:
    """Return the encoder that the settings describe."""
    return _encoder(config_of(settings), settings.seed, settings.projection == "identity")


def split(texts: Sequence[str], settings: Settings, most: int) -> tuple[Sentences, int]:
    """Return each sentence's tokens, cut to the limit and padded, and how many were left out."""
    all_tokens = [tokenize(text[:MAX_CHARACTERS], settings.tokenizer) for text in texts]
    sentences = [tokens[:most] for tokens in all_tokens]
    lengths = tuple(map(len, sentences))
    padded = tuple((*s, *[PADDING] * (max(lengths) - len(s))) for s in sentences)
    return Sentences(padded, lengths), sum(map(len, all_tokens)) - sum(lengths)


def vector_of(token: str, settings: Settings) -> np.ndarray:
    """Return the vector of a token, (E,), from where the settings say. Not to be written to.

    Raises:
        ModelUnavailableError: if they say MiniLM, and it can't be used.
    """
    if settings.vectors == "minilm":
        return word_vectors().vector(token, settings.embed_size)
    return token_vector(token, settings.embed_size, settings.seed)


def _embedded(sentences: Sentences, settings: Settings) -> Tensor:
    """The token vectors, (B, L, E); padding is zero."""
    real = [s[:n] for s, n in zip(sentences.tokens, sentences.lengths, strict=True)]
    return embed_with(partial(vector_of, settings=settings), real, settings.embed_size)


def _bytes_of_run(run: RandomRun) -> int:
    """What a run keeps alive: its traces, and its model, which others may share."""
    tensors = (getattr(trace, each.name) for trace in run.attentions() for each in fields(trace))
    return _bytes(run.model) + sum(int(tensor.nbytes) for tensor in tensors)


_runs: LRUCache[Any, RandomRun] = LRUCache(CACHED_RUNS, getsizeof=_bytes_of_run)


@cached(_runs, lock=Lock())
@torch.inference_mode()
def compute(settings: Settings) -> RandomRun:
    """Run an encoder on the settings' sentences."""
    use_one_thread()
    most = most_tokens(len(settings.texts), settings.layers, settings.heads)
    source, left_out = split(settings.texts, settings, most)
    take_turn(settings.layers * settings.heads * len(source.lengths) * source.length**2)
    inputs = _embedded(source, settings)
    mask = build_mask(
        settings.mask,
        source.lengths,
        span=settings.span,
        look_ahead=settings.look_ahead,
        cells=settings.cells,
    )
    model = encoder_of(settings)
    trace = model.trace(inputs, mask)
    masks: dict[Kind, Tensor | None] = {"encoder_self": mask}
    return RandomRun(
        settings=settings,
        source=source,
        target=None,
        most_tokens=most,
        left_out=left_out,
        model=model,
        inputs=inputs,
        target_inputs=None,
        masks=masks,
        trace=trace,
    )


@torch.inference_mode()
def compute_pair(settings: Settings) -> RandomRun:
    """Run an encoder and a decoder on the settings' pairs: source, target, source, target.

    The mask's causal part hides what is ahead in the target from itself, its padding part hides
    each side's padding from both.
    """
    use_one_thread()
    sources, targets = settings.texts[0::2], settings.texts[1::2]
    # There are three squares to keep for each pair: encoder, decoder, and between them.
    most = most_tokens(3 * len(sources), settings.layers, settings.heads)
    source, source_left_out = split(sources, settings, most)
    target, target_left_out = split(targets, settings, most)
    squares = source.length**2 + target.length**2 + source.length * target.length
    take_turn(settings.layers * settings.heads * len(source.lengths) * squares)
    masks = _pair_masks(settings, source, target)
    model = _transformer(config_of(settings), settings.seed, settings.projection == "identity")
    inputs, target_inputs = _embedded(source, settings), _embedded(target, settings)
    trace = model.trace(
        inputs,
        target_inputs,
        masks["encoder_self"],
        masks["decoder_self"],
        masks["cross"],
    )
    return RandomRun(
        settings=settings,
        source=source,
        target=target,
        most_tokens=most,
        left_out=source_left_out + target_left_out,
        model=model,
        inputs=inputs,
        target_inputs=target_inputs,
        masks=masks,
        trace=trace,
    )


def _pair_masks(
    settings: Settings, source: Sentences, target: Sentences
) -> dict[Kind, Tensor | None]:
    masks: dict[Kind, Tensor | None] = dict.fromkeys(
        ("encoder_self", "decoder_self", "cross"), None
    )
    if "padding" in settings.mask:
        masks["encoder_self"] = masks["cross"] = padding_mask(source.lengths, source.length)
        masks["decoder_self"] = padding_mask(target.lengths, target.length)
    if "causal" in settings.mask:
        ahead = causal_mask(target.length, target.length)
        padding = masks["decoder_self"]
        masks["decoder_self"] = ahead if padding is None else ahead & padding
    return masks
