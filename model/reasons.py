"""What errors say, in one line: with folders for the log, without them for a page."""

import re

from .errors import CodedError, CodedText

LONGEST = 300  # characters

# A path with its folders: quoted, or without blanks. What follows a colon is an address on the web.
_PATH = re.compile(
    r"""(['"`])(?:~|[A-Za-z]:)?[\\/][^'"`\n]*\1
    | (?<![\w:/.\\])(?:~|[A-Za-z]:)?[\\/](?:[^\s'"`\\/]+[\\/])+[^\s'"`\\/,;:)\]]*""",
    re.VERBOSE,
)


def coded_reason(error: BaseException, longest: int = LONGEST) -> CodedText | str:
    """Return what to say of an error within another: our own text, or what a library says of it.

    Args:
        error: whatever was raised, by whichever library.
        longest: characters of what a library says.
    """
    return error.text if isinstance(error, CodedError) else reason_of(error, longest)


def one_line(error: BaseException, longest: int = LONGEST) -> str:
    """Return what an error says, in one line with its folders: for the log of a server's owner.

    Args:
        error: whatever was raised, by whichever library.
        longest: characters; the end goes first.
    """
    return _shortened(str(error), longest) or type(error).__name__


def reason_of(error: BaseException, longest: int = LONGEST) -> str:
    """Return what an error says, in one line and without folders, or its name if it says nothing.

    Where a server has its files is nobody's business but its owner's.

    Args:
        error: whatever was raised, by whichever library.
        longest: characters.
    """
    return without_folders(str(error), longest) or type(error).__name__


def without_folders(text: str, longest: int = LONGEST) -> str:
    """Return a text in one line, in which paths are the names of their files alone.

    Args:
        text: what a library or another process says.
        longest: characters; the end goes first.
    """
    return _shortened(_PATH.sub(_name, text), longest)


def _shortened(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _name(path: re.Match[str]) -> str:
    quote = path[1] or ""
    return quote + (re.split(r"[\\/]", path[0].strip(quote).rstrip("\\/"))[-1] or "…") + quote
