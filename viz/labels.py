"""How tokens are written on charts: as they were typed, told apart, and harmless.

Plotly draws labels as pseudo-HTML, so that <b> would turn bold and <a href> into a link; it merges
equal labels of a string axis. Here labels are escaped, and figures use integer positions.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_SHORT = 14  # characters of a token on an axis
LONGEST_FULL = 80  # and on hover: enough to recognise any word

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def visible(token: str) -> str:
    """Return the token with what can't be seen made visible: a space as ␣, a control as ⟨U+200B⟩.

    Joiners and variation selectors inside a visible token are left alone: they shape it.
    """
    if token.isascii() and token.isprintable() and " " not in token:
        return token  # as most are: what follows looks at each character
    if token.isspace():
        return "␣" * len(token)
    if all(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Mn") for c in token):
        return "".join(f"⟨U+{ord(c):04X}⟩" for c in token)
    # Directional overrides would turn the rest of a label around.
    return "".join(f"⟨U+{ord(c):04X}⟩" if _is_unsafe(c) else c for c in token)


def shorten(text: str, longest: int) -> str:
    """Cut the text to `longest` characters with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def escape(text: str) -> str:
    """Escape the text such that Plotly shows it as typed."""
    return text.translate(_ESCAPES)


@dataclass(frozen=True)
class AxisLabels:
    """The labels of one side of a matrix, escaped."""

    short: tuple[str, ...]  # at the axis
    full: tuple[str, ...]  # on hover

    def __len__(self) -> int:
        return len(self.short)


def token_labels(
    tokens: Sequence[str],
    position: str = "position",
    *,
    places: Sequence[int] | None = None,
    notes: Sequence[str] | None = None,
) -> AxisLabels:
    """Return labels of tokens; words that occur twice carry their position at the axis too.

    Args:
        tokens: L of them.
        position: the word for it on hover.
        places: the positions, where some tokens aren't shown; None for 0 to L-1.
        notes: what else is said of each on hover; "" for nothing.
    """
    places = range(len(tokens)) if places is None else places
    notes = [""] * len(tokens) if notes is None else notes
    seen = Counter(tokens)
    shown = [visible(token) for token in tokens]
    short = tuple(
        escape(shorten(text, LONGEST_SHORT)) + (f" ·{place}" if seen[token] > 1 else "")
        for place, token, text in zip(places, tokens, shown, strict=True)
    )
    said = [f", {escape(shorten(visible(note), LONGEST_FULL))}" if note else "" for note in notes]
    full = tuple(
        f"{escape(shorten(text, LONGEST_FULL))} ({position} {place}{note})"
        for place, text, note in zip(places, shown, said, strict=True)
    )
    return AxisLabels(short, full)


def dimension_labels(count: int, name: str = "", dimension: str = "dimension") -> AxisLabels:
    """Return labels of a vector's dimensions: 0, 1, 2 ... and "Q, dimension 2" on hover."""
    prefix = f"{name}, " if name else ""
    return AxisLabels(
        tuple(str(i) for i in range(count)),
        tuple(f"{prefix}{dimension} {i}" for i in range(count)),
    )


def text_width(label: str) -> float:
    """Estimate how wide a label is drawn, in pixels: wide scripts and emoji count double."""
    plain = label.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    is_ascii = plain.isascii()
    wide = 0 if is_ascii else sum(unicodedata.east_asian_width(c) in "WF" for c in plain)
    broad = sum(map(plain.count, "WMmw@%"))
    return 7.6 * (len(plain) + 0.9 * wide + 0.6 * broad)


def _is_unsafe(char: str) -> bool:
    bidi_controls = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    return char in bidi_controls or unicodedata.category(char) in ("Cc", "Cs")
