"""The tokeniser that a GGUF file describes, without the file that Hugging Face would keep it in.

A GGUF file has a byte-level BPE tokeniser's vocabulary and merges, but only a name for the way in
which a text is cut before it is merged. What the names stand for is known from the tokenisers that
were converted, and from llama.cpp, which reads these files.
"""

from collections.abc import Sequence
from typing import Any

from gguf import GGUFReader, Keys, TokenType
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from ..errors import CodedValueError

# A space is no part of the number after it: digits are cut off first, one by one.
_PRE_TOKENIZERS = {
    "smollm": pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
}
_SPECIAL = (TokenType.CONTROL, TokenType.USER_DEFINED)


def tokenizer_from_gguf(
    tokens: Sequence[str], merges: Sequence[str], token_types: Sequence[int], pre: str
) -> Tokenizer:
    """Make a byte-level BPE tokeniser, which adds no token to a text.

    Bytes that the vocabulary has not, such as a few control characters' in SmolLM2's, are left out
    of the text in silence; the tokeniser that was converted does so too.

    Args:
        tokens: V pieces; a piece's place is its id.
        merges: pairs of pieces such as "Ġ t", the first to be merged first.
        token_types: V of gguf.TokenType.
        pre: the name of its pre-tokeniser, `tokenizer.ggml.pre`.

    Raises:
        ValueError: if the pre-tokeniser is unknown, there isn't one type a token, or a merge is
            not a pair.
    """
    if pre not in _PRE_TOKENIZERS:
        raise CodedValueError(
            "gguf.pre_tokenizer",
            "the pre-tokeniser must be one of {known}, got {name!r}",
            known=tuple(map(repr, _PRE_TOKENIZERS)),
            name=pre,
        )
    if len(token_types) != len(tokens):
        raise CodedValueError(
            "gguf.token_types",
            "expected {wanted} token types, one a token, got {got}",
            wanted=len(tokens),
            got=len(token_types),
        )
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: token for token, piece in enumerate(tokens)},
            merges=[_pair(merge) for merge in merges],
        )
    )
    tokenizer.pre_tokenizer = _PRE_TOKENIZERS[pre]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            AddedToken(piece, special=True, normalized=False)
            for piece, kind in zip(tokens, token_types, strict=True)
            if kind in _SPECIAL
        ]
    )
    return tokenizer


def _pair(merge: str) -> tuple[str, str]:
    left, space, right = merge.partition(" ")
    if not (left and space and right) or " " in right:
        raise CodedValueError(
            "gguf.merge",
            "a merge must be two pieces with a space between, got {merge!r}",
            merge=merge,
        )
    return left, right


def read_gguf_tokenizer(reader: GGUFReader) -> Tokenizer:
    """Read the tokeniser of an open GGUF file.

    Raises:
        ValueError: if the file has none, or one of another kind than `tokenizer_from_gguf` makes.
    """
    kind = _read(reader, Keys.Tokenizer.MODEL)
    if kind != "gpt2":  # what these files call byte-level BPE
        raise CodedValueError(
            "gguf.kind",
            "{key} must be 'gpt2', byte-level BPE, got {kind!r}",
            key=Keys.Tokenizer.MODEL,
            kind=kind,
        )
    return tokenizer_from_gguf(
        tokens=_read(reader, Keys.Tokenizer.LIST),
        merges=_read(reader, Keys.Tokenizer.MERGES),
        token_types=_read(reader, Keys.Tokenizer.TOKEN_TYPE),
        pre=_read(reader, Keys.Tokenizer.PRE),
    )


def _read(reader: GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    if field is None:
        raise CodedValueError(
            "gguf.lacks", "the GGUF file has no {key}, which its tokeniser needs", key=key
        )
    return field.contents()
