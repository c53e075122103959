"""Sub-word tokens of trained models, and how people read them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tokenizers import Encoding, Tokenizer, pre_tokenizers

from model.subword_cutting import cut_to, longest_first, sentences, spans
from model.subword_marks import find_marks
from model.subword_reading import append, characters, group_words, labels

_SPACE = "▁"  # what SentencePiece writes for it
_FALLBACK = re.compile("<0x([0-9A-F]{2})>")  # a byte, where a vocabulary has no better piece


def _byte_alphabet() -> dict[str, int]:
    """Byte-level BPE writes printable bytes as they are, and the rest as letters from Ā on."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    printable = [ord(letter) for letter in alphabet if ord(letter) < 256]
    rest = sorted(set(range(256)) - set(printable))
    return dict(zip(alphabet, printable + rest, strict=True))


_BYTES = _byte_alphabet()


@dataclass(frozen=True)
class Subwords:
    """A text as a model sees it: L tokens."""

    ids: tuple[int, ...]
    pieces: tuple[str, ...]  # as the vocabulary writes them: "##ing", "Ġthe", "ðŁĻĤ"
    shown: tuple[str, ...]  # as people read them: "##ing", "␣the", "🙂 1/2" for a part of a 🙂
    special: tuple[bool, ...]  # [CLS], [SEP], <|endoftext|>: added, or typed as they are
    unknown: tuple[bool, ...]  # [UNK]: the text had something that the vocabulary has not
    words: tuple[int, ...]  # which of the word_texts each token belongs to
    word_texts: tuple[str, ...]  # W words, in the order of the text; a special token is one
    left_out: int = 0  # tokens cut off at the end
    # Of two sentences in one pass alone:
    sentences: tuple[int | None, ...] = ()  # 0 or 1; None for the tokens around them
    token_types: tuple[int, ...] = ()  # what the model is told of them, if its tokeniser tells

    def __len__(self) -> int:
        return len(self.ids)


class SubwordTokenizer:
    """A Hugging Face tokeniser, neither padding nor cutting, with pieces that people can read.

    It knows pieces that mark spaces, as byte-level BPE's and SentencePiece's do, and pieces that
    mark words: see WordMarks.

    Args:
        tokenizer: whose padding and truncation are turned off.
        tells_types: whether the model is told, of a pair, which sentence a token is of.
    """

    def __init__(self, tokenizer: Tokenizer, *, tells_types: bool = True) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._tells_types = tells_types
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
        # Around any text: [CLS] before it and [SEP] after it, or nothing.
        self._around = [bool(flag) for flag in tokenizer.encode("a").special_tokens_mask]

    def encode(
        self,
        text: str,
        longest: int | None = None,
        added: Sequence[int] = (),
        *,
        around: bool = True,
    ) -> Subwords:
        """Split a text, and append tokens by their ids.

        Half a surrogate pair, which is no character, is read as U+FFFD.

        Args:
            text: what was typed.
            longest: how many tokens there may be in all. The text's last ones are cut off.
            added: tokens after the text and what is around it, such as a model's own.
            around: whether to put the tokens around the text that the model expects, such as [CLS].

        Raises:
            ValueError: if an added id isn't in the vocabulary, or the tokens that aren't the
                text's are more than `longest`.
        """
        text, encoding, left_out = self._cut(_repaired(text), longest, len(added), around)
        return self._read_tokens(
            [text], encoding, sentences(encoding, len(encoding)), added, left_out
        )

    @property
    def has_pairs(self) -> bool:
        """Whether there is a template for two sentences in one pass, with tokens that part them."""
        return self._tokenizer.num_special_tokens_to_add(is_pair=True) > 0

    def encode_pair(self, first: str, second: str, longest: int | None = None) -> Subwords:
        """Put two sentences into one sequence, as the tokeniser's own template for pairs has them.

        Args:
            first: what was typed.
            second: likewise.
            longest: how many tokens there may be in all. The longer sentence loses its last ones
                until both are equally long, then both do ("longest_first" in transformers).

        Raises:
            ValueError: if the tokeniser has no such template, or `longest` no room for its tokens.
        """
        if not self.has_pairs:
            raise ValueError("the tokeniser has no template for a pair of sentences")
        texts = [_repaired(first), _repaired(second)]
        encodings = [self._tokenizer.encode(text, add_special_tokens=False) for text in texts]
        lengths = kept = [len(encoding) for encoding in encodings]
        if longest is not None:
            needed = self._tokenizer.num_special_tokens_to_add(is_pair=True)
            if needed > longest:
                raise ValueError(
                    f"longest must be at least {needed}, the tokens around the two texts, "
                    f"got {longest}"
                )
            kept = longest_first(lengths, longest - needed)
        texts = [cut_to(*each) for each in zip(texts, encodings, kept, strict=True)]
        encoding = self._tokenizer.post_process(encodings[0], encodings[1])
        of = sentences(encoding, kept[0])
        return replace(
            self._read_tokens(texts, encoding, of, (), sum(lengths) - sum(kept)),
            sentences=tuple(of),
            token_types=tuple(encoding.type_ids) if self._tells_types else (),
        )

    def _read_tokens(
        self,
        texts: Sequence[str],
        encoding: Encoding,
        of: Sequence[int | None],
        added: Sequence[int],
        left_out: int,
    ) -> Subwords:
        """What the tokens of one or two texts, and those added to them, are and say."""
        ids = (*encoding.ids, *map(int, added))
        pieces = [self._piece(token) for token in ids]
        outside = [sentence is None for sentence in of]
        text = "\n".join(texts)  # white space, so that no word reaches into the second
        typed = spans(texts, encoding.offsets, of)
        unknown = [
            # Someone may type "[UNK]" and mean it.
            token == self._unknown and not is_outside and text[start:end].strip() != piece
            for token, is_outside, (start, end), piece in zip(
                encoding.ids, outside, typed, pieces[: len(typed)], strict=True
            )
        ] + [False] * len(added)
        special = [
            is_outside or (self._is_special(token) and not flag)
            for token, is_outside, flag in zip(
                ids, outside + [False] * len(added), unknown, strict=True
            )
        ]
        continues = self._marks.continues(
            pieces,
            [
                is_special or (token in self._added and not is_unknown)
                for token, is_special, is_unknown in zip(ids, special, unknown, strict=True)
            ],
            [token == self._unknown for token in ids],
        )
        chunks = [
            self._bytes(token, continues=goes_on or is_special)  # no space before a special one
            for token, goes_on, is_special in zip(ids, continues, special, strict=True)
        ]
        found = list(characters(chunks))
        text, places = append(text, typed, found, len(ids))
        words, word_texts = group_words(text, places, special, continues, chunks)
        return Subwords(
            ids=ids,
            pieces=tuple(pieces),
            shown=tuple(map(self._read, ids, labels(len(ids), found))),
            special=tuple(special),
            unknown=tuple(unknown),
            words=words,
            word_texts=word_texts,
            left_out=left_out,
        )

    def special_in(self, text: str, added: Sequence[int] = ()) -> tuple[bool, bool]:
        """Whether a text is read with special tokens, and whether the first token is one.

        Args:
            text: what was typed, which may name some.
            added: ids of tokens after it, as for `encode`.
        """
        named = [each.content for each in self._added.values() if each.special]
        typed = any(name in text for name in named)
        has = any(self._around) or typed or any(map(self._is_special, added))
        begins = typed and text.startswith(tuple(named))
        return has, begins or self._around[:1] == [True]

    def has(self, token: int) -> bool:
        """Whether the vocabulary has such a token."""
        return 0 <= token < 2**32 and self._tokenizer.id_to_token(token) is not None

    def beyond(self, vocabulary: int) -> tuple[int, ...]:
        """Return the ids from `vocabulary` on, in order: a table of so many rows hasn't them."""
        return tuple(sorted(i for i in self._tokenizer.get_vocab().values() if i >= vocabulary))

    def shown(self, token: int) -> str:
        """One token as people read it; ⟨17⟩ for one that only the model's table of vectors has."""
        if not self.has(token):
            return f"⟨{token}⟩"
        chunk = self._bytes(token, continues=True)
        try:
            chunk.decode()
        except UnicodeDecodeError:  # a part of a character, which has no letters of its own
            return f"⟨{chunk.hex(' ').upper()}⟩"
        return self._read(token, labels(1, list(characters([chunk])))[0])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some tokens, special ones included.

        Raises:
            ValueError: if the vocabulary has no such token.
        """
        for token in ids:
            self._piece(token)
        return self._tokenizer.decode(list(ids), skip_special_tokens=False)

    def plain_words(self, most: int = 2000) -> list[str]:
        """Words of 4 to 7 Latin letters that a token stands for, with the space before it.

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

    def _cut(
        self, text: str, longest: int | None, added: int, around: bool
    ) -> tuple[str, Encoding, int]:
        """The text that is left, its tokens and those around it, and how many were cut off."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        left_out = 0
        if longest is not None:
            needed = added
            if around:
                needed += self._tokenizer.num_special_tokens_to_add(is_pair=False)
            if needed > longest:
                raise ValueError(
                    f"longest must be at least {needed}, the tokens around the text and after it, "
                    f"got {longest}"
                )
            left_out = max(0, len(encoding) - (longest - needed))
        if left_out:
            text = cut_to(text, encoding, len(encoding) - left_out)
        if around:
            encoding = self._tokenizer.post_process(encoding)
        return text, encoding, left_out

    def _piece(self, token: int) -> str:
        piece = self._tokenizer.id_to_token(token) if self.has(token) else None
        if piece is None:
            size = self._tokenizer.get_vocab_size()
            raise ValueError(f"token {token} is not in the vocabulary, which has {size} tokens")
        return piece

    def _bytes(self, token: int, continues: bool) -> bytes:
        """What a token adds to the text; a space first where it begins a word that is marked."""
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


def _repaired(text: str) -> str:
    """The text without halves of surrogate pairs."""
    # Through UTF-16, since two halves that stand together are a character after all.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
