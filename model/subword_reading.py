"""Which characters and words some tokens' bytes make: what a vocabulary's pieces don't show."""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from .tokens import split_words

Span = tuple[int, int]  # from one character of a text up to another, which is not part of it

_SIGNS = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"})
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Zs"}  # Unicode categories: joiners and spaces of all sorts


class Character(NamedTuple):
    """A character, or a byte that belongs to none, and the tokens that it is in."""

    text: str  # a byte that belongs to none is a lone surrogate, U+DC80 to U+DCFF
    first: int  # the token of its first byte
    last: int  # the token of its last one


def characters(chunks: Sequence[bytes]) -> Iterator[Character]:
    """Yield the characters that tokens make together, each token given by its bytes."""
    owners = [token for token, chunk in enumerate(chunks) for _ in chunk]
    byte = 0
    for text in b"".join(chunks).decode("utf-8", "surrogateescape"):
        size = len(text.encode("utf-8", "surrogateescape"))
        yield Character(text, owners[byte], owners[byte + size - 1])
        byte += size


def labels(tokens: int, found: Sequence[Character]) -> list[str | None]:
    """Return what people read in each token: "␣street", or "🙂 1/2" for a part of a character.

    None for a token with a byte that belongs to no character.
    """
    inside: list[list[Character]] = [[] for _ in range(tokens)]
    for character in found:
        for token in range(character.first, character.last + 1):
            inside[token].append(character)
    return [_label(token, inside[token]) for token in range(tokens)]


def _label(token: int, inside: Sequence[Character]) -> str | None:
    if any(_is_stray(character) for character in inside):
        return None
    label = ""
    for whole, group in groupby(inside, key=lambda character: character.first == character.last):
        if whole:
            label += _visible("".join(character.text for character in group))
            continue
        for text, first, last in group:
            label += f"{_visible(text)} {token - first + 1}/{last - first + 1} "
    return label.removesuffix(" ")


def _is_stray(character: Character) -> bool:
    return "\udc80" <= character.text <= "\udcff"


def _visible(text: str) -> str:
    text = text.translate(_SIGNS)
    if all(unicodedata.category(c) in _INVISIBLE or "\ufe00" <= c <= "\ufe0f" for c in text):
        return " ".join(f"U+{ord(c):04X}" for c in text)
    # An accent alone would land on whatever stands before it.
    return "◌" + text if unicodedata.category(text[0]).startswith("M") else text


def append(
    text: str, spans: Sequence[Span], found: Sequence[Character], tokens: int
) -> tuple[str, list[Span]]:
    """Append to the text what the tokens say that have no span yet.

    Args:
        text: what the tokens before them say.
        spans: where in the text each of those is.
        found: all tokens' characters.
        tokens: how many there are.

    Returns:
        The longer text, with U+FFFD for a byte of no character, and all tokens' spans.
    """
    typed = len(spans)
    new = [character for character in found if character.last >= typed]
    if new and new[0].first < typed:  # it ends a character that was cut: no longer what was typed
        text = text[:-1]
    places: dict[int, Span] = {}
    for place, (_, first, last) in enumerate(new, start=len(text)):
        for token in range(first, last + 1):
            places[token] = (places.get(token, (place,))[0], place + 1)
    text += "".join("\ufffd" if _is_stray(character) else character.text for character in new)
    nowhere = (len(text), len(text))
    return text, [*spans, *(places.get(token, nowhere) for token in range(typed, tokens))]


def group_words(
    text: str,
    spans: Sequence[Span],
    special: Sequence[bool],
    continues: Sequence[bool],
    chunks: Sequence[bytes],
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return which word each token belongs to, and the words as the text has them.

    Words are those of `split_words`; a token that reaches over several makes them one, and so does
    one that the vocabulary marks as going on with the word before. White space belongs to the word
    after it. A special token is a word of its own.
    """
    words: list[int] = []
    texts: list[str] = []
    for is_special, group in groupby(range(len(spans)), key=special.__getitem__):
        run = list(group)
        if is_special:
            words += range(len(texts), len(texts) + len(run))
            texts += [chunks[token].decode("utf-8", "replace") for token in run]
            continue
        # Not from the run's first token to its last: what a tokeniser drops, such as an accent,
        # is still a part of its word.
        start = spans[run[0] - 1][1] if run[0] else 0
        end = spans[run[-1] + 1][0] if run[-1] + 1 < len(spans) else len(text)
        reaches = _reaches([spans[token] for token in run], _find_words(text, start, end))
        word: Span | None = None
        for token, (start, end) in zip(run, reaches, strict=True):
            if word is None or (start >= word[1] and not continues[token]):
                word = (start, end)
                texts.append("")
            word = (word[0], max(word[1], end))
            # White space alone may have no place in the text, but it has bytes.
            texts[-1] = text[slice(*word)] or chunks[token].decode("utf-8", "replace")
            words.append(len(texts) - 1)
    return tuple(words), tuple(texts)


def _find_words(text: str, start: int, end: int) -> list[Span]:
    found = []
    for word in split_words(text[start:end]):
        start = text.index(word, start)
        found.append((start, start + len(word)))
        start += len(word)
    return found


def _reaches(spans: Sequence[Span], words: Sequence[Span]) -> Iterator[Span]:
    """From the first word that a token touches to the last; if none, the word after it."""
    first = 0
    for start, end in spans:
        while first < len(words) and words[first][1] <= start:
            first += 1
        last = first
        while last + 1 < len(words) and words[last + 1][0] < end:
            last += 1
        yield (words[first][0], words[last][1]) if first < len(words) else (start, end)
