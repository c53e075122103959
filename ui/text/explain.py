"""What words mean, as it is said beside them: on hover, on a tap, or by a key."""

from ui.text.glossary import GLOSSARY, Term
from ui.text.i18n import _


def explain(*terms: str, more: str = "") -> str:
    """Return what these terms mean, a paragraph each, in Markdown.

    Args:
        terms: of the GLOSSARY.
        more: what is to be said besides, of the place where they stand.
    """
    said = [_explained(GLOSSARY[name]) for name in terms]
    return "\n\n".join([*said, more] if more else said)


def _explained(term: Term) -> str:
    name = _(term.name)
    said = f"**{name[:1].upper()}{name[1:]}**: {_(term.explanation)}"
    return f"{said} `{term.formula}`" if term.formula else said
