"""The code of both sides of a comparison."""

from contextlib import suppress

from model.pretrained.base import ModelUnavailableError
from ui.controls.selection import selection_in
from ui.frame.code import Coded
from ui.frame.page import source_shown
from ui.link.code import here_for_others
from ui.pages.compare.side import LETTERS, side_of
from ui.scripts.script import Where


def code_of_sides() -> list[Coded]:
    """Return the sides that have numbers, each with the link to its own page."""
    found = []
    for letter in LETTERS:
        side, _messages = side_of(letter)
        with side.in_force(), suppress(ValueError, ModelUnavailableError):
            source = source_shown()
            run = source.compute(source.settings())
            chosen = selection_in(run)
            link = here_for_others(side.text)
            where = Where(chosen.kind, chosen.layer, chosen.sentence, link)
            stem = f"headlight_code_{letter}_{source.file_stems()[1]}"
            found.append(Coded(source, run, where, stem, letter.upper()))
    return found
