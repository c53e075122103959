"""What `pip install .` gives: one package, whole, and nothing beside it."""

import tomllib
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

from model.version import VERSION
from tests.library.conftest import ROOT, RunScript
from tools.package_links import package_folders


def test_the_wheel_has_one_name_that_can_be_imported(files_of_wheel: frozenset[str]) -> None:
    names = {file.split("/")[0] for file in files_of_wheel}
    assert names == {"headlight", f"headlight-{VERSION}.dist-info"}


def test_all_of_the_source_is_in_it_and_nothing_else(files_of_wheel: frozenset[str]) -> None:
    source = {
        f"{name.replace('.', '/')}/{path.relative_to(folder).as_posix()}"
        for name, folder in package_folders().items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"headlight/py.typed", "headlight/model/attention.py"} <= source
    assert {file for file in files_of_wheel if file.startswith("headlight/")} == source


def test_it_needs_ranges_and_the_app_what_is_pinned(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (file,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        told = message_from_bytes(archive.read(file))
    needs = told.get_all("Requires-Dist") or []
    own = [need for need in needs if "extra ==" not in need]
    assert {need.split(">=")[0] for need in own} >= {"torch", "numpy", "plotly"}
    assert [need for need in own if "==" in need] == []
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    app = {need.split(";")[0].strip() for need in needs if need.endswith('extra == "app"')}
    assert app == {line.split("#")[0].strip() for line in pinned}
    assert told["Version"] == VERSION


def test_what_the_app_pins_is_within_the_ranges() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lowest = dict(need.split(">=") for need in project["project"]["dependencies"])
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("#")[0].strip().split("==") for line in lines)

    def parts(version: str) -> list[int]:
        return [int(part) for part in version.split(".")]

    assert [name for name in lowest if parts(pinned[name]) < parts(lowest[name])] == []


def test_it_is_imported_without_what_only_the_app_needs(run_script: RunScript) -> None:
    app_only = ("streamlit", "pandas", "joblib", "distributed", "gguf", "transformers")
    printed = run_script(
        "import sys, headlight\n"
        f"print([name for name in {app_only} if name in sys.modules])\n"
        "print(headlight.__version__, headlight.__file__)\n"
        "for name in ('model', 'viz', 'lab', 'ui', 'tests', 'tools', 'library'):\n"
        "    try:\n"
        "        __import__(name)\n"
        "    except ModuleNotFoundError:\n"
        "        continue\n"
        "    print('there is something named', name)\n"
    )
    first, second = printed.splitlines()
    assert first == "[]"
    assert second.startswith(VERSION)
    assert str(ROOT) not in second
