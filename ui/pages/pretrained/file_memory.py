"""The file of attention that a session has opened, and how it comes and goes."""

from dataclasses import dataclass

import streamlit as st

from model.trace_file.read import MOST_BYTES
from ui.link.memory import choose, default_of, own_memory
from ui.runs.trace_file import OpenedFile, open_file
from ui.server.uploads import expect_large_file, give_back, largest_file
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain

POPOVER = "trace_file_popover"  # in which the uploader for another file is
MOST_SAID = 500  # characters of why a file can't be read


@dataclass
class FileMemory:
    """What a session keeps of files: the one that is open."""

    file: OpenedFile | None = None
    problem: str = ""  # why the last one couldn't be opened
    uploads: int = 0  # how many there were: each has an uploader of its own


def file_memory() -> FileMemory:
    """Return what this session keeps of files."""
    return own_memory(FileMemory)


def opened_file() -> OpenedFile | None:
    """Return the file that is open; None if none is."""
    return file_memory().file


def draw_uploader() -> None:
    """Draw what opens a file, and why the last one couldn't be opened."""
    kept = file_memory()
    most = min(MOST_BYTES, largest_file()) // 2**20
    expect_large_file()
    key = f"trace_file_{kept.uploads}"
    st.file_uploader(
        _("A file of attention (.npz)"),
        "npz",
        key=key,
        on_change=_take_file,
        args=(key,),
        max_upload_size=most,
        help=_(
            "Of the Download here, of headlight.record() in a notebook, or of numpy.savez with "
            "weights and tokens, or with q, k and v: at most {most} MB, and nothing in it is "
            "executed. It is kept until the page is closed."
        ).format(most=most),
    )
    if kept.problem:
        st.error(kept.problem, icon=":material/error:")


def _take_file(key: str) -> None:
    kept = file_memory()
    file = st.session_state[key]
    if file is None:
        return
    kept.problem, kept.uploads = "", kept.uploads + 1
    name, data = file.name, file.getvalue()
    give_back(file)
    before, kept.file = kept.file, None
    try:
        kept.file = open_file(name, data)
    except ValueError as error:
        kept.file = before
        kept.problem = _("{name} can't be opened: {error}.").format(
            name=plain(name, 80), error=plain(describe_error(error, _), MOST_SAID)
        )
        return
    st.session_state[POPOVER] = False  # what it was open for is done
    # Of a link's file, what the link says of it; of another one, what is meant anew.
    anew = () if before is None else ("kind", "layer", "head", "q", "k", "sentence")
    choose(f"file {kept.uploads}", from_file=True, **{key: default_of(key) for key in anew})


def forget_file() -> None:
    """Let go of the file that is open."""
    file_memory().file = None
