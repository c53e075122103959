"""An attention as the app's figures: what is in which cell, and in what words."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..equation import Matrix
from ..labels import AxisLabels, dimension_labels, token_labels
from ..overview import Overview
from ..theme import Concept
from ..tiles import Tiles, stacked
from ..weight_scale import LINEAR, WeightScale
from .content import Attention, Layer
from .words import Words

STAGES = ("qkv", "energy", "scores", "weights", "head_outputs", "output")
BETWEEN = ("energy", "scores", "weights")  # whose cells are pairs of tokens
LETTERS: dict[str, Concept] = {"Q": "query", "K": "key", "V": "value"}
NARROW = 250  # design pixels of the one head that a phone is as wide as


def stages_of(layer: Layer) -> list[str]:
    """Return what is known of a layer, in the order in which it is computed."""
    vectors = (layer.queries, layer.keys, layer.values)
    has_vectors = all(each is not None for each in vectors)
    return [
        stage
        for stage in STAGES
        if (has_vectors if stage == "qkv" else getattr(layer, stage) is not None)
    ]


def masked_as_nan(values: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """Return (H, Q, K) float32 numbers, NaN where a query may not attend."""
    values = np.asarray(values, dtype=np.float32)
    if allowed is None or allowed.all():
        return values
    return np.where(allowed, values, np.float32("nan"))


def shown_weights(layer: Layer) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the weights as all heads show them, NaN where masked, and what is allowed."""
    if layer.shown_weights is None:
        return masked_as_nan(layer.weights, layer.allowed), layer.allowed
    return masked_as_nan(layer.shown_weights, layer.shown_allowed), layer.shown_allowed


def head_numbers(layer: Layer) -> range:
    """Return the heads' numbers."""
    return range(layer.first_head, layer.first_head + layer.heads)


def head_names(layer: Layer, words: Words) -> list[str]:
    """Return what the heads are called."""
    return [words.head_name.format(number=number) for number in head_numbers(layer)]


class Sides:
    """The labels of an attention's tokens, as they stand at axes."""

    def __init__(self, attention: Attention, words: Words) -> None:
        def labels(given: AxisLabels | None, tokens: Sequence[str]) -> AxisLabels:
            return token_labels(tokens, words.position_word) if given is None else given

        self.queries = labels(attention.query_labels, attention.queries)
        self.keys = labels(attention.key_labels, attention.keys)
        self.shown_queries, self.shown_keys = self.queries, self.keys
        if attention.shown_queries is not None and attention.shown_keys is not None:
            self.shown_queries = labels(attention.shown_query_labels, attention.shown_queries)
            self.shown_keys = labels(attention.shown_key_labels, attention.shown_keys)


def stage_tiles(layer: Layer, stage: str, sides: Sides, words: Words, scale: WeightScale) -> Tiles:
    """Return the tiles of a stage: one a head, or one for the output."""
    if stage in BETWEEN:
        return _between_tokens(layer, stage, sides, words, scale)
    names, rows, letters = head_names(layer, words), sides.queries, None
    if stage == "qkv":
        values, columns = side_by_side(layer, words)
        letters, title = LETTERS, words.qkv_value
        if len(sides.keys) != len(sides.queries) or sides.keys.short != sides.queries.short:
            rows = dimension_labels(values.shape[1], dimension=words.position_word)
    elif stage == "output":
        assert layer.output is not None
        values, names, title = layer.output[None], [words.through_output], words.output_value
        columns = dimension_labels(values.shape[-1], dimension=words.dimension_word)
    else:
        assert layer.head_outputs is not None
        values, title = layer.head_outputs, words.head_output_value
        columns = dimension_labels(values.shape[-1], dimension=words.dimension_word)
    return Tiles(
        values=np.asarray(values, dtype=np.float32),
        names=names,
        rows=rows,
        columns=columns,
        row_title=words.token_word,
        column_title=words.dimension_word,
        value_title=title,
        diverging=True,
        row_word=words.token_word,
        column_word=words.at_word,
        masked_text=words.gap,
        letters=letters,
    )


def _between_tokens(
    layer: Layer, stage: str, sides: Sides, words: Words, scale: WeightScale
) -> Tiles:
    rows, columns = sides.queries, sides.keys
    if stage == "weights":
        (values, allowed), title = shown_weights(layer), words.weight_value
        rows, columns = sides.shown_queries, sides.shown_keys
    elif stage == "scores":
        assert layer.scores is not None
        values, allowed = masked_as_nan(layer.scores, layer.allowed), layer.allowed
        title = words.score_value
    else:
        assert layer.energy is not None
        values, allowed, title = np.asarray(layer.energy, np.float32), None, words.energy_value
    return Tiles(
        values=values,
        names=head_names(layer, words),
        short_names=[str(head) for head in head_numbers(layer)],
        rows=rows,
        columns=columns,
        row_title=words.query_axis,
        column_title=words.key_axis,
        row_concept="query",
        column_concept="key",
        row_word=words.query_word,
        column_word=words.key_word,
        value_title=title,
        diverging=stage != "weights",
        masked=None if allowed is None or allowed.all() else ~allowed,
        masked_text=words.masked,
        scale=scale if stage == "weights" else LINEAR,
    )


def gap_of(width: int) -> int:
    """Return how many empty columns stand between Q, K and V of that many dimensions."""
    return max(1, width // 8)


def side_by_side(layer: Layer, words: Words) -> tuple[np.ndarray, AxisLabels]:
    """Return Q, K and V as one matrix with empty columns between, and what its columns are.

    A shorter one of them ends in empty rows.
    """
    matrices = [np.asarray(m, np.float32) for m in (layer.queries, layer.keys, layer.values)]
    heads, _rows, width = matrices[0].shape
    length, gap = max(matrix.shape[1] for matrix in matrices), gap_of(width)
    wide = sum(matrix.shape[2] for matrix in matrices) + 2 * gap
    joined = np.full((heads, length, wide), np.nan, dtype=np.float32)
    short, full, left = [""] * wide, [""] * wide, 0
    for letter, matrix in zip(LETTERS, matrices, strict=True):
        size = matrix.shape[2]
        joined[:, : matrix.shape[1], left : left + size] = matrix
        short[left + (size - 1) // 2] = letter
        full[left : left + size] = dimension_labels(size, letter, words.dimension_word).full
        left += size + gap
    return joined, AxisLabels(tuple(short), tuple(full))


def narrow(tiles: Tiles) -> Tiles:
    """Return the tiles below one another, as a phone shows them."""
    return stacked(tiles, width=NARROW, highest=NARROW)


def equation_terms(
    layer: Layer, head: int, sides: Sides, words: Words, scale: WeightScale
) -> list[Matrix]:
    """Return what is known of Q × Kᵀ = energy → scores → weights × V = output, for one head."""
    allowed = layer.allowed
    masked = None if allowed is None or allowed.all() else ~allowed
    size = (f"{len(sides.queries)}", f"{len(sides.keys)}")
    weights = Matrix(
        masked_as_nan(layer.weights[head], allowed),
        words.term_weights,
        sides.queries,
        sides.keys,
        words.query_word,
        words.key_word,
        size,
        "×",
        diverging=False,
        masked=masked,
        masked_text=words.masked,
        scale=scale,
    )
    terms: list[Matrix] = []
    if layer.queries is not None and layer.keys is not None:
        terms += [
            _vectors(
                layer.queries[head], "Q", sides.queries, words.query_word, "×", words, "query"
            ),
            _transposed(layer.keys[head], sides.keys, words),
        ]
    if layer.energy is not None:
        values = np.asarray(layer.energy[head], np.float32)
        signed = replace(weights, diverging=True, scale=LINEAR, sign="→")
        terms.append(replace(signed, values=values, name=words.term_energy, masked=None))
    if layer.scores is not None:
        signed = replace(weights, diverging=True, scale=LINEAR, sign="→")
        values = masked_as_nan(layer.scores[head], allowed)
        terms.append(replace(signed, values=values, name=words.term_scores))
    ends = layer.values is not None and layer.head_outputs is not None
    terms.append(replace(weights, name=words.term_weights, sign="×" if ends else ""))
    if layer.values is not None and layer.head_outputs is not None:
        terms += [
            _vectors(layer.values[head], "V", sides.keys, words.key_word, "=", words, "value"),
            _vectors(
                layer.head_outputs[head],
                words.term_output,
                sides.queries,
                words.query_word,
                "",
                words,
            ),
        ]
    return terms


def _vectors(
    values: np.ndarray,
    name: str,
    tokens: AxisLabels,
    word: str,
    sign: str,
    words: Words,
    concept: Concept | None = None,
) -> Matrix:
    labels = dimension_labels(values.shape[1], dimension=words.dimension_word)
    size = (f"{len(tokens)}", f"{len(labels)}")
    values = np.asarray(values, np.float32)
    return Matrix(values, name, tokens, labels, word, "", size, sign, concept=concept)


def _transposed(keys: np.ndarray, tokens: AxisLabels, words: Words) -> Matrix:
    labels = dimension_labels(keys.shape[1], dimension=words.dimension_word)
    size = (f"{len(labels)}", f"{len(tokens)}")
    values = np.ascontiguousarray(np.asarray(keys, np.float32).T)
    return Matrix(values, "Kᵀ", labels, tokens, "", words.key_word, size, "=", concept="key")


def thumbnails(
    attention: Attention, sides: Sides, words: Words, scale: WeightScale
) -> Overview | None:
    """Return every head of every layer; None where layers have different numbers of heads."""
    layers = attention.layers
    if len({layer.heads for layer in layers}) > 1 or len(layers) * layers[0].heads < 2:
        return None
    every = [shown_weights(layer) for layer in layers]
    allowed = [each for _weights, each in every]
    hidden = None
    if all(each is not None for each in allowed):
        hidden = ~np.any([each for each in allowed if each is not None], axis=0)
    return Overview(
        values=np.stack([weights for weights, _allowed in every]),
        layer_names=layer_names(attention, words),
        head_names=head_names(layers[0], words),
        rows=sides.shown_queries,
        columns=sides.shown_keys,
        value_title=words.weight_value,
        diverging=False,
        masked=hidden,
        masked_text=words.masked,
        layer_title=words.layer_word,
        head_title=words.head_word,
        row_word=words.query_word,
        column_word=words.key_word,
        scale=scale,
    )


def layer_names(attention: Attention, words: Words) -> list[str]:
    """Return what the layers are called."""
    return [
        layer.name or words.layer_name.format(number=number)
        for number, layer in enumerate(attention.layers)
    ]
