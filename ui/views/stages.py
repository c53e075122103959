"""From a run to pictures: which numbers a stage shows, and in what words."""

from collections.abc import Sequence
from html import unescape
from typing import Any

import numpy as np

from ui.choices.options import BETWEEN_TOKENS, FIELDS, FROM_ZERO, Stage
from ui.runs.run import Attention
from ui.text.i18n import _, ngettext
from ui.text.stage_names import head_names, kind_name, value_word
from viz.labels import AxisLabels, dimension_labels
from viz.pooling import furthest
from viz.theme import Concept
from viz.tiles import Tiles, grid_of
from viz.tiles_grid import HEIGHT, TALL_HEIGHT, WIDTH

LETTERS: dict[str, Concept] = {"Q": "query", "K": "key", "V": "value"}


def query_by_key() -> dict[str, Any]:
    """Return what stands along the axes of tiles whose cells are pairs of tokens."""
    return {
        "row_title": _("query (from)"),
        "column_title": _("key (to)"),
        "row_concept": "query",
        "column_concept": "key",
        "row_word": _("query"),
        "column_word": _("key"),
    }


def where(attention: Attention) -> str:
    """Return which attention it is, as ", layer 2"; empty where there is one alone."""
    kind = "" if len(attention.run.kinds) == 1 else f", {kind_name(attention.kind)}"
    if attention.run.layers_of(attention.kind) == 1:
        return kind
    return kind + _(", layer {layer}").format(layer=attention.layer)


def stage_tiles(attention: Attention, stage: Stage, *, tall: bool = False) -> Tiles:
    """Return the tiles of a stage: one a head, or one for the output; higher on a tall screen."""
    attention = attention.at(stage)
    height = TALL_HEIGHT if tall else HEIGHT
    if stage in BETWEEN_TOKENS:
        return attention_tiles(attention, stage, height=height)
    rows = attention.query_labels
    names = head_names(attention.facts.heads)
    if stage == "qkv":
        values, columns = _side_by_side([attention.field(f) for f in FIELDS[stage]])
        if attention.kind == "cross":  # a row is a query of one sentence and a key of the other
            rows = dimension_labels(values.shape[1], dimension=_("position"))
    elif stage == "output":
        values = attention.field("output")[None]
        columns = dimension_labels(values.shape[-1], dimension=_("dimension"))
        names = [_("All heads, through fc_out")]
    else:
        values = attention.field("head_outputs")
        columns = dimension_labels(values.shape[-1], dimension=_("dimension"))
    return Tiles(
        values=values,
        names=names,
        rows=rows,
        columns=columns,
        row_title=_("token"),
        column_title=_("dimension"),
        value_title=value_word(stage),
        diverging=True,
        row_word=_("token"),
        column_word=_("at"),
        masked_text=_("nothing (a gap)"),
        letters=LETTERS if stage == "qkv" else None,
        height=height,
    )


def attention_tiles(
    attention: Attention, stage: Stage, *, height: int = HEIGHT, width: int = WIDTH
) -> Tiles:
    """Return the tiles of a stage whose cells are (query, key) pairs."""
    attention = attention.at(stage)
    values, masked = between_tokens(attention, stage)
    return Tiles(
        values=values,
        names=head_names(attention.facts.heads),
        short_names=[str(head) for head in range(attention.facts.heads)],
        rows=attention.query_labels,
        columns=attention.key_labels,
        **query_by_key(),
        value_title=value_word(stage),
        diverging=stage not in FROM_ZERO,
        masked=masked,
        masked_text=_("masked"),
        height=height,
        width=width,
    )


def between_tokens(attention: Attention, stage: Stage) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a stage's (H, Q, K) numbers, NaN where masked, and the mask; energies know none."""
    values = attention.field(stage)
    if stage == "energy":
        return values, None
    masked = ~attention.allowed
    hidden = masked | np.isneginf(values)  # what is cut in one head is still allowed in others
    return np.where(hidden, np.float32("nan"), values), masked


def _side_by_side(matrices: Sequence[np.ndarray]) -> tuple[np.ndarray, AxisLabels]:
    """Q, K and V, each (H, L, D), as one matrix with empty columns between them.

    Where queries and keys are of two sentences, the shorter side ends in empty rows.
    """
    length = max(matrix.shape[1] for matrix in matrices)
    heads, _rows, width = matrices[0].shape
    gap = max(1, width // 8)
    empty = np.full((heads, length, gap), np.nan, dtype=np.float32)
    q, k, v = (
        np.pad(m, [(0, 0), (0, length - m.shape[1]), (0, 0)], constant_values=np.nan)
        if m.shape[1] < length
        else m
        for m in matrices
    )
    short: list[str] = []
    full: list[str] = []
    for i, (name, matrix) in enumerate(zip(LETTERS, matrices, strict=True)):
        size = matrix.shape[2]  # V's may be another
        labels = dimension_labels(size, name, _("dimension"))
        middle = (size - 1) // 2
        short += [name if d == middle else "" for d in range(size)] + [""] * (gap if i < 2 else 0)
        full += [*labels.full, *[""] * (gap if i < 2 else 0)]
    return np.concatenate([q, empty, k, empty, v], axis=2), AxisLabels(tuple(short), tuple(full))


def describe(tiles: Tiles) -> str:
    """Return a sentence on the chart, for people who hear it instead of seeing it."""
    heads, rows, columns = tiles.values.shape
    if not np.isfinite(tiles.values).any():
        return _("{what}: everything is masked.").format(what=tiles.value_title)
    at = np.unravel_index(np.nanargmax(np.abs(tiles.values)), tiles.values.shape)
    tile, row, column = map(int, at)
    return ngettext(
        "{what} in {count} picture of {rows} × {columns} cells, "
        "from {low:.3g} to {high:.3g}. Furthest from zero: {value:.3g}, in {name}, "
        "{row_word} {row}, {column_word} {column}.",
        "{what} in {count} pictures of {rows} × {columns} cells, "
        "from {low:.3g} to {high:.3g}. Furthest from zero: {value:.3g}, in {name}, "
        "{row_word} {row}, {column_word} {column}.",
        heads,
    ).format(
        what=tiles.value_title,
        count=heads,
        rows=rows,
        columns=columns,
        low=float(np.nanmin(tiles.values)),
        high=float(np.nanmax(tiles.values)),
        value=float(tiles.values[tile, row, column]),
        name=tiles.names[tile],
        row_word=tiles.row_word,
        row=unescape(tiles.rows.full[row]),
        column_word=tiles.column_word,
        column=unescape(tiles.columns.full[column]),
    )


def cell_at(
    attention: Attention, tiles: Tiles, stage: Stage, tile: int, row: int, column: int
) -> dict[str, int | str] | None:
    """Return what to show after a click on a cell: the view, and those of head, q and k it has.

    In a pooled picture it is the cell whose value the block shows, of a merged word its first
    token. None for a cell that isn't there: a browser can send anything.
    """
    grid = grid_of(tiles)
    inside = 0 <= row < grid.tile_rows and 0 <= column < grid.tile_columns
    if not (inside and 0 <= tile < len(tiles.names)):
        return None
    top, left = row * grid.pooled_rows, column * grid.pooled_columns
    block = tiles.values[tile, top : top + grid.pooled_rows, left : left + grid.pooled_columns]
    down, across = np.unravel_index(furthest(block.reshape(-1)), block.shape)
    attention = attention.at(stage)
    query = attention.query_groups[top + int(down)][0]
    choice: dict[str, int | str] = {"view": "head", "q": query}
    if stage != "output":
        choice["head"] = tile
    if stage in BETWEEN_TOKENS:
        choice |= {"view": "cell", "k": attention.key_groups[left + int(across)][0]}
    return choice
