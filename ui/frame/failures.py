"""What is said where something can't be computed: a message in its place, and a line in the log."""

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock

import streamlit as st
from cachetools import LRUCache
from streamlit.delta_generator import DeltaGenerator

from model.errors import CodedError
from model.pretrained.base import (
    ModelUnavailableError,
    NoStartTokenError,
    TokensWithoutVectorsError,
)
from model.reasons import one_line
from ui.text.errors import describe_error
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain, verbatim

MOST_SAID = 300  # characters of what a library says
MOST_NAMED = 8  # tokens
MOST_CALLS = 12  # of those that led to a failure, the innermost
NO_MEMORY = re.compile("can't allocate memory|not enough memory")  # what torch says

_log = logging.getLogger(__name__)
_logged: LRUCache[tuple[type[Exception], str], bool] = LRUCache(256)
_lock = Lock()


@contextmanager
def told_in_place(place: DeltaGenerator | None = None) -> Iterator[None]:
    """Turn whatever is raised inside into a message, in `place` or where the script has come to.

    What was drawn before stays, and what follows is drawn. Streamlit's own reruns and stops pass,
    since they are no Exceptions.
    """
    try:
        yield
    except Exception as error:
        log_failure(error)
        with place or nullcontext():
            show_failure(error)


@contextmanager
def logged() -> Iterator[None]:
    """Leave off what is done inside where it fails, with a line in the log.

    For what answers a click: the page itself then says what can't be computed.
    """
    try:
        yield
    except Exception as error:
        log_failure(error)


def show_failure(error: Exception) -> None:
    """Show why something couldn't be computed, or what is to be typed first."""
    if isinstance(error, NoStartTokenError):
        st.info(describe_failure(error))
    else:
        st.error(describe_failure(error), icon=":material/error:")


def describe_failure(error: Exception) -> str:
    """Return why something couldn't be computed, for people; without the server's folders."""
    match error:
        case NoStartTokenError():
            return _(
                "{model} names no token that a target begins with: type a target, and what is "
                "typed begins it."
            ).format(model=plain(error.model))
        case TokensWithoutVectorsError():
            return _without_vectors(error)
        case ModelUnavailableError():
            return plain(describe_error(error, _), MOST_SAID)
    return _(
        "This couldn't be computed: {reason}. What is typed and chosen stays: change it, and it is "
        "computed again."
    ).format(reason=_reason(error))


def _without_vectors(error: TokensWithoutVectorsError) -> str:
    more = len(error.tokens) - MOST_NAMED
    named = ", ".join(map(verbatim, error.tokens[:MOST_NAMED]))
    if more > 0:
        named = _("{named} and {count} others").format(named=named, count=more)
    return ngettext(
        "{model} has no vector for {named}, which its tokeniser knows: its table ends at token "
        "{last}. Type another text.",
        "{model} has no vectors for {named}, which its tokeniser knows: its table ends at token "
        "{last}. Type another text.",
        len(error.tokens),
    ).format(model=plain(error.model), named=named, last=error.vocabulary - 1)


def _reason(error: Exception) -> str:
    """What a library says, in a line."""
    if isinstance(error, MemoryError) or NO_MEMORY.search(one_line(error)):
        return _("there isn't enough memory on this server")
    if isinstance(error, OSError) and not isinstance(error, CodedError):
        return plain(error.strerror or type(error).__name__, MOST_SAID)
    return plain(describe_error(error, _).rstrip("."), MOST_SAID)


def log_failure(error: Exception) -> None:
    """Write what failed and where into the server's log, in one line; without anybody's text.

    Each failure once, and not with every key press: of one kind, at one place.
    """
    if isinstance(error, NoStartTokenError | TokensWithoutVectorsError | ModelUnavailableError):
        return  # known, and said in full on the page
    calls = traceback.extract_tb(error.__traceback__)[-MOST_CALLS:]
    where = " > ".join(f"{Path(c.filename).name}:{c.lineno} {c.name}" for c in calls)
    with _lock:
        if (type(error), where) in _logged:
            return
        _logged[type(error), where] = True
    _log.error("%s (%s)", _kind(error), where)


def _kind(error: Exception) -> str:
    """What kind of failure it is. Its words stay on the page: they may quote what is typed."""
    name = type(error).__name__
    if isinstance(error, CodedError):
        return f"{name} {error.text.code}"
    if isinstance(error, OSError) and error.strerror:  # the system's words
        return f"{name} {error.strerror}"
    return name
