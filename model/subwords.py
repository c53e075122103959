"""Sub-word tokens of trained models, and how people read them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tokenizers import Encoding, Tokenizer

from .subword_cutting import cut_to, longest_first, sentences, spans
from .subword_reading import append, characters, group_words, labels
from .subword_vocabulary import Vocabulary


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


class SubwordTokenizer(Vocabulary):
    """A Hugging Face tokeniser, neither padding nor cutting, with pieces that people can read.

    Args:
        tokenizer: whose padding and truncation are turned off.
        tells_types: whether the model is told, of a pair, which sentence a token is of.
    """

    def __init__(self, tokenizer: Tokenizer, *, tells_types: bool = True) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        super().__init__(tokenizer)
        self._tells_types = tells_types
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
        """Read the tokens of one or two texts, and those added to them."""
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


def _repaired(text: str) -> str:
    """The text without halves of surrogate pairs."""
    # Through UTF-16, since two halves that stand together are a character after all.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
