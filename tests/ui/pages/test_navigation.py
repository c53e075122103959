"""From one page to another: the model comes along, masks and views are each page's own."""

from typing import Any

import numpy as np
import pytest

from tests.defaults import SENTENCE, TARGET, pair_of, run_of
from tests.ui.helpers import (
    change,
    chart,
    control,
    go_back,
    go_to,
    header,
    labels,
    link,
    masked,
    notices,
    numbers,
    open_app,
    open_pair,
    send,
    type_text,
)
from ui.link.common_parameters import SHARED

MODEL: dict[str, Any] = {
    "heads": 3, "embed_size": 24, "layers": 3, "projection": "shared", "scale": "none",
    "temperature": 0.5, "positions": "alibi", "norm_order": "pre", "activation": "gelu", "seed": 7,
}  # fmt: skip
WRITTEN = {
    "heads": "3", "embed_size": "24", "layers": "3", "projection": "shared", "scale": "none",
    "temperature": "0.5", "positions": "alibi", "norm_order": "pre", "activation": "gelu",
    "seed": "7",
}  # fmt: skip


def test_the_model_and_the_sentence_come_along_and_masks_and_views_do_not() -> None:
    page = open_app(
        link(text="a b c", mask="window", view="head", head=2, q=1, stage="energy", **MODEL)
    )
    go_to(page, "encoder-decoder")
    assert page.query_params == {"text": "a b c", "all_heads": "false"} | WRITTEN
    change(page, all_heads=True)
    run = pair_of("a b c", TARGET, **MODEL)
    for kind in run.kinds:
        attention = run.attention(0, 0, kind)
        np.testing.assert_array_equal(
            numbers(page, f"{kind}_chart"), masked(attention.field("weights"), attention.allowed)
        )
    assert control(page, "mask").value == "causal_padding"
    assert control(page, "view").value == "kinds"
    assert control(page, "stage").value == "weights"
    assert control(page, "text2").value == TARGET
    own = "(seed 7), a formulation of your own, energies ÷ (1 × 0.5), ALiBi, 3 layers, pre-norm "
    assert own in header(page)
    assert notices(page) == []
    assert page.query_params == {"text": "a b c"} | WRITTEN


def test_the_address_of_the_page_gone_to_brings_the_same_back() -> None:
    page = open_app(link(text="a b c", **MODEL))
    go_to(page, "encoder-decoder")
    again = open_pair(link(**page.query_params))
    for key in ("encoder_self_chart", "decoder_self_chart", "cross_chart"):
        np.testing.assert_array_equal(numbers(again, key), numbers(page, key))
    assert notices(again) == []


def test_from_encoder_and_decoder_the_model_and_the_source_come_along() -> None:
    page = open_pair(
        link(text="a b", text2="c d", text3="e", text4="f", mask="none", view="head", kind="cross",
             **MODEL)
    )  # fmt: skip
    go_to(page, "explore")
    np.testing.assert_array_equal(
        numbers(page), run_of("a b", **MODEL).attention().field("weights")
    )
    with pytest.raises(KeyError):  # the target is no second sentence
        control(page, "sentence")
    assert control(page, "mask").value == "none"
    assert control(page, "view").value == "heads"
    assert page.query_params == {"text": "a b"} | WRITTEN


def test_a_page_that_is_come_back_to_is_as_it_was_left_but_for_the_model() -> None:
    page = open_app("text=a+b+c")
    change(page, mask="window", stage="scores", head=1)
    change(page, span=2)
    send(page, "strip", "pick", 2)
    go_to(page, "encoder-decoder")
    change(page, seed=5, mask="none", text2="x y z", view="heads")
    change(page, kind="decoder_self")
    go_to(page, "explore")
    assert control(page, "mask").value == "window"
    assert control(page, "span").value == 2
    assert control(page, "stage").value == "scores"
    assert (control(page, "head").value, control(page, "q").value) == (1, 2)
    attention = run_of("a b c", layers=1, mask="window", span=2, seed=5).attention()
    np.testing.assert_array_equal(
        numbers(page), masked(attention.field("scores"), attention.allowed)
    )
    go_to(page, "encoder-decoder")
    assert control(page, "mask").value == "none"
    assert control(page, "kind").value == "decoder_self"
    assert labels(chart(page)["layout"]["yaxis"])[0] == "x (position 0)"


def test_a_painted_mask_is_still_there_after_a_visit_to_another_page() -> None:
    page = open_app("text=a+b&mask=custom&cells=2.sA")  # 10 11
    before = numbers(page)
    go_to(page, "encoder-decoder")
    assert "cells" not in page.query_params
    go_to(page, "explore")
    assert page.query_params["cells"] == "2.sA"
    np.testing.assert_array_equal(numbers(page), before)
    assert np.isnan(before[0][0, 1])


def test_what_was_typed_comes_along_as_well() -> None:
    page = open_app("text=a+b")
    type_text(page, "one two three")
    go_to(page, "encoder-decoder")
    assert control(page, "text").value == "one two three"
    assert numbers(page, "cross_chart")[0].shape[1] == 3


@pytest.mark.parametrize(("size", "wanted", "used"), [(512, 2, 1), (256, 10, 4)])
def test_more_layers_than_fit_on_the_page_gone_to_are_told(
    size: int, wanted: int, used: int
) -> None:
    page = open_app(link(text="a", embed_size=size, layers=wanted))
    assert notices(page) == []
    go_to(page, "encoder-decoder")
    assert notices(page) == [
        f"{wanted} layers with an embedding of {size} have more weights than the server keeps; "
        f"using {used}, the most that fit."
    ]
    assert f", {used} layer" in header(page)
    go_to(page, "explore")
    assert notices(page) == []
    assert control(page, "layers").value == wanted
    assert f", {wanted} layers" in header(page)


@pytest.mark.parametrize(("size", "wanted"), [(512, 2), (256, 10)])
def test_layers_that_did_not_fit_on_the_page_gone_to_come_back_with_a_smaller_embedding(
    size: int, wanted: int
) -> None:
    page = open_app(link(text="a", embed_size=size, layers=wanted))
    go_to(page, "encoder-decoder")
    change(page, embed_size=64)
    assert notices(page) == []
    assert control(page, "layers").value == wanted
    assert f", {wanted} layers" in header(page)


@pytest.mark.parametrize("query", ["embed_size=24", "mask=causal"])
def test_the_back_button_gives_a_valid_page_of_what_its_controls_say(query: str) -> None:
    page = open_app(f"text=a+b&{query}")
    go_to(page, "encoder-decoder")
    change(page, embed_size=9)
    go_back(page, "explore", f"text=a+b&{query}")
    sizes = {key: control(page, key).value for key in ("heads", "embed_size", "mask")}
    attention = run_of("a b", **sizes).attention()
    np.testing.assert_array_equal(
        numbers(page), masked(attention.field("weights"), attention.allowed)
    )


def test_a_notice_stays_on_its_page() -> None:
    page = open_app("text=a&heads=100&mask=nonsense")
    assert len(notices(page)) == 2
    go_to(page, "encoder-decoder")
    assert notices(page) == []
    assert control(page, "heads").value == 16


def test_what_is_kept_is_the_model() -> None:
    assert set(SHARED) == {"text", "tokenizer", "vectors", *MODEL}


def test_an_address_with_a_page_opens_that_page() -> None:
    assert control(open_pair(), "text2").value == TARGET
    page = open_app()
    assert control(page, "text").value == SENTENCE
    assert [element.key for element in page.get("plotly_chart")] == ["heads_chart"]
    with pytest.raises(KeyError):
        control(page, "kind")


def test_a_page_that_does_not_exist_is_the_first() -> None:
    page = open_app(path="nonsense")
    assert [element.key for element in page.get("plotly_chart")] == ["start_chart"]


def test_two_people_on_two_pages_do_not_meet() -> None:
    one, other = open_app("text=one&seed=1"), open_pair("text=two&seed=2")
    change(one, mask="causal")
    change(other, mask="none")
    go_to(one, "encoder-decoder")
    assert control(one, "text").value == "one"
    assert control(one, "mask").value == "causal_padding"
    assert (control(one, "seed").value, control(other, "seed").value) == (1, 2)
    assert control(other, "mask").value == "none"
