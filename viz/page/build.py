"""The file itself: texts, specifications, arrays and scripts in one HTML page.

Everything is ASCII: what isn't, is written as a character reference or as JSON's escape, so that a
page reads alike whatever it is served as. Arrays stand after the scripts, those that are drawn
first before them: the first picture is on the screen while the rest is still being read.
"""

import base64
import hashlib
from dataclasses import fields
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..labels import visible
from ..marks import ROW_LINE
from .blocks import packed
from .bundle import plotly_source
from .colors import PALETTES, Scales, free_prefix, numbered_theme
from .content import Content
from .fitting import Fitted, fit
from .pictures import Pictures
from .store import Store, as_json
from .words import Words

MOST_BYTES = 6_000_000  # of a page
BESIDE_ARRAYS = 1_400_000  # of them, about: Plotly, the page, what pictures say
PLAIN_PARTS = 150_000  # bytes of what pictures say: more of it is packed
LEAST_ROOM = 100_000.0  # for arrays, in any case
TRIES = 4  # at a size that isn't known before it is there
_HERE = Path(__file__).parent
_LINE = "\n"


def build_page(content: Content, *, most_bytes: int = MOST_BYTES) -> str:
    """Return the content as one HTML file that loads nothing, in ASCII.

    Args:
        content: what it shows.
        most_bytes: of the file, about: what has no room is left out or pooled, and the page says
            so. Pictures as they stand are always whole.
    """
    room = float(most_bytes - BESIDE_ARRAYS)
    for _try in range(TRIES):
        fitted = fit(content, room)
        page = _page(content, fitted)
        over = len(page) - most_bytes
        if over <= 0 or room <= LEAST_ROOM:
            break
        room = max(LEAST_ROOM, min(room, fitted.bytes) - 1.1 * over)
    return page


def _page(content: Content, fitted: Fitted) -> str:
    prefix = free_prefix(_texts(content))
    theme = numbered_theme(prefix)
    store = Store(Scales(theme), prefix)
    pictures = Pictures(store, theme, content.words, content.scale)
    data = {
        "attentions": [
            pictures.attention(each, sides, is_pooled=fitted.is_pooled)
            for each, sides in zip(fitted.attentions, fitted.sides, strict=True)
        ],
        "pictures": [pictures.picture(each) for each in content.pictures],
        "recipes": store.recipes,
        "chosen": _chosen(content),
        "words": _words(content.words),
        "palettes": PALETTES,
        "prefix": prefix,
        "line": ROW_LINE,
        "curve": [content.scale.curve, content.scale.end],
    }
    return _html(content, data, store, _notes(content, fitted))


def _texts(content: Content) -> list[str]:
    """All texts that may stand in pictures."""
    tokens = [
        token
        for each in content.attentions
        for side in (each.queries, each.keys, each.shown_queries or (), each.shown_keys or ())
        for token in side
    ]
    return [*tokens, *(str(getattr(content.words, f.name)) for f in fields(Words))]


def _chosen(content: Content) -> dict[str, Any]:
    names = ("shown", "stage", "view", "layer", "head", "query")
    return {name: getattr(content, name) for name in names}


def _words(words: Words) -> dict[str, str]:
    return {each.name: getattr(words, each.name) for each in fields(Words)}


def _notes(content: Content, fitted: Fitted) -> list[str]:
    words, notes = content.words, list(content.notes)
    if fitted.is_stripped:
        notes.append(words.left_out_stages)
    if fitted.is_pooled:
        rows, columns = fitted.block
        notes.append(words.left_out_pooled.format(rows=rows, columns=columns))
    if content.difference:
        notes.append(words.difference.format(difference=content.difference))
    return notes


def _html(content: Content, data: dict[str, Any], store: Store, notes: list[str]) -> str:
    abouts, texts = store.written()
    data["blocks"] = abouts
    first = _drawn_first(data, store)
    scripts = [plotly_source(), _own("page.js")]
    hashes = " ".join(f"'sha256-{_hash(each)}'" for each in scripts)
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    words = content.words
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{_text(words.lang)}" dir="{_text(words.direction)}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_text(content.title)}</title>",
        f"<style>{_own('page.css')}</style>",
        "</head>",
        "<body>",
        _head(content),
        f"<noscript><p>{_text(words.no_script)}</p></noscript>",
        '<main><div id="controls"></div><div id="words"></div><p id="caption"></p>'
        '<div id="chart"></div><p id="pooled" class="faint"></p></main>',
        _foot(content, notes),
        f'<script type="application/json" id="data">{as_json(data)}</script>',
        _parts(_LINE.join(store.parts)),
        *(_block(number, texts[number]) for number in sorted(first)),
        *(f"<script>{each}</script>" for each in scripts),
        *(_block(number, text) for number, text in enumerate(texts) if number not in first),
        "</body>",
        "</html>",
    ]
    return _LINE.join(lines) + _LINE


def _parts(text: str) -> str:
    """The parts of specifications, packed where they are many."""
    if len(text) <= PLAIN_PARTS:
        return f'<script type="text/plain" id="parts">{text}</script>'
    letters = packed(np.frombuffer(text.encode("ascii"), dtype=np.uint8))
    return f'<script type="text/plain" id="parts" data-packed="1">{letters}</script>'


def _block(number: int, text: str) -> str:
    return f'<script type="text/plain" id="block{number}">{text}</script>'


def _drawn_first(data: dict[str, Any], store: Store) -> set[int]:
    """The blocks that the first picture needs, about: those of the first layer's weights."""
    if not data["attentions"]:
        return set(range(len(data["blocks"])))
    layers = data["attentions"][data["chosen"]["shown"]]["layers"]
    layer = layers[min(data["chosen"]["layer"], len(layers) - 1)]
    return {store.block_of(number) for number in layer["strip"]}


def _head(content: Content) -> str:
    about = f"<p>{_text(content.about)}</p>" if content.about else ""
    return (
        f"<header><div><h1>{_text(content.title)}</h1>{about}</div>"
        f'<button type="button" id="theme" title="{_text(content.words.theme)}" '
        f'aria-label="{_text(content.words.theme)}"></button></header>'
    )


def _foot(content: Content, notes: list[str]) -> str:
    words = content.words
    said = [f"<p>{_text(note)}</p>" for note in notes]
    made = words.made_with.format(version=content.version).strip()
    link = ""
    if content.link:
        address = _text(content.link)
        link = f'<p><a href="{address}" target="_blank" rel="noopener">{_text(words.link)}</a> '
        link += f'<span class="address">{address}</span></p>'
    return f"<footer>{''.join(said)}{link}<p>{_text(made)}. {_text(words.offline)}</p></footer>"


def _text(text: str) -> str:
    """A text for HTML: as typed, what can't be seen made visible, in ASCII."""
    words = " ".join(visible(word) if word else "" for word in text.split(" "))
    return escape(words).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("ascii")).digest()).decode("ascii")


@cache
def _own(name: str) -> str:
    """A file beside this one, which stands in the page as it is."""
    return (_HERE / name).read_text(encoding="ascii")
