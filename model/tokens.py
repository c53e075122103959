"""From a typed text to tokens, for any script.

Two tokenisers, both built on Unicode's extended grapheme clusters (UAX #29), so that an emoji
family, a flag or a letter with its combining marks is never torn apart.
"""

import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

import regex

Tokenizer = Literal["words", "characters"]

# Scripts written without spaces between words: each character is a token of its own.
_NO_SPACES = (
    r"[\p{Han}\p{scx=Hiragana}\p{scx=Katakana}\p{Bopomofo}"
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
)
_MARKS = r"[\p{M}\p{Emoji_Modifier}\u200c\u200d]*"  # what stays with the letter before it
_LETTER = rf"(?:(?!{_NO_SPACES})[\p{{L}}\p{{N}}_]{_MARKS})"

_WORDS = regex.compile(
    rf"""
    <\|[^<>|\s]+\|>                       # <|endoftext|>
    | </?\p{{L}}[^<>\s]{{0,30}}>             # <s> </s> <b>
    | \[\p{{Lu}}+\]                       # [CLS] [UNK]
    | &\#?\w{{1,10}};                     # &lt; as it was typed
    | (?:\p{{Nd}}+(?:[.,]\p{{Nd}}+)+      # 3.14, 1,000 and, with what goes on, 1.7B
        {_LETTER}*|{_LETTER}+)
      (?:['’]{_LETTER}+)*                 # words, with their apostrophes: didn't
    | \X                                  # anything else, one grapheme cluster at a time
    """,
    regex.VERBOSE | regex.VERSION1,
)
_GRAPHEMES = regex.compile(r"\X")


def split_words(text: str) -> list[str]:
    """Words, punctuation marks and symbols; scripts without spaces split into characters.

    Markup and special tokens such as <s>, [UNK] and &lt; stay whole, since people who type them
    mean one token.
    """
    return [token for match in _WORDS.findall(text) if (token := match.strip())]


def split_characters(text: str) -> list[str]:
    """One token a grapheme cluster ("character" as a reader sees it), spaces included.

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
    return _SPLITTERS[tokenizer](unicodedata.normalize("NFC", text))
