"""A page is its own folder and one line of the registry: nothing else has to know of it."""

import pytest
import streamlit as st

from tests.ui.helpers import change, control, go_back, go_to, notices, open_app, value
from ui.frame.page import Page
from ui.link.common_parameters import typed
from ui.link.memory import choose, default_of, value_of
from ui.link.notices import show_notices
from ui.link.page import Parameter
from ui.link.readers import number, option
from ui.pages import PAGES, navigation

# What a newcomer's folder would hold.


def _draw() -> None:
    st.segmented_control("Mask", ["none", "causal"], default=default_of("mask"), key="mask")
    if value_of("mask") == "causal":
        st.number_input("Span", 1, 9, value=default_of("span"), key="span")
    st.button("Both", on_click=lambda: choose("both", mask="causal", span=9))
    show_notices()
    st.markdown(f"shown: {value_of('mask')}, {value_of('span')}")


TINY = Page(
    name="tiny",
    title="Tiny",
    draw=_draw,
    parameters={
        "mask": Parameter("none", option("none", "causal")),
        "span": typed(3, number(1, 9)),
    },
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "PAGES", (*PAGES, TINY))  # the line of the registry


def test_an_added_page_opens_from_its_link() -> None:
    page = open_app("mask=causal&span=5", path="tiny")
    assert page.markdown[-1].value == "shown: causal, 5"
    assert page.query_params == {"mask": "causal", "span": "5"}
    assert notices(page) == []


def test_its_link_is_repaired_with_a_notice() -> None:
    page = open_app("mask=all&span=50", path="tiny")
    assert notices(page) == [
        "The link asks for mask ` all `; there are: none, causal. Using none.",
        "The link asks for span ` 50 `; using the nearest, 9.",
    ]
    assert page.query_params == {"span": "9"}


def test_what_is_out_of_sight_stays_and_comes_back() -> None:
    page = open_app("mask=causal&span=5", path="tiny")
    change(page, mask="none")
    with pytest.raises(KeyError):
        control(page, "span")
    assert (value(page, "span"), page.query_params) == (5, {"span": "5"})
    change(page, mask="causal")
    assert control(page, "span").value == 5


def test_other_pages_and_back_and_forth_need_nothing_more() -> None:
    page = open_app("span=7", path="tiny")
    next(each for each in page.button if each.label == "Both").click()
    page.run()
    assert page.query_params == {"mask": "causal", "span": "9"}
    go_to(page, "explore")
    assert control(page, "mask").value == "none"
    go_to(page, "tiny")
    assert page.markdown[-1].value == "shown: causal, 9"
    go_back(page, "tiny", "span=7")
    assert page.markdown[-1].value == "shown: none, 7"
