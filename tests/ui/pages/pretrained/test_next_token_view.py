"""Next token: what a decoder expects, writing on, and what the removal of a head changes."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.ui.helpers import (
    alt,
    array,
    change,
    chart,
    go_back,
    go_to,
    header,
    is_drawn,
    labels,
    link,
    notices,
    numbers,
    place_of,
    strip,
    type_text,
    value,
)
from tests.ui.pages.pretrained.helpers import (
    MARY,
    button,
    captions,
    looked_at,
    markdown,
    messages,
    needs_smollm2,
    only_token,
    open_trained,
    run_model,
    tokens_of,
    weights_of,
)
from ui.choices.limits import MOST_ADDED, MOST_INTERVENTIONS
from ui.runs.model_store import model_of

pytestmark = needs_smollm2

CHART = "next_chart"


def opened(text: str = MARY, **more: object) -> AppTest:
    return open_trained(model="SmolLM2", text=text, view="next token", **more)


def probabilities(text: str = MARY, **more: Any) -> torch.Tensor:
    """Of the whole vocabulary, (V,) in float64."""
    logits = run_model("smollm2", text, **more)[1].next_logits
    assert logits is not None
    return logits[0].double().softmax(0)


def bars(page: AppTest) -> list[tuple[str, np.ndarray]]:
    """The name and the lengths of each kind of bars, in percent."""
    return [(trace["name"], array({"shape": str(_count(trace)), **trace["x"]}))
            for trace in chart(page, CHART)["data"]]  # fmt: skip


def _count(trace: dict[str, Any]) -> int:
    return len(trace["text"])


def press(page: AppTest, key: str) -> AppTest:
    button(page, key).click().run()
    assert not page.exception
    return page


def test_the_ten_likeliest_tokens_have_the_models_probabilities() -> None:
    page = opened()
    expected = probabilities().topk(10)
    ((name, shown),) = bars(page)
    assert name == "probability of the next token"
    np.testing.assert_allclose(shown, 100 * expected.values, rtol=1e-5)
    names = [model_of("smollm2").tokenizer.shown(token) for token in expected.indices.tolist()]
    assert names[0] == "␣Mary"
    assert labels(chart(page, CHART)["layout"]["yaxis"]) == names
    assert chart(page, CHART)["data"][0]["text"][0] == f"{100 * expected.values[0]:.1f} %"
    assert alt(page, CHART).startswith(
        f"The 10 likeliest next tokens: ␣Mary {expected.values[0]:.1%}, "
    )
    written = [button(page, f"write_{rank}") for rank in range(10)]
    assert [each.label.replace("\\", "") for each in written] == names
    assert not any(each.disabled for each in written)
    assert button(page, "take_back").disabled
    assert notices(page) == messages(page) == captions(page)[1:] == []


def test_a_token_is_written_and_taken_back() -> None:
    page = opened()
    mary = only_token("smollm2", " Mary")
    press(page, "write_0")
    assert value(page, "added") == page.query_params["added"] == str(mary)
    assert strip(page)["tokens"] == [*tokens_of("smollm2", MARY), "␣Mary"]
    assert looked_at(page)["q"] == strip(page)["chosen"] == 14  # the new token
    assert page.query_params["q"] == "14"
    assert "Written so far: ` ␣Mary `" in captions(page)
    expected = probabilities(added=(mary,)).topk(10)
    np.testing.assert_allclose(bars(page)[0][1], 100 * expected.values, rtol=1e-5)
    again = open_trained(**page.query_params)
    assert strip(again)["tokens"] == strip(page)["tokens"]
    press(page, "write_3")
    added = (mary, int(expected.indices[3]))
    assert page.query_params["added"] == ",".join(map(str, added))
    np.testing.assert_allclose(
        bars(page)[0][1], 100 * probabilities(added=added).topk(10).values, rtol=1e-5
    )
    assert strip(page)["chosen"] == 15
    change(page, view="heads")  # what was written is there in every view
    np.testing.assert_array_equal(numbers(page), weights_of("smollm2", MARY, 0, added=added))
    change(page, view="next")
    press(page, "take_back")
    assert page.query_params["added"] == str(mary)
    assert strip(page)["chosen"] == 14
    press(page, "take_back")
    assert not page.query_params.get("added")
    assert strip(page)["tokens"] == tokens_of("smollm2", MARY)
    assert looked_at(page)["q"] is None
    assert strip(page)["chosen"] == 13  # the last token, which the next is predicted from
    assert button(page, "take_back").disabled


def test_the_strip_follows_the_last_token_where_none_is_chosen() -> None:
    page = opened()
    assert strip(page)["chosen"] == 13
    assert looked_at(page)["q"] is None
    assert "q" not in page.query_params
    change(page, words=True)
    assert strip(page)["chosen"] == len(strip(page)["tokens"]) - 1
    change(page, view="heads")
    assert strip(page)["chosen"] is None
    assert strip(opened(q=3))["chosen"] == 3


def test_of_head_query_and_key_the_head_alone_is_in_sight() -> None:
    page = opened(q=3, k=2)
    assert place_of(page, "head") == "selection"
    assert not is_drawn(page, "q")
    assert not is_drawn(page, "k")
    assert (page.query_params["q"], page.query_params["k"]) == ("3", "2")
    change(page, view="numbers")
    assert place_of(page, "q") == place_of(page, "k") == "selection"
    assert looked_at(page) == {"view": "numbers", "layer": 0, "head": None, "q": 3, "k": 2}


def test_what_was_written_reads_as_in_the_strip() -> None:
    line = only_token("smollm2", "\n")
    page = opened("a", added=f"{line},{only_token('smollm2', ' Mary')}")
    assert strip(page)["tokens"] == ["a", "⏎", "␣Mary"]
    assert "Written so far: ` ⏎␣Mary `" in captions(page)


def test_no_more_is_written_than_a_link_holds() -> None:
    page = opened("a", added=",".join(["260"] * MOST_ADDED))
    assert notices(page) == []
    assert len(strip(page)["tokens"]) == 1 + MOST_ADDED
    assert all(button(page, f"write_{rank}").disabled for rank in range(10))
    assert "No more tokens fit. Take some back, or type a shorter text." in captions(page)
    press(page, "take_back")
    assert len(strip(page)["tokens"]) == MOST_ADDED
    assert not button(page, "write_0").disabled


@pytest.mark.parametrize("is_typed", [True, False])
def test_what_was_written_is_taken_back_with_its_text(is_typed: bool) -> None:
    page = press(opened(), "write_0")
    old = link(**page.query_params)
    if is_typed:
        type_text(page, "I saw")
    else:
        change(page, text="I saw")
    assert strip(page)["tokens"] == ["I", "␣saw"]
    assert value(page, "added") == ""
    assert not page.query_params.get("added")
    assert not [caption for caption in captions(page) if caption.startswith("Written")]
    go_back(page, "pretrained", old)
    assert strip(page)["tokens"] == [*tokens_of("smollm2", MARY), "␣Mary"]
    assert page.query_params["added"] == str(only_token("smollm2", " Mary"))


def test_what_was_written_stands_on_a_page_that_is_come_back_to_with_the_same_text() -> None:
    page = press(opened("I"), "write_0")
    written = strip(page)["tokens"]
    assert len(written) == 2
    go_to(page, "explore")
    go_to(page, "pretrained")
    assert strip(page)["tokens"] == written
    go_to(page, "explore")
    change(page, text="We")
    go_to(page, "pretrained")
    assert strip(page)["tokens"] == ["We"]


# Removing heads.


def removal(head: tuple[int, int]) -> tuple[float, float, float]:
    """The likeliest token's probability before and after, and the distance, in float64."""
    before, after = probabilities(), probabilities(removed=frozenset({head}))
    best = before.argmax()
    return before[best].item(), after[best].item(), (before * (before / after).log()).sum().item()


def test_without_a_chosen_head_it_says_how_to_choose_one() -> None:
    page = opened()
    assert "Choose a head above, or by Find heads, to see what is lost without it." in captions(
        page
    )
    assert not [each for each in page.button if each.key in ("remove_head", "put_all_back")]


def test_a_removed_head_changes_the_prediction_as_it_does_in_the_model() -> None:
    page = opened(layer=18, head=6)
    assert button(page, "remove_head").label == "Remove layer 18, head 6"
    press(page, "remove_head")
    assert value(page, "removed") == page.query_params["removed"] == "18.6"
    assert header(page).split("   ")[0].endswith("energies ÷ √64, **1 head removed**")
    assert ":green-badge[" in header(page)
    before, after = probabilities(), probabilities(removed=frozenset({(18, 6)}))
    best = after.topk(7)
    (after_name, shown_after), (before_name, shown_before) = bars(page)
    assert (after_name, before_name) == ("after removal", "before")
    assert "Below: what that changes in the weights of layer 18." in captions(page)
    np.testing.assert_allclose(shown_after, 100 * best.values, rtol=1e-4)
    np.testing.assert_allclose(shown_before, 100 * before[best.indices], rtol=1e-4)
    had, has, distance = removal((18, 6))
    said = markdown(page, "Without 18·6")
    found = re.fullmatch(
        r"Without 18·6, ` ␣Mary ` (falls|rises) from \*\*(\S+)%\*\* to \*\*(\S+)%\*\*; the whole "
        r"prediction moves by (\S+) nats \(Kullback–Leibler\)\.",
        said,
    )
    assert found is not None, said
    assert found[1] == ("falls" if has < had else "rises")
    assert float(found[2]) == pytest.approx(100 * had, abs=0.051)
    assert float(found[3]) == pytest.approx(100 * has, abs=0.051)
    assert float(found[4]) == pytest.approx(distance, rel=0.01)
    assert distance > 1e-5


def test_without_the_examples_head_mary_falls_from_92_to_65_percent() -> None:
    page = press(opened(layer=1, head=5), "remove_head")
    had, has, _distance = removal((1, 5))
    assert (round(100 * had), round(100 * has)) == (92, 65)
    said = f"Without 1·5, ` ␣Mary ` falls from **{had:.1%}** to **{has:.1%}**; "
    assert markdown(page, "Without").startswith(said)


def test_what_it_changes_in_a_later_layer_is_the_difference_of_the_weights() -> None:
    page = opened(layer=20, head=0, removed="18.6")
    whole = weights_of("smollm2", MARY, 20)
    less = weights_of("smollm2", MARY, 20, removed=frozenset({(18, 6)}))
    np.testing.assert_array_equal(numbers(page, "difference_chart"), less - whole)
    largest = np.nanmax(np.abs(less - whole))
    assert largest > 0.001
    assert markdown(page, "**What that changes").endswith(
        f"in the weights of layer 20**: by up to {largest:.2g}."
    )
    assert np.isnan(numbers(page, "difference_chart")[0][0, 1])  # the future


@pytest.mark.parametrize("layer", [0, 17, 18])
def test_layers_up_to_that_of_the_removed_head_do_not_change(layer: int) -> None:
    page = opened(layer=layer, removed="18.6")
    assert markdown(page, f"**Layer {layer}**") == (
        f"**Layer {layer}** doesn't change: its weights are computed before what was removed. "
        "Choose a later one."
    )
    assert [element.key for element in page.get("plotly_chart")] == [CHART]


def test_heads_are_put_back() -> None:
    page = opened(layer=3, head=4, removed="18.6,29.8")
    assert "**2 heads removed**" in header(page)
    press(page, "remove_head")
    assert page.query_params["removed"] == "18.6,29.8,3.4"
    assert "Without 3·4, 18·6, 29·8, " in markdown(page, "Without")
    assert button(page, "remove_head").label == "Put layer 3, head 4 back"
    press(page, "remove_head")
    assert page.query_params["removed"] == "18.6,29.8"
    press(page, "put_all_back")
    assert not page.query_params.get("removed")
    assert "removed" not in header(page)
    np.testing.assert_allclose(bars(page)[0][1], 100 * probabilities().topk(10).values, rtol=1e-5)


def test_no_more_heads_are_removed_than_a_link_holds() -> None:
    many = ",".join(f"{place // 9}.{place % 9}" for place in range(MOST_INTERVENTIONS))
    page = opened("a b", removed=many, layer=29, head=0)
    assert f"**{MOST_INTERVENTIONS} heads removed**" in header(page)
    assert button(page, "remove_head").disabled
    change(page, layer=0)
    assert not button(page, "remove_head").disabled  # which would put it back


def test_a_removed_head_stays_removed_in_every_view() -> None:
    page = opened(layer=20, removed="18.6")
    change(page, view="heads")
    less = weights_of("smollm2", MARY, 20, removed=frozenset({(18, 6)}))
    np.testing.assert_array_equal(numbers(page), less)
    assert "**1 head removed**" in header(page)
    change(page, layer=18, head=6, stage="head_outputs")
    assert np.abs(numbers(page)[5]).max() > 0
    trace = run_model("smollm2", MARY, removed=frozenset({(18, 6)}))[1].trace.encoder_self[18]
    np.testing.assert_array_equal(numbers(page), trace.head_outputs[0])
    assert not trace.head_outputs[0, 6].any()
