"""Small components for what Streamlit's widgets can't do: hovering words, clicking and painting.

All are mounted with data only; their markup is built with textContent, so that a token is never
read as HTML.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from model.masks import encode_cells
from viz.weight_scale import DECADES, WeightScale

_HERE = Path(__file__).parent


def source(name: str) -> str:
    """Return what a file beside this one holds: a component's script or style."""
    return (_HERE / name).read_text(encoding="utf-8")


def as_json(data: Mapping[str, Any]) -> bytes:
    """Return data as components read them; in all but bytes, Streamlit would look for tables."""
    return json.dumps(data).encode()


def as_fractions(weights: np.ndarray) -> str:
    """Return weights, 0 to 1, as components read them: 16-bit fractions, row by row, as base64."""
    fractions = np.rint(np.clip(weights, 0, 1) * 65535)
    return base64.b64encode(fractions.astype("<u2").tobytes()).decode()


@cache
def _strip() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_strip", css=source("strip.css"), js=source("strip.js")
    )


@cache
def _clicks() -> Callable[..., Any]:
    return st.components.v2.component("headlight_clicks", js=source("clicks.js"))


@cache
def _address() -> Callable[..., Any]:
    return st.components.v2.component("headlight_address", js=source("address.js"))


@cache
def _focus() -> Callable[..., Any]:
    return st.components.v2.component("headlight_focus", js=source("focus.js"))


@cache
def _painter() -> Callable[..., Any]:
    return st.components.v2.component(
        "headlight_painter", css=source("painter.css"), js=source("painter.js")
    )


@dataclass(frozen=True)
class StripData:
    """What the strip of tokens shows."""

    tokens: Sequence[str]  # as they are to be read, padding included
    real: int  # how many of them are the sentence's own
    places: Sequence[int]  # their positions in the sentence
    weights: np.ndarray  # (L, L), 0 to 1: from each token (row) to each (column)
    masked: np.ndarray  # (L, L) booleans, True where a mask hides a token (column) from another
    chosen: int | None
    hint: str  # shown while nothing is hovered or chosen
    second: int | None  # where the second of two sentences begins that are read together
    sentence: str  # "{token} attends to" with its placeholder, for the caption
    advice: str  # said behind both; empty for nothing
    color: str  # of the word that looks, as everywhere of queries
    change: str  # what the last change of a setting has done, shown in place of the hint
    put_back: str  # what undoes that is called
    scale: WeightScale  # of the shades; without an end, a row's largest weight has the darkest


def token_strip(
    data: StripData, *, key: str, on_pick: Callable[[], None], on_put_back: Callable[[], None]
) -> Any:
    """Mount the sentence as a row of tokens; pointing at one shades the others by its weights.

    The weights travel along, as 16-bit fractions, so that a hover needs no server. Choosing a
    token sets the trigger `pick` to its position, or to -1 for the one already chosen; undoing the
    change that is told sets the trigger `put_back`.
    """
    masked = np.packbits(data.masked, bitorder="little") if data.masked.any() else np.empty(0)
    payload = {
        "tokens": list(data.tokens),
        "places": list(data.places),
        "real": data.real,
        "weights": as_fractions(data.weights),
        "masked": base64.b64encode(masked.tobytes()).decode(),
        "chosen": data.chosen,
        "second": data.second,
        "hint": data.hint,
        "sentence": data.sentence,
        "color": data.color,
        "advice": data.advice,
        "change": data.change,
        "put_back": data.put_back,
        "curve": data.scale.curve,
        "end": data.scale.end,
        "decades": DECADES,
    }
    return _strip()(
        key=key, data=as_json(payload), on_pick_change=on_pick, on_put_back_change=on_put_back
    )


TALL_FROM = 960  # pixels of a window's height: a Full HD screen, less the browser's own rows


def window_is_tall() -> bool:
    """Whether the window has room for larger charts, as far as the browser has said."""
    return bool(st.session_state.get("chart_clicks", {}).get("tall"))


NARROW_BELOW = 700  # pixels of a window's width: a phone that is held upright


def window_is_narrow() -> bool:
    """Whether the window has room for one head beside no other, as far as the browser has said."""
    return bool(st.session_state.get("chart_clicks", {}).get("narrow"))


def chart_clicks(
    *,
    charts: Sequence[str],
    on_cell: Callable[[], None],
    on_name: Callable[[], None],
    on_frame: Callable[[], None] = lambda: None,
    steady: Sequence[str] = (),
) -> Any:
    """Report clicks in the Plotly charts with the given keys, which Streamlit itself doesn't.

    Its own key is `chart_clicks`. Sets the trigger `cell` to {"chart", "tile", "row", "column"}, or
    `name` to {"chart", "tile"} for a click on the name above a tile, or `frame` to {"chart",
    "frame"} when a figure's slider rests; and the states that window_is_tall and window_is_narrow
    read. The `steady` charts don't vanish for the moment in which they are drawn anew. A link in
    the container `open_now` is followed as soon as it is there.
    """
    return _clicks()(
        key="chart_clicks",
        data=as_json(
            {
                "charts": list(charts),
                "steady": list(steady),
                "tall_from": TALL_FROM,
                "tall": window_is_tall(),
                "narrow_below": NARROW_BELOW,
                "narrow": window_is_narrow(),
            }
        ),
        on_cell_change=on_cell,
        on_name_change=on_name,
        on_frame_change=on_frame,
        on_tall_change=lambda: None,
        on_narrow_change=lambda: None,
        height=1,
    )


def address(data: Mapping[str, Any]) -> Any:
    """Write the page's address: see address.js. The data are from ui.frame.history."""
    return _address()(key="address", data=as_json(data), height=1)


def take_focus(*, key: str) -> None:
    """Lead the keyboard into the popover in which this is mounted, when it is opened."""
    _focus()(key=key, height=1)


@dataclass(frozen=True)
class PainterData:
    """The mask that is painted on."""

    tokens: Sequence[str]  # L labels, as they are to be read: 1 to model.masks.MOST_CELLS_ASIDE
    allowed: np.ndarray  # (L, L) booleans, True = may attend; rows are queries, columns keys
    # The buttons "all", "causal", "diagonal" and "invert", the "hint" shown while no cell is
    # pointed at, and the captions "may" and "may_not" with their {query} and {key}.
    words: Mapping[str, str]
    enlarged: float = 1.0  # how many times larger it is than in a sidebar


def mask_painter(data: PainterData, *, key: str, on_paint: Callable[[], None]) -> Any:
    """Mount a grid to paint an attention mask on.

    Each stroke, key press or button sets the trigger `paint` to the whole mask, as text that
    model.masks.decode_cells reads. The painter keeps what was painted until `data` says the same.

    Raises:
        ValueError: if `allowed` isn't square, is empty, or is too large.
    """
    payload = {
        "tokens": list(data.tokens),
        "mask": encode_cells(data.allowed),
        "words": dict(data.words),
        "enlarged": data.enlarged,
    }
    return _painter()(key=key, data=as_json(payload), on_paint_change=on_paint)
