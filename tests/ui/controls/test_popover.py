"""What is in a popover: made when it is opened, kept when it is closed."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import change, checked, control, header, is_drawn, open_app, open_popovers

INSIDE = {  # a link, and the controls that its page has in popovers
    "explore": ("seed=7", ("seed", "positions", "text2", "color_scale", "head")),
    "encoder-decoder": ("seed=7", ("seed", "text3")),
    "learn": ("seed=7", ("seed", "pace")),
    "compare": ("", ("b_temperature",)),
    "lab": ("span=7", ("span", "temperature")),
}


def close(page: AppTest, popover: str) -> AppTest:
    page.session_state[popover] = False
    return checked(page.run())


@pytest.mark.parametrize("name", INSIDE)
def test_controls_are_made_when_their_popover_is_opened(name: str) -> None:
    query, inside = INSIDE[name]
    page = open_app(query, path=name)
    assert not [key for key in inside if is_drawn(page, key)]
    before = dict(page.query_params)
    open_popovers(page)
    assert [key for key in inside if is_drawn(page, key)] == list(inside)
    assert dict(page.query_params) == before


def test_a_link_and_a_choice_are_there_whenever_it_is_opened() -> None:
    page = open_app("seed=7")
    assert "(seed 7)" in header(page)
    assert control(page, "seed").value == 7
    change(page, seed=9)
    for _again in range(2):  # Streamlit forgets a control after the first run without it
        close(page, "more_popover")
        assert not is_drawn(page, "seed")
        assert "(seed 9)" in header(page)
        assert page.query_params == {"seed": "9"}
    assert control(page, "seed").value == 9


def test_an_emptied_number_has_its_default_again() -> None:
    page = open_app("seed=7")
    control(page, "seed").set_value(None)
    checked(page.run())
    assert page.query_params == {}
    close(page, "more_popover")
    assert control(page, "seed").value == 0
