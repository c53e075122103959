"""Writes docs/glossary.md from ui/text/glossary.py: python -m tools.glossary."""

from pathlib import Path

from ui.text.glossary import GLOSSARY

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"
BEGINNING = """# The words

The words of attention and what belongs to it, in plain words. The app says the same of them: point
at a question mark.

| word | what it means | formula |
|---|---|---|
"""
END = """
E is the size of an embedding, H the number of heads, D = E ÷ H the size of a head, X the tokens'
vectors (a row each), W a table of learnt numbers, I the identity.
"""


def main() -> None:
    """Write the document, a row for each term in alphabetical order."""
    terms = sorted(GLOSSARY.values(), key=lambda term: term.name.casefold())
    rows = [
        f"| **{term.name}** | {term.explanation} | {f'`{term.formula}`' if term.formula else ''} |"
        for term in terms
    ]
    DOCUMENT.write_text(BEGINNING + "\n".join(rows) + "\n" + END, encoding="utf-8")


if __name__ == "__main__":
    main()
