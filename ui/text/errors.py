"""What is said of an error in the language of whoever looks at it."""

from collections.abc import Callable

from model.errors import CodedError, CodedText
from model.reasons import reason_of


def describe_error(error: Exception | CodedText | str, translate: Callable[[str], str]) -> str:
    """Return an error in a language: our own sentence with its values, or what a library says.

    Args:
        error: or the text of one, as model/ and lab/ keep it: a string is a library's own.
        translate: gettext's function of that language.
    """
    match error:
        case CodedError():
            return error.text.said(translate)
        case CodedText():
            return error.said(translate)
        case str():
            return error
        case _:
            return reason_of(error)
