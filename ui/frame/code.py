"""The code that reproduces what is shown: to read, to copy, and as files.

Nothing of it is made until somebody asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from model.pretrained.base import ModelUnavailableError
from ui.frame.source import Source
from ui.link.memory import own_memory
from ui.runs.export import npz_bytes
from ui.runs.run import Run
from ui.scripts.script import Script, Where
from ui.server.turns import session_in_use, turn
from ui.text.i18n import _, in_this_language
from ui.text.markdown import plain

MOST_SHOWN = 200_000  # characters: of more, a browser's highlighting would take seconds


@dataclass(frozen=True)
class Coded:
    """A run whose code is asked for."""

    source: Source[Any, Any]
    run: Run
    where: Where
    stem: str  # of files' names
    name: str = ""  # of one of several

    def npz(self) -> bytes:
        """Return the whole trace as a file."""
        return npz_bytes(self.run, self.source.contents(self.run))


@dataclass
class Asking:
    """Whether a session has just asked for the code."""

    is_asked: bool = False


def draw_code_button(popover: str) -> None:
    """Draw the button that asks for the code.

    Args:
        popover: the key of the popover that it is in, and that is closed then: what closes one
            later, by a click in the dialog, would close the dialog, too.
    """
    st.button(
        _("The code"),
        key="show_code",
        icon=":material/code:",
        help=_("Python that computes these numbers again, and says by how much they differ"),
        on_click=_ask,
        args=(popover,),
    )


def _ask(popover: str) -> None:
    own_memory(Asking).is_asked = True
    st.session_state[popover] = False


def show_code(find: Callable[[], Sequence[Coded]]) -> None:
    """Show the code in a dialog, if somebody has just asked for it.

    Args:
        find: returns what the code is asked of; called only then.
    """
    asking = own_memory(Asking)
    if asking.is_asked:
        asking.is_asked = False
        title = _("The code")  # in the language of whoever asks
        st.dialog(title, width="large", icon=":material/code:")(_show)(find)


def _show(find: Callable[[], Sequence[Coded]]) -> None:
    try:
        found = find()
    except (ValueError, ModelUnavailableError):
        st.info(_("There are no numbers yet that code could reproduce."))
        return
    if not found:
        st.info(_("There are no numbers yet that code could reproduce."))
        return
    if len(found) == 1:
        _show_one(found[0])
        return
    for tab, coded in zip(st.tabs([coded.name for coded in found]), found, strict=True):
        with tab:
            _show_one(coded)


def _show_one(coded: Coded) -> None:
    if coded.run.is_empty:
        st.info(_("There are no numbers yet that code could reproduce."))
        return
    from ui.scripts.scripts import NoScriptError, script_of  # not before somebody asks

    try:
        script = script_of(coded.run, coded.where)
    except NoScriptError as error:
        st.info(plain(str(error), 500))
        return
    code = script.python(f"{coded.stem}.py")
    st.markdown(
        _(
            "It needs {requirements} and nothing else, computes these numbers again, and says at "
            "its end by how much they differ."
        ).format(requirements=", ".join(f"`{name}`" for name in script.requirements))
    )
    _draw_files(coded, script, code)
    if len(code) <= MOST_SHOWN:
        st.code(code, language="python", height=460)
    else:
        st.info(_("With its numbers it is too long to be shown here: download it."))


def _draw_files(coded: Coded, script: Script, code: str) -> None:
    in_turn = turn(session_in_use(), is_seen=False)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            _("As a file (.py)"),
            code.encode(),
            f"{coded.stem}.py",
            "text/x-python",
            key=f"download_code_{coded.name}",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            _("As a notebook, with the trace (.zip)"),
            in_this_language(in_turn(partial(_zip, coded, script))),
            f"{coded.stem}.zip",
            "application/zip",
            key=f"download_notebook_{coded.name}",
            icon=":material/download:",
            on_click="ignore",
        )


def _zip(coded: Coded, script: Script) -> bytes:
    from ui.scripts.notebook import notebook_zip

    return notebook_zip(script, coded.stem, coded.npz())
