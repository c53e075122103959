"""From a run to pictures: which numbers a stage shows, and in what words."""

from collections.abc import Sequence
from html import unescape

import numpy as np

from ui.compute import Run
from ui.i18n import _
from ui.options import word
from ui.settings import Stage
from viz.labels import AxisLabels, dimension_labels, token_labels
from viz.pooling import furthest
from viz.tiles import HEIGHT, TALL_HEIGHT, Tiles, grid_of

FIELDS: dict[Stage, tuple[str, ...]] = {
    "qkv": ("queries", "keys", "values"),
    "energy": ("energy",),
    "scores": ("scores",),
    "weights": ("weights",),
    "head_outputs": ("head_outputs",),
    "output": ("output",),
}
BETWEEN_TOKENS = ("energy", "scores", "weights")  # stages whose cells are (query, key) pairs


def value_word(stage: Stage) -> str:
    """What one number of a stage is called."""
    return {
        "qkv": _("value"),
        "energy": _("energy q·k"),
        "scores": _("score"),
        "weights": _("weight"),
        "head_outputs": _("head output"),
        "output": _("output"),
    }[stage]


def head_names(heads: int) -> list[str]:
    """What the heads are called; counted from 0, as in the arrays and the links."""
    return [_("Head {number}").format(number=number) for number in range(heads)]


def field(run: Run, name: str, sentence: int) -> np.ndarray:
    """A field of the trace for one sentence, as float32: (H, Q, K), (H, L, D) or (L, E)."""
    return getattr(run.trace, name)[sentence].numpy()


def stage_tiles(run: Run, sentence: int, stage: Stage, *, tall: bool = False) -> Tiles:
    """The tiles that show a stage: one a head, or one for the output; higher on a tall screen."""
    height = TALL_HEIGHT if tall else HEIGHT
    tokens = token_labels(run.tokens[sentence], _("position"))
    names = head_names(run.settings.heads)
    if stage in BETWEEN_TOKENS:
        values = field(run, stage, sentence)
        masked = None
        if stage != "energy":  # energies are what they are before the mask
            masked = ~run.allowed(sentence)
            values = np.where(masked, np.float32("nan"), values)
        return Tiles(
            values=values,
            names=names,
            rows=tokens,
            columns=tokens,
            row_title=_("query (from)"),
            column_title=_("key (to)"),
            value_title=value_word(stage),
            diverging=stage != "weights",
            masked=masked,
            masked_text=_("masked"),
            row_word=_("query"),
            column_word=_("key"),
            height=height,
        )
    if stage == "qkv":
        values, columns = _side_by_side([field(run, f, sentence) for f in FIELDS[stage]])
    elif stage == "output":
        values = field(run, "output", sentence)[None]
        columns = dimension_labels(run.settings.embed_size, dimension=_("dimension"))
        names = [_("All heads, through fc_out")]
    else:
        values = field(run, "head_outputs", sentence)
        columns = dimension_labels(values.shape[-1], dimension=_("dimension"))
    return Tiles(
        values=values,
        names=names,
        rows=tokens,
        columns=columns,
        row_title=_("token"),
        column_title=_("dimension"),
        value_title=value_word(stage),
        diverging=True,
        row_word=_("token"),
        column_word=_("at"),
        masked_text=_("nothing (a gap)"),
        height=height,
    )


def _side_by_side(matrices: Sequence[np.ndarray]) -> tuple[np.ndarray, AxisLabels]:
    """Q, K and V, each (H, L, D), as one matrix with empty columns between them."""
    heads, length, size = matrices[0].shape
    gap = max(1, size // 8)
    empty = np.full((heads, length, gap), np.nan, dtype=np.float32)
    q, k, v = matrices
    short: list[str] = []
    full: list[str] = []
    for i, name in enumerate("QKV"):
        labels = dimension_labels(size, name, _("dimension"))
        middle = (size - 1) // 2
        short += [name if d == middle else "" for d in range(size)] + [""] * (gap if i < 2 else 0)
        full += [*labels.full, *[""] * (gap if i < 2 else 0)]
    return np.concatenate([q, empty, k, empty, v], axis=2), AxisLabels(tuple(short), tuple(full))


def describe(tiles: Tiles, stage: Stage) -> str:
    """A sentence on the chart, for people who hear it instead of seeing it."""
    heads, rows, columns = tiles.values.shape
    if not np.isfinite(tiles.values).any():
        return _("{stage}: everything is masked.").format(stage=word(stage))
    largest = np.unravel_index(np.nanargmax(np.abs(tiles.values)), tiles.values.shape)
    return _(
        "{stage} as {count} heatmaps of {rows} rows and {columns} columns, "
        "from {low:.3g} to {high:.3g}. Furthest from zero: {value:.3g}, in {name}, "
        "{row_word} {row}, {column_word} {column}."
    ).format(
        stage=word(stage),
        count=heads,
        rows=rows,
        columns=columns,
        low=float(np.nanmin(tiles.values)),
        high=float(np.nanmax(tiles.values)),
        value=float(tiles.values[largest]),
        name=tiles.names[largest[0]],
        row_word=tiles.row_word,
        row=unescape(tiles.rows.full[largest[1]]),
        column_word=tiles.column_word,
        column=unescape(tiles.columns.full[largest[2]]),
    )


def cell_at(
    tiles: Tiles, stage: Stage, tile: int, row: int, column: int
) -> tuple[int | None, int, int | None] | None:
    """The (head, query, key) of a clicked cell; None for what the stage's cells don't have.

    In a pooled picture it is the cell whose value the block shows. None altogether for a cell
    that isn't there: a browser can send anything.
    """
    grid = grid_of(tiles)
    inside = 0 <= row < grid.tile_rows and 0 <= column < grid.tile_columns
    if not (inside and 0 <= tile < len(tiles.names)):
        return None
    top, left = row * grid.pooled_rows, column * grid.pooled_columns
    block = tiles.values[tile, top : top + grid.pooled_rows, left : left + grid.pooled_columns]
    down, across = np.unravel_index(furthest(block.reshape(-1)), block.shape)
    return (
        None if stage == "output" else tile,
        top + int(down),
        left + int(across) if stage in BETWEEN_TOKENS else None,
    )
