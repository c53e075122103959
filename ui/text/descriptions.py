"""What a picture is, in a line: a sentence in plain words, and the formula beside it."""

import re
from dataclasses import dataclass

from ui.text.explain import explain
from ui.text.i18n import _
from viz.theme import Theme

# In a sentence or a formula, what is a query's, a key's or a value's: ":q[each query]".
_MARKED = re.compile(r":([qkv])\[([^\]]*)\]")


@dataclass(frozen=True)
class Description:
    """What a picture is, for people who have never seen one like it."""

    sentence: str  # marked with N_; may have colours, see `colored`
    formula: str = ""
    terms: tuple[str, ...] = ()  # of the glossary: those in the line, and those in the picture

    def line(self, theme: Theme) -> str:
        """Return the sentence and the formula, in Markdown."""
        said = colored(_(self.sentence), theme)
        return f"{said}\u2003**{colored(self.formula, theme)}**" if self.formula else said

    def explained(self) -> str | None:
        """Return what the terms mean, in Markdown; None where there are none."""
        return explain(*self.terms) or None


def colored(text: str, theme: Theme) -> str:
    """Return Markdown in which what is marked has the colour of queries, keys or values.

    Args:
        text: with ":q[...]", ":k[...]" and ":v[...]" around what has a colour.
        theme: the page's colours.
    """
    colors = {"q": theme.query, "k": theme.key, "v": theme.value}
    return _MARKED.sub(lambda found: f':color[{found[2]}]{{foreground="{colors[found[1]]}"}}', text)
