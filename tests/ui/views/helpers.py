"""What views show, worked out again or read from the page."""

import re
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest


def rollout(weights: np.ndarray) -> np.ndarray:
    """Abnar & Zuidema (2020): the product of the layers' mean weights with half the identity."""
    length = weights.shape[-1]
    layers = (weights.astype(np.float64).mean(axis=1) + np.eye(length)) / 2
    layers /= layers.sum(axis=-1, keepdims=True)
    rolled = [layers[0]]
    for layer in layers[1:]:
        rolled.append(layer @ rolled[-1])
    return np.stack(rolled)


SPAN = re.compile(r'<span title="([^"]*)">[^<]*</span>')


def steps(page: AppTest) -> dict[str, str]:
    """The last column of the inspector's table, by the first: its numbers in full."""
    (text,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    text = SPAN.sub(r"\1", text)
    lines = [line for line in text.split("\n") if line.startswith("|")][2:]
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]
    return {cell[0].replace("*", "").split(":")[0]: cell[-1] for cell in cells}


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


SIDES = re.compile("M([^,]+),([^H]+)H([^V]+)V([^H]+)H[^Z]+Z")
ROW, COLUMN, PICTURE = 2.5, 1.5, 2.0  # pixels: what a frame is around is told by its line


def framed(figure: dict[str, Any], line: float) -> list[tuple[float, float, float, float]]:
    """The boxes that are framed by such a line: left, top, right and bottom, in design pixels."""
    layout = figure["layout"]
    width, height = layout["xaxis"]["range"][1], layout["yaxis"]["range"][0]
    paths = [
        shape["path"]
        for shape in layout.get("shapes", ())
        if shape["type"] == "path" and shape["line"]["width"] == line
    ]
    return [
        (left * width, (1 - top) * height, right * width, (1 - bottom) * height)
        for path in paths
        for left, top, right, bottom in (map(float, found) for found in SIDES.findall(path))
    ]


def framed_rows(figure: dict[str, Any]) -> list[int]:
    """The framed row of each tile."""
    return [_place(box, tile, 1, "y") for box, tile in _with_tiles(figure, ROW)]


def framed_columns(figure: dict[str, Any]) -> list[int]:
    """The framed column of each tile."""
    return [_place(box, tile, 0, "x") for box, tile in _with_tiles(figure, COLUMN)]


def framed_tiles(figure: dict[str, Any]) -> list[int]:
    """The tiles that are framed as a whole."""
    return [
        i
        for left, top, right, bottom in framed(figure, PICTURE)
        for i, tile in enumerate(_tiles(figure))
        if left < tile["x0"] < right and top < tile["y0"] < bottom
    ]


def _tiles(figure: dict[str, Any]) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["type"] == "heatmap"]


def _with_tiles(figure: dict[str, Any], line: float) -> list[tuple[tuple[float, ...], Any]]:
    boxes, tiles = framed(figure, line), _tiles(figure)
    assert len(boxes) in (0, len(tiles))  # all or none
    return list(zip(boxes, tiles, strict=False))


def _place(box: tuple[float, ...], tile: dict[str, Any], side: int, axis: str) -> int:
    middle, size = (box[side] + box[side + 2]) / 2, tile[f"d{axis}"]
    return int((middle - (tile[f"{axis}0"] - size // 2)) // size)
