"""How a stranger's text in a link is read: a value that works, and a message if it differs."""

import math
from collections.abc import Callable
from typing import Any

from model.masks import decode_cells
from ui.choices.limits import MAX_CHARACTERS
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import verbatim
from ui.text.option_names import find_option, word

# Turns a link's text into a value, and a message if it isn't the value asked for.
# It gets the parameter's name, the text, and the default.
Reader = Callable[[str, str, Any], tuple[Any, str | None]]


def option(*options: str) -> Reader:
    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        option = find_option(text, options)
        if option is not None:
            return option, None
        return default, _(
            "The link asks for {key} {text}; there are: {options}. Using {used}."
        ).format(
            key=key,
            text=verbatim(text),
            options=", ".join(map(word, options)),
            used=_("none") if default is None else word(default),
        )

    return read


def number(low: float, high: float, cast: Callable[[float], float] = round) -> Reader:
    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        try:
            wanted = float(text)
        except ValueError:
            wanted = math.nan
        if math.isnan(wanted):
            said = _("none") if default is None else default
            return default, _(
                "The link asks for {key} {text}, which isn't a number. Using {used}."
            ).format(key=key, text=verbatim(text), used=said)
        value = cast(min(max(wanted, low), high))
        if value == wanted:
            return value, None
        return value, _("The link asks for {key} {text}; using the nearest, {used}.").format(
            key=key, text=verbatim(text), used=value
        )

    return read


def text(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    if len(text) <= MAX_CHARACTERS:
        return text, None
    return text[:MAX_CHARACTERS], _(
        "The link's {key} has {count} characters; the first {limit} are used."
    ).format(key=key, count=len(text), limit=MAX_CHARACTERS)


def flag(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    if text.strip().lower() in ("true", "1", "false", "0"):
        return text.strip().lower() in ("true", "1"), None
    return default, _("The link asks for {key} {text}; using {used}.").format(
        key=key, text=verbatim(text), used=default
    )


def cells(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    if not text:
        return default, None
    try:
        decode_cells(text)
    except ValueError as error:
        return default, _(
            "The link's custom mask {text} can't be read: {error}. Starting with an open one."
        ).format(text=verbatim(text), error=describe_error(error, _))
    return text, None


def whole_numbers(most: int, size: int) -> Reader:
    """Up to so many groups of whole numbers: 5,17 or 3.1,4.0."""

    def read(key: str, text: str, default: Any) -> tuple[Any, str | None]:
        groups = [group.split(".") for group in text.split(",") if group.strip()]
        if not all(len(g) == size and all(map(is_whole, g)) for g in groups):
            return default, _(
                "The link's {key} {text} can't be read: expected something like {example}."
            ).format(key=key, text=verbatim(text), example=("17,4", "3.1,5.0")[size - 1])
        value = ",".join(".".join(str(int(n)) for n in group) for group in groups[:most])
        if len(groups) <= most:
            return value, None
        return value, _("The link's {key} has {count} entries; the first {most} are used.").format(
            key=key, count=len(groups), most=most
        )

    return read


def is_whole(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 10
