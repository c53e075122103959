"""How vocabularies mark which pieces belong to one word.

WordPiece writes ## before a piece that continues a word (Schuster & Nakajima, 2012), byte-pair
encoding </w> after one that ends it (Sennrich et al., 2016) or, in their subword-nmt, @@ after one
that goes on. SentencePiece and byte-level BPE mark the spaces instead: there the text tells.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GOES_ON = "@@"
USUAL = 0.05  # of a vocabulary's pieces: fewer that end in @@ are pieces of the text


@dataclass(frozen=True)
class WordMarks:
    """The marks before or after pieces' letters; empty where a vocabulary has no such mark."""

    before: str = ""  # a piece that continues a word: "##"
    at_end: str = ""  # a piece that ends its word: "</w>"
    goes_on: str = ""  # a piece that the next one continues: "@@"

    @property
    def any(self) -> bool:
        """Whether pieces are marked at all; if not, their spaces are."""
        return bool(self.before or self.at_end or self.goes_on)

    def continues(
        self, pieces: Sequence[str], added: Sequence[bool], unknown: Sequence[bool]
    ) -> list[bool]:
        """Return for each piece whether it goes on with the word of the piece before it.

        Args:
            pieces: as the vocabulary writes them.
            added: True for tokens that were added to the vocabulary as they are, without marks.
            unknown: True for the token that stands for what has no other: it can go on with a
                word, but doesn't tell whether the word goes on.
        """
        goes_on = False
        found = []
        for piece, as_it_is, tells_nothing in zip(pieces, added, unknown, strict=True):
            found.append(not as_it_is and (goes_on or self._has_before(piece)))
            goes_on = not (as_it_is or tells_nothing) and self._is_continued(piece)
        return found

    def bare(self, piece: str) -> str:
        """Return the letters of a piece, without its marks."""
        if self._has_before(piece):
            piece = piece[len(self.before) :]
        for mark in (self.at_end, self.goes_on):
            if mark and len(piece) > len(mark):
                piece = piece.removesuffix(mark)
        return piece

    def _has_before(self, piece: str) -> bool:
        return bool(self.before) and piece.startswith(self.before) and piece != self.before

    def _is_continued(self, piece: str) -> bool:
        if self.goes_on:
            return piece.endswith(self.goes_on) and piece != self.goes_on
        return bool(self.at_end) and not piece.endswith(self.at_end)


def find_marks(
    model: Mapping[str, Any],
    decoders: Sequence[Mapping[str, Any]],
    vocabulary: Callable[[], Collection[str]],
) -> WordMarks:
    """Find how a tokeniser's vocabulary marks its words.

    Args:
        model: as in its tokenizer.json.
        decoders: likewise, those of a sequence one by one.
        vocabulary: gives its pieces; asked where neither model nor decoders tell enough.
    """
    of_type = {part["type"]: part for part in decoders}
    before = model.get("continuing_subword_prefix") or of_type.get("WordPiece", {}).get("prefix")
    at_end = model.get("end_of_word_suffix")
    if before or at_end:
        return WordMarks(before or "", at_end or "")
    if {"ByteLevel", "Metaspace", "ByteFallback"} & of_type.keys():
        return WordMarks()
    pieces = vocabulary()
    at_end = of_type.get("BPEDecoder", {}).get("suffix")
    if at_end and any(piece.endswith(at_end) for piece in pieces):
        return WordMarks(at_end=at_end)
    # Nothing in a tokenizer.json has a name for @@: it is known by how often it occurs.
    marked = sum(piece.endswith(GOES_ON) and piece != GOES_ON for piece in pieces)
    return WordMarks(goes_on=GOES_ON if marked > USUAL * len(pieces) else "")
