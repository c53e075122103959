"""What is chosen, as it is framed in pictures."""

from collections.abc import Sequence
from dataclasses import replace

from ui.choices.options import BETWEEN_TOKENS, Stage
from ui.controls.selection import Selection
from ui.runs.run import Attention
from viz.tiles import Tiles


def place_of(groups: Sequence[Sequence[int]], token: int | None) -> int | None:
    """Return the row or column that a token stands in, alone or merged; None if it stands in none.

    Args:
        groups: for each row or column, its tokens.
        token: of the sentence; None where none is chosen.
    """
    if token is None:
        return None
    return next((place for place, group in enumerate(groups) if token in group), None)


def mark_tokens(tiles: Tiles, attention: Attention, query: int | None, key: int | None) -> Tiles:
    """Return tiles of queries and keys with the row and the column of these tokens marked.

    Args:
        tiles: what is drawn.
        attention: whose tokens are the rows and columns, merged and hidden as in the tiles.
        query, key: of the sentence; None where none is chosen.
    """
    if query is None and key is None:
        return tiles
    return replace(
        tiles,
        marked_row=place_of(attention.query_groups, query),
        marked_column=place_of(attention.key_groups, key),
    )


def mark_tile(tiles: Tiles, tile: int | None) -> Tiles:
    """Return the tiles with the chosen one marked, where there are others."""
    return tiles if tile is None or len(tiles.names) == 1 else replace(tiles, marked_tile=tile)


def mark_stage(tiles: Tiles, attention: Attention, selection: Selection, stage: Stage) -> Tiles:
    """Return the tiles of a stage with what is chosen marked: the head, the query, the key."""
    key = selection.key if stage in BETWEEN_TOKENS else None  # elsewhere columns are dimensions
    query = selection.query
    if stage == "qkv" and attention.kind == "cross":
        query = None  # a row is a query of one sentence beside a key and a value of the other
    tiles = mark_tokens(tiles, attention.at(stage), query, key)
    return mark_tile(tiles, None if stage == "output" else selection.head)


def mark_heads(
    tiles: Tiles, attention: Attention, selection: Selection, layers: Sequence[int]
) -> Tiles:
    """Return the tiles with what is chosen marked, where they are all heads of some layers.

    Args:
        tiles: the heads of each of the layers; others may follow them.
        attention: of one of the layers.
        selection: what is chosen.
        layers: those shown.
    """
    tile = None
    if selection.head is not None and selection.layer in layers:
        tile = layers.index(selection.layer) * attention.facts.heads + selection.head
    marked = mark_tokens(tiles, attention, selection.query, selection.key)
    return mark_tile(marked, tile)
