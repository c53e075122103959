"""Lays the package headlight as links: python -m tools.package_links FOLDER.

The source of the package lies in library/, model/ and viz/, and imports as it is laid out when it
is installed. FOLDER then holds that layout, for tools that read source: mypy and import-linter.
"""

import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def package_folders() -> dict[str, Path]:
    """Return the folder of each package that pyproject.toml puts somewhere by itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        name: ROOT / folder for name, folder in project["tool"]["setuptools"]["package-dir"].items()
    }


def link_package(into: Path) -> None:
    """Make `into`/headlight anew, with a link to each file and folder of the package."""
    shutil.rmtree(into / "headlight", ignore_errors=True)
    for name, folder in package_folders().items():
        target = into.joinpath(*name.split("."))
        if target.parent == into:
            target.mkdir(parents=True)
            for path in folder.iterdir():
                if path.name != "__pycache__":
                    (target / path.name).symlink_to(path)
        else:
            target.symlink_to(folder, target_is_directory=True)


if __name__ == "__main__":
    link_package(Path(sys.argv[1]))
