"""What a word of the glossary is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the field, for people who meet it for the first time."""

    name: str
    explanation: str  # at most 30 words
    formula: str = ""
    also: tuple[str, ...] = ()  # other forms of it on the screen, in English
