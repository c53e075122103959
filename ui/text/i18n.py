"""Texts of the interface, through gettext.

There is no catalogue yet, so every text is shown as written in the code. A catalogue in
`locale/<language>/LC_MESSAGES/headlight.mo` is used by a server that runs in that language.
"""

import gettext
from pathlib import Path

_LOCALE = Path(__file__).resolve().parents[2] / "locale"
_catalogue = gettext.translation("headlight", _LOCALE, fallback=True)

_ = _catalogue.gettext
ngettext = _catalogue.ngettext


def N_(text: str) -> str:
    """Mark a text in a table for translation, which is looked up with _ when it is shown."""
    return text
