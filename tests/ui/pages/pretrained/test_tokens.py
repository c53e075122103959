"""Pretrained's switches for tokens: each is there where it changes something, and only there."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import change, control, notices, type_text, value
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2, only_token, open_trained

pytestmark = [needs_minilm, needs_smollm2]

SWITCHES = ("words", "special", "first", "rest")


def in_sight(page: AppTest) -> list[str]:
    """The switches for tokens that a person sees."""
    return [str(toggle.key) for toggle in page.toggle if toggle.key in SWITCHES]


def test_the_switch_for_rows_is_there_where_something_is_hidden() -> None:
    page = open_trained()
    assert in_sight(page) == ["words", "special", "first"]
    change(page, special=False)  # and with [CLS] the first token
    assert in_sight(page) == ["words", "special", "rest"]
    change(page, special=True)
    change(page, first=False)
    assert in_sight(page) == ["words", "special", "first", "rest"]


def test_a_model_that_reads_no_special_tokens_has_no_switch_for_them() -> None:
    page = open_trained(model="SmolLM2", text="a b c")
    assert in_sight(page) == ["words", "first"]
    change(page, first=False)
    assert in_sight(page) == ["words", "first", "rest"]


@pytest.mark.parametrize("more", [{"text": "a <|im_end|>"}, {"added": None}])
def test_unless_one_was_typed_or_written(more: dict[str, object]) -> None:
    if "added" in more:
        more = {"text": "a", "added": only_token("smollm2", "<|im_end|>")}
    assert in_sight(open_trained(model="SmolLM2", **more)) == ["words", "special", "first"]


def test_a_special_token_that_is_typed_brings_the_switch() -> None:
    page = open_trained(model="SmolLM2", text="a")
    type_text(page, "a <|im_end|>")
    assert "special" in in_sight(page)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"view": "find heads"}, []),  # which reads all tokens
        ({"view": "similarity", "text2": "a"}, ["words"]),
        ({"view": "one head"}, ["words", "special", "first"]),  # of the strip
        ({"view": "numbers"}, ["words", "special", "first"]),
        ({"stage": "energy"}, ["words", "special", "first"]),
        ({"view": "layers", "overview": "residual stream"}, ["words", "special", "first"]),
    ],
)
def test_a_view_has_the_switches_that_change_something_in_it(
    link: dict[str, str], expected: list[str]
) -> None:
    assert in_sight(open_trained(text="a b c", **link)) == expected


def test_what_is_out_of_sight_keeps_its_value_and_its_link() -> None:
    page = open_trained(text="a b c", first="false", special="false", rest="true")
    change(page, view="finder")
    assert in_sight(page) == []
    asked = {"first": "false", "special": "false", "rest": "true"}
    assert {key: page.query_params[key] for key in asked} == asked
    assert [value(page, key) for key in asked] == [False, False, True]
    change(page, view="heads")
    assert in_sight(page) == ["words", "special", "rest"]
    assert (control(page, "special").value, control(page, "rest").value) == (False, True)
    assert notices(page) == []
