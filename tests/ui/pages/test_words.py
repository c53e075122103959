"""Every term on every page is explained there, and every page says what its picture is."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.matrix import matrix
from tests.ui.helpers import description, open_app, open_popovers
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2
from ui.choices.options import COMPARE_VIEWS, LEARN_VIEWS, OVERVIEWS, PAIR_VIEWS, STAGES, VIEWS
from ui.text.glossary import GLOSSARY
from ui.text.term import Term

STATES = [
    *(("explore", f"stage={stage}") for stage in STAGES),
    *(("explore", f"view={view}&q=1") for view in VIEWS[1:]),
    ("explore", "view=tests&test=order"),
    *(("explore", f"view=layers&layers=3&overview={overview}") for overview in OVERVIEWS),
    *(("encoder-decoder", f"view={view}") for view in PAIR_VIEWS),
    *(("learn", f"view={view}") for view in LEARN_VIEWS),
    *(("compare", f"view={view}&b=explore?scale%3Dnone") for view in COMPARE_VIEWS),
    ("lab", ""),
    ("lab", "view=learning"),
    ("lab", "view=cost"),
]
TRAINING = ("learn", "lab")  # elsewhere a step is one of a calculation
PRETRAINED = [
    ("pretrained", "view=heads"),
    ("pretrained", "view=finder&pattern=induction"),
    ("pretrained", "view=finder&pattern=entropy"),
    ("pretrained", "view=similarity&text2=a+dog"),
    pytest.param("pretrained", "model=smollm2&view=lens", marks=needs_smollm2),
    ("pretrained", "view=layers"),
    ("pretrained", "model=smollm2&view=writers"),
]


def elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from elements(child)
        yield child


def texts(at: AppTest) -> list[str]:
    """What is read on a page: labels, options, captions, and what charts and tables are called."""
    found = []
    for element in elements(at._tree):
        proto = element.proto
        if proto is None:
            continue
        found += [getattr(proto, name, "") for name in ("label", "body")]
        if element.type == "html":
            found[-1] = re.sub(r"<style>.*?</style>", "", found[-1], flags=re.DOTALL)
        if element.type in ("segmented_control", "button_group"):
            found += [option.content for option in getattr(proto, "options", ())]
        if element.type == "plotly_chart":
            found += list(_titles(json.loads(proto.spec)["layout"]))
        if element.type in ("arrow_data_frame", "dataframe"):
            columns = json.loads(proto.columns or "{}").values()
            found += [column.get("label") or "" for column in columns]
    return [text for text in found if isinstance(text, str)]


def _titles(layout: dict[str, Any]) -> Iterator[str]:
    """The titles of a chart's axes and colour bars, and its notes."""
    yield from (note["text"] for note in layout.get("annotations", ()))
    for axis in layout.values():
        if isinstance(axis, dict):
            for title in (axis.get("title"), axis.get("colorbar", {}).get("title")):
                if isinstance(title, dict):
                    yield title.get("text", "")


def helps(at: AppTest) -> str:
    """All that tooltips say."""
    said = []
    for element in elements(at._tree):
        said.append(str(getattr(element.proto, "help", "") or ""))
        said += _column_helps(element.proto)
        popover = getattr(element.proto, "popover", None)
        said.append(str(getattr(popover, "help", "") or ""))
    return "\n".join(said)


def _column_helps(proto: Any) -> list[str]:
    """What tooltips of a table's columns say."""
    columns = getattr(proto, "columns", "")
    if not isinstance(columns, str) or not columns:
        return []
    return [column.get("help") or "" for column in json.loads(columns).values()]


def stands_in(term: Term, text: str) -> bool:
    """Whether a text has a term, or another form of it, as a word of its own."""
    name = term.name.partition(" (")[0]
    forms = "|".join(re.escape(form) for form in (name, *term.also) if len(form) > 2)
    return re.search(rf"(?<![\w·-])({forms})(?![\w-])", text, re.IGNORECASE) is not None


def unexplained(at: AppTest, path: str) -> dict[str, str]:
    """The terms on a page that nothing on it explains, and where they stand."""
    said, read = helps(at), texts(at)
    return {
        term.name: text
        for term in GLOSSARY.values()
        for text in read
        if stands_in(term, text)
        and term.explanation not in said
        and (term.name != "step" or path in TRAINING)
    }


@matrix(6, ("path", "query"), STATES)
def test_every_term_on_a_page_is_explained_there(path: str, query: str) -> None:
    page = open_app(query, path=path)
    assert description(page).proto.help
    assert unexplained(page, path) == {}
    assert unexplained(open_popovers(page), path) == {}


@needs_minilm
@matrix(2, ("path", "query"), PRETRAINED)
def test_every_term_of_a_trained_model_is_explained_there(path: str, query: str) -> None:
    page = open_app(query, path=path)
    assert description(page).proto.help
    assert unexplained(page, path) == {}
    assert unexplained(open_popovers(page), path) == {}


def test_a_term_that_nothing_explains_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would prove nothing."""
    page = open_app()
    assert unexplained(page, "explore") == {}
    without = replace(GLOSSARY["head"], explanation="Said nowhere.")
    monkeypatch.setitem(GLOSSARY, "head", without)
    assert "head" in unexplained(page, "explore")


@pytest.mark.parametrize(
    ("name", "text", "is_there"),
    [
        ("token", "Tokens", True),
        ("sub_word", "one sub-word", True),
        ("spread", "it spreads", False),
        ("norm", "Post-norm", True),
        ("nats", "entropy (nats)", True),
        ("scale", "Colour scale", False),
        ("key", "keyboard", False),
    ],
)
def test_a_term_is_found_as_a_word_of_its_own(name: str, text: str, is_there: bool) -> None:
    assert stands_in(GLOSSARY[name], text) is is_there
