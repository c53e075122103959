"""Colours and fonts of every figure, in one place, for the light and the dark page."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["light", "dark"]
ColorScale = tuple[str, ...]
Concept = Literal["query", "key", "value"]

FONT_FAMILY = '"Source Sans", "Noto Sans", "Noto Sans CJK SC", "Noto Color Emoji", sans-serif'
LABEL_SIZE = 14  # pixels: readable on a projector
TITLE_SIZE = 15
LARGE = 1.3  # times that: read from the back of a room, where there is a large screen


@dataclass(frozen=True)
class Theme:
    """The colours of the page that a figure stands on."""

    text: str
    faint: str  # axis titles, outlines
    sequential: (
        ColorScale  # for weights, from 0: lightness runs one way, safe for colour-blind eyes
    )
    diverging: ColorScale  # for signed values, centred on 0: blue and orange differ for all eyes
    masked: str  # a masked cell's ground ...
    hatch: str  # ... and its stripes: no value has either
    highlight: str  # the chosen head, layer or step
    query: str  # what is a query's, a key's, a value's, in words, letters and frames: three that
    key: str  # differ for all eyes, by hue and lightness, and from the scales of values
    value: str
    ground: str  # the page's, on which the colours stand: what is written on one of them
    positive: str  # bars above and below zero
    negative: str
    lines: ColorScale  # curves on one chart: five that differ for all eyes, by hue and lightness
    magnified: float = 1.0  # how many times larger texts are, in grids of heatmaps

    def of(self, concept: Concept) -> str:
        """Return the colour of queries, keys or values."""
        return {"query": self.query, "key": self.key, "value": self.value}[concept]


LIGHT = Theme(
    text="#2f2d2b",
    faint="#5f5b55",
    sequential=("#f3f5f9", "#c9dcf0", "#8dbce4", "#4a8fd0", "#1f5fae", "#0b2a63"),
    diverging=("#0b3d82", "#3f82c4", "#a9cbe8", "#f4f4f2", "#f3c397", "#d97b29", "#8a3d05"),
    masked="#dedad3",
    hatch="#a9a49a",
    highlight="#2f2d2b",
    query="#d81b60",
    key="#005c3c",
    value="#7a22e0",
    ground="#ffffff",
    positive="#d97b29",
    negative="#3f82c4",
    lines=(
        "#0072b2",
        "#d55e00",
        "#009e73",
        "#aa3377",
        "#2f2d2a",
    ),  # not quite `text`'s: a colour tells its role
)
DARK = Theme(
    text="#edebe8",
    faint="#b8b3a8",
    sequential=("#24232b", "#41346f", "#7a4396", "#bd5785", "#f08a5d", "#fde6a0"),
    diverging=("#a8d4ff", "#4f96dd", "#2b4f7d", "#26252b", "#7d4a22", "#d9822f", "#ffd9a3"),
    masked="#35322d",
    hatch="#6d675e",
    highlight="#edebe8",
    query="#f218c0",
    key="#7af5d2",
    value="#a070ff",
    ground="#171614",
    positive="#e8923f",
    negative="#4f96dd",
    lines=("#3d8bfd", "#ff8f2b", "#1fbf75", "#f3a6d6", "#f5ef9a"),
)


def theme_of(mode: Mode | None) -> Theme:
    """Return the theme of a page's mode; the light one where the browser hasn't said yet."""
    return DARK if mode == "dark" else LIGHT


def color_scale(colors: ColorScale) -> list[list[float | str]]:
    """Return evenly spaced stops, as Plotly wants them."""
    last = len(colors) - 1
    return [[i / last, color] for i, color in enumerate(colors)]
