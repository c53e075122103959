"""From a typed text to tokens, for any script.

Two tokenisers, both built on Unicode's extended grapheme clusters (UAX #29), so that an emoji
family, a flag or a letter with its combining marks is never torn apart.
"""

import unicodedata
from collections.abc import Callable
from itertools import groupby
from typing import Literal, get_args

import regex

Tokenizer = Literal["words", "characters"]

# Scripts written without spaces between words: each character is a token of its own.
_NO_SPACES = (
    r"[\p{Han}\p{scx=Hiragana}\p{scx=Katakana}\p{Bopomofo}"
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
)
_MARKS = r"[\p{M}\p{Emoji_Modifier}\u200c\u200d]*"  # what stays with the letter before it
# Two letters that are a flag, with what belongs to them. As \X, but it doesn't look back: in a row
# of flags, \X counts at each one all those before it.
_FLAG = r"\p{Regional_Indicator}{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*"
_GRAPHEME = rf"(?:{_FLAG}|\X)"
_LETTER = rf"(?:(?!{_NO_SPACES})[\p{{L}}\p{{N}}_]{_MARKS})"

_WORDS = regex.compile(
    rf"""
    <\|[^<>|\s]+\|>                       # <|endoftext|>
    | </?\p{{L}}[^<>\s]{{0,30}}>             # <s> </s> <b>
    | \[\p{{Lu}}+\]                       # [CLS] [UNK]
    | &\#?\w{{1,10}};                     # &lt; as it was typed
    | (?:(?<!\p{{Nd}})\p{{Nd}}+(?:[.,]\p{{Nd}}+)+  # 3.14, 1,000 and, with what goes on, 1.7B; not
        {_LETTER}*|{_LETTER}+)              # tried at each of a number's digits
      (?:['’]{_LETTER}+)*                 # words, with their apostrophes: didn't
    | {_GRAPHEME}                         # anything else, one grapheme cluster at a time
    """,
    regex.VERBOSE | regex.VERSION1,
)
_GRAPHEMES = regex.compile(_GRAPHEME)
_MANY_MARKS = regex.compile(r"\p{M}{32}")


def split_words(text: str) -> list[str]:
    """Split into words, punctuation marks and symbols; scripts without spaces into characters.

    Markup and special tokens such as <s>, [UNK] and &lt; stay whole, since people who type them
    mean one token.
    """
    return [token for match in _WORDS.findall(text) if (token := match.strip())]


def split_characters(text: str) -> list[str]:
    """Split into grapheme clusters ("characters" as a reader sees them), spaces included.

    Spaces around the text are dropped, and runs of white space count once.
    """
    # Split at the spaces first: a mark that follows a space would else swallow it.
    words = [_GRAPHEMES.findall(word) for word in text.split()]
    return [c for i, word in enumerate(words) for c in ([" "] if i else []) + word]


_SPLITTERS: dict[str, Callable[[str], list[str]]] = {
    "words": split_words,
    "characters": split_characters,
}


def tokenize(text: str, tokenizer: Tokenizer = "words") -> list[str]:
    """Split a text into tokens, in Unicode's composed form (NFC).

    NFC makes é typed as one code point and é typed as two the same token.

    Raises:
        ValueError: if the tokeniser is unknown.
    """
    if tokenizer not in _SPLITTERS:
        raise ValueError(f"tokenizer must be one of {get_args(Tokenizer)}, got {tokenizer!r}")
    return _SPLITTERS[tokenizer](compose(text))


def compose(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), as unicodedata.normalize does.

    Python orders the marks on a letter by insertion, in a time that grows as the square of their
    number: seconds for a long text of nothing else. Where there are many, they are put in order
    before. Source: Unicode Standard Annex #15, canonical ordering.
    """
    if not _MANY_MARKS.search(text):
        return unicodedata.normalize("NFC", text)
    decomposed = "".join(unicodedata.normalize("NFD", character) for character in text)
    runs = groupby(decomposed, key=lambda character: unicodedata.combining(character) > 0)
    ordered = (sorted(run, key=unicodedata.combining) for _, run in runs)  # equals stay in order
    return unicodedata.normalize("NFC", "".join(map("".join, ordered)))
