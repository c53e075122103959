"""What a picture is, in a line: a sentence in plain words, and the formula beside it."""

from dataclasses import dataclass

from ui.text.colors import colored
from ui.text.explain import explain
from ui.text.i18n import _
from viz.theme import Theme


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
        return explain(*dict.fromkeys(self.terms)) or None
