"""What attention carries: weights together with the vectors that they are the weights of.

A weight says where a query looks. What comes of it depends also on the vector that is there: a
large weight on a short vector brings little, and a small one on a long vector may bring much. Of
two forms, one takes the value as it is, the other what the output projection makes of it:

    Σ_k A_qk (v_k W_O^h) + b_O / H,   summed over the heads h, is the attention's output,

so that A_qk ‖v_k W_O^h‖ is the length of what key k adds to query q by way of a head. Lengths say
nothing of directions: vectors that point against each other cancel, so that the lengths of a row
add up to more than the length of the sum of the vectors.
Source: Kobayashi et al. (2020), "Attention is Not Only a Weight: Analyzing Transformers with Vector
Norms", equations (3) to (5), where f(x) = (x W_V + b_V) W_O. The letters are explained in the
package's docstring.
"""

from torch import Tensor


def split_projection(weight: Tensor, heads: int) -> Tensor:
    """Return the rows of an output projection that belong to each head.

    Args:
        weight: (H * D, E), what the heads' outputs, side by side, are multiplied by.
        heads: H.

    Returns:
        (H, D, E), a view.

    Raises:
        ValueError: if the rows can't be shared equally among the heads.
    """
    if weight.dim() != 2 or heads < 1 or len(weight) % heads:
        raise ValueError(
            f"expected (H * D, E) numbers for {heads} heads, got the shape {tuple(weight.shape)}"
        )
    return weight.reshape(heads, -1, weight.shape[-1])


def weighted_values(weights: Tensor, values: Tensor) -> Tensor:
    """Return A_qk ‖v_k‖: each weight times the length of its key's value.

    Args:
        weights: (..., H, Q, K).
        values: (..., H, K, D).

    Returns:
        (..., H, Q, K).

    Raises:
        ValueError: if the shapes don't fit together.
    """
    _check(weights, values)
    lengths: Tensor = values.norm(dim=-1)  # (..., H, K)
    return weights * lengths.unsqueeze(-2)


def projected_values(weights: Tensor, values: Tensor, projection: Tensor) -> Tensor:
    """Return A_qk ‖v_k W_O^h‖: each weight times the length of what its key's value becomes.

    Args:
        weights: (..., H, Q, K).
        values: (..., H, K, D), with their bias if they have one.
        projection: (H, D, E), see split_projection.

    Returns:
        (..., H, Q, K).

    Raises:
        ValueError: if the shapes don't fit together.
    """
    _check(weights, values, projection)
    return weighted_values(weights, values @ projection)  # of vectors in (..., H, K, E)


def length_of_sum(weights: Tensor, values: Tensor, projection: Tensor | None = None) -> Tensor:
    """Return ‖Σ_k A_qk v_k‖, or of the projected values: what is left where vectors cancel.

    A row of weighted_values, or of projected_values, adds up to at least as much.

    Args:
        weights: (..., H, Q, K).
        values: (..., H, K, D).
        projection: (H, D, E), see split_projection; None for the values as they are.

    Returns:
        (..., H, Q).

    Raises:
        ValueError: if the shapes don't fit together.
    """
    _check(weights, values, projection)
    added = weights @ values  # (..., H, Q, D)
    lengths: Tensor = (added if projection is None else added @ projection).norm(dim=-1)
    return lengths


def contribution_to_token(
    weights: Tensor, values: Tensor, projection: Tensor, direction: Tensor
) -> Tensor:
    """Return A_qk (v_k W_O^h) · u: what each key adds, by way of a head, along a direction.

    With u = g ∘ w_t / r, where w_t is a token's row of the output embedding, g the final norm's
    weight and r this run's own denominator of that norm, taken as it is, this is what the key adds
    to the token's logit directly, without what later layers make of it. A row adds up to what the
    head adds.

    Args:
        weights: (..., H, Q, K).
        values: (..., H, K, D), with their bias if they have one.
        projection: (H, D, E), see split_projection.
        direction: (E,) u.

    Returns:
        (..., H, Q, K), of both signs.

    Raises:
        ValueError: if the shapes don't fit together.
    """
    _check(weights, values, projection)
    if direction.shape != projection.shape[-1:]:
        raise ValueError(
            f"the direction must be ({projection.shape[-1]},), got {tuple(direction.shape)}"
        )
    along = (values @ (projection @ direction).unsqueeze(-1)).squeeze(-1)  # (..., H, K)
    return weights * along.unsqueeze(-2)


def _check(weights: Tensor, values: Tensor, projection: Tensor | None = None) -> None:
    """Raise ValueError unless the shapes are those of one attention."""
    fits = (
        weights.dim() >= 3
        and values.dim() == weights.dim()
        and weights.shape[:-2] == values.shape[:-2]
        and weights.shape[-1] == values.shape[-2]
    )
    if not fits:
        raise ValueError(
            "weights (..., H, Q, K) and values (..., H, K, D) don't fit together: "
            f"{tuple(weights.shape)} and {tuple(values.shape)}"
        )
    if projection is None:
        return
    heads, size = values.shape[-3], values.shape[-1]
    if projection.dim() != 3 or projection.shape[:2] != (heads, size):
        raise ValueError(
            f"the output projection must be ({heads}, {size}, E), got {tuple(projection.shape)}"
        )
