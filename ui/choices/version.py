"""Which Headlight this is; pyproject.toml is the version's one home."""

import tomllib
from functools import cache
from pathlib import Path

_ABOUT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@cache
def version() -> str:
    """Return the version, such as "0.1.0"; "" where the file that says it isn't there."""
    try:
        about = tomllib.loads(_ABOUT.read_text(encoding="utf-8"))
    except OSError:
        return ""
    return str(about["project"]["version"])
