"""A stranger's text inside Markdown."""

import re
from functools import lru_cache

from viz.labels import shorten, visible

LONGEST = 40  # characters: enough to recognise a token or a link's value


def token_text(token: str, longest: int = LONGEST) -> str:
    """Return a token as it is to be read outside charts: short, with nothing invisible."""
    return shorten(visible(token), longest)


def verbatim(text: str, longest: int = LONGEST) -> str:
    """Return a text as Markdown code, shown as typed: no emphasis, link, image or formula."""
    shown = token_text(text, longest)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}"


@lru_cache(maxsize=256)  # each end of a run wants some, mostly the same
def without_markup(text: str) -> str:
    """Return a text of ours in Markdown as it reads without: for where nothing is formatted."""
    shown = re.sub(r"(?<!\\):\w+-badge\[[^\]]*\]|(?<!\\):material/\w+:\s*", "", text)
    shown = re.sub(r"(?<!\\):[\w-]+\[([^\]]*)\](\{[^}]*\})?", r"\1", shown)
    shown = re.sub(r"(?<!\\)(`+) (.*?) \1", r"\2", shown)
    shown = re.sub(r"(?<!\\)\*\*|(?<!\\)\$", "", shown)
    return re.sub(r"\\([\\`*_<>$~|#&@:(\-+.)])", r"\1", shown).strip()


def plain(text: str, longest: int = LONGEST) -> str:
    """Return a text in Markdown that looks like the text around it: nothing in it is markup."""
    shown = re.sub(r"([\\`*_<>$~|#&@]|:(?=\w))", r"\\\1", token_text(text, longest))
    # A link; brackets alone are none, and many tokens have them.
    shown = shown.replace("](", "]\\(")
    return re.sub(r"^(\d*)([-+.)])", r"\1\\\2", shown)  # a list
