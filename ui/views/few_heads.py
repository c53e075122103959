"""The heads that have most to tell, where all of them would be too small to read."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from ui.link.memory import value_of
from ui.text.i18n import _
from viz.tiles import Tiles

FEW = 2  # of which each word of a usual sentence can be named, three charts beside one another


def opening() -> dict[str, object]:
    """Return what a page opens with; links from before there were few heads show all, as then."""
    return {"all_heads": False}


def draw_all_heads() -> None:
    """Draw whether all heads are shown, or the few that have most to tell."""
    st.toggle(_("Every head"), value_of("all_heads"), key="all_heads")


def most_telling(measure: np.ndarray) -> tuple[int, ...]:
    """Return those of which a measure is largest, in order of their numbers.

    Args:
        measure: of each head or pair of heads; NaN where there is none. All where they are few, or
            where all are asked for.
    """
    if value_of("all_heads") or len(measure) <= FEW:
        return tuple(range(len(measure)))
    largest = np.argsort(-np.nan_to_num(measure, nan=-np.inf), kind="stable")[:FEW]
    return tuple(sorted(map(int, largest)))


def only(tiles: Tiles, shown: Sequence[int]) -> Tiles:
    """Return the tiles with these of them alone."""
    return replace(
        tiles,
        values=tiles.values[list(shown)],
        names=[tiles.names[tile] for tile in shown],
        short_names=tiles.short_names and [tiles.short_names[tile] for tile in shown],
    )
