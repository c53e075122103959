"""One head as a chain: what stands below what, and what of it belongs to the chosen query."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from viz.chain import draw_chain
from viz.contributions import Contributions
from viz.equation import Matrix
from viz.labels import dimension_labels, token_labels
from viz.theme import LIGHT

WORDS = token_labels(["cat", "sat", "here"])
SIZES = dimension_labels(2)
Q = np.array([[1, -4], [2, 3], [0, 5]], dtype=np.float32)
KEYS = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
WEIGHTS = np.array([[1, 0, 0], [0.25, 0.75, 0], [0.2, 0.2, 0.6]], dtype=np.float32)
MADE_OF = Contributions(np.array([0.25, 0.75, 0]), np.array([4.0, 2, 1]), WORDS)


def terms(row: int | None) -> list[Matrix]:
    words = ("query", "key")
    masked = WEIGHTS == 0
    return [
        Matrix(Q, "Q", WORDS, SIZES, *words, ("L = 3", "D = 2"), "×", row=row, concept="query"),
        Matrix(KEYS, "Kᵀ", SIZES, WORDS, *words, ("D = 2", "L = 3"), "→", concept="key"),
        Matrix(
            np.where(masked, np.float32("nan"), WEIGHTS), "weights", WORDS, WORDS, *words,
            ("L = 3", "L = 3"), "", diverging=False, masked=masked, row=row,
        ),
    ]  # fmt: skip


def layout(row: int | None, made_of: Contributions | None = None) -> dict[str, Any]:
    made: dict[str, Any] = draw_chain(terms(row), LIGHT, made_of).to_dict()["layout"]
    return made


def test_of_a_chosen_query_its_own_row_is_drawn_and_of_keys_all() -> None:
    figure = draw_chain(terms(1), LIGHT)
    queries, keys, weights = (np.asarray(trace.z) for trace in figure.data)
    np.testing.assert_array_equal(queries, [[2, 3]])
    np.testing.assert_array_equal(keys, KEYS)
    np.testing.assert_array_equal(weights, [[0.25, 0.75, np.nan]])
    assert [trace.zmax for trace in figure.data] == pytest.approx([3, 6, 0.75])
    assert list(figure.layout.yaxis.ticktext) == ["sat"]
    assert figure.layout.yaxis.labelalias["0"] == "sat (position 1)"
    assert list(figure.layout.xaxis3.ticktext) == ["cat", "sat", "here"]


def test_without_a_query_the_matrices_are_whole() -> None:
    figure = draw_chain(terms(None), LIGHT)
    assert [np.shape(trace.z) for trace in figure.data] == [(3, 2), (2, 3), (3, 3)]


def test_terms_stand_below_one_another_over_the_whole_width() -> None:
    made = layout(1, MADE_OF)
    assert [made[f"xaxis{n}"]["domain"] for n in ("", 2, 3, 4)] == [[0, 1]] * 3 + [[0, 1]]
    down = [made[f"yaxis{n}"]["domain"] for n in ("", 2, 3, 4)]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(down))
    assert down[-1][0] > 0
    assert down[0][1] < 1
    # A single row is as high as any other; two rows are higher, in pixels.
    plot = made["height"] - made["margin"]["t"] - made["margin"]["b"]
    heights = [(top - bottom) * plot for bottom, top in down]
    assert heights == pytest.approx([30, 32, 30, 3 * 18])


def test_a_terms_sign_name_shape_and_range_stand_above_it() -> None:
    made = layout(1, MADE_OF)
    notes = [note["text"] for note in made["annotations"]]
    assert notes == [
        "<b>Q</b>", "D = 2 · -3 … 3",
        "× <b>Kᵀ</b>", "D = 2 × L = 3 · -6 … 6",
        "→ <b>weights</b>", "L = 3 · 0 … 0.75",
        "<b>made of</b>", "weight × length",
    ]  # fmt: skip
    names = made["annotations"][::2]
    assert [note["font"]["color"] for note in names[:2]] == [LIGHT.query, LIGHT.key]
    tops = [made[f"yaxis{n}"]["domain"][1] for n in ("", 2, 3, 4)]
    assert [note["y"] for note in names] == tops


def test_what_is_masked_in_the_row_is_striped() -> None:
    (stripes,) = layout(1)["images"]
    assert (stripes["xref"], stripes["yref"]) == ("x3", "y3")
    assert (stripes["sizex"], stripes["sizey"]) == (3, 1)


def test_the_rows_own_bars_name_their_keys() -> None:
    figure = draw_chain(terms(1), LIGHT, MADE_OF)
    assert list(figure.data[3].x) == [1, 1.5, 0]
    assert list(figure.layout.yaxis4.ticktext) == ["cat", "sat", "here"]
    assert figure.layout.yaxis4.showticklabels
