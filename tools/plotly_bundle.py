"""Renews the part of plotly.js that saved pages and pictures carry with them.

python -m tools.plotly_bundle   writes viz/page/plotly.min.js and viz/page/plotly.LICENSES.txt

It needs Node.js with npm, and the network; the files are committed, since a machine that runs the
app has neither. The version is the one that the installed plotly package draws with, so that a
saved picture is the one that was on the screen. Run it when that package is upgraded: a test tells.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from plotly.offline import get_plotlyjs_version

TARGET = Path(__file__).parents[1] / "viz" / "page"
SCRIPT, LICENSES = TARGET / "plotly.min.js", TARGET / "plotly.LICENSES.txt"
TRACES = ("bar", "heatmap")  # beside scatter, which plotly.js can't do without
ESBUILD = "0.28.2"
ENTRY = (
    'const plotly = require("plotly.js/lib/core")\n'
    + "".join(f'plotly.register(require("plotly.js/lib/{each}"))\n' for each in TRACES)
    + "module.exports = plotly\n"
)
LICENSE_NAMES = ("license", "licence", "copying")


def run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)


def build(folder: Path, version: str) -> tuple[Path, list[str]]:
    """Make the bundle in an empty folder; return it, and the names of the packages in it."""
    (folder / "package.json").write_text('{"private": true}')
    packages = (f"plotly.js@{version}", f"esbuild@{ESBUILD}")
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run(["npm", "install", *quiet, *packages], folder)
    (folder / "entry.js").write_text(ENTRY)
    made, listing = folder / "made.js", folder / "made.json"
    options = {
        "format": "iife",
        "global-name": "Plotly",
        "define:global": "window",
        "define:define.amd": "false",
        "target": "es2020",
        "loader:.css": "empty",  # of maps, which aren't in it
        "legal-comments": "none",  # all licences stand in the file beside it
        "metafile": listing.name,
        "outfile": made.name,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    run(["npx", "--no-install", "esbuild", "entry.js", "--bundle", "--minify", *flags], folder)
    outputs = json.loads(listing.read_text())["outputs"][made.name]["inputs"]
    written = (path for path in outputs if outputs[path]["bytesInOutput"] and ".css" not in path)
    return made, sorted({name for path in written if (name := package_of(path))})


def package_of(path: str) -> str:
    """The package that a file belongs to; "" for one that belongs to none."""
    _before, found, inside = path.rpartition("node_modules/")
    parts = inside.split("/")
    return "/".join(parts[: 2 if inside.startswith("@") else 1]) if found else ""


def in_ascii(script: str) -> str:
    """The script in letters that browsers read at half the cost; the few others are escaped."""
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\u{ord(found[0]):04x}", script)


def license_text(folder: Path) -> str:
    """What a package says of its licence, with the text where it has one."""
    about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    author = about.get("author", "")
    author = author.get("name", "") if isinstance(author, dict) else author
    head = f"{about['name']} {about['version']} ({about.get('license', 'see below')}) {author}"
    files = (file for file in sorted(folder.iterdir()) if file.stem.lower() in LICENSE_NAMES)
    texts = (file.read_text(encoding="utf-8").strip() for file in files)
    return "\n\n".join([head.strip(), *texts])


def joined(texts: Iterable[str]) -> str:
    line = "\n\n" + "-" * 78 + "\n\n"
    lines = line.join(texts).splitlines()
    return "\n".join(each.rstrip() for each in lines) + "\n"


def main() -> int:
    if not shutil.which("npm"):
        print("npm isn't there: install Node.js, or use another machine.", file=sys.stderr)
        return 1
    version = get_plotlyjs_version()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, packages = build(folder, version)
        parts = ", ".join(("scatter", *TRACES))
        head = f"// plotly.js {version}: {parts}. Licences: {LICENSES.name}\n"
        SCRIPT.write_text(head + in_ascii(made.read_text(encoding="utf-8")), encoding="ascii")
        texts = (license_text(folder / "node_modules" / each) for each in packages)
        LICENSES.write_text(joined(texts), encoding="utf-8")
    print(f"{SCRIPT.name}: plotly.js {version}, {SCRIPT.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
