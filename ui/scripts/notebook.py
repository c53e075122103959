"""Code as a Jupyter notebook, with the trace beside it."""

import io
import json
import re
import zipfile
from typing import Any

from ui.scripts.assembly import SECTION
from ui.scripts.literals import visible
from ui.scripts.script import TRACE, Script, made_with

FORMAT = {"nbformat": 4, "nbformat_minor": 5}  # whose cells have an id each


def notebook(script: Script) -> str:
    """Return the code as a notebook: a cell with a heading for each of its sections."""
    imports, *sections = re.split(rf"^(?={SECTION})", script.body(trace=True), flags=re.MULTILINE)
    cells = [_markdown(_title(script)), _code(imports)]
    for section in sections:
        title, said, code = _parts(section)
        cells += [_markdown(f"## {title}\n\n{said}".strip()), _code(code)]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return json.dumps({"cells": cells, "metadata": metadata, **FORMAT}, ensure_ascii=True, indent=1)


def notebook_zip(script: Script, stem: str, trace: bytes) -> bytes:
    """Return a folder with the notebook and the trace, as a zip file.

    Args:
        script: the code.
        stem: of the names of the folder and the notebook.
        trace: the run as .npz.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr(f"{stem}/{stem}.ipynb", notebook(script))
        folder.writestr(f"{stem}/{TRACE}", trace, zipfile.ZIP_STORED)  # it is compressed already
    return file.getvalue()


def _title(script: Script) -> str:
    pips = ", ".join(f"`pip install {each}`" for each in script.installs)
    needs = f"It needs {pips}, and {TRACE} beside it."
    said = [f"# {script.title.rstrip('.')}", *script.about, needs]
    said = [_plain(text) for text in said]
    if script.where.link:  # in angle brackets nothing of a link means anything in Markdown
        link = visible(script.where.link).replace("<", "%3C").replace(">", "%3E")
        said.append(f"Made with {made_with()} from <{link}>.")
    else:
        said.append(f"Made with {made_with()}.")
    return "\n\n".join(said)


def _plain(text: str) -> str:
    """A text of which Markdown takes nothing for markup or HTML."""
    return visible(text).replace("<", "&lt;")


def _parts(section: str) -> tuple[str, str, str]:
    """A section's title, what its first comment says, and its code."""
    first, *lines = section.strip().splitlines()
    said = []
    while lines and lines[0].startswith("# "):
        said.append(lines.pop(0)[2:])
    return first.removeprefix(SECTION), " ".join(said), "\n".join(lines).strip()


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text.strip().splitlines(keepends=True),
    }
