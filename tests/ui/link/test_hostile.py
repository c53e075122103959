"""A link that a stranger wrote to break the page: always a valid page, and nothing runs."""

import re
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import pair_of, run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    chart,
    labels,
    link,
    notices,
    numbers,
    open_app,
    open_pair,
    strip,
    value,
)
from tests.ui.link.hostile import HOSTILE, in_all
from ui.choices.limits import MAX_CHARACTERS
from ui.choices.options import MASKS, PAIR_MASKS, TEXT_KEYS
from ui.choices.sizes import layer_choices


class Chosen:
    """What is chosen on a page, by parameters."""

    def __init__(self, page: AppTest) -> None:
        self.page = page

    def __getitem__(self, key: str) -> Any:
        return value(self.page, key)


@matrix(3, "text", HOSTILE.values(), ids=HOSTILE)
def test_in_every_parameter_at_once_it_gives_a_valid_page(text: str) -> None:
    text = text.encode(errors="replace").decode()  # what a URL can carry
    page = open_app(link(**in_all("explore", text)))
    state = Chosen(page)
    assert all(state[key] == text for key in TEXT_KEYS)
    assert 8 <= state["embed_size"] <= 512
    assert 1 <= state["heads"] <= 16
    assert state["embed_size"] % state["heads"] == 0
    assert 0 <= state["seed"] < 2**31
    assert 0.1 <= state["temperature"] <= 5
    assert state["mask"] in MASKS
    assert 1 <= state["layer"] + 1 <= state["layers"] <= 12
    sizes = ("layers", "heads", "embed_size", "mask", "span", "seed", "temperature")
    run = run_of(*[text] * 4, **{key: state[key] for key in sizes})
    if state["view"] == "heads" and not state["present"] and run.source.length < 60:
        expected = run.attention(state["layer"]).field("weights")
        np.testing.assert_array_equal(numbers(page), expected)
    assert notices(page)
    # What the page wrote into the URL, it takes without a word about the link.
    again = open_app(link(**page.query_params))
    assert not [line for line in notices(again) if "The link" in line]


@matrix(3, "text", HOSTILE.values(), ids=HOSTILE)
def test_on_the_page_of_encoder_and_decoder_as_well(text: str) -> None:
    text = text.encode(errors="replace").decode()
    page = open_pair(link(**in_all("encoder-decoder", text)))
    state = Chosen(page)
    assert all(state[key] == text for key in TEXT_KEYS)
    assert state["embed_size"] % state["heads"] == 0
    assert state["layers"] in layer_choices(state["embed_size"], pair=True)
    assert state["mask"] in PAIR_MASKS
    sizes = ("layers", "heads", "embed_size", "mask", "seed", "temperature")
    run = pair_of(*[text] * 4, **{key: state[key] for key in sizes})
    if state["view"] == "kinds" and not state["present"] and run.source.length < 40:
        cross = run.attention(state["layer"], 1, "cross").field("weights")
        head = state["head"]  # where one is chosen, it is shown alone
        shown = cross if head is None else cross[[min(head, state["heads"] - 1)]]
        np.testing.assert_array_equal(numbers(page, "cross_chart"), shown)
    assert notices(page)
    again = open_pair(link(**page.query_params))
    assert not [line for line in notices(again) if "The link" in line]


NO_MASKS = [text for text in HOSTILE.values() if text != "None"]  # which is a mask, in any case


@matrix(5, "text", [*NO_MASKS, "`a` ``b``", "x\n===\ny", "x\n\n    code"])
def test_in_a_notice_it_is_code_on_one_line_that_it_cannot_end(text: str) -> None:
    # Code is shown as typed; a line of its own is all that a heading or a list would need.
    text = text.encode(errors="replace").decode()
    page = open_app(link(view=text))
    (box,) = page.warning
    found = re.fullmatch(
        r"The link asks for view (?P<fence>`+) (.*) (?P=fence); there are: .* Using all heads\.",
        box.value,
    )
    assert found is not None, box.value
    shown = found[2]
    assert found["fence"] not in re.findall("`+", shown)
    assert len(shown) <= 40
    if text.isprintable() and len(text) <= 40:
        assert shown == text


@pytest.mark.parametrize("key", TEXT_KEYS)
def test_a_sentence_of_more_characters_than_fit_is_cut_with_a_notice(key: str) -> None:
    text = "x" * (MAX_CHARACTERS + 1)
    page = open_app(link(**{key: text}))
    assert notices(page) == [f"The link's {key} has 20001 characters; the first 20000 are used."]
    assert value(page, key) == page.query_params[key] == text[:MAX_CHARACTERS]
    fits = open_app(link(**{key: text[:MAX_CHARACTERS]}))
    assert notices(fits) == []


def test_markup_in_a_sentence_is_escaped_for_the_chart_and_plain_for_the_strip() -> None:
    page = open_app(link(text="<b> &lt; </b> <i>", heads=1))
    assert labels(chart(page)["layout"]["xaxis"]) == [
        "&lt;b&gt; (position 0)",
        "&amp;lt; (position 1)",
        "&lt;/b&gt; (position 2)",
        "&lt;i&gt; (position 3)",
    ]
    assert strip(page)["tokens"] == ["<b>", "&lt;", "</b>", "<i>"]


def test_what_cannot_be_seen_is_shown_by_its_number() -> None:
    page = open_app(link(text="a \u200b \x00", heads=1))
    assert strip(page)["tokens"] == ["a", "⟨U+200B⟩", "⟨U+0000⟩"]


def test_a_thousand_unknown_parameters_change_nothing() -> None:
    page = open_app("&".join(f"p{i}=1" for i in range(900)))
    np.testing.assert_array_equal(numbers(page), run_of().attention().field("weights"))
    assert notices(page) == []
