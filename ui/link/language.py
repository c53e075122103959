"""The language: of the session and not of a page, so that it is kept from page to page.

A link says it (`lang=zh`), or the switch; then it is in the address, and in links that are shared.
Where neither has, it is the browser's, and no address says so.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.link.member import LANGUAGE
from ui.link.memory import address_parameters, choose, session
from ui.text.i18n import COMPLETE, SOURCE, _, find_language, languages, own_name, speak, spoken
from ui.text.markdown import verbatim

KEY = LANGUAGE


def read_language(page: str) -> None:
    """Take the language that the address asks for, once a visit, before any text is shown.

    Args:
        page: the name of the page that is about to be shown.
    """
    kept, context = session(), get_script_run_ctx()
    assert context is not None  # a session runs this
    went_back = context.is_history_navigation
    if kept.is_read and kept.page is not None and kept.page.name == page and not went_back:
        return
    asked = dict(address_parameters()).get(KEY)
    found = None if asked is None else find_language(asked)
    if asked is not None or went_back:  # then the address is all that was shown
        kept.language = found
    speak(kept.language or _browser_language())
    kept.language_notice = ""
    if asked is not None and found is None and not went_back:
        kept.language_notice = _(
            "The link asks for {key} {text}; there are: {options}. Using {used}."
        ).format(
            key=KEY,
            text=verbatim(asked),
            options=", ".join(languages()),
            used=own_name(spoken().code),
        )


def choose_language(code: str) -> None:
    """Let the session be in a language that somebody has chosen: an entry in the history."""
    kept = session()
    kept.language, kept.language_notice = code, ""
    speak(code)
    if kept.page is not None:  # at an address that no page has, there is none to write
        choose(f"language {code}")


def as_parameter() -> dict[str, str]:
    """Return what links hold of the language: nothing where nobody has chosen one."""
    chosen = session().language
    return {} if chosen is None else {KEY: chosen}


def _browser_language() -> str:
    """Return the language of the browser, if everything is translated into it."""
    found = find_language(st.context.locale or "")
    return found if found in COMPLETE else SOURCE
