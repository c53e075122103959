"""Tokens as people hand them over: checked, and in the number that their attention has."""

from collections.abc import Sequence

SPACES = ("Ġ", "▁")  # how byte-level BPE and SentencePiece write a space before a word
WORD_END = "</w>"  # and BPE of older models the end of one


def checked_tokens(tokens: Sequence[str] | None, what: str) -> tuple[str, ...] | None:
    """Return tokens as a tuple; None where there are none.

    Raises:
        TypeError: if it isn't a sequence of texts.
    """
    if tokens is None:
        return None
    if isinstance(tokens, str | bytes):
        raise TypeError(
            f"{what} must be a list of tokens, got one text: pass tokenizer.tokenize(text), or "
            "text.split()"
        )
    try:
        listed = tuple(tokens)
    except TypeError as error:
        raise TypeError(f"{what} must be a list of tokens, got {type(tokens).__name__}") from error
    others = [type(token).__name__ for token in listed if not isinstance(token, str)]
    if others:
        raise TypeError(
            f"{what} must be texts, got {others[0]}: for ids pass "
            "tokenizer.convert_ids_to_tokens(ids)"
        )
    return tuple(map(str, listed))


def pretty(token: str) -> str:
    """Return a vocabulary's piece with ␣ for its mark of a space, and without one of an end."""
    for mark in SPACES:
        if token.startswith(mark):
            token = "␣" * (len(token) - len(token.lstrip(mark))) + token.lstrip(mark)
    return token.removesuffix(WORD_END) or token


def fitting(
    tokens: Sequence[str] | None, positions: int, what: str, where: str, *, prettify: bool
) -> tuple[str, ...]:
    """Return one text a position: the tokens, or the positions' numbers where there are none.

    Args:
        tokens: as they were handed over.
        positions: how many there must be.
        what: the tokens' name in errors.
        where: what of the attention has the positions, in errors: "queries of layer 0".
        prettify: whether `pretty` is to be used.

    Raises:
        ValueError: if there are more tokens, or fewer.
    """
    if tokens is None:
        return tuple(map(str, range(positions)))
    if len(tokens) != positions:
        least = min(len(tokens), positions)
        raise ValueError(
            f"{what} must be one a position: got {len(tokens)} tokens, and the {where} are "
            f"{positions}. Pass the tokens that the model read, special and padding ones too, or "
            f"cut both to the first {least}"
        )
    return tuple(pretty(token) if prettify else token for token in tokens)
