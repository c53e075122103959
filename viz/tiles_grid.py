"""The places of the cells in a grid of heatmaps, in design pixels, always whole numbers."""

from dataclasses import dataclass

from .pooling import factor

WIDTH, HEIGHT = 960, 432  # design pixels of the plot: what a 1366×768 screen has room for
TALL_HEIGHT = 660  # ... and a 1920×1080 one
NAME_GAP = 24  # above each row of tiles: room for the names
COLUMN_GAP = 12
SMALLEST_CELL = 1  # pixels: no more cells are sent than the screen can show


@dataclass(frozen=True)
class Grid:
    """The places of the cells. Row 0 of a tile is on top."""

    columns: int  # tiles across ...
    rows: int  # ... and down
    cell_width: int  # design pixels
    cell_height: int
    tile_columns: int  # cells across one tile ...
    tile_rows: int  # ... and down
    pooled_columns: int  # the matrix's columns that share a cell
    pooled_rows: int
    gap: int = (
        NAME_GAP  # above each row of tiles but the first: room for names, and labels of others
    )

    def left(self, tile: int) -> int:
        """Return the left edge of a tile."""
        return tile % self.columns * (self.tile_columns * self.cell_width + COLUMN_GAP)

    def top(self, tile: int) -> int:
        """Return the upper edge of a tile's cells; its name stands above."""
        return tile // self.columns * (self.tile_rows * self.cell_height + self.gap) + NAME_GAP

    @property
    def width(self) -> int:
        """Of all the tiles, in design pixels."""
        return self.columns * (self.tile_columns * self.cell_width + COLUMN_GAP) - COLUMN_GAP

    @property
    def height(self) -> int:
        """Of all the tiles and their names, in design pixels."""
        return self.rows * (self.tile_rows * self.cell_height + self.gap) - self.gap + NAME_GAP

    @property
    def is_pooled(self) -> bool:
        """Whether cells stand for more than one number."""
        return self.pooled_columns > 1 or self.pooled_rows > 1


def plan_grid(
    tiles: int,
    rows: int,
    columns: int,
    height: int = HEIGHT,
    *,
    width: int = WIDTH,
    gap: int = NAME_GAP,
    most_across: int | None = None,
) -> Grid:
    """Lay out `tiles` matrices on `width` by `height`, with the largest cells that fit.

    Args:
        tiles, rows, columns: how many matrices, and of how many rows and columns.
        height, width: design pixels.
        gap: what stands between two rows of matrices, design pixels.
        most_across: how many may stand beside one another; None for any number.
    """

    def cell_size(across: int) -> tuple[float, float]:
        down = -(-tiles // across)
        cell_width = ((width + COLUMN_GAP) / across - COLUMN_GAP) / columns
        return cell_width, ((height + gap - NAME_GAP) / down - gap) / rows

    # Of equals, the grid without holes; of those, the wider one, as screens are.
    most = tiles if most_across is None else most_across
    across = max(range(1, most + 1), key=lambda n: (round(min(cell_size(n)), 1), -(-tiles % n), n))
    cell_width, cell_height = cell_size(across)
    pool_across = factor(columns, int(cell_width * columns) // SMALLEST_CELL)
    pool_down = factor(rows, int(cell_height * rows) // SMALLEST_CELL)
    return Grid(
        columns=across,
        rows=-(-tiles // across),
        cell_width=max(SMALLEST_CELL, int(cell_width * pool_across)),
        cell_height=max(SMALLEST_CELL, int(cell_height * pool_down)),
        tile_columns=-(-columns // pool_across),
        tile_rows=-(-rows // pool_down),
        pooled_columns=pool_across,
        pooled_rows=pool_down,
        gap=gap,
    )
