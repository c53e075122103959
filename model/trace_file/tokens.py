"""The tokens of a file, which may be anybody's, and fewer or more than there are positions."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import CodedText, CodedValueError
from .archive import Archive, shape_text, short
from .layer import Rows

LONGEST_TOKEN = 100  # characters: more than any word has


@dataclass(frozen=True)
class Texts:
    """Tokens as they stand in a file: rows of them, and how many of each row are its own."""

    name: str
    rows: Rows
    lengths: tuple[int, ...]


def read_tokens(
    archive: Archive, name: str, lengths: object, notices: list[CodedText]
) -> Texts | None:
    """Return the tokens of an array; None if there is no such array.

    Args:
        archive: the file.
        name: of the array, (L,) or (B, L).
        lengths: what the file's configuration says of their numbers, which may be anything.
        notices: are added to where a token isn't shown as it stands there.

    Raises:
        CodedValueError: if it holds no texts.
    """
    if name not in archive.names:
        return None
    array = archive.texts(name)
    if array.ndim > 2:
        raise CodedValueError(
            "trace_file.tokens_shape",
            "{name} has the shape {shape}, and must be of (tokens,) or (sentences, tokens)",
            name=short(name),
            shape=shape_text(array.shape),
        )
    rows = [[_text(each) for each in row] for row in _listed(array, name)]
    cut = sum(len(token) > LONGEST_TOKEN for row in rows for token in row)
    if cut:
        notices.append(
            CodedText(
                "trace_file.long_tokens",
                "{name}: tokens of more than {most} characters are cut: {count}",
                name=short(name),
                most=LONGEST_TOKEN,
                count=cut,
            )
        )
    kept = tuple(tuple(_cut(token) for token in row) for row in rows)
    return Texts(name, kept, _lengths(kept, lengths, is_padded=array.ndim == 2))


def _listed(array: np.ndarray, name: str) -> list[list[object]]:
    """Return the rows of an array as Python's own texts, bytes or numbers."""
    array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
    # Beyond the last of Unicode's characters Python can't make a text.
    if array.dtype.kind == "U" and array.view(np.uint32).max() > sys.maxunicode:
        raise CodedValueError(
            "trace_file.no_characters",
            "{name} holds what are no characters: the file is damaged",
            name=short(name),
        )
    return np.atleast_2d(array).tolist()  # type: ignore[no-any-return]


def _text(value: object) -> str:
    """Return a token as a text that any encoding can hold."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cut(token: str) -> str:
    return token if len(token) <= LONGEST_TOKEN else f"{token[: LONGEST_TOKEN - 1]}…"


def _lengths(rows: Rows, told: object, *, is_padded: bool) -> tuple[int, ...]:
    """Return how many tokens of each row are its own: as the file says, or without empty ones."""
    if (
        isinstance(told, list)
        and len(told) == len(rows)
        and all(type(n) is int and 0 <= n <= len(row) for n, row in zip(told, rows, strict=True))
    ):
        return tuple(told)
    if not is_padded:
        return tuple(map(len, rows))
    return tuple(
        max((place + 1 for place, token in enumerate(row) if token), default=0) for row in rows
    )


def tokens_for(
    texts: Texts | None, batch: int, positions: int, notices: list[CodedText]
) -> tuple[Rows, tuple[int, ...]]:
    """Return B rows of tokens for so many positions, and how many of each are its own.

    What is missing is filled up with numbers of positions, what is too much is cut, and both said.
    """
    if texts is None:
        numbers = tuple(map(str, range(positions)))
        return (numbers,) * batch, (positions,) * batch
    if len(texts.rows) != batch:
        _say_once(
            notices,
            CodedText(
                "trace_file.sentences",
                "{name} is of {got} sentences, and the attention of {batch}",
                name=short(texts.name),
                got=len(texts.rows),
                batch=batch,
            ),
        )
    width = len(texts.rows[0])
    if width != positions:
        _say_once(notices, _other_count(texts.name, width, positions))
    rows, lengths = [], []
    for sentence in range(batch):
        row: Sequence[str] = texts.rows[sentence] if sentence < len(texts.rows) else ()
        own = texts.lengths[sentence] if sentence < len(texts.rows) else positions
        rows.append((*row[:positions], *map(str, range(len(row), positions))))
        lengths.append(positions if own == len(row) < positions else min(own, positions))
    return tuple(rows), tuple(lengths)


def _other_count(name: str, tokens: int, positions: int) -> CodedText:
    if tokens < positions:
        return CodedText(
            "trace_file.fewer_tokens",
            "{name}: {tokens} for {positions} positions. The rest are shown by their numbers",
            name=short(name),
            tokens=tokens,
            positions=positions,
        )
    return CodedText(
        "trace_file.more_tokens",
        "{name}: {tokens} for {positions} positions. The rest are left out",
        name=short(name),
        tokens=tokens,
        positions=positions,
    )


def _say_once(notices: list[CodedText], said: CodedText) -> None:
    if said not in notices:
        notices.append(said)
