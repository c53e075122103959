"""What heads do on a text: which of them look back, look at repetitions, spread out or choose.

Clark et al. (2019), "What Does BERT Look At?", section 3, found the simple patterns in BERT;
Olsson et al. (2022), "In-context Learning and Induction Heads", the one that needs a repetition.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

Pattern = Literal["previous", "next", "first", "same", "induction", "entropy"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)


def head_scores(weights: Sequence[Tensor], ids: Sequence[int]) -> dict[Pattern, Tensor]:
    """Return how much each head follows each pattern that any text shows: all but induction.

    previous, next: the mean weight on the token before or after, over the queries that have one;
    first: the mean weight on position 0, over all queries but the first;
    same: the mean weight on all tokens with the query's id together, itself included;
    entropy: the mean entropy of a row, in nats, from 0 to log L.

    Rows without any weight, where all is masked, are left out of the means. The mean over no rows
    is NaN, as that of the token before is in a text of one token.

    Args:
        weights: one (H, L, L) a layer, of one sentence and without padding; rows sum to one.
        ids: L, which tokens are the same.

    Returns:
        (layers, H) for each pattern, float64; 0 to 1 but for the entropy.

    Raises:
        ValueError: if there is no layer, or weights and ids don't fit together.
    """
    _check_square(weights)
    if weights[0].shape[-1] != len(ids):
        raise ValueError(
            f"expected one id for each of the {weights[0].shape[-1]} tokens of the weights, "
            f"got {len(ids)}"
        )
    token = torch.tensor(ids, dtype=torch.long, device=weights[0].device)
    same = token[:, None] == token  # (L, L)
    layers = [_layer_scores(layer, same) for layer in weights]
    return {pattern: torch.stack([layer[pattern] for layer in layers]) for pattern in layers[0]}


def induction_scores(weights: Sequence[Tensor], half: int, *, start: int = 0) -> Tensor:
    """Return how much each head looks at what came after the same token the last time.

    In a text said twice, query i of the second copy has met its token at i - half, and the next
    one at i - half + 1: a head that looks there can foretell the text. Every query of the second
    copy counts, the last too, whose key is the second copy's first token: there its token was
    followed by that one. A text of random words is best, in which nothing else repeats.
    Source: the prefix matching score of Olsson et al. (2022), "In-context Learning and Induction
    Heads".

    Args:
        weights: one (H, L, L) a layer, of one sentence and without padding.
        half: how many tokens are repeated, at least two: with one, the key is the query itself.
        start: how many tokens stand before the first copy, such as [CLS]. Others may stand after
            the second one.

    Returns:
        (layers, H), the mean weight from 0 to 1, float64; rows without any weight are left out,
        and the mean over no rows is NaN.

    Raises:
        ValueError: if there is no layer, or no room for two copies.
    """
    _check_square(weights)
    length = weights[0].shape[-1]
    if half < 2 or start < 0 or start + 2 * half > length:
        raise ValueError(
            "expected two copies of two or more tokens within the text, got "
            f"{start} + 2 · {half} tokens in a text of {length}"
        )
    second = slice(start + half, start + 2 * half)  # queries ...
    after = slice(start + 1, start + half + 1)  # ... and their keys
    return torch.stack(
        [
            _mean(layer[:, second, after].diagonal(dim1=1, dim2=2), _attends(layer)[:, second])
            for layer in weights
        ]
    )


def rank(scores: Tensor, *, lowest: bool = False, most: int = 10) -> list[tuple[int, int, float]]:
    """Return the heads with the highest scores, best first.

    Args:
        scores: (layers, H); heads whose score is NaN are left out.
        lowest: whether low is good, as an entropy is for heads that choose.
        most: how many heads, at most.

    Returns:
        Their layer, head and score; of equals the first layer's first head comes first.
    """
    found = [
        (layer, head, score)
        for layer, row in enumerate(scores.tolist())
        for head, score in enumerate(row)
        if not math.isnan(score)
    ]
    # Sorting keeps equals in their order.
    return sorted(found, key=lambda head: head[2] if lowest else -head[2])[:most]


def repeated_words(words: Sequence[str], count: int, seed: int) -> list[str]:
    """Draw words in random order, to be said twice: the text of the induction scores.

    Sorted by the hash (SHAKE-256) of the seed and the word: the same on every machine, in whatever
    order the candidates come, and a smaller count is the beginning of a larger one.

    Args:
        words: to choose from; each is chosen once, however often it is there.
        count: how many to choose.
        seed: of the order.

    Raises:
        ValueError: if there are fewer different words than `count`.
    """
    candidates = set(words)
    if not 0 <= count <= len(candidates):
        raise ValueError(
            f"expected a count from 0 to {len(candidates)}, which is how many different words "
            f"there are, got {count}"
        )

    def key(word: str) -> tuple[bytes, str]:
        # errors="replace": a lone surrogate can't be encoded.
        text = f"{seed}\0repeated/{word}".encode(errors="replace")
        return hashlib.shake_256(text).digest(16), word

    return sorted(candidates, key=key)[:count]


def _layer_scores(layer: Tensor, same: Tensor) -> dict[Pattern, Tensor]:
    """The scores of a layer's heads, (H,) each, from (H, L, L) and the (L, L) same tokens."""
    attends = _attends(layer)
    return {
        "previous": _mean(layer.diagonal(-1, dim1=1, dim2=2), attends[:, 1:]),
        "next": _mean(layer.diagonal(1, dim1=1, dim2=2), attends[:, :-1]),
        "first": _mean(layer[:, 1:, :1].sum(-1), attends[:, 1:]),
        "same": _mean((layer * same).sum(-1), attends),
        "entropy": _mean(torch.special.entr(layer).sum(-1), attends),
    }


def _attends(layer: Tensor) -> Tensor:
    """Return which rows have any weight, (H, L)."""
    return (layer > 0).any(dim=-1)


def _mean(values: Tensor, attends: Tensor) -> Tensor:
    """The mean of (H, queries) over the rows that attend, to which the others add nothing."""
    return values.sum(dim=-1, dtype=torch.float64) / attends.sum(dim=-1)


def _check_square(weights: Sequence[Tensor]) -> None:
    shapes = {tuple(layer.shape) for layer in weights}
    if len(shapes) != 1 or any(len(shape) != 3 or shape[1] != shape[2] for shape in shapes):
        raise ValueError(
            "expected weights of the same shape (heads, length, length) for one or more layers, "
            f"got {sorted(shapes) or 'no layer'}"
        )
