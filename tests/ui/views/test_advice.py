"""What can be clicked is said until somebody has clicked, and then no more."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import change, go_to, link, open_app, open_pair, send, strip
from ui.link.memory import Session

ADVICE = "Click a word, a cell or a head's name to choose it."
OF_CHARTS = "Click a cell or a head's name to look closer."
TEXT = "a b c"


def entries(page: AppTest) -> int:
    """How many entries of the browser's history the app has made."""
    session: Session = page.session_state["_session"]
    return session.entries


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


@pytest.mark.parametrize(
    ("component", "event", "value"),
    [
        ("strip", "pick", 1),
        ("chart_clicks", "name", {"chart": "heads_chart", "tile": 2}),
        ("chart_clicks", "cell", {"chart": "heads_chart", "tile": 2, "row": 0, "column": 0}),
    ],
)
def test_it_is_said_until_the_first_click_whatever_was_clicked(
    component: str, event: str, value: Any
) -> None:
    page = open_app(link(text=TEXT))
    change(page, seed=1)
    assert strip(page)["advice"] == ADVICE
    before = entries(page)
    send(page, component, event, value)
    assert strip(page)["advice"] == ""
    assert entries(page) == before + 1  # one deliberate action
    assert "advice" not in "".join(page.query_params)  # it is nothing that a link holds
    go_to(page, "encoder-decoder")
    assert OF_CHARTS not in captions(page)


def test_a_click_on_what_is_not_there_is_none() -> None:
    page = open_app(link(text=TEXT))
    send(page, "chart_clicks", "name", {"chart": "heads_chart", "tile": 99})
    assert strip(page)["advice"] == ADVICE


def test_where_there_is_no_strip_it_is_said_below_the_charts() -> None:
    assert OF_CHARTS in captions(open_pair())
    assert OF_CHARTS in captions(open_app(path="compare"))
    (goal,) = (said for said in captions(open_app(path="learn")) if OF_CHARTS in said)
    assert goal.startswith("Say the letters backwards. ")
    assert not any(OF_CHARTS in said for said in captions(open_app("view=head", path="learn")))
    assert OF_CHARTS not in captions(open_app())


def test_what_a_space_means_is_said_when_there_is_room_for_it() -> None:
    page = open_app(link(text="a b", tokenizer="characters"))
    assert strip(page)["hint"].endswith("(mean of the heads).")
