"""Which sizes go together, and how much of a text fits them."""

from math import isqrt

from model.masks import Mask
from ui.choices.limits import (
    MAX_CELLS,
    MAX_HEADS,
    MAX_LAYERS,
    MAX_PRODUCTS,
    MAX_TOKENS,
    MAX_WEIGHTS,
    MOST_ENCODERS,
    MOST_SHUFFLED,
)

WITH_SPAN: tuple[Mask, ...] = ("window", "prefix", "strided")
WITH_LOOK_AHEAD: tuple[Mask, ...] = ("window", "strided")


def head_choices(embed_size: int) -> list[int]:
    """Return the head counts that divide an embedding size, up to MAX_HEADS."""
    return [n for n in range(1, MAX_HEADS + 1) if embed_size % n == 0]


def layer_choices(embed_size: int, *, pair: bool = False) -> list[int]:
    """Return the layer counts whose weights fit into MAX_WEIGHTS; `pair` with a decoder."""
    of_a_layer = count_weights(1, embed_size, pair=pair)
    return list(range(1, max(1, min(MAX_LAYERS, MAX_WEIGHTS // of_a_layer)) + 1))


def count_weights(layers: int, embed_size: int, *, pair: bool = False) -> int:
    """Return about how many weights the layers have; `pair` for an encoder and a decoder."""
    # Attention has 4 E² weights, a feed-forward with its hidden 4 E has 8 E².
    return layers * (28 if pair else 12) * embed_size**2


def most_tokens(sentences: int, layers: int, heads: int) -> int:
    """Return how many tokens of each sentence fit into MAX_CELLS and MAX_TOKENS."""
    return most_tokens_of(sentences * layers * heads)


def most_tokens_of(maps: int) -> int:
    """Return how many tokens fit where so many matrices of weights are made, all heads together."""
    return min(MAX_TOKENS, isqrt(MAX_CELLS // maps))


def fits_leak_matrix(tokens: int, layers: int, heads: int, embed_size: int) -> bool:
    """Whether every token of a sentence can be changed in turn, in one go."""
    cells = layers * heads * tokens**3
    products = tokens**2 * layers * 12 * embed_size**2
    return cells <= MAX_CELLS and products <= MAX_PRODUCTS


def most_shuffled(layers: int, embed_size: int) -> int:
    """Return how many tokens of a sentence the order experiment uses."""
    return min(MOST_SHUFFLED, MAX_PRODUCTS // (MOST_ENCODERS * count_weights(layers, embed_size)))


def fits_rotary(embed_size: int, heads: int) -> bool:
    """Whether a head's vectors fall into the pairs of numbers that rotary positions turn."""
    return embed_size // heads % 2 == 0


def nearest(wanted: float, choices: list[int]) -> int:
    """Return the choice nearest to the wanted number; of two, the smaller."""
    return min(choices, key=lambda choice: (abs(choice - wanted), choice))


def can_look_ahead(mask: Mask, span: int) -> bool:
    """Whether looking ahead changes the mask; a window of one word has nothing ahead."""
    return mask in WITH_LOOK_AHEAD and not (mask == "window" and span == 1)
