"""What a page remembers of its controls, whether they are drawn or not."""

import pytest
import streamlit as st

from tests.ui.helpers import change, checked, control, go_to, is_drawn, open_app, type_text, value
from ui.pages import navigation


def test_a_control_comes_back_with_what_was_chosen_and_not_with_what_the_link_said() -> None:
    page = open_app("span=4")
    change(page, mask="window")
    change(page, span=6)
    change(page, mask="causal")
    for _again in range(2):  # Streamlit forgets a control after the first run without it
        assert not is_drawn(page, "span")
        assert value(page, "span") == 6
        assert page.query_params == {"mask": "causal", "span": "6"}
        checked(page.run())
    change(page, mask="window")
    assert control(page, "span").value == 6


def test_what_was_chosen_after_typing_is_there_when_the_page_is_come_back_to() -> None:
    page = open_app()
    type_text(page, "one two three")  # while there is no span to choose
    checked(page.run())
    change(page, mask="window")
    change(page, span=6)
    go_to(page, "learn")
    go_to(page, "explore")
    assert control(page, "span").value == 6
    assert page.query_params == {"text": "one two three", "mask": "window", "span": "6"}


def test_what_is_chosen_before_a_page_is_drawn_to_its_end_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(navigation, "show_address", st.stop)  # as a choice interrupts the run
        page = open_app()
    change(page, heads=4)
    assert control(page, "heads").value == 4
    assert page.query_params == {"heads": "4"}
