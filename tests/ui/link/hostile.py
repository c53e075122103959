"""Texts that a stranger may put into a link to break a page, and where they go."""

from tests.ui.helpers import PARAMETERS

HOSTILE = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "Markdown": "**b** _i_ `c` [x](https://example.org) ![y](z) # h\\ ~~s~~ | - 1. > q",
    "directives": ":red[x] :material/home: $$\\frac{1}{0}$$ &lt; :smile:",
    "template": "{0} {key} {} %s %(key)s ${x}",
    "control characters": "a\x00b\x07\x1b[31m",
    "direction": "\u202egnitirw\u202c \u200b\ufeff",
    "lone percent": "100%",
    "percent twice": "%253Cb%253E",
    "long": "9" * 5000,
    "long word": "x" * 5000,
    "exponent": "1e9999",
    "negative exponent": "-1e9999",
    "not a number": "nan",
    "signed": "-nan",
    "infinite": "∞",
    "hexadecimal": "0x10",
    "full-width": "１２",
    "boolean": "True",
    "nothing": "None",
    "json": '{"a": [1, null]}',
    "lone surrogate": "\ud800",
}


def in_all(page: str, text: str) -> dict[str, str]:
    """A text for each parameter of a page but the one that shows a teacher's notes in its place."""
    return {key: text for key in PARAMETERS[page] if key != "notes"}
