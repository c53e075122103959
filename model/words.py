"""Attention between words instead of their parts, and between some of the tokens."""

from collections.abc import Sequence

import torch
from torch import Tensor


def merge_to_words(
    weights: Tensor, words: Sequence[int], key_words: Sequence[int] | None = None
) -> Tensor:
    """Merge attention between tokens to attention between words.

    Weights to a word are summed over its tokens, weights from a word averaged, so that rows that
    summed to one still do. Words keep the order of their numbers, which need not be without gaps;
    the tokens of a word need not be neighbours.
    Source: Clark et al. (2019), "What Does BERT Look At?", section 4.1.

    Args:
        weights: (..., Q, K).
        words: Q numbers, of the word that each query belongs to.
        key_words: K numbers, likewise for the keys; None where they are the queries.

    Returns:
        (..., words of the queries, words of the keys).

    Raises:
        ValueError: if there isn't one number for each query and key.
    """
    key_words = words if key_words is None else key_words
    if weights.dim() < 2 or weights.shape[-2:] != (len(words), len(key_words)):
        raise ValueError(
            f"expected weights from {len(words)} to {len(key_words)} tokens, as many as have the "
            f"number of a word, got the shape {tuple(weights.shape)}"
        )
    *batch, queries, _ = weights.shape
    row, tokens = _places(words, weights.device)
    column, key_tokens = _places(key_words, weights.device)
    # Adding slice by slice, where a product with a matrix of ones and zeros takes longer.
    to_words = weights.new_zeros(*batch, queries, len(key_tokens))
    to_words.index_add_(-1, column, weights)  # (..., Q, words)
    merged = weights.new_zeros(*batch, len(tokens), len(key_tokens))
    merged.index_add_(-2, row, to_words)  # (..., words, words)
    return merged / tokens[:, None]


def keep_tokens(
    weights: Tensor, queries: Sequence[int], keys: Sequence[int], *, renormalise: bool
) -> Tensor:
    """Keep the attention of some queries to some keys, such as those of no special tokens.

    Args:
        weights: (..., Q, K).
        queries: positions of the rows to keep, in the order wanted.
        keys: positions of the columns, likewise.
        renormalise: whether to divide each row by its new sum, as if softmax had seen these keys
            alone; a row of which nothing is left stays zero.

    Returns:
        (..., kept queries, kept keys), a copy.

    Raises:
        IndexError: if there is no such position; they are not counted from the end.
    """
    for name, positions, count in zip(
        ("queries", "keys"), (queries, keys), weights.shape[-2:], strict=True
    ):
        outside = [position for position in positions if not 0 <= position < count]
        if outside:
            raise IndexError(f"expected {name} from 0 to {count - 1}, got {outside}")
    rows = torch.tensor(queries, dtype=torch.long, device=weights.device)
    columns = torch.tensor(keys, dtype=torch.long, device=weights.device)
    kept = weights.index_select(-2, rows).index_select(-1, columns)
    if not renormalise:
        return kept
    sums = kept.sum(dim=-1, keepdim=True)
    return kept / sums.where(sums != 0, 1)


def _places(words: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """The place of each token's word among the different words, and the words' sizes in tokens."""
    numbers = sorted(set(words))
    place = {number: i for i, number in enumerate(numbers)}
    places = torch.tensor([place[word] for word in words], dtype=torch.long, device=device)
    return places, places.bincount(minlength=len(numbers))
