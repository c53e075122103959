"""What pictures have in common is stored once."""

import json

import numpy as np
import plotly.graph_objects as go

from viz.page.colors import Scales, numbered_theme, slots
from viz.page.store import Store, as_json
from viz.theme import DARK, LIGHT, color_scale

PREFIX = "fabc"


def new_store() -> Store:
    return Store(Scales(numbered_theme(PREFIX)), PREFIX)


def test_equal_parts_and_arrays_are_kept_once() -> None:
    store = new_store()
    z = np.arange(6, dtype=np.float32).reshape(2, 3)
    figure = {"type": "heatmap", "z": z, "name": "a"}
    first = store.spec(go.Figure({"data": [figure], "layout": {"height": 10}}))
    again = store.spec(go.Figure({"data": [figure], "layout": {"height": 10}}))
    other = store.spec(go.Figure({"data": [{**figure, "z": z + 1}], "layout": {"height": 10}}))
    assert first == again
    assert other["data"][0][0] == first["data"][0][0]  # the same part, with other numbers
    assert other["data"][0][1] != first["data"][0][1]
    assert other["layout"] == first["layout"]


def test_a_matrix_of_a_block_is_found_again() -> None:
    store = new_store()
    heads = np.random.default_rng(0).random((2, 3, 4)).astype(np.float32)
    numbers = store.block(heads)
    assert store.array(heads[1].copy()) == numbers[1]
    turned = store.recipe(heads[0].T, ["turned", numbers[0]])
    assert store.array(np.ascontiguousarray(heads[0].T)) == turned
    assert store.recipes[turned] == ["turned", numbers[0]]


def test_loose_arrays_share_blocks_by_type() -> None:
    store = new_store()
    floats = [store.array(np.full(3, i, dtype=np.float32)) for i in range(2)]
    store.array(np.arange(2, dtype=np.int32))
    assert [store.recipes[each] for each in floats] == [
        ["part", 0, 0, [3]], ["part", 0, 3, [3]],
    ]  # fmt: skip
    abouts, texts = store.written()
    assert [about[:3] for about in abouts] == [["plain", "f4", [6]], ["plain", "i4", [2]]]
    assert len(texts) == 2


def test_json_can_stand_in_a_script() -> None:
    text = as_json(
        {"a": "</script><!--", "b": [float("nan"), np.float32(0.5)], "c": "\ud800\u2028"}
    )
    assert text.isascii()
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--", "b": [None, 0.5], "c": "\ud800\u2028"}


def test_every_colour_has_a_number() -> None:
    theme = numbered_theme(PREFIX)
    assert slots(theme) == [f"#{PREFIX}{i:02x}" for i in range(len(slots(LIGHT)))]
    assert slots(LIGHT)[slots(theme).index(theme.masked)] == LIGHT.masked
    assert slots(DARK)[slots(theme).index(theme.lines[2])] == DARK.lines[2]


def test_colour_scales_are_named() -> None:
    store, theme = new_store(), numbered_theme(PREFIX)
    part = store.part({"colorscale": color_scale(theme.diverging)})
    assert json.loads(store.parts[part]) == {"colorscale": f"@{PREFIX}:signed"}
    own = store.part({"colorscale": [[0, "#000000"], [1, "#ffffff"]]})
    assert json.loads(store.parts[own]) == {"colorscale": [[0, "#000000"], [1, "#ffffff"]]}
