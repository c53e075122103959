"""The colours of queries, keys and values in words and formulas: one a concept, everywhere."""

import re

from viz.theme import Theme

_MARKED = re.compile(r":([qkv])\[([^\]]*)\]")
_LETTER = re.compile(r"(?<![a-z\\])([QKV])(?![a-z])")


def colored(text: str, theme: Theme) -> str:
    """Return Markdown in which what is marked has the colour of queries, keys or values.

    Args:
        text: with ":q[...]", ":k[...]" and ":v[...]" around what has a colour.
        theme: the page's colours.
    """
    colors = {"q": theme.query, "k": theme.key, "v": theme.value}
    return _MARKED.sub(lambda found: f':color[{found[2]}]{{foreground="{colors[found[1]]}"}}', text)


def colored_formula(formula: str, theme: Theme) -> str:
    """Return a formula in KaTeX in which Q, K and V have their colours."""
    colors = {"Q": theme.query, "K": theme.key, "V": theme.value}
    return _LETTER.sub(lambda found: f"{{\\color{{{colors[found[1]]}}}{found[1]}}}", formula)
