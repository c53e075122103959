"""The picture twice: as arcs from a word to the words that it looks at, and as a heatmap's row."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from model.pretrained.base import ModelUnavailableError
from ui.components import window_is_tall
from ui.components.arcs import ArcsColors, ArcsData, word_arcs
from ui.controls.selection import Selection, whole_numbers
from ui.link.address import went_back
from ui.link.memory import choose, own_memory, settle, value_of
from ui.link.notices import notice
from ui.pages.start.looks import Looks, random_looks, trained_looks
from ui.pages.start.sentences import describe_looks, describe_rest
from ui.text.i18n import _, spoken
from ui.text.markdown import token_text
from ui.views.heads import show_tiles
from ui.views.stages import query_by_key
from ui.views.view import Choice, Place
from viz.theme import Theme, theme_of
from viz.tiles import Tiles, grid_of

CHART = "start_chart"
# Design pixels of the heatmap: what a 1366×768 screen has room for, and a 1920×1080 one.
WIDTH, HEIGHT, TALL_HEIGHT = 560, 226, 440


@dataclass
class Shown:
    """What a session's start page shows."""

    tiles: Tiles | None = None
    chosen: tuple[int, str] | None = None  # a word that somebody has chosen: its place, and itself


def looks_shown() -> Looks | None:
    """Return the looks that are chosen, of a random head where there is no trained one.

    None for an empty sentence, and then that is said.
    """
    text = value_of("say")
    trained = None
    if text.strip():
        try:
            trained = trained_looks(text)
        except ModelUnavailableError:  # said beside the switch
            trained = None
    looks = trained if trained is not None and value_of("trained") else random_looks(text)
    if not looks.words:
        st.info(_("Type a sentence: who looks at whom in it is drawn here."))
        return None
    _fit_word(looks)
    if value_of("word") is not None or trained is None or trained.words != looks.words:
        return looks
    return replace(looks, telling=trained.telling)  # so that the switch changes the weights alone


def show_arcs(looks: Looks) -> None:
    """Draw the sentence with the arcs of one of its words."""
    theme = _theme()
    word_arcs(
        ArcsData(
            words=[token_text(word) for word in looks.words],
            weights=looks.weights,
            chosen=word_shown(looks),
            said=describe_looks(looks),
            rest=describe_rest(looks),
            colors=ArcsColors(theme.query, theme.key, theme.ground),
            language=spoken().code,
        ),
        key="arcs",
        on_pick=_take_pick,
    )


def show_table(looks: Looks) -> None:
    """Draw the same weights as a heatmap, with the chosen word's row framed."""
    tiles = Tiles(
        values=looks.weights[None],
        names=[looks.name],
        rows=looks.labels,
        columns=looks.labels,
        **query_by_key(),
        value_title=_("weight"),
        diverging=False,
        width=WIDTH,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
        marked_row=word_shown(looks),
    )
    own_memory(Shown).tiles = tiles
    show_tiles(tiles, CHART, _theme())
    for said in looks.notices:
        st.caption(said)


def word_shown(looks: Looks) -> int:
    """Return the word whose arcs are drawn: the chosen one, or the one with most to tell."""
    chosen = value_of("word")
    return looks.telling if chosen is None else int(chosen)


def open_word(run: Any, selection: Selection | None, place: Place) -> Choice:
    """Return the word whose row of the heatmap was clicked."""
    tiles = own_memory(Shown).tiles
    if tiles is None:
        return None
    grid = grid_of(tiles)
    _tile, row, _column = place
    word = row * grid.pooled_rows
    return {"word": word} if 0 <= word < len(tiles.rows) else None


def _take_pick() -> None:
    """Choose the word that was clicked."""
    tiles = own_memory(Shown).tiles
    picked = whole_numbers({"pick": st.session_state.get("arcs", {}).get("pick")}, "pick")
    if picked and tiles is not None and 0 <= picked[0] < len(tiles.rows):
        choose("word", word=picked[0])


def _fit_word(looks: Looks) -> None:
    """Let the chosen word go where it isn't in the sentence any more: its place means nothing."""
    shown, place = own_memory(Shown), value_of("word")
    if place is None:
        shown.chosen = None
        return
    is_new = went_back() or shown.chosen is None or shown.chosen[0] != place
    if place >= len(looks.words):
        settle(word=None)
        if is_new:
            said = _(
                "There is no word {asked} in this sentence; showing the one with most to tell."
            )
            notice("word", said.format(asked=place))
        shown.chosen = None
    elif is_new:
        shown.chosen = (place, looks.words[place])
    elif shown.chosen != (place, looks.words[place]):
        settle(word=None)
        shown.chosen = None


def _theme() -> Theme:
    return theme_of(st.context.theme.type)
