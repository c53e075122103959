"""Texts cut to as many tokens as fit, and where the tokens stand in them."""

from collections.abc import Sequence

from tokenizers import Encoding

from .subword_reading import Span


def cut_to(text: str, encoding: Encoding, kept: int) -> str:
    """Cut an encoding to so many tokens, and return what is left of its text."""
    if kept == len(encoding):
        return text
    # Up to what was cut off: an accent that the tokeniser drops stays with its letter, and so does
    # a character that is cut through.
    end = max(encoding.offsets[kept][0], encoding.offsets[kept - 1][1]) if kept else 0
    encoding.truncate(kept)
    return text[:end]


def longest_first(lengths: Sequence[int], room: int) -> list[int]:
    """Return how many tokens of each of two sentences are kept, where so many fit in all.

    As the Rust library behind transformers does for its "longest_first".
    """
    shorter, longer = sorted(lengths)
    if shorter + longer > room:
        longer = max(shorter, room - shorter)
        if shorter + longer > room:
            shorter, longer = room // 2, room - room // 2
    return [shorter, longer] if lengths[0] <= lengths[1] else [longer, shorter]


def sentences(encoding: Encoding, first: int) -> list[int | None]:
    """Return which of the texts each token is of, 0 or 1; None for those around them.

    The library's own sequence_ids are lost where encodings are put together that were cut before.

    Args:
        encoding: of one or two texts.
        first: how many tokens the first text has.
    """
    outside = encoding.special_tokens_mask
    own = (0 if number < first else 1 for number in range(len(outside)))
    return [None if flag else next(own) for flag in outside]


def spans(
    texts: Sequence[str], offsets: Sequence[Span], sentences: Sequence[int | None]
) -> list[Span]:
    """Return where tokens are in the texts, joined by one character; those around are at ends."""
    begins = [0, len(texts[0]) + 1]
    found = []
    end = 0
    for offset, sentence in zip(offsets, sentences, strict=True):
        if sentence is None:
            found.append((end, end))
        else:
            begin = begins[sentence]
            found.append((begin + offset[0], begin + offset[1]))
            # Any token around the texts that comes now stands after this one.
            end = begin + len(texts[sentence])
    return found
