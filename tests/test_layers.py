"""Keeps the layers apart: walks every import in the source, also those inside functions."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each layer's files must not import. Nothing imports the app, its tests or its benchmark.
TOP = {"app", "tests", "bench"}
FORBIDDEN = {
    "model": TOP | {"pandas", "plotly", "streamlit", "viz", "lab", "ui"},
    "viz": TOP | {"torch", "streamlit", "model", "lab", "ui"},
    "lab": TOP | {"plotly", "streamlit", "viz", "ui"},
    "ui": TOP,
    "tools": TOP,
    "bench": {"app", "tests"},
}
APP_MAY_IMPORT = {"streamlit", "ui", *sys.stdlib_module_names}


def imports(source: str, file: str = "module.py") -> Iterator[tuple[int, str]]:
    """The line and dotted name of each import in `source`, which lies at `file` below the root."""
    for node in ast.walk(ast.parse(source, file)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                # One dot is the file's folder, each further dot the folder above.
                folder = Path(file).parts[:-level] if level else ()
                base = [*folder, *([module] if module else [])]
                yield from ((node.lineno, ".".join([*base, alias.name])) for alias in names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def crossings(source: str, file: str) -> list[str]:
    """Each import in `source` that the layer of `file` must not have."""
    layer = Path(file).parts[0]

    def allowed(name: str) -> bool:
        top = name.split(".")[0]
        return top in APP_MAY_IMPORT if layer == "app.py" else top not in FORBIDDEN[layer]

    return [
        f"{file}:{line} imports {name}" for line, name in imports(source, file) if not allowed(name)
    ]


def files(layer: str) -> list[Path]:
    return sorted(ROOT.glob(layer if layer.endswith(".py") else f"{layer}/**/*.py"))


@pytest.mark.parametrize("layer", ["app.py", *FORBIDDEN])
def test_layer_stays_on_its_side(layer: str) -> None:
    assert files(layer), f"{layer} has no source: has it moved?"
    found = [
        crossing
        for path in files(layer)
        for crossing in crossings(
            path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        )
    ]
    assert not found, "\n".join(found)


def test_pages_are_where_streamlit_does_not_pick_them_up_by_itself() -> None:
    assert not (ROOT / "pages").exists()
    assert (ROOT / "ui" / "pages").is_dir()


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("model/a.py", "import streamlit as st"),
        ("model/a.py", "import torch, plotly.graph_objects as go"),
        ("model/a.py", "from pandas import DataFrame"),
        ("model/a.py", "def late():\n    import viz.heads"),
        ("model/a.py", "if TYPE_CHECKING:\n    from ui import state"),
        ("model/deep/a.py", "from ... import viz"),
        ("model/deep/a.py", "from ...ui import state"),
        ("model/a.py", "importlib.import_module('streamlit')"),
        ("model/a.py", "from lab.grid import MechanismGrid"),
        ("viz/a.py", "import torch"),
        ("viz/a.py", "from model.attention import AttentionTrace"),
        ("viz/a.py", "torch = __import__('torch')"),
        ("lab/a.py", "from ui.settings import MASKS"),
        ("lab/a.py", "import plotly"),
        ("ui/pages/a.py", "from tests.browser import helpers"),
        ("ui/pages/a.py", "import app"),
        ("bench/a.py", "import tests"),
        ("app.py", "import torch"),
        ("app.py", "from model import SelfAttention"),
    ],
)
def test_a_crossing_is_found(file: str, source: str) -> None:
    assert len(crossings(source, file)) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("model/a.py", "import torch\nfrom torch import nn\nimport numpy as np"),
        ("model/a.py", "from . import masks, viz"),
        ("model/deep/a.py", "from ..plotly import names"),
        ("model/a.py", "import uiua\n# import streamlit\n'import streamlit'"),
        ("viz/a.py", "import plotly.graph_objects as go\nimport pandas as pd"),
        ("lab/a.py", "import joblib, dask, pandas\nfrom model.measures import redundancy"),
        ("ui/pages/a.py", "import streamlit as st\nfrom ..state import State\nimport torch, viz"),
        ("app.py", "import gc\nfrom pathlib import Path\nimport streamlit as st\nfrom ui import a"),
    ],
)
def test_what_is_allowed_is_let_through(file: str, source: str) -> None:
    assert crossings(source, file) == []


def test_relative_imports_are_resolved() -> None:
    source = "from . import a\nfrom .b import c\nfrom ..d import e"
    names = [name for _, name in imports(source, "ui/pages/page.py")]
    assert names == ["ui.pages.a", "ui.pages.b.c", "ui.d.e"]
