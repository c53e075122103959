"""The look of masked cells: stripes, which no value has."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import numpy as np

from .theme import Theme


@dataclass(frozen=True)
class Lattice:
    """Equal heatmaps side by side, which one image covers."""

    across: int = 1  # heatmaps across ...
    down: int = 1  # ... and down
    gap_width: float = 0  # between them, in pixels
    gap_height: float = 0


ONE = Lattice()


def hatched_image(
    masked: np.ndarray,
    cell_width: float,
    cell_height: float,
    theme: Theme,
    lattice: Lattice = ONE,
) -> str | None:
    """Return an SVG data URI with masked cells striped and others clear; None if all are clear.

    An image, because Plotly has no pattern for cells. It lies below the heatmap, whose masked
    cells are NaN and therefore transparent.

    Args:
        masked: (R, C) booleans, of each heatmap.
        cell_width, cell_height: the shape of a cell on the screen, so that stripes keep their
            angle and width when the image is stretched over a tile.
        theme: the page's colours.
        lattice: how often, and where, the heatmap is repeated.
    """
    if not masked.any():
        return None
    return _image(masked.tobytes(), masked.shape, cell_width, cell_height, theme, lattice)


@lru_cache(maxsize=64)
def _image(
    cells: bytes,
    shape: tuple[int, int],
    cell_width: float,
    cell_height: float,
    theme: Theme,
    lattice: Lattice,
) -> str:
    masked = np.frombuffer(cells, dtype=bool).reshape(shape)
    outline = "".join(
        f"M{start} {row}h{stop - start}v1h{start - stop}z"
        for row, cells_of_row in enumerate(masked)
        for start, stop in _runs(cells_of_row)
    )
    rows, columns = shape
    width, height = columns * cell_width, rows * cell_height
    step_x, step_y = width + lattice.gap_width, height + lattice.gap_height
    full_width = lattice.across * step_x - lattice.gap_width
    full_height = lattice.down * step_y - lattice.gap_height
    striped = f'width="{width:g}" height="{height:g}" fill="url(#s)" clip-path="url(#c)"'
    drawn = f"<rect {striped}/>"
    if lattice != ONE:
        row = f'<rect id="t" {striped}/>' + _copies("t", "x", lattice.across, step_x)
        drawn = f'<g id="r">{row}</g>' + _copies("r", "y", lattice.down, step_y)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_width:g} {full_height:g}" '
        f'width="{full_width:g}" height="{full_height:g}" preserveAspectRatio="none">'
        '<pattern id="s" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="{theme.masked}"/>'
        f'<rect width="1.6" height="6" fill="{theme.hatch}"/></pattern>'
        f'<clipPath id="c"><path transform="scale({cell_width:g} {cell_height:g})" '
        f'd="{outline}"/></clipPath>{drawn}</svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe=" =:/'()")


def _copies(name: str, direction: str, count: int, step: float) -> str:
    """The second to the last of `count` equal things."""
    return "".join(f'<use href="#{name}" {direction}="{i * step:g}"/>' for i in range(1, count))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """The [start, stop) ranges in which the flags are true."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
