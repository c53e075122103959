"""Texts of the interface, in the language of the session that they are shown to.

`_` looks a text up at the moment in which it is shown; a text in a table is marked with `N_` where
the table is made. English is the language of the source. Each other one is a catalogue,
`locale/<language>/LC_MESSAGES/headlight.po`, read when somebody first asks for it; the environment
variable HEADLIGHT_LOCALE names a further folder of catalogues.

Streamlit runs each session in threads of its own, where the language is remembered; a new thread
finds it in the session's state. A thread without a session, as a download's, is given one:
see `in_this_language`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypeVar

import streamlit as st
from babel import Locale, UnknownLocaleError
from streamlit.runtime.scriptrunner import get_script_run_ctx

SOURCE = "en"
# Languages that a browser asks for by itself, as every text is translated. The others are shown to
# those who choose them: nobody gets half a page unasked.
COMPLETE = frozenset({SOURCE})

_LOCALE = Path(__file__).resolve().parents[2] / "locale"
_MOST_SUBTAGS = 4  # of a stranger's language tag: language, script, region, variant
_STATE_KEY = "_language"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Language:
    """A language that the interface can be read in."""

    code: str  # as in links
    texts: Mapping[str, str]  # translated; what is missing is shown in English
    ngettext: Callable[[str, str, int], str]
    locale: Locale  # how it writes numbers


def _folders() -> list[Path]:
    more = os.environ.get("HEADLIGHT_LOCALE")
    return [_LOCALE, *([Path(more)] if more else [])]


@cache
def _catalogues() -> dict[str, Path]:
    found = [path for folder in _folders() for path in folder.glob("*/LC_MESSAGES/headlight.po")]
    named = {path.parents[1].name: path for path in sorted(found)}
    return {name: path for name, path in named.items() if _is_language(name)}


def _is_language(name: str) -> bool:
    try:
        Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that there are, English first."""
    return (SOURCE, *_catalogues())


@cache
def language(code: str) -> Language:
    """Return one of the languages that there are."""
    if code == SOURCE:
        return Language(code, {}, NullTranslations().ngettext, Locale.parse(code))
    # Imported here: a server on which everybody reads English needs none of it.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with _catalogues()[code].open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)  # leaves out what is marked as fuzzy
    compiled.seek(0)
    translations = GNUTranslations(compiled)
    singular = (m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id)
    # A dictionary: gettext looks for a missing text three times, and most could be missing.
    texts = {text: translations.gettext(text) for text in singular}
    return Language(code, texts, translations.ngettext, Locale.parse(code))


@cache
def own_name(code: str) -> str:
    """Return what a language calls itself, so that whoever reads it finds it."""
    return Locale.parse(code).get_language_name(code) or code


def find_language(tag: str) -> str | None:
    """Return the language that a tag means, as en-GB means en; None if there is none.

    The tag is shortened from its end until it is known: see "lookup" in RFC 4647.
    """
    known = {code.casefold().replace("_", "-"): code for code in languages()}
    subtags = tag.strip().casefold().replace("_", "-").split("-")[:_MOST_SUBTAGS]
    shorter = ("-".join(subtags[:count]) for count in range(len(subtags), 0, -1))
    return next((known[each] for each in shorter if each in known), None)


_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)


def spoken() -> Language:
    """Return the language of this session, or of what is done on its behalf."""
    return _spoken.get() or _of_session()


def speak(code: str) -> None:
    """Let this session's texts be in a language from now on."""
    st.session_state[_STATE_KEY] = code
    _spoken.set(language(code))


def _of_session() -> Language:
    """Return what this session has been given, in a thread that doesn't know it yet."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return language(SOURCE)
    code = st.session_state.get(_STATE_KEY)
    if code is None:  # the session has just begun
        return language(SOURCE)
    found = language(code)
    _spoken.set(found)
    return found


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """Let texts be in a language until the end, in this thread alone."""
    before = _spoken.set(chosen)
    try:
        yield
    finally:
        _spoken.reset(before)


def in_this_language(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that speaks the language of now, in whichever thread it is called."""
    chosen = spoken()

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking(chosen):
            return function(*args, **kwargs)

    return call


def _(text: str) -> str:
    """Return a text in this session's language."""
    return (_spoken.get() or _of_session()).texts.get(text, text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text that goes with a count, in this session's language."""
    return (_spoken.get() or _of_session()).ngettext(one, many, count)


def N_(text: str) -> str:
    """Mark a text in a table for translation, which is looked up with _ when it is shown."""
    return text
