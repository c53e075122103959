"""For whom a page is shown, as links say it: a whole class, or people with few controls."""

import re
from typing import Any

from ui.link.page import Parameter
from ui.link.readers import flag
from ui.text.i18n import _
from ui.text.markdown import verbatim

MOST_CONTROLS = 20  # that a link can name
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def _names(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """Names of controls, with commas between them."""
    parts = [part.strip().lower() for part in text[:1000].split(",") if part.strip()]
    found = list(dict.fromkeys(part for part in parts if NAME.fullmatch(part)))[:MOST_CONTROLS]
    used = ",".join(found)
    if len(found) == len(parts):
        return used, None
    return used, _(
        "The link's {key} {text} is no list of controls, such as heads,mask. Using {used}."
    ).format(key=key, text=verbatim(text), used=verbatim(used) if used else _("none"))


# Of every page.
AUDIENCE: dict[str, Parameter] = {
    "present": Parameter(False, flag, computes=False),  # as large as a class needs it
    "notes": Parameter(False, flag, computes=False),  # what the teacher says, and not the page
    "only": Parameter("", _names, computes=False),  # the controls that there are; empty: all
}
# What goes along to whatever page is shown next, in this window.
CARRIED = ("present",)


def controls_named(text: str) -> tuple[str, ...]:
    """Return the names that a value of `only` holds."""
    return tuple(filter(None, text.split(",")))
