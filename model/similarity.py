"""How alike two sentences are, and which of their tokens make them so.

A sentence's vector is the mean of its tokens' (Reimers & Gurevych, 2019, "Sentence-BERT",
section 3), and a likeness is the cosine of the angle between two vectors. A vector of zeros has no
direction: its cosine with anything counts as 0. Everything is computed in float64.

In this module a sentence is a matrix (L, E) or (M, E), without padding.
"""

from torch import Tensor


def mean_pool(vectors: Tensor) -> Tensor:
    """Return the vector of a sentence, (E,) in float64: the mean of its tokens' (L, E).

    Raises:
        ValueError: if the vectors are no matrix, or of no token, which has no mean.
    """
    if vectors.dim() != 2 or not len(vectors):
        raise ValueError(
            "expected the vectors of one or more tokens, (tokens, embed_size), got the shape "
            f"{tuple(vectors.shape)}"
        )
    return vectors.double().mean(dim=0)


def similarity(a: Tensor, b: Tensor) -> float:
    """Return the cosine of the angle between two sentences' vectors, from -1 to 1.

    Args:
        a: (L, E).
        b: (M, E).

    Raises:
        ValueError: if a or b is no matrix of one or more tokens, or they differ in E.
    """
    _check_sizes(a, b)
    cosine = float(_directions(mean_pool(a)) @ _directions(mean_pool(b)))
    return max(-1.0, min(1.0, cosine))  # rounding would leave the range


def contributions(a: Tensor, b: Tensor) -> Tensor:
    """Return how much each pair of tokens adds to the similarity; their sum is the similarity.

    (a_i · b_j) / (L · M · |mean of a| · |mean of b|): a scalar product of two means is the mean of
    all scalar products. All zero where either mean is.

    Args:
        a: (L, E).
        b: (M, E).

    Returns:
        (L, M), float64, of any size and sign: pairs may cancel each other.

    Raises:
        ValueError: as similarity does.
    """
    _check_sizes(a, b)
    return _shares(a) @ _shares(b).T


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of the angle between each pair of tokens, (L, M), float64, -1 to 1.

    Args:
        a: (L, E).
        b: (M, E).

    Raises:
        ValueError: as similarity does.
    """
    _check_sizes(a, b)
    return (_directions(a.double()) @ _directions(b.double()).T).clamp(-1, 1)


def best_matches(matrix: Tensor) -> list[tuple[int, int, float]]:
    """Return each row's number, its best column's, and the value there; the first of equals.

    Greedy matching, in which several rows may have the same best column.
    Source: Zhang et al. (2020), "BERTScore", section 3.

    Args:
        matrix: (L, M), such as cosines; its transpose matches the other way round.

    Raises:
        ValueError: if it is no matrix, or has no column to choose.
    """
    if matrix.dim() != 2 or not matrix.shape[1]:
        raise ValueError(
            f"expected a matrix with one or more columns, got the shape {tuple(matrix.shape)}"
        )
    best = matrix.max(dim=1)
    columns, values = best.indices.tolist(), best.values.tolist()
    return [(row, *match) for row, match in enumerate(zip(columns, values, strict=True))]


def _directions(vectors: Tensor) -> Tensor:
    """Vectors (..., E) of length one; zeros stay."""
    length: Tensor = vectors.norm(dim=-1, keepdim=True)
    return vectors / length.where(length > 0, 1)


def _shares(vectors: Tensor) -> Tensor:
    """(L, E) such that the rows add up to the direction of their mean; zeros where it has none."""
    length = mean_pool(vectors).norm()
    return vectors.double() / (len(vectors) * length) if length else vectors.double() * 0


def _check_sizes(a: Tensor, b: Tensor) -> None:
    if any(x.dim() != 2 or not len(x) for x in (a, b)) or a.shape[1] != b.shape[1]:
        raise ValueError(
            "expected two sentences of one or more tokens with vectors of one size, "
            f"(tokens, embed_size), got the shapes {tuple(a.shape)} and {tuple(b.shape)}"
        )
