"""The documents: a short README, no broken link, and true where code can tell."""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from math import isqrt
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from lab import cache, cost, grid, ranges
from model import masks
from model.tasks import characters
from model.trace_file import read as read_trace
from model.training import plan, weights_file, worker
from ui.choices import limits
from ui.pages import PAGES
from ui.runs import trace_file
from ui.server import turns, uploads
from ui.text.glossary import GLOSSARY

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "bench/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


@dataclass
class Document:
    """What a reader's browser makes of a Markdown file, as far as it can be wrong."""

    links: list[str] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)  # address, alternative text
    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)  # of tables: the text of each cell


class _Reader(HTMLParser):
    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.texts: list[str] = []  # the last of which is being added to

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.document.links.append(given["href"])
        elif tag == "img":
            self.document.pictures.append((given["src"], given.get("alt", "")))
            self.handle_data(given.get("alt", ""))
        elif tag == "tr":
            self.document.rows.append([])
        elif tag in HEADINGS or tag in ("th", "td"):
            self.texts = self.document.headings if tag in HEADINGS else self.document.rows[-1]
            self.texts.append("")
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in HEADINGS or tag in ("th", "td"):
            self.texts = []

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def parse(text: str) -> Document:
    document = Document()
    html = MarkdownIt("commonmark").enable("table").render(text)
    _Reader(document).feed(html)
    return document


@lru_cache
def read(path: Path) -> Document:
    return parse(path.read_text(encoding="utf-8"))


def anchors(document: Document) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    counts: Counter[str] = Counter()
    found = set()
    for heading in document.headings:
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{counts[slug]}" if counts[slug] else slug)
        counts[slug] += 1
    return found


def is_there(address: str, document: Document, path: Path) -> bool:
    """Whether there is something at an address in a document; other sites aren't asked."""
    parts = urlsplit(address)
    if parts.scheme:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.exists() or not parts.fragment:
        return target.exists()
    if target != path and target.suffix != ".md":
        return False
    return unquote(parts.fragment) in anchors(document if target == path else read(target))


def broken(document: Document, path: Path) -> list[str]:
    addresses = (*document.links, *(address for address, _text in document.pictures))
    return [each for each in addresses if not is_there(each, document, path)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_is_there(path: Path) -> None:
    document = read(path)
    assert document.headings
    assert broken(document, path) == []
    assert [address for address, text in document.pictures if len(text) < 10] == []


TEXT = """# One, two: `three`!
## A
## A
[a](#one-two-three) [b](#a-1) [c](LICENSE) [d](https://example.org/none) `[no](link)`
[e](CONTRIBUTING.md#the-layers) [f](#a-2) [g](docs/none.md)
[h](CONTRIBUTING.md#none) [i](LICENSE#none) ![j](docs/none.png)

| k |
|---|
| <img src="none.webp"> |
"""


def test_what_is_broken_is_found() -> None:
    assert broken(parse(TEXT), README) == [
        "#a-2",
        "docs/none.md",
        "CONTRIBUTING.md#none",
        "LICENSE#none",
        "docs/none.png",
        "none.webp",
    ]


def test_the_readme_is_short_and_begins_with_the_start_page() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 120
    assert read(README).pictures[0][0] == "docs/start-light.png"


def test_the_readme_leads_to_every_document() -> None:
    linked = {(ROOT / urlsplit(link).path).resolve() for link in read(README).links}
    assert [path for path in DOCUMENTS[1:] if path not in linked] == []


def test_the_readme_shows_every_page() -> None:
    """A line and a picture for each, beside its title and its address; the first one's is "/"."""
    shown = {row[0]: row[1:] for row in read(README).rows if len(row) == 3}
    assert {name for name, (line, text) in shown.items() if len(line) < 10 or not text} == {"page"}
    names = {page.title: {f"{page.title}\n/{page.name}"} for page in PAGES}
    names[PAGES[0].title].add(f"{PAGES[0].title}\n/")
    assert [title for title, either in names.items() if either.isdisjoint(shown)] == []


LIMITS = {
    "tokens of a sentence": f"{limits.MAX_TOKENS}, the rest",
    "sentences × layers × heads × tokens²": f"{limits.MAX_CELLS // 2**20} million",
    "embedding size": f"{limits.SMALLEST_EMBEDDING} to {limits.LARGEST_EMBEDDING}",
    "heads": f"up to {limits.MAX_HEADS},",
    "layers": f"up to {limits.MAX_LAYERS},",
    "tokens in a trained model": f"{isqrt(limits.MAX_CELLS // (6 * 12))} in MiniLM, "
    f"{isqrt(limits.MAX_CELLS // (30 * 9))} in SmolLM2",
    "tokens that a model writes": f"{limits.MOST_ADDED}",
    f"large runs at once (over {turns.LARGE:,} sentences × layers × heads × tokens²)": (
        f"{turns.MOST_BYTES // 2**20} MB"
    ),
    "a training": f"{plan.MOST_STEPS} steps, {worker.SECONDS} s, {worker.MEMORY / 2**30:.0f} GB, "
    f"{plan.MOST_PARAMETERS:,} weights, {plan.MOST_LAYERS} layers of {plan.MOST_HEADS} heads, "
    f"an embedding of {plan.LARGEST_EMBEDDING}",
    "a text to learn from": f"{characters.SHORTEST_CORPUS} to {plan.LONGEST_CORPUS:,} characters",
    "a sweep": f"{grid.MOST_POINTS['mechanism']} measurements of attention, or "
    f"{grid.MOST_POINTS['learning']} trainings; {ranges.MOST_SEEDS} seeds",
    "a measured forward pass": f"{cost.MOST_TOKENS} tokens, {cost.MOST_BYTES / 1e9} GB, "
    f"{cost.MOST_SECONDS:.0f} s",
    "kept results of sweeps": f"{cache.MOST_BYTES // 2**20} MB",
    "uploads": f"{weights_file.LARGEST_FILE // 2**20} MB a file, "
    f"{uploads.MOST_OF_A_SESSION // 2**20} MB and {uploads.MOST_FILES} files a person, "
    f"{uploads.MOST_OF_ALL // 2**20} MB in all",
    "a file of attention": f"{uploads.LARGEST_OF_ATTENTION // 2**20} MB, "
    f"{read_trace.MOST_UNPACKED_BYTES // 2**20} MB unpacked; "
    f"{trace_file.MOST_OF_ALL // 2**20} MB unpacked of all people's",
    "painted masks": f"{masks.MOST_CELLS_ASIDE} × {masks.MOST_CELLS_ASIDE} words",
}


def test_the_limits_are_those_of_the_code() -> None:
    told = {what: limit for what, limit, _why in read(ROOT / "docs/limits.md").rows}
    assert LIMITS.keys() <= told.keys()
    assert [(what, told[what]) for what, limit in LIMITS.items() if limit not in told[what]] == []


def test_the_glossary_says_what_the_app_says() -> None:
    """If not: python -m tools.glossary."""
    _titles, *rows = read(ROOT / "docs/glossary.md").rows
    assert rows == sorted(
        ([term.name, term.explanation, term.formula] for term in GLOSSARY.values()),
        key=lambda row: row[0].casefold(),
    )


def test_the_map_of_the_code_names_what_there_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    places = re.search(r"## Where things are\n+```\n(.*?)```", text, re.DOTALL)
    assert places is not None
    folder, named = ROOT, set()
    for line in places[1].splitlines():
        if line[0] != " ":
            folder = ROOT / line.split()[0]
            named.add(folder)
        else:
            parts = re.findall(r"[\w*]+\.py\b|\b\w+/(?= )", line)
            named |= {folder / part for part in parts}
    assert len(named) > 60
    assert [path for path in sorted(named) if not list(path.parent.glob(path.name))] == []
    rooms = {path.parent for path in (ROOT / "ui").glob("*/__init__.py")}
    assert rooms <= named
