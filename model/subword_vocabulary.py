"""The tokens of a trained model's tokeniser, one by one: what each is, and how it is read."""

import json
import re
from collections.abc import Sequence

from tokenizers import Tokenizer, pre_tokenizers

from .subword_marks import find_marks
from .subword_reading import characters, labels

_SPACE = "▁"  # what SentencePiece writes for it
_FALLBACK = re.compile("<0x([0-9A-F]{2})>")  # a byte, where a vocabulary has no better piece


def _byte_alphabet() -> dict[str, int]:
    """Byte-level BPE writes printable bytes as they are, and the rest as letters from Ā on."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    printable = [ord(letter) for letter in alphabet if ord(letter) < 256]
    rest = sorted(set(range(256)) - set(printable))
    return dict(zip(alphabet, printable + rest, strict=True))


_BYTES = _byte_alphabet()


class Vocabulary:
    """The tokens that a Hugging Face tokeniser knows, by their ids.

    It knows pieces that mark spaces, as byte-level BPE's and SentencePiece's do, and pieces that
    mark words: see WordMarks.

    Args:
        tokenizer: whose vocabulary it is.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._added = tokenizer.get_added_tokens_decoder()
        # Not all of these have attributes, but all are in the tokeniser's file.
        parts = json.loads(tokenizer.to_str())
        decoder = parts["decoder"] or {"type": None}
        decoders = {part["type"]: part for part in decoder.get("decoders", [decoder])}
        self._byte_level = "ByteLevel" in decoders
        self._marks = find_marks(parts["model"], list(decoders.values()), tokenizer.get_vocab)
        # CLIP's pieces are bytes, but those of spaces aren't among them.
        self._has_spaces = not self._marks.any or (self._byte_level and not self._marks.at_end)
        unknown = parts["model"].get("unk_token")
        self._unknown: int | None = (
            parts["model"].get("unk_id") if unknown is None else tokenizer.token_to_id(unknown)
        )

    def has(self, token: int) -> bool:
        """Whether the vocabulary has such a token."""
        return 0 <= token < 2**32 and self._tokenizer.id_to_token(token) is not None

    def beyond(self, vocabulary: int) -> tuple[int, ...]:
        """Return the ids from `vocabulary` on, in order: a table of so many rows hasn't them."""
        return tuple(sorted(i for i in self._tokenizer.get_vocab().values() if i >= vocabulary))

    def shown(self, token: int) -> str:
        """Return one token as people read it; ⟨17⟩ for one that only the model's table has."""
        if not self.has(token):
            return f"⟨{token}⟩"
        chunk = self._bytes(token, continues=True)
        try:
            chunk.decode()
        except UnicodeDecodeError:  # a part of a character, which has no letters of its own
            return f"⟨{chunk.hex(' ').upper()}⟩"
        return self._read(token, labels(1, list(characters([chunk])))[0])

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some tokens, special ones included.

        Raises:
            ValueError: if the vocabulary has no such token.
        """
        for token in ids:
            self._piece(token)
        return self._tokenizer.decode(list(ids), skip_special_tokens=False)

    def plain_words(self, most: int = 2000) -> list[str]:
        """Return words of 4 to 7 Latin letters that a token stands for, with the space before it.

        Vocabularies begin with what is frequent, so these are common words. (Some of them may be
        parts of words that the tokeniser never uses alone.)

        Args:
            most: how many, from the first.
        """
        space = "" if not self._has_spaces else "Ġ" if self._byte_level else _SPACE
        word = re.compile(f"{space}([a-z]{{4,7}}){re.escape(self._marks.at_end)}")
        vocabulary = self._tokenizer.get_vocab()
        found = map(word.fullmatch, sorted(vocabulary, key=vocabulary.__getitem__))
        return [match[1] for match in found if match][:most]

    def _piece(self, token: int) -> str:
        piece = self._tokenizer.id_to_token(token) if self.has(token) else None
        if piece is None:
            size = self._tokenizer.get_vocab_size()
            raise ValueError(f"token {token} is not in the vocabulary, which has {size} tokens")
        return piece

    def _bytes(self, token: int, continues: bool) -> bytes:
        """Return what a token adds to the text, with a space first where a marked word begins."""
        piece = self._piece(token)
        if token in self._added:  # these are written as they are
            return piece.encode()
        piece = self._marks.bare(piece)
        space = b"" if continues or self._has_spaces else b" "
        if self._byte_level and set(piece) <= _BYTES.keys():
            return space + bytes(_BYTES[letter] for letter in piece)
        if byte := _FALLBACK.fullmatch(piece):
            return bytes.fromhex(byte[1])
        return space + (piece.replace(_SPACE, " ") if self._has_spaces else piece).encode()

    def _is_special(self, token: int) -> bool:
        return token in self._added and self._added[token].special

    def _read(self, token: int, label: str | None) -> str:
        piece = self._piece(token)
        if not label or self._is_special(token):
            return piece
        if self._has_spaces:
            return label
        if not self._byte_level:  # its letters are people's
            return piece
        return label.removeprefix("␣") + piece[len(self._marks.bare(piece)) :]
