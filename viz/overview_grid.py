"""The places of thumbnails of all heads: equal ones with gaps between them, in whole steps."""

from dataclasses import dataclass

from .pooling import factor
from .tiles_grid import HEIGHT, WIDTH

SMALLEST_CELL = 2  # design pixels: a pattern of smaller cells can't be seen
GAP = 4  # design pixels between thumbnails, about
STEP = 6  # design pixels: larger cells are made of several steps, or gaps would be as large


@dataclass(frozen=True)
class Strip:
    """One side of the picture: equal thumbnails with gaps between them, all in whole steps.

    A step is a row or column of the drawn matrix.
    """

    tiles: int
    cells: int  # along one thumbnail
    pooled: int  # the matrix's rows or columns that share a cell
    steps: int  # that a cell is long
    gap: int  # steps

    @property
    def period(self) -> int:
        """From one thumbnail to the next, in steps."""
        return self.cells * self.steps + self.gap

    @property
    def length(self) -> int:
        """Of all thumbnails, in steps."""
        return self.tiles * self.period - self.gap

    def place(self, step: int) -> tuple[int, int] | None:
        """Return the thumbnail and its cell at a step; None in a gap and outside."""
        tile, inside = divmod(step, self.period)
        cell = inside // self.steps
        return (tile, cell) if 0 <= tile < self.tiles and cell < self.cells else None


@dataclass(frozen=True)
class OverviewGrid:
    """The places of the cells: the heads across, the layers down."""

    across: Strip
    down: Strip

    @property
    def pooled_columns(self) -> int:
        """The matrix's columns that share a cell."""
        return self.across.pooled

    @property
    def pooled_rows(self) -> int:
        """The matrix's rows that share a cell."""
        return self.down.pooled


def plan_strip(tiles: int, cells: int, size: int) -> Strip:
    """Lay out `tiles` thumbnails of `cells` rows or columns, along `size` design pixels."""
    room = size - (tiles - 1) * GAP
    pooled = factor(cells, room // tiles // SMALLEST_CELL)
    cells = -(-cells // pooled)
    cell = room / (tiles * cells)  # pixels
    # All steps are equally long, or Plotly would draw each cell by itself, at a fifth of the speed.
    steps = max(1, int(cell // STEP))
    return Strip(tiles, cells, pooled, steps, gap=2 if cell < 0.75 * GAP else 1)


def plan_overview(
    layers: int, heads: int, rows: int, columns: int, height: int = HEIGHT
) -> OverviewGrid:
    """Lay out layers × heads matrices of rows × columns numbers each, on WIDTH by `height`."""
    return OverviewGrid(plan_strip(heads, columns, WIDTH), plan_strip(layers, rows, height))
