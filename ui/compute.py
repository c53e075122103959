"""From settings to numbers: text -> tokens -> embeddings -> modules -> trace."""

from collections.abc import Sequence
from functools import partial
from threading import Condition, Lock
from typing import TYPE_CHECKING

import numpy as np
import torch
from cachetools import LRUCache, cached
from torch import Tensor

from model.config import Architecture, Config
from model.masks import build_mask, causal_mask, padding_mask
from model.seeded import (
    PADDING,
    embed_with,
    random_encoder,
    random_transformer,
    token_vector,
)
from model.tokens import tokenize
from model.transformer import Encoder, Transformer
from ui.models import most_bytes
from ui.run import RandomRun, Sentences
from ui.settings import (
    MAX_CHARACTERS,
    MAX_TOKENS,
    Kind,
    Settings,
    count_weights,
    most_tokens,
)
from ui.turns import take_turn

if TYPE_CHECKING:  # it imports what reads MiniLM's files: Explore starts without it
    from model.word_vectors import WordVectors

CACHED_WEIGHTS = 128 * 2**20  # bytes of weights that all sessions share


def config_of(settings: Settings) -> Config:
    """The sizes and the architecture that the settings describe."""
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


_models: LRUCache[tuple[Config, int, bool, bool], Encoder | Transformer] = LRUCache(
    CACHED_WEIGHTS, getsizeof=_bytes
)


@cached(_models, lock=Lock())
def _model(config: Config, seed: int, pair: bool, identity: bool) -> Encoder | Transformer:
    """The model of a configuration, which shares its weights with others and all sessions."""
    take_turn(count_weights(config.layers, config.embed_size, pair=pair))
    make = random_transformer if pair else random_encoder
    return make(config, seed, copy=False, identity=identity)


def _model_of(settings: Settings, *, pair: bool) -> Encoder | Transformer:
    return _model(config_of(settings), settings.seed, pair, settings.projection == "identity")


def encoder_of(settings: Settings) -> Encoder:
    """The encoder that the settings describe."""
    model = _model_of(settings, pair=False)
    assert isinstance(model, Encoder)
    return model


def split(texts: Sequence[str], settings: Settings, most: int) -> tuple[Sentences, int]:
    """The tokens of each sentence, cut to the limit and padded, and how many were left out."""
    all_tokens = [tokenize(text[:MAX_CHARACTERS], settings.tokenizer) for text in texts]
    sentences = [tokens[:most] for tokens in all_tokens]
    lengths = tuple(map(len, sentences))
    padded = tuple((*s, *[PADDING] * (max(lengths) - len(s))) for s in sentences)
    return Sentences(padded, lengths), sum(map(len, all_tokens)) - sum(lengths)


@cached({}, condition=Condition())  # two people who ask at once wait for one
def word_vectors() -> "WordVectors":
    """MiniLM's word vectors, made for the first who asks: that takes a third of a second.

    Raises:
        ModelUnavailableError: if it isn't installed, damaged, or larger than allowed.
    """
    from model.word_vectors import load_word_vectors

    use_one_thread()
    return load_word_vectors(most_bytes())


def vector_of(token: str, settings: Settings) -> np.ndarray:
    """The vector of a token, (E,), from where the settings say. Not to be written to.

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


def use_one_thread() -> None:
    """Let torch use one thread for what is computed in this one.

    Else a hundred sessions fight over two cores for matrices of a few kilobytes. OpenMP keeps the
    number per calling thread, and Streamlit runs each change in a new one.
    """
    torch.set_num_threads(1)


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
    model = _model_of(settings, pair=True)
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
