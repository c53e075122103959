"""The look of masked cells: stripes, which no value has."""

from functools import lru_cache
from urllib.parse import quote

import numpy as np

from viz.theme import Theme


def hatched_image(
    masked: np.ndarray, cell_width: float, cell_height: float, theme: Theme
) -> str | None:
    """An SVG data URI with the masked cells striped and the others clear; None if all are clear.

    An image, because Plotly has no pattern for cells. It lies below the heatmap, whose masked
    cells are NaN and therefore transparent.

    Args:
        masked: (R, C) booleans.
        cell_width, cell_height: the shape of a cell on the screen, so that stripes keep their
            angle and width when the image is stretched over a tile.
    """
    if not masked.any():
        return None
    return _image(masked.tobytes(), masked.shape, cell_width, cell_height, theme)


@lru_cache(maxsize=64)
def _image(
    cells: bytes, shape: tuple[int, int], cell_width: float, cell_height: float, theme: Theme
) -> str:
    masked = np.frombuffer(cells, dtype=bool).reshape(shape)
    outline = "".join(
        f"M{start} {row}h{stop - start}v1h{start - stop}z"
        for row, cells_of_row in enumerate(masked)
        for start, stop in _runs(cells_of_row)
    )
    rows, columns = shape
    width, height = columns * cell_width, rows * cell_height
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" preserveAspectRatio="none">'
        '<pattern id="s" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="{theme.masked}"/>'
        f'<rect width="1.6" height="6" fill="{theme.hatch}"/></pattern>'
        f'<clipPath id="c"><path transform="scale({cell_width:g} {cell_height:g})" '
        f'd="{outline}"/></clipPath>'
        f'<rect width="{width:g}" height="{height:g}" fill="url(#s)" clip-path="url(#c)"/></svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe=" =:/'()")


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """The [start, stop) ranges in which the flags are true."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
