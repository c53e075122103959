"""Texts of the interface, through gettext.

There is no catalogue yet, so every text is shown as written in the code. A catalogue in
`locale/<language>/LC_MESSAGES/headlight.mo` is used by a server that runs in that language.
"""

import gettext
from pathlib import Path

_LOCALE = Path(__file__).resolve().parent.parent / "locale"
_catalogue = gettext.translation("headlight", _LOCALE, fallback=True)

_ = _catalogue.gettext
ngettext = _catalogue.ngettext
