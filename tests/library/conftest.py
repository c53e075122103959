"""The package as people get it: built as a wheel, and installed in a folder of its own."""

import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# What a build reads; it writes beside it, and so not in the checkout.
SOURCE = ("library", "model", "viz", "pyproject.toml", "requirements.txt", "README.md", "LICENSE")

RunScript = Callable[..., str]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's source, to be built in."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCE:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(source)]
    _pip(*build)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which nothing but the package is installed."""
    folder = tmp_path_factory.mktemp("installed")
    _pip("install", "--no-deps", f"--target={folder}", str(wheel))
    return folder


@pytest.fixture(scope="session")
def headlight(installed: Path) -> Any:
    """The installed package, imported."""
    sys.path.insert(0, str(installed))
    module = importlib.import_module("headlight")
    sys.path.remove(str(installed))
    assert Path(str(module.__file__)).is_relative_to(installed)
    return module


@pytest.fixture
def environment(installed: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a process that finds the package as installed, and knows no checkout."""
    return {
        **os.environ,
        "PYTHONPATH": str(installed),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }


@pytest.fixture
def run_script(environment: dict[str, str], tmp_path: Path) -> RunScript:
    """Run a script with the installed package, elsewhere, and return what it printed."""

    def run(script: str) -> str:
        file = tmp_path / "script.py"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "error", str(file)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def files_of_wheel(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def _pip(*arguments: str) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index"]
    command = [sys.executable, "-m", "pip", arguments[0], *quiet, *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
