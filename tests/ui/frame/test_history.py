"""Back and Forward within a page: the whole address counts again, and not what widgets remember."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import run_of
from tests.ui.helpers import (
    PARAMETERS,
    change,
    control,
    go_back,
    header,
    link,
    notices,
    numbers,
    open_app,
    strip,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    MARY,
    looked_at,
    needs_minilm,
    needs_smollm2,
    open_trained,
    weights_of,
)

TRAINED = "pretrained"


def address(page: AppTest) -> str:
    return link(**page.query_params)


def everything(page: AppTest, path: str) -> dict[str, Any]:
    """What is chosen of all that a link can hold."""
    defaults = {key: parameter.default for key, parameter in PARAMETERS[path].items()}
    return {**defaults, **{k: page.session_state[k] for k in defaults if k in page.session_state}}


# Explore.


def test_back_after_typing_brings_the_text_before() -> None:
    page = open_app(link(text="so it goes"))
    old = address(page)
    type_text(page, "so it goes on and on")
    go_back(page, "explore", old)
    assert control(page, "text").value == "so it goes"
    assert strip(page)["tokens"] == ["so", "it", "goes"]
    np.testing.assert_array_equal(numbers(page), run_of("so it goes").attention().field("weights"))
    go_back(page, "explore", link(text="so it goes on and on"))
    assert strip(page)["tokens"] == ["so", "it", "goes", "on", "and", "on"]


@pytest.mark.parametrize(
    "query", ["stage=head_outputs", "stage=head+outputs&heads=4&seed=3&mask=causal&head=2"]
)
def test_back_on_explore_brings_all_of_a_link_with_identifiers(query: str) -> None:
    page = open_app(f"text=so+it+goes&{query}")
    chosen, shown = everything(page, "explore"), numbers(page)
    assert chosen["stage"] == "head_outputs"
    change(page, stage="energy", seed=9, heads=1, embed_size=32)
    change(page, view="numbers")
    go_back(page, "explore", f"text=so+it+goes&{query}")
    assert everything(page, "explore") == chosen
    np.testing.assert_array_equal(numbers(page), shown)
    assert notices(page) == []
    assert page.query_params["stage"] == "head_outputs"  # as the page itself writes it


def test_a_painted_mask_comes_back_too() -> None:
    page = open_app(link(text="a b c", mask="custom", cells="3.gA"))
    shown = numbers(page)
    change(page, mask="causal")
    go_back(page, "explore", link(text="a b c", mask="custom", cells="3.gA"))
    np.testing.assert_array_equal(numbers(page), shown)


# Pretrained.


@needs_minilm
def test_back_after_typing_brings_a_trained_models_numbers() -> None:
    page = open_trained(text="so it goes", layer=2)
    old = address(page)
    type_text(page, "so it goes on")
    go_back(page, TRAINED, old)
    assert control(page, "text").value == "so it goes"
    assert strip(page)["tokens"] == ["[CLS]", "so", "it", "goes", "[SEP]"]
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", "so it goes", 2))
    assert notices(page) == []


@needs_minilm
@needs_smollm2
def test_back_on_pretrained_brings_all_of_a_link_with_identifiers() -> None:
    asked = link(model="smollm2", text=MARY, view="next", layer=20, head=3, removed="18.6,3.1")
    page = open_trained(asked)
    chosen = everything(page, TRAINED)
    assert looked_at(page) == {"view": "next", "layer": 20, "head": 3, "q": None, "k": None}
    for view in ("heads", "layers", "finder"):
        change(page, view=view)
    change(page, layer=5)
    change(page, view="heads")  # Find heads reads every token, and has no switch for words
    change(page, words=True)
    go_back(page, TRAINED, asked)
    assert everything(page, TRAINED) == chosen
    assert value(page, "model") == control(page, "model").value == "smollm2"
    assert "**2 heads removed**" in header(page)
    assert notices(page) == []
    less = weights_of("smollm2", MARY, 20, removed=frozenset({(18, 6), (3, 1)}))
    np.testing.assert_array_equal(
        numbers(page, "difference_chart"), less - weights_of("smollm2", MARY, 20)
    )
    expected = {"model": "smollm2", "view": "next", "layer": "20", "removed": "18.6,3.1"}
    assert expected.items() <= page.query_params.items()  # as the page itself writes it


@needs_minilm
@needs_smollm2
def test_what_the_address_says_nothing_of_is_as_it_was_before_it_was_chosen() -> None:
    page = open_trained(text=MARY)
    old, chosen = address(page), everything(page, TRAINED)
    change(page, model="smollm2")
    change(page, view="next", head=5, words=True, first=False)
    go_back(page, TRAINED, old)
    assert everything(page, TRAINED) == chosen
    np.testing.assert_array_equal(numbers(page), weights_of("minilm", MARY, 0))
