"""Writers: what each part adds to a logit, that it adds up, and what a click opens."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.contributions import AskedLogit, Contributions, ContributionsUnavailableError
from model.pretrained.stack import StackModel
from tests.ui.helpers import alt, change, chart, link, notices, numbers, send, value
from tests.ui.pages.pretrained.helpers import (
    MARY,
    NAMES,
    button,
    captions,
    loaded,
    looked_at,
    markdown,
    messages,
    needs_minilm,
    needs_smollm2,
    only_token,
    open_trained,
    run_model,
)

pytestmark = [needs_minilm, needs_smollm2]

CHART = "writers_chart"
MARY_ID, JOHN_ID, LAST = 5099, 2322, 13


def opened(text: str = MARY, **more: object) -> AppTest:
    return open_trained(model="SmolLM2", text=text, view="writers", **more)


def field(page: AppTest, key: str) -> Any:
    """The select box or the text field with this key."""
    return next(each for each in (*page.selectbox, *page.text_input) if each.key == key)


def found(token: int, against: int | None = None, **more: Any) -> Contributions:
    """What the model itself says, without the page."""
    run = run_model("smollm2", MARY, **more)[1]
    asked = AskedLogit(token=token, against=against, position=LAST)
    return loaded("smollm2").contributions(run, asked)


def test_it_opens_with_what_writes_the_likeliest_token() -> None:
    page = opened()
    assert (field(page, "token_choice").value, value(page, "token")) == (MARY_ID, None)
    assert field(page, "token_choice").options[0] == "␣Mary"
    assert len(field(page, "token_choice").options) == 10
    expected = found(MARY_ID)
    (shown,) = numbers(page, CHART)
    assert shown.shape == (30, 9 + 1 + 1)  # heads, a gap, and the feed-forward
    np.testing.assert_allclose(shown[:, :9], expected.heads, atol=1e-5)
    assert np.isnan(shown[:, 9]).all()
    np.testing.assert_allclose(shown[:, 10], expected.feed_forwards, atol=1e-5)
    assert chart(page, CHART)["layout"]["xaxis"]["ticktext"] == [*map(str, range(9)), "FF"]
    assert alt(page, CHART) == (
        "What 30 layers of 9 heads and a feed-forward add to the logit of ␣Mary. Furthest from "
        "zero: +5.93, layer 29, feed-forward."
    )


def test_the_colours_are_centred_on_zero_and_the_hover_says_which_part() -> None:
    page = opened()
    layout, (tile,) = chart(page, CHART)["layout"], chart(page, CHART)["data"]
    axis = layout["coloraxis"]
    assert axis["cmin"] == -axis["cmax"]
    assert axis["colorbar"]["title"]["text"] == "logits"
    assert tile["hovertemplate"].startswith(
        "<b>%{fullData.name}</b><br>layer %{y}<br>by %{x}<br>logits <b>%{z:.9g}"
    )
    names = list(layout["xaxis"]["labelalias"].values())
    assert names == [*(f"head {head}" for head in range(9)), "", "feed-forward"]


def test_the_sums_on_the_page_add_up_to_the_model_s_own_number() -> None:
    page = opened()
    said = markdown(page, "Embedding ")
    *parts, total, own = map(float, re.findall(r"\*\*(-?[\d.]+)\*\*", said))
    run = run_model("smollm2", MARY)[1]
    assert run.next_logits is not None
    assert own == pytest.approx(float(run.next_logits[0, MARY_ID]), abs=6e-4)
    assert len(parts) == 4
    assert sum(parts) == pytest.approx(total, abs=2e-3)  # each is rounded
    assert total == pytest.approx(own, abs=1e-3)
    (difference,) = re.findall(r"difference ([\de.-]+)\)", said)
    assert 0 <= float(difference) < 1e-4
    assert "The model's own logit of ` ␣Mary `" in said


def test_against_another_it_is_the_difference_of_two() -> None:
    page = opened(against=JOHN_ID)
    np.testing.assert_allclose(
        numbers(page, CHART)[0][:, :9], found(MARY_ID, JOHN_ID).heads, atol=1e-5
    )
    said = markdown(page, "Embedding ")
    assert "logit of ` ␣Mary ` less that of ` ␣John `: **6.120**" in said
    assert field(page, "against_choice").value == JOHN_ID
    assert button(page, "writer_23_3").label == "Layer 23 · head 3: +2.86"


def test_a_choice_is_in_the_link_and_the_link_brings_it_back() -> None:
    page = opened()
    field(page, "token_choice").set_value(JOHN_ID if JOHN_ID in _options(page) else _other(page))
    page.run()
    chosen = value(page, "token")
    assert chosen != MARY_ID
    assert page.query_params["token"] == str(chosen)
    change(page, against_choice=MARY_ID)
    assert page.query_params["against"] == str(MARY_ID)
    again = open_trained(link(**{**page.query_params, "model": "SmolLM2"}))
    assert [field(again, f"{key}_choice").value for key in ("token", "against")] == [
        chosen, MARY_ID,
    ]  # fmt: skip
    np.testing.assert_array_equal(numbers(again, CHART)[0], numbers(page, CHART)[0])
    change(again, against_choice=-1)
    assert "against" not in again.query_params


def _options(page: AppTest) -> list[int]:
    return [only_token("smollm2", o.replace("␣", " ")) for o in field(page, "token_choice").options]


def _other(page: AppTest) -> int:
    return _options(page)[1]


def test_a_typed_word_is_read_by_the_tokeniser() -> None:
    page = opened()
    change(page, token_word="John")
    assert value(page, "token") == JOHN_ID  # with the space before it, as a text goes on
    assert field(page, "token_choice").value == JOHN_ID
    np.testing.assert_allclose(numbers(page, CHART)[0][:, :9], found(JOHN_ID).heads, atol=1e-5)
    assert "is about the first" not in " ".join(captions(page))
    change(page, against_word="Mary")
    assert value(page, "against") == MARY_ID
    change(page, token_choice=_other(page))  # what was typed is gone
    assert field(page, "token_word").value == ""


def test_of_a_word_of_several_tokens_the_first_is_used_and_that_is_said() -> None:
    page = opened()
    change(page, token_word="unbelievable")
    first = value(page, "token")
    shown = loaded("smollm2").tokenizer.shown(first)
    (said,) = [each for each in captions(page) if "is about the first" in each]
    assert said.startswith("` unbelievable ` is ")
    assert said.endswith(f"tokens: this is about the first, ` {shown} `.")
    change(page, token_word="  ")
    assert value(page, "token") == first  # nothing was typed


def test_a_hostile_word_is_shown_as_typed() -> None:
    page = opened()
    change(page, token_word="<script>alert(1)</script> [x](http://x)")
    (said,) = [each for each in captions(page) if "is about the first" in each]
    assert "`" in said
    assert messages(page) == []
    assert not page.exception


@pytest.mark.parametrize("key", ["token", "against"])
@pytest.mark.parametrize("asked", [49_152, 2**20])
def test_a_token_beyond_the_vocabulary_is_told(key: str, asked: int) -> None:
    page = opened(**{key: asked})
    (said,) = notices(page)
    ends = {"token": "showing the likeliest one.", "against": "comparing with no other."}
    assert said == f"SmolLM2-135M-Instruct has no token {asked}: {ends[key]}"
    assert value(page, key) is None
    assert field(page, "token_choice").value == MARY_ID


@pytest.mark.parametrize("asked", ["x", "-1", "1e999", "99999999999"])
def test_a_token_that_is_none_is_told(asked: str) -> None:
    page = opened(token=asked)
    assert len(notices(page)) == 1
    assert messages(page) == []
    assert numbers(page, CHART)[0].shape == (30, 11)


def test_a_token_against_itself_is_compared_with_no_other() -> None:
    page = opened(against=MARY_ID)
    assert field(page, "against_choice").value == -1
    assert "less that of" not in markdown(page, "Embedding ")


def test_the_heads_with_the_most_are_named_and_a_button_opens_one() -> None:
    page = opened()
    named = [each for each in page.button if str(each.key).startswith("writer_")]
    heads = found(MARY_ID).heads
    order = heads.flatten().argsort(descending=True)
    places = [divmod(int(at), 9) for at in (*order[:4], *order.flip(0)[:3])]
    assert [each.key for each in named] == [f"writer_{layer}_{head}" for layer, head in places]
    assert named[0].label == "Layer 29 · head 1: +2.17"
    assert named[4].label == "Layer 29 · head 0: -1.36"
    named[0].click().run()
    assert looked_at(page) == {"view": "head", "layer": 29, "head": 1, "q": LAST, "k": None}


@pytest.mark.parametrize("place", [(0, 0), (29, 8), (23, 3)])
def test_a_click_on_a_cell_opens_its_head(place: tuple[int, int]) -> None:
    page = opened()
    row, column = place
    send(page, "chart_clicks", "cell", {"chart": CHART, "tile": 0, "row": row, "column": column})
    assert looked_at(page) == {
        "view": "head", "layer": row, "head": column, "q": LAST, "k": None,
    }  # fmt: skip


@pytest.mark.parametrize("place", [(0, 9), (0, 10), (30, 0), (-1, 0), (0, -1), (10**9, 0)])
def test_a_click_on_a_feed_forward_or_nowhere_opens_nothing(place: tuple[int, int]) -> None:
    page = opened()
    row, column = place
    send(page, "chart_clicks", "cell", {"chart": CHART, "tile": 0, "row": row, "column": column})
    assert looked_at(page)["view"] == "writers"


def test_what_it_does_not_say_is_said() -> None:
    (said,) = [each for each in captions(opened()) if "direct contributions" in each]
    assert "denominator held as it is in this run" in said
    assert "aren't a head's whole effect" in said


def test_a_removed_head_adds_nothing() -> None:
    page = opened(removed="29.1,0.0")
    (shown,) = numbers(page, CHART)
    assert shown[29, 1] == shown[0, 0] == 0
    expected = found(MARY_ID, removed=frozenset({(29, 1), (0, 0)}))
    np.testing.assert_allclose(shown[:, :9], expected.heads, atol=1e-5)
    assert "writer_29_1" not in [each.key for each in page.button]


def test_it_follows_the_text() -> None:
    page = opened()
    change(page, text="The capital of France is")
    assert field(page, "token_choice").options[0] == "␣Paris"
    assert "logit of ` ␣Paris `" in markdown(page, "Embedding ")
    change(page, text="a")
    assert messages(page) == []
    assert numbers(page, CHART)[0].shape == (30, 11)


def test_an_encoder_writes_nothing() -> None:
    page = open_trained(model=NAMES["minilm"], view="writers")
    assert notices(page) == ["all-MiniLM-L6-v2 has no view “writers”; showing “similarity”."]
    page = opened(token=JOHN_ID)
    change(page, model="minilm")
    assert value(page, "token") is None


def test_a_model_that_cannot_be_taken_apart_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ContributionsUnavailableError("contributions.no_norm", "no *norm* was found")

    monkeypatch.setattr(StackModel, "contributions", refuse)
    page = opened()
    assert messages(page) == ["no \\*norm\\* was found"]
    assert not page.get("plotly_chart")


def test_the_table_has_every_part() -> None:
    from ui.runs.tables import contributions_csv

    expected = Contributions(
        heads=torch.tensor([[1.0, -2.0]]).double(),
        attention_biases=torch.tensor([0.5]).double(),
        feed_forwards=torch.tensor([4.0]).double(),
        embedding=0.25,
        constant=-1.0,
        logit=2.75,
    )
    assert contributions_csv(expected).decode().replace('"', "").splitlines() == [
        "part,layer,head,logits",
        "embedding,,,0.25",
        "head,0,0,1",
        "head,0,1,-2",
        "attention_bias,0,,0.5",
        "feed_forward,0,,4",
        "constant,,,-1",
        "sum,,,2.75",
        "model_logit,,,2.75",
    ]
