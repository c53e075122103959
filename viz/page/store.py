"""What pictures have in common is stored once: parts of specifications, and arrays.

The pictures of a run differ in few things. A specification is taken apart into its traces and the
properties of its layout, and each different one is kept once, as JSON. An array is found by its
content: it may be a head of a block that is kept anyhow, transposed, joined with others, or pooled;
then only this recipe is stored.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from ..figure import specification
from .blocks import Codec, as_text, packed, product_difference
from .colors import Scales

PLAIN_BYTES = 200_000  # of all arrays: what is less isn't worth the time to unpack it
LOOSE_BYTES = 500_000  # of arrays that belong to no block, together in one
_TYPES = {"i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"}
_SIMPLE = frozenset({str, int, float, bool, type(None)})
_AS_FLOAT = np.float64  # what isn't one of them


class Product(NamedTuple):
    """Two blocks, (H, R, D) and (H, C, D), whose rows' products a third one is, about."""

    left: int
    right: int
    is_turned: bool = False  # the right one is (H, D, C)


class Store:
    """The parts and arrays of one page."""

    def __init__(self, scales: Scales, prefix: str) -> None:
        self.parts: list[str] = []
        self.recipes: list[list[Any]] = []  # how each matrix is made of blocks
        self._part_numbers: dict[str, int] = {}
        self._matrix_numbers: dict[bytes, int] = {}
        self._blocks: list[np.ndarray] = []
        self._products: dict[int, Product] = {}  # what a block is computed of
        self._loose: dict[int, list[np.ndarray]] = {}  # arrays of no block, by the one they form
        self._sizes: dict[int, int] = {}
        self._open: dict[str, int] = {}  # the block that takes more, by type
        self._scales, self._prefix = scales, prefix

    # Arrays

    def block(self, heads: np.ndarray) -> list[int]:
        """Keep (H, R, C) numbers; return the numbers of their matrices, (H,)."""
        heads = np.ascontiguousarray(heads)
        number = len(self._blocks)
        found = [self._matrix_numbers.get(_digest(matrix)) for matrix in heads]
        known = [each for each in found if each is not None]
        if len(known) == len(found):
            return known
        self._blocks.append(heads)
        return [self.recipe(heads[h], ["head", number, h]) for h in range(len(heads))]

    def product(self, heads: np.ndarray, of: "Product") -> list[int]:
        """Keep (H, R, C) numbers that are about the product of two blocks that are kept."""
        before = len(self._blocks)
        numbers = self.block(heads)
        if len(self._blocks) > before and np.isfinite(heads).all():
            self._products[before] = of
        return numbers

    def block_of(self, matrix: int) -> int:
        """Return the block that a matrix is a head of."""
        block: int = self.recipes[matrix][1]
        return block

    def recipe(self, matrix: np.ndarray, recipe: list[Any]) -> int:
        """Return the number of a matrix, made by that recipe unless it is known already."""
        digest = _digest(np.ascontiguousarray(matrix))
        if digest not in self._matrix_numbers:
            self._matrix_numbers[digest] = len(self.recipes)
            self.recipes.append(recipe)
        return self._matrix_numbers[digest]

    def array(self, array: np.ndarray) -> int:
        """Return the number of any array, kept if it isn't known."""
        array = np.ascontiguousarray(array)
        if f"{array.dtype.kind}{array.dtype.itemsize}" not in _TYPES:
            array = array.astype(_AS_FLOAT)
        number = self._matrix_numbers.get(_digest(array))
        return self._keep_loose(array) if number is None else number

    def _keep_loose(self, array: np.ndarray) -> int:
        kind = array.dtype.str
        block = self._open.get(kind, -1)
        if block < 0 or self._sizes[block] * array.itemsize > LOOSE_BYTES:
            block = self._open[kind] = len(self._blocks)
            self._blocks.append(array[:0].reshape(-1))
            self._loose[block], self._sizes[block] = [], 0
        start = self._sizes[block]
        self._loose[block].append(array.reshape(-1))
        self._sizes[block] += array.size
        return self.recipe(array, ["part", block, start, list(array.shape)])

    # Specifications

    def spec(self, figure: go.Figure, *, is_plain: bool = False) -> dict[str, Any]:
        """Return a figure as numbers of parts and of arrays.

        Args:
            figure: drawn with the numbered theme.
            is_plain: it wasn't; its colours stay.
        """
        spec = specification(figure)
        made: dict[str, Any] = {
            "data": [self._trace(trace) for trace in spec["data"]],
            "layout": self._layout(spec.get("layout", {})),
        }
        if is_plain:
            made["plain"] = 1
        if frames := spec.get("frames"):
            made["frames"] = [self._frame(frame) for frame in frames]
        return made

    def _frame(self, frame: Any) -> dict[str, Any]:
        kept = {key: value for key, value in frame.items() if key not in ("data", "layout")}
        made = {"rest": self.part(kept), "data": [self._trace(t) for t in frame.get("data", ())]}
        if layout := frame.get("layout"):
            made["layout"] = self._layout(layout)
        return made

    def _trace(self, trace: dict[str, Any]) -> list[Any]:
        """[part, {key: matrix}]: arrays stand apart, so that traces of other numbers share it."""
        arrays = {
            key: array for key, value in trace.items() if (array := _array_in(value)) is not None
        }
        part = self.part({key: value for key, value in trace.items() if key not in arrays})
        return [part, {key: self.array(array) for key, array in arrays.items()}]

    def _layout(self, layout: dict[str, Any]) -> list[int]:
        return [self.part({key: value}) for key, value in layout.items()]

    def part(self, value: Any) -> int:
        """Return the number of a part of a specification."""
        text = as_json(self._plain(value))
        if text not in self._part_numbers:
            self._part_numbers[text] = len(self.parts)
            self.parts.append(text)
        return self._part_numbers[text]

    def _plain(self, value: Any) -> Any:
        """The value with colour scales as names, and arrays within as marks."""
        if isinstance(value, dict):
            if (array := _array_in(value)) is not None:
                return {"@": self.array(array)}
            return {
                key: inner if type(inner) in _SIMPLE else self._plain_property(key, inner)
                for key, inner in value.items()
            }
        if isinstance(value, np.ndarray):
            return {"@": self.array(value)}
        if (
            isinstance(value, (list, tuple))
            and value
            and not isinstance(value[0], (str, int, float))
        ):
            return [self._plain(each) for each in value]
        return value

    def _plain_property(self, key: str, value: Any) -> Any:
        if key == "colorscale" and (name := self._scales.name_of(value)):
            return f"@{self._prefix}:{name}"
        return self._plain(value)

    # Blocks as text

    def written(self) -> tuple[list[list[Any]], list[str]]:
        """Return what each block is ([codec, type, shape, made of]) and its text."""
        for place, parts in self._loose.items():
            self._blocks[place] = np.concatenate(parts)
        is_small = sum(block.nbytes for block in self._blocks) <= PLAIN_BYTES
        abouts, texts = [], []
        for number, block in enumerate(self._blocks):
            codec, text = self._encoded(number, block, is_small=is_small)
            made_of = list(self._products[number]) if codec == "product" else []
            kind = f"{block.dtype.kind}{block.dtype.itemsize}"
            abouts.append([codec, kind, list(block.shape), *made_of])
            texts.append(text)
        return abouts, texts

    def _encoded(self, number: int, block: np.ndarray, *, is_small: bool) -> tuple[Codec, str]:
        if is_small:
            return "plain", as_text(block)
        if number in self._products:
            of = self._products[number]
            left, right = self._blocks[of.left], self._blocks[of.right]
            right = right.transpose(0, 2, 1) if of.is_turned else right
            return "product", packed(product_difference(block, left, right))
        return "packed", packed(block)


def _digest(array: np.ndarray) -> bytes:
    about = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.blake2b(array.tobytes(), digest_size=16, key=about[:64]).digest()


def _array_in(value: Any) -> np.ndarray | None:
    """The array that a property is; None for any other."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiub" else None
    if isinstance(value, dict) and "bdata" in value:
        array = np.frombuffer(base64.b64decode(value["bdata"]), dtype=np.dtype(value["dtype"]))
        shape = value.get("shape", "")
        sizes = [int(size) for size in str(shape).split(",")] if shape else [-1]
        return array.reshape(sizes)
    return None


def as_json(value: Any) -> str:
    """Return JSON in ASCII that can stand in a script's element: no < and nothing but numbers."""
    try:
        text = _compact(value)
    except ValueError:  # NaN, which JSON doesn't know
        text = _compact(_without_nan(value))
    return text.replace("<", "\\u003c")


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_as_list, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_without_nan(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _as_list(value: Any) -> Any:
    """What JSON doesn't know: numbers of numpy, and arrays of texts."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a figure can't hold {type(value).__name__}")
