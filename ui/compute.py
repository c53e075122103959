"""From settings to numbers: text -> tokens -> embeddings -> module -> trace."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from model.attention import AttentionTrace, Projection, Scale, SelfAttention
from model.masks import build_mask
from model.parity import Parity, compare_with_torch
from model.positions import sinusoidal_positions
from model.seeded import PADDING, embed, random_attention
from model.tokens import tokenize
from ui.settings import MAX_CHARACTERS, MAX_TOKENS, Settings


@dataclass(frozen=True)
class Run:
    """One computation on a batch of B sentences, padded to L tokens."""

    settings: Settings
    tokens: tuple[tuple[str, ...], ...]  # B sentences of L tokens, padding included
    lengths: tuple[int, ...]  # the sentences' own tokens
    left_out: int  # tokens beyond the limit, over all sentences
    module: SelfAttention
    inputs: Tensor  # (B, L, E) token vectors with their positions
    mask: Tensor | None  # broadcastable to (B, H, L, L)
    trace: AttentionTrace
    parity: Parity

    @property
    def length(self) -> int:
        """L, the length of the longest sentence."""
        return max(self.lengths)

    def allowed(self, sentence: int) -> np.ndarray:
        """Which keys each query of a sentence may attend to, (Q, K) booleans."""
        shape = (len(self.lengths), 1, self.length, self.length)
        mask = torch.ones((), dtype=torch.bool) if self.mask is None else self.mask
        return mask.expand(shape)[sentence, 0].numpy()


@lru_cache(maxsize=32)  # at most 4 MB each
def _module(
    embed_size: int,
    heads: int,
    projection: Projection,
    scale: Scale,
    temperature: float,
    seed: int,
) -> SelfAttention:
    """The module of a configuration, shared by all sessions."""
    return random_attention(
        embed_size, heads, projection=projection, scale=scale, temperature=temperature, seed=seed
    )


def split(settings: Settings) -> tuple[list[list[str]], int]:
    """The tokens of each sentence, cut to the limit, and how many were left out."""
    sentences, left_out = [], 0
    for text in settings.texts:
        tokens = tokenize(text[:MAX_CHARACTERS], settings.tokenizer)
        left_out += max(0, len(tokens) - MAX_TOKENS)
        sentences.append(tokens[:MAX_TOKENS])
    return sentences, left_out


@torch.inference_mode()
def compute(settings: Settings) -> Run:
    """Compute attention for the settings."""
    # One torch thread, or a hundred sessions fight over two cores for matrices of a few kilobytes.
    # OpenMP keeps the number per calling thread, and Streamlit runs each change in a new one.
    torch.set_num_threads(1)
    sentences, left_out = split(settings)
    lengths = tuple(map(len, sentences))
    longest = max(lengths)
    inputs = embed(sentences, settings.embed_size, settings.seed)
    if settings.positions == "sinusoidal":
        inputs = inputs + sinusoidal_positions(longest, settings.embed_size)
    module = _module(
        settings.embed_size,
        settings.heads,
        settings.projection,
        settings.scale,
        settings.temperature,
        settings.seed,
    )
    mask = build_mask(settings.mask, lengths)
    trace = module.trace(inputs, inputs, inputs, mask)
    return Run(
        settings=settings,
        tokens=tuple((*s, *[PADDING] * (longest - len(s))) for s in sentences),
        lengths=lengths,
        left_out=left_out,
        module=module,
        inputs=inputs,
        mask=mask,
        trace=trace,
        parity=compare_with_torch(module, trace, inputs, mask),
    )
