"""From a content to what the page's script draws: specifications, by what is chosen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..chain import draw_chain
from ..equation import HEIGHT as EQUATION_HEIGHT
from ..equation import TALL_HEIGHT as TALL_EQUATION
from ..equation import Matrix, draw_equation, term_labels, term_trace
from ..figure import specification
from ..labels import visible
from ..marks import CELLS_OUTSIDE
from ..overview import Overview, draw_overview, overview_grid
from ..pooling import pool_extremes
from ..theme import Theme
from ..tiles import Tiles, draw_tiles, grid_of
from ..weight_scale import WeightScale
from . import figures
from .content import Attention, Layer, Picture
from .figures import Sides
from .store import Product, Store
from .words import Words

FEW_TERMS = 3  # of an equation: with fewer there is room to draw them larger
MOST_THUMBNAILS = 64  # along a side of the picture of all layers


class Pictures:
    """Draws a content's pictures, and keeps what they are made of."""

    def __init__(self, store: Store, theme: Theme, words: Words, scale: WeightScale) -> None:
        self.store, self.theme, self.words, self.scale = store, theme, words, scale

    # Pictures as they stand

    def picture(self, picture: Picture) -> dict[str, Any]:
        """Return a picture that is shown as it stands."""
        sizes = [self._standing(picture.figure)]
        if picture.narrow is not None:
            sizes.append(self._standing(picture.narrow))
        return {"name": picture.name, "caption": picture.caption, "sizes": sizes}

    def _standing(self, figure: Any) -> dict[str, Any]:
        if isinstance(figure, go.Figure):
            return self.store.spec(figure, is_plain=True)
        return self.store.spec(figure(self.theme))

    # Attention

    def attention(self, attention: Attention, sides: Sides, *, is_pooled: bool) -> dict[str, Any]:
        """Return one attention: its layers, its words, and the picture of all layers."""
        layers, whole = [], []
        for layer, name in zip(
            attention.layers, figures.layer_names(attention, self.words), strict=True
        ):
            shown = self._keep(layer)
            whole.append(shown)
            layers.append({"name": name, **self._layer(layer, sides), "strip": shown})
        made: dict[str, Any] = {
            "kind": attention.kind,
            "sentence": attention.sentence,
            "layers": layers,
        }
        if not is_pooled:
            made |= _strip_words(attention)
        if not attention.is_whole:
            made["merged"] = 1
        few = max(len(attention.layers), attention.layers[0].heads) <= MOST_THUMBNAILS
        overview = figures.thumbnails(attention, sides, self.words, self.scale) if few else None
        if overview is not None:
            made["all"] = self._overview(overview, whole)
        return made

    def _keep(self, layer: Layer) -> list[int]:
        """Keep a layer's arrays, each once; return the shown weights, a matrix a head."""
        store = self.store
        weights = store.block(figures.masked_as_nan(layer.weights, layer.allowed))
        shown = store.block(figures.shown_weights(layer)[0])
        queries, keys, values = (
            None if array is None else store.block(np.asarray(array, np.float32))
            for array in (layer.queries, layer.keys, layer.values)
        )
        energies = None
        if layer.energy is not None:
            energy = np.asarray(layer.energy, np.float32)
            if queries and keys:
                of = Product(store.block_of(queries[0]), store.block_of(keys[0]))
                energies = store.product(energy, of)
            else:
                energies = store.block(energy)
            self._keep_scores(layer, energy, energies, weights)
        if layer.head_outputs is not None:
            outputs = np.asarray(layer.head_outputs, np.float32)
            if values:
                of = Product(store.block_of(weights[0]), store.block_of(values[0]), is_turned=True)
                store.product(outputs, of)
            else:
                store.block(outputs)
        if queries and keys and values:
            self._keep_side_by_side(layer, (queries, keys, values))
        return shown

    def _keep_scores(
        self, layer: Layer, energy: np.ndarray, energies: Sequence[int], weights: Sequence[int]
    ) -> None:
        """Keep scores as energies by their divisor, where that gives the same numbers."""
        if layer.scores is None:
            return
        scores = figures.masked_as_nan(layer.scores, layer.allowed)
        divisor = np.float32(layer.divisor or 1.0)
        divided = figures.masked_as_nan(energy / divisor, layer.allowed)
        if np.array_equal(scores, divided, equal_nan=True):
            for head, matrix in enumerate(scores):
                recipe = ["divided", energies[head], float(divisor), weights[head]]
                self.store.recipe(matrix, recipe)
        else:
            self.store.block(scores)

    def _keep_side_by_side(self, layer: Layer, of: tuple[list[int], list[int], list[int]]) -> None:
        assert layer.queries is not None
        assert layer.keys is not None
        keys = np.asarray(layer.keys, np.float32)
        for head, number in enumerate(of[1]):
            self.store.recipe(keys[head].T, ["turned", number])
        joined, _labels = figures.side_by_side(layer, self.words)
        gap = figures.gap_of(layer.queries.shape[2])
        for head, matrix in enumerate(joined):
            parts = [numbers[head] for numbers in of]
            self.store.recipe(matrix, ["joined", parts, gap, len(matrix)])

    def _layer(self, layer: Layer, sides: Sides) -> dict[str, Any]:
        stages = {}
        for stage in figures.stages_of(layer):
            tiles = figures.stage_tiles(layer, stage, sides, self.words, self.scale)
            stages[stage] = [self._grid(tiles), self._grid(figures.narrow(tiles))]
        return {
            "heads": list(figures.head_numbers(layer)),
            "stages": stages,
            **self._heads(layer, sides),
        }

    def _grid(self, tiles: Tiles) -> dict[str, Any]:
        grid = grid_of(tiles)
        block = (grid.pooled_rows, grid.pooled_columns)
        if grid.is_pooled:
            for matrix in tiles.values:
                self._keep_pooled(matrix, block)
        spec = self.store.spec(draw_tiles(tiles, self.theme))
        across = grid.tile_columns * grid.cell_width
        boxes = [[grid.left(i), grid.top(i), across] for i in range(len(tiles.values))]
        spec["rows"] = [
            {
                "size": [grid.width, grid.height],
                "boxes": boxes,
                "high": grid.cell_height,
                "pool": grid.pooled_rows,
                "count": grid.tile_rows,
                "outside": CELLS_OUTSIDE,
                "axes": ["x", "y"],
            }
        ]
        if grid.is_pooled:
            spec["pooled"] = block
        return spec

    def _keep_pooled(self, matrix: np.ndarray, block: tuple[int, int]) -> None:
        number = self.store.array(matrix)
        self.store.recipe(pool_extremes(matrix, *block), ["pooled", number, *block])

    def _heads(self, layer: Layer, sides: Sides) -> dict[str, Any]:
        """Return the equations of a layer's heads: what they share, and what each one has."""
        every = [
            figures.equation_terms(layer, head, sides, self.words, self.scale)
            for head in range(layer.heads)
        ]
        first = every[0]
        height = EQUATION_HEIGHT if len(first) > FEW_TERMS else TALL_EQUATION
        wide = draw_equation(first, self.theme, height=height)
        terms = [[self._term(term) for term in each] for each in every]
        limits = [term[3] for term in terms[0]]
        sizes = [
            self._equation(figure, first, limits)
            for figure in (wide, draw_chain(first, self.theme))
        ]
        return {"equation": sizes, "terms": terms}

    def _term(self, term: Matrix) -> list[Any]:
        """[matrix, low, high, what is said of the range] of one term."""
        if term.block != (1, 1):
            self._keep_pooled(term.values, term.block)
        limits, trace = term_trace(term, "", self.theme)
        return [self.store.array(trace["z"]), trace["zmin"], trace["zmax"], limits]

    def _equation(
        self, figure: go.Figure, terms: Sequence[Matrix], limits: Sequence[str]
    ) -> dict[str, Any]:
        spec = self.store.spec(figure)
        texts = [each["text"] for each in specification(figure)["layout"]["annotations"]]
        said, after = [], 0
        for limit in limits:
            after = next(i for i in range(after, len(texts)) if texts[i].endswith(limit))
            said.append([after, texts[after].removesuffix(limit)])
            after += 1
        spec["said"], spec["rows"] = said, []
        for number, term in enumerate(terms):
            if term.row_word != self.words.query_word:
                continue
            suffix = "" if number == 0 else str(number + 1)
            rows = len(term_labels(term)[0])
            spec["rows"].append(
                {
                    "size": [1, rows],
                    "boxes": [[0, 0, 1]],
                    "high": 1,
                    "pool": term.block[0],
                    "count": rows,
                    "outside": 0,
                    "axes": [f"x{suffix}", f"y{suffix}"],
                }
            )
        block = max((term.block for term in terms), key=lambda each: each[0] * each[1])
        if block != (1, 1):
            spec["pooled"] = block
        return spec

    def _overview(self, overview: Overview, matrices: Sequence[Sequence[int]]) -> dict[str, Any]:
        grid = overview_grid(overview)
        figure = draw_overview(overview, self.theme)
        z = specification(figure)["data"][0]["z"]
        sides = [
            {
                "pool": strip.pooled,
                "cells": strip.cells,
                "steps": strip.steps,
                "period": strip.period,
                "length": strip.length,
            }
            for strip in (grid.down, grid.across)
        ]
        self.store.recipe(z, ["mosaic", [list(row) for row in matrices], *sides])
        spec = self.store.spec(figure)
        spec["mosaic"] = sides
        if (grid.pooled_rows, grid.pooled_columns) != (1, 1):
            spec["pooled"] = (grid.pooled_rows, grid.pooled_columns)
        return spec


def _strip_words(attention: Attention) -> dict[str, Any]:
    """The tokens that stand above the pictures, as they are to be read."""
    queries = attention.queries if attention.shown_queries is None else attention.shown_queries
    keys = attention.keys if attention.shown_keys is None else attention.shown_keys
    made: dict[str, Any] = {"queries": [visible(token) for token in queries]}
    if tuple(keys) != tuple(queries):
        made["keys"] = [visible(token) for token in keys]
    return made
