"""Links that people have open as they did; old_links.toml says how, and where that comes from."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from tests.matrix import matrix
from tests.ui.helpers import PARAMETERS, control, is_drawn, notices, open_app, value
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2
from ui.pages.compare.side import read_side

OLD: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "old_links.toml").read_text(encoding="utf-8")
)
DEFAULTS: dict[str, dict[str, Any]] = OLD["defaults"]


def default_of(page: str, key: str) -> Any:
    """What the app has where a link says nothing."""
    return PARAMETERS[page][key].default


def read(page: str, key: str, text: str) -> tuple[Any, str | None]:
    """What the app takes a parameter's text for, and what it says about it."""
    return PARAMETERS[page][key].read(key, text)


def read_compared(text: str) -> tuple[str, Mapping[str, Any], list[str]]:
    """What the app takes one side of a comparison for: page, values, and what it says about it."""
    side, messages = read_side(text)
    return side.page.name, side.chosen, messages


def is_parameter(page: str, key: str) -> bool:
    return key in PARAMETERS[page]


def without_defaults(page: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != DEFAULTS[page].get(key)}


def meaning(page: str, query: Mapping[str, list[str]]) -> tuple[dict[str, Any], list[str]]:
    """What a query says of the page's parameters, as old_links.toml writes it, and all notices."""
    values: dict[str, Any] = {}
    said: list[str] = []
    for key in filter(lambda key: is_parameter(page, key), query):
        values[key], message = read(page, key, query[key][-1])
        said += [message] if message else []
        if page == "compare" and key in ("a", "b"):
            values[key], messages = side(values[key])
            said += messages
    return without_defaults(page, values), said


def side(text: str) -> tuple[dict[str, Any], list[str]]:
    page, values, messages = read_compared(text)
    return {"page": page, **without_defaults(page, values)}, messages


@pytest.mark.parametrize("page", DEFAULTS)
def test_a_parameter_that_a_link_does_not_name_has_the_value_that_it_had(page: str) -> None:
    now = {key: default_of(page, key) for key in DEFAULTS[page]}
    if page == "compare":
        now |= {letter: side(now[letter])[0] for letter in ("a", "b")}
    assert now == DEFAULTS[page]


@pytest.mark.parametrize("page", OLD["links"])
def test_each_old_link_means_what_it_meant_and_nothing_is_said_about_it(page: str) -> None:
    links: dict[str, dict[str, Any]] = OLD["links"][page]
    read_now = {link: meaning(page, parse_qs(link, keep_blank_values=True)) for link in links}
    assert read_now == {link: (values, []) for link, values in links.items()}


def needed_models(entry: Mapping[str, Any]) -> list[pytest.MarkDecorator]:
    link = f"{entry['page']}?{entry['query']}".lower()
    marks = {"smollm2": needs_smollm2, "pretrained": needs_minilm, "minilm": needs_minilm}
    return [mark for name, mark in marks.items() if name in link]


def texts_on(at: AppTest) -> str:
    """All text on a page, and what its charts say to a screen reader, without Markdown's bold."""
    shown = [element.value for element in (*at.markdown, *at.caption)]
    charts = [element.alt for element in at.get("plotly_chart")]
    return "\n".join([*shown, *charts]).replace("*", "")


@matrix(
    20,
    "entry",
    [
        pytest.param(entry, id=f"{entry['page']}?{entry['query']}"[:60], marks=needed_models(entry))
        for entry in OLD["opened"]
        if entry["query"]  # a bare address shows what a page opens with, which may change
    ],
)
def test_an_old_link_opens_the_page_that_it_opened(entry: dict[str, Any]) -> None:
    page = entry["page"] or "explore"
    at = open_app(entry["query"], path=entry["page"])
    assert (notices(at), [error.value for error in at.error]) == ([], [])
    address = {
        key: [text] if isinstance(text, str) else text for key, text in at.query_params.items()
    }
    assert meaning(page, address) == (entry["values"], [])
    ignored = {key: text for key, text in at.query_params.items() if not is_parameter(page, key)}
    assert ignored == entry.get("ignored", {})
    shown = {key: value(at, key) for key in entry.get("controls", [])}
    assert shown == {key: entry["values"][key] for key in shown}
    drawn = {key: control(at, key).value for key in shown if is_drawn(at, key)}
    assert drawn == {key: shown[key] for key in drawn}
    texts = texts_on(at)
    assert [text for text in entry.get("says", []) if text not in texts] == []
