"""Figures from ready specifications, fast enough to make one for each key press."""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go


class SpecFigure(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A go.Figure that takes its specification as it is, until somebody looks inside.

    Building a go.Figure checks and copies each property: 3.6 ms for eight heads, and 1.1 ms more
    to write it out again, where everything else on the page takes about 6. A page only draws the
    figure, and for that the specification is enough. Whoever reads or changes a property gets the
    complete figure, checked then: tests do, so that a wrong specification is found.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.__dict__["_spec"] = spec

    def __getattr__(self, name: str) -> Any:
        # Called for what an unbuilt figure doesn't have yet.
        spec = self.__dict__.pop("_spec", None)
        if spec is None:
            raise AttributeError(name)
        super().__init__(spec)
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        """Return the specification, with arrays as Plotly's typed arrays (base64)."""
        spec = self.__dict__.get("_spec")
        if spec is None:
            complete: dict[str, Any] = super().to_dict()
            return complete
        traces = _typed(spec["data"])
        made = {"data": traces, "layout": {**spec["layout"], "datarevision": _revision(traces)}}
        if "frames" in spec:
            made["frames"] = [{**frame, "data": _typed(frame["data"])} for frame in spec["frames"]]
        return made


def specification(figure: go.Figure) -> dict[str, Any]:
    """Return what a figure is made of, with its arrays as they are where it still has them."""
    spec: dict[str, Any] | None = figure.__dict__.get("_spec")
    if spec is None:
        spec = figure.to_dict()
    return spec


# What is measured in pixels, wherever it stands in a specification.
_PIXELS = frozenset(
    {
        *("l", "r", "t", "b", "pad", "height", "size", "standoff", "xshift", "yshift", "ticklen"),
        *("thickness", "xpad", "ypad", "itemwidth", "tracegroupgap", "outlinewidth"),
    }
)
_WIDE = frozenset({"line", "error_y"})  # whose widths are pixels, too


def enlarged(figure: go.Figure, by: float) -> go.Figure:
    """Return a figure with all that is measured in pixels so many times larger.

    Its texts, lines and margins keep their proportions to each other: it is as if the screen had
    come nearer. Its width is that of its place, and stays.

    Args:
        figure: is left as it is.
        by: more than 0.
    """
    spec = figure.to_dict()
    layout = _enlarged(spec["layout"], by)
    data = [_enlarged(trace, by) for trace in spec["data"]]
    return SpecFigure({**spec, "data": data, "layout": layout})


def _enlarged(part: Any, by: float, of: str = "") -> Any:
    """A part of a specification, which is a property of that name."""
    if isinstance(part, dict):
        return {key: _enlarged_property(key, value, by, of) for key, value in part.items()}
    if isinstance(part, (list, tuple)) and any(isinstance(each, dict) for each in part):
        return [_enlarged(each, by, of) for each in part]
    return part


def _enlarged_property(key: str, value: Any, by: float, of: str) -> Any:
    is_length = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_length and (key in _PIXELS or (key == "width" and of in _WIDE)):
        return value * by
    return _enlarged(value, by, key)


def _typed(traces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The traces, or what a frame changes in them, with typed arrays."""
    return [
        {
            key: _typed_array(value) if isinstance(value, np.ndarray) else value
            for key, value in trace.items()
        }
        for trace in traces
    ]


def _revision(traces: Sequence[dict[str, Any]]) -> int:
    """A number that changes when an array changes.

    With it Plotly knows that a figure which it is handed once more, as Streamlit does after each
    mount, is the one that it has drawn, and doesn't draw it again.
    """
    arrays = (value for trace in traces for value in trace.values() if isinstance(value, dict))
    revision = 0
    for array in arrays:
        revision = zlib.crc32(array.get("bdata", "").encode(), revision)
    return revision


# What plotly.js knows; it has no 64-bit integers.
_TYPES = ("f4", "f8", "i1", "i2", "i4", "u1", "u2", "u4")


def _typed_array(array: np.ndarray) -> dict[str, Any]:
    """An array as Plotly reads it without loss: little-endian bytes in base64."""
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    dtype = f"{array.dtype.kind}{array.dtype.itemsize}"
    if dtype not in _TYPES:
        raise TypeError(f"a figure's arrays must be one of {_TYPES}, got {array.dtype}")
    return {
        "dtype": dtype,
        "bdata": base64.b64encode(array.data).decode("ascii"),
        "shape": ", ".join(map(str, array.shape)),
    }
