"""Where source and tests lie, and what the entry file imports; import-linter holds the rest."""

import ast
import importlib
import sys
import tomllib
from pathlib import Path

from bench.__main__ import PARTS

ROOT = Path(__file__).parents[1]


def test_the_apps_entry_file_imports_streamlit_and_the_pages_alone() -> None:
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    imported = [
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert {"streamlit", "ui"} <= set(imported) <= {"streamlit", "ui", *sys.stdlib_module_names}


def test_every_folder_with_source_is_in_a_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= set(contracts["root_packages"])
    (rooms,) = (c for c in contracts["contracts"] if c.get("containers") == ["ui"])
    named = {name.strip() for layer in rooms["layers"] for name in layer.split("|")}
    assert named == {path.parent.name for path in (ROOT / "ui").glob("*/__init__.py")}


def test_nothing_lies_directly_in_ui_and_no_module_is_too_long() -> None:
    assert {path.name for path in (ROOT / "ui").glob("*.py")} == {"__init__.py"}
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("library", "model", "viz", "lab", "lessons", "rooms", "ui")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert [path for path, lines in lengths.items() if lines > 300] == []
    pages = {path: lines for path, lines in lengths.items() if path.name == "page.py"}
    assert len(pages) > 6
    assert [path for path, lines in pages.items() if lines > 120] == []


def test_tests_mirror_the_source() -> None:
    folders = {
        folder.relative_to(ROOT / "tests")
        for layer in ("library", "model", "viz", "lab", "lessons", "rooms", "ui", "tools")
        for folder in {path.parent for path in (ROOT / "tests" / layer).rglob("*.py")}
    }
    assert Path("ui/pages/compare") in folders
    assert [folder for folder in sorted(folders) if not (ROOT / folder).is_dir()] == []
    no_rooms = {path.name for path in (ROOT / "tests/ui").glob("*.py")}
    assert no_rooms == {"conftest.py", "helpers.py"}


def test_the_package_imports_relatively_whatever_is_installed_with_it() -> None:
    """As `headlight.model` and `headlight.viz`: no `model` and no `viz` are installed."""
    folders = ("library", "model", "viz")
    imported = {
        (path.relative_to(ROOT), name.split(".")[0])
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    assert len(imported) > 100
    assert [each for each in imported if each[1] in (*folders, "headlight")] == []
    assert not (ROOT / "headlight").exists()  # which would hide the installed package


def test_no_test_needs_another_file_of_tests() -> None:
    """What several need is in a module of its own, so that each file can be run by itself."""
    imported = {
        (path.relative_to(ROOT), name)
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests")
        for name in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names))
    }
    assert len(imported) > 100
    modules = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert [each for each in imported if each[1].rsplit(".")[-1] in modules] == []


def test_every_part_of_the_benchmark_still_finds_what_it_measures() -> None:
    for part in PARTS.values():
        importlib.import_module(part)
