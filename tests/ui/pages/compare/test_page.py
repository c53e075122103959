"""Compare without a browser: two sides, their controls, pins from other pages, links."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import SENTENCE, run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    alt,
    change,
    chart,
    checked,
    control,
    go_to,
    link,
    notices,
    numbers,
    open_app,
    own,
    send,
    value,
)
from tests.ui.link.hostile import HOSTILE
from tests.ui.pages.learn.helpers import SMALL, finish, open_learn, press
from tests.ui.pages.pretrained.helpers import needs_minilm, weights_of
from ui.pages.learn.memory import LearnMemory

CHARTS = ("compare_a", "compare_b", "compare_difference")
PIN = "Pinned as A. Change anything, on any page, and open Compare to see the difference."


def open_compare(**parameters: object) -> AppTest:
    """Compare with every head of both sides."""
    return open_app(link(**{"all_heads": "true", **parameters}), path="compare")


def weights(*texts: str, layer: int = 0, **chosen: Any) -> np.ndarray:
    return run_of(*texts, **chosen).attention(layer).field("weights")


def drawn(page: AppTest, chart_key: str) -> np.ndarray:
    return np.stack(numbers(page, chart_key))


def charts(page: AppTest) -> list[str]:
    return [each.key for each in page.get("plotly_chart")]


def query(page: AppTest) -> dict[str, str]:
    """The address, of which AppTest has some values as lists."""
    return {k: v if isinstance(v, str) else v[-1] for k, v in page.query_params.items()}


def said(page: AppTest) -> str:
    """The sentence on what changed."""
    (line,) = [m.value for m in page.markdown if m.value.startswith(":blue-background[A → B]")]
    return line.removeprefix(":blue-background[A → B]   ")


def sides(page: AppTest) -> list[str]:
    """What each side is said to be."""
    return [m.value for m in page.markdown if m.value.startswith(("**A** — ", "**B** — "))]


def click(page: AppTest, key: str) -> AppTest:
    next(each for each in page.button if each.key == key).click()
    return checked(page.run())


def test_it_opens_with_what_the_scale_does() -> None:
    page = open_compare()
    a, b = weights(), weights(scale="none")
    np.testing.assert_array_equal(drawn(page, "compare_a"), a)
    np.testing.assert_array_equal(drawn(page, "compare_b"), b)
    np.testing.assert_array_equal(drawn(page, "compare_difference"), b - a)
    assert said(page).startswith("Dropping the scale (head_dim) makes the rows **sharper**")
    assert [line.split(",")[-1].split(" :")[0].strip() for line in sides(page)] == [
        "energies ÷ √8",
        "energies ÷ 1",
    ]
    assert query(page) == {}


def test_a_and_b_share_one_scale_and_the_difference_has_its_own() -> None:
    page = open_compare()
    ends = [chart(page, key)["layout"]["coloraxis"] for key in CHARTS]
    highest = max(weights().max(), weights(scale="none").max())
    assert ends[0]["cmax"] == ends[1]["cmax"] == pytest.approx(highest)
    assert ends[2]["cmin"] == -ends[2]["cmax"]
    assert [each["showscale"] for each in ends] == [False, True, True]
    assert "B − A, weight" in alt(page, "compare_difference")


def test_any_two_links_can_be_compared_and_a_reload_shows_the_same() -> None:
    asked = {
        "a": "explore?heads=4&mask=causal&text=a+cat+sat",
        "b": "explore?heads=4&seed=3&text=a+cat+sat",
        "stage": "scores",
    }
    page = open_compare(**asked)
    a = run_of("a cat sat", heads=4, mask="causal").attention().field("scores")
    b = run_of("a cat sat", heads=4, seed=3).attention().field("scores")
    np.testing.assert_array_equal(drawn(page, "compare_a"), np.where(np.isinf(a), np.nan, a))
    np.testing.assert_array_equal(drawn(page, "compare_b"), b)
    assert said(page).startswith("Changing the seed and mask")
    again = open_compare(**query(page))
    np.testing.assert_array_equal(drawn(again, "compare_b"), drawn(page, "compare_b"))


def test_the_controls_change_the_side_that_is_chosen() -> None:
    page = open_compare()
    change(page, b_heads=4)
    assert query(page)["b"] == "explore?heads=4&scale=none"
    np.testing.assert_array_equal(drawn(page, "compare_b"), weights(heads=4, scale="none"))
    change(page, side="a")
    change(page, a_mask="causal")
    assert query(page)["a"] == "explore?mask=causal"
    assert said(page).startswith("Changing heads, scale and mask")
    change(page, a_mask="window")
    change(page, a_span=2)
    assert query(page)["a"] == "explore?mask=window&span=2"


def test_heads_that_no_longer_divide_the_embedding_become_the_nearest_that_do() -> None:
    page = open_compare()
    change(page, b_embed_size=60)
    assert query(page)["b"] == "explore?heads=6&embed_size=60&scale=none"
    assert control(page, "b_heads").options == ["1", "2", "3", "4", "5", "6", "10", "12", "15"]


def test_one_sentence_is_for_both_until_that_is_switched_off() -> None:
    page = open_compare()
    change(page, b_text="we see")
    for key in ("compare_a", "compare_b"):
        assert drawn(page, key).shape == (8, 2, 2)
    change(page, one_text=False)
    change(page, b_text="we see more")
    assert [drawn(page, key).shape for key in CHARTS[:2]] == [(8, 2, 2), (8, 3, 3)]
    assert "compare_difference" not in charts(page)
    assert any(c.value.startswith("A has 2 tokens and B has 3") for c in page.caption)
    change(page, one_text=True)
    assert drawn(page, "compare_difference").shape == (8, 3, 3)


def fields(page: AppTest) -> list[tuple[str, str]]:
    """The sentences' fields above the pictures: their keys, and what they are called."""
    assert not page.sidebar.text_input
    return [(each.key, each.label) for each in page.main.text_input]


def test_what_is_read_stands_above_the_pictures_and_says_whose_it_is() -> None:
    page = open_compare()
    assert fields(page) == [("b_text", "Sentence")]
    assert [each.label for each in page.sidebar.toggle] == ["One sentence for A and B"]
    change(page, side="a")
    assert fields(page) == [("a_text", "Sentence")]
    change(page, one_text=False)
    assert fields(page) == [("a_text", "A: Sentence")]
    change(page, a_page="encoder-decoder")
    assert fields(page) == [("a_text", "A: Sentence"), ("a_text2", "A: Target")]
    change(page, a_text2="ein Hund")
    assert query(page)["a"] == "encoder-decoder?text2=ein+Hund"
    change(page, one_text=True, a_text="a dog")
    assert fields(page) == [("a_text", "Sentence"), ("a_text2", "A: Target")]
    assert query(page)["b"] == "explore?text=a+dog&scale=none"
    change(page, a_page="learn")
    assert fields(page) == [("a_text", "A: Input")]
    assert not page.sidebar.toggle


def test_sentences_that_a_link_has_different_stay_different() -> None:
    page = open_compare(a="explore?text=the+cat+sat", b="explore?text=a+dog+ran")
    assert not page.toggle(key="one_text").value
    change(page, b_text="a dog slept")
    assert query(page)["a"] == "explore?text=the+cat+sat"


def test_swap_and_copy() -> None:
    page = open_compare()
    click(page, "swap")
    assert query(page) == {"a": "explore?scale=none", "b": "explore"}
    assert said(page).startswith("Adding the head_dim scale makes the rows **more even**")
    click(page, "as_other")
    # And so is b, which opens with it.
    assert query(page) == {"a": "explore?scale=none"}
    assert said(page).startswith("**A and B are the same.**")
    assert (drawn(page, "compare_difference") == 0).all()


def test_what_is_pinned_on_explore_is_a_and_what_is_shown_when_one_leaves_is_b() -> None:
    page = open_app(link(heads=4, layers=2, layer=1, view="cell", q=3))
    click(page, "pin")
    assert [toast.value for toast in page.toast] == [PIN]
    change(page, heads=2)
    page.session_state["text"] = "we see"
    checked(page.run())
    go_to(page, "compare")
    assert query(page) == {
        "a": "explore?heads=4&layers=2&layer=1",
        "b": "explore?text=we+see&heads=2&layers=2&layer=1",
        "all_heads": "false",
    }
    change(page, all_heads=True)
    np.testing.assert_array_equal(
        drawn(page, "compare_b"), weights("we see", layer=1, heads=2, layers=2)
    )
    # Back there everything is as it was left, and the pin stays until there is another.
    go_to(page, "explore")
    assert value(page, "heads") == 2
    change(page, heads=8)
    go_to(page, "compare")
    assert query(page)["a"] == "explore?heads=4&layers=2&layer=1"
    assert query(page)["b"] == "explore?text=we+see&layers=2&layer=1"


def test_what_was_chosen_just_before_is_compared_though_its_run_was_stopped() -> None:
    page = open_app(link(heads=4))
    click(page, "pin")
    control(page, "mask").set_value("causal")  # chosen, and left before the script came to it
    go_to(page, "compare", page._tree.get_widget_states())
    assert query(page) == {
        "a": "explore?heads=4",
        "b": "explore?heads=4&mask=causal",
        "all_heads": "false",
    }
    assert np.isnan(drawn(page, "compare_b")[0, 0, 1:]).all()  # masked
    go_to(page, "explore")
    assert value(page, "mask") == "causal"


def test_without_a_pin_a_comparison_is_found_again_as_it_was_left() -> None:
    page = open_compare()
    change(page, b_heads=4)
    go_to(page, "explore")
    assert value(page, "heads") == 8
    go_to(page, "compare")
    assert query(page)["b"] == "explore?heads=4&scale=none"


@pytest.mark.parametrize("path", ["encoder-decoder", "pretrained", "learn"])
def test_every_page_has_the_pin(path: str) -> None:
    page = open_app(link(text="abc"), path=path)
    click(page, "pin")
    assert [toast.value for toast in page.toast] == [PIN]
    go_to(page, "compare")
    assert query(page)["a"] == query(page)["b"]
    assert query(page)["a"].startswith(f"{path}?text=abc")


@needs_minilm
def test_a_trained_model_stands_beside_random_weights() -> None:
    page = open_compare(
        a="pretrained?layer=3&text=hello+world", b="explore?text=%5BCLS%5D+hello+world+%5BSEP%5D"
    )
    np.testing.assert_allclose(
        drawn(page, "compare_a"), weights_of("minilm", "hello world", 3), atol=1e-6
    )
    assert drawn(page, "compare_difference").shape == (12, 4, 4)  # matched with 8 heads
    assert said(page).startswith("Going from MiniLM to random weights makes the rows")
    assert "trained weights" in sides(page)[0]
    assert "random weights, untrained" in sides(page)[1]


@pytest.mark.matrix
def test_a_task_is_learnt_for_the_comparison_on_both_sides() -> None:
    small = link(**SMALL)
    page = finish(open_compare(a=f"learn?{small}", b=f"learn?{small}&heads=2"))
    for key, heads in (("compare_a", 1), ("compare_b", 2)):
        assert drawn(page, key).shape == (heads, 10, 10)
    found = {plan.heads: training.snapshots[-1] for plan, training in trained(page).items()}
    assert all(snapshot.step == 30 for snapshot in found.values())
    assert f"Held-out accuracy **{found[1].accuracy:.1%} → {found[2].accuracy:.1%}**." in said(page)
    assert all("weights trained here**, 30 steps" in line for line in sides(page))


def test_nothing_is_said_of_trainings_that_are_not_over() -> None:
    long = link(**{**SMALL, "steps": 3000})
    page = open_compare(a=f"learn?{long}", b=f"learn?{long}&heads=2")
    assert all(training.is_active for training in trained(page).values())
    assert said(page) == "What lies between A and B is said when both are trained."


def trained(page: AppTest) -> Any:
    return own(page, LearnMemory).trainings


def test_a_plan_that_cannot_be_trained_is_said_and_the_other_side_is_shown() -> None:
    page = open_compare(a="learn?heads=8&embed_size=8&positions=rotary", b="explore")
    assert "compare_b" in charts(page)
    assert "compare_a" not in charts(page)
    (error,) = page.error
    assert error.value.startswith("**A**: rotary positions turn pairs of numbers")


def test_an_empty_sentence_is_said_and_the_other_side_is_shown() -> None:
    page = open_compare(a="explore?text=", b="explore")
    assert [e.value for e in page.error] == ["**A**: There is nothing to compute: type a sentence."]
    assert charts(page) == ["compare_b"]


def entropies(rows: np.ndarray) -> np.ndarray:
    """Of each row, nats."""
    rows = rows.astype(float)
    return -(rows * np.log(rows, where=rows > 0, out=np.zeros_like(rows))).sum(-1)


def furthest_apart(a: np.ndarray, b: np.ndarray) -> list[int]:
    """The two heads of the largest mean Jensen-Shannon divergence, by the entropy of the mean."""
    divergence = entropies((a + b) / 2) - (entropies(a) + entropies(b)) / 2
    return sorted(int(head) for head in divergence.mean(axis=1).argsort()[-2:])


def test_it_opens_with_the_two_heads_that_differ_most_and_shows_all_when_asked() -> None:
    page = open_app(path="compare")
    a, b = weights(), weights(scale="none")
    shown = furthest_apart(a, b)
    np.testing.assert_array_equal(drawn(page, "compare_a"), a[shown])
    np.testing.assert_array_equal(drawn(page, "compare_b"), b[shown])
    np.testing.assert_array_equal(drawn(page, "compare_difference"), (b - a)[shown])
    names = [each["text"] for each in chart(page, "compare_b")["layout"]["annotations"]]
    assert names == [f"<b>Head {head}</b>" for head in shown]
    assert "**A**: the 2 of 8 heads that differ most" in [m.value for m in page.markdown]
    change(page, all_heads=True)
    np.testing.assert_array_equal(drawn(page, "compare_a"), a)
    assert "all_heads" not in query(page)


@pytest.mark.parametrize("key", CHARTS)
def test_a_click_on_one_of_few_heads_opens_that_head(key: str) -> None:
    shown = furthest_apart(weights(), weights(scale="none"))
    page = open_app(path="compare")
    send(page, "chart_clicks", "name", {"chart": key, "tile": 2})  # there are two
    assert value(page, "view") == "heads"
    send(page, "chart_clicks", "cell", {"chart": key, "tile": 1, "row": 3, "column": 2})
    assert (value(page, "view"), value(page, "head")) == ("head", shown[1])
    assert (query(page)["q"], query(page)["k"]) == ("3", "2")
    page = open_app(path="compare")
    send(page, "chart_clicks", "name", {"chart": key, "tile": 1})
    assert (value(page, "view"), value(page, "head")) == ("head", shown[1])


def test_heads_of_other_sentences_differ_by_their_mean_entropy() -> None:
    page = open_compare(a="explore?text=a+b+c+d", b="explore?text=e+f+g", all_heads="false")
    a, b = weights("a b c d"), weights("e f g")
    moved = np.abs(entropies(a).mean(axis=1) - entropies(b).mean(axis=1))
    shown = sorted(moved.argsort()[-2:])
    np.testing.assert_array_equal(drawn(page, "compare_a"), a[shown])
    np.testing.assert_array_equal(drawn(page, "compare_b"), b[shown])


def test_a_click_on_a_tile_opens_its_pair() -> None:
    page = open_compare(a="explore?heads=2", b="explore?heads=4")
    send(page, "chart_clicks", "name", {"chart": "compare_b", "tile": 3})
    assert value(page, "view") == "head"
    b = weights(heads=4)[3]
    np.testing.assert_array_equal(drawn(page, "compare_b")[0], b)
    assert [len(numbers(page, key)) for key in CHARTS] == [1, 1, 1]
    send(page, "chart_clicks", "name", {"chart": "compare_difference", "tile": 10**6})
    send(page, "chart_clicks", "cell", {"chart": "compare_a", "tile": -1, "row": 0, "column": 0})
    np.testing.assert_array_equal(drawn(page, "compare_b")[0], b)


def test_a_pair_beyond_the_last_is_the_last() -> None:
    page = open_compare(view="one head", head=99)
    np.testing.assert_array_equal(drawn(page, "compare_a")[0], weights()[7])
    assert notices(page) == ["There is no pair 99; showing the last one, 7."]
    assert control(page, "head").value == 7
    assert query(page)["head"] == "7"


def test_divergence_and_numbers() -> None:
    page = open_compare(view="divergence")
    assert drawn(page, "compare_divergence").shape == (1, 12, 8)
    change(page, view="numbers")
    table = page.dataframe[0].value
    assert list(table["head_a"]) == list(range(8))
    assert table["divergence"].mean() == pytest.approx(
        float(said(page).split("**")[-2].split()[0]), abs=6e-4
    )


def test_what_the_sides_leave_out_is_said_of_each() -> None:
    page = open_compare(
        a="explore?positions=rotary&embed_size=8&heads=8",
        b="explore?heads=7&embed_size=8",
        side="a",
    )
    assert notices(page) == [
        "A: Rotary positions turn pairs of numbers, and a head has 1 here, an odd count: positions "
        "are off.",
        "B: heads 7 doesn't fit the other choices; using the nearest, 8.",
    ]
    assert query(page)["a"] == "explore?embed_size=8"
    assert query(page)["b"] == "explore?embed_size=8"
    assert control(page, "a_positions").value == "none"


def test_the_weights_can_be_of_any_kind_and_keep_what_both_have() -> None:
    page = open_compare(b=f"explore?{link(text='we see', heads=4, mask='causal')}")
    change(page, b_page="encoder-decoder")
    assert query(page)["b"] == "encoder-decoder?text=we+see&heads=4"
    change(page, b_page="learn")
    assert query(page)["b"] == "learn"
    change(page, b_task="sort")
    assert query(page)["b"].startswith("learn?task=sort")


def test_its_own_page_is_one_link_away() -> None:
    page = open_compare(b="explore?heads=4&scale=none")
    (shown,) = [each for each in page.get("page_link") if "on its page" in each.proto.label]
    assert shown.proto.label == "Open B on its page"
    assert dict(p.split("=") for p in shown.proto.query_string.split("&")) == {
        "heads": "4",
        "scale": "none",
    }


@matrix(3, "text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sides_give_a_valid_page(text: str) -> None:
    text = text.encode(errors="replace").decode()
    page = open_compare(
        a=text, b=f"explore?heads={text}&seed={text}", side=text, stage=text, view=text
    )
    assert value(page, "a") == "explore"
    assert any("can't be compared" in line for line in notices(page))
    again = open_compare(**query(page))
    assert not [line for line in notices(again) if line.startswith("The link")]


def test_weights_from_a_file_are_not_pinned_and_it_says_why() -> None:
    page = press(open_learn(**SMALL), "train")
    finish(page)
    (training,) = trained(page).values()
    training.from_file = True
    click(page, "pin")
    assert [toast.value for toast in page.toast] == [
        "These weights come from a file, which a comparison's link can't hold."
    ]
    assert page.session_state["_session"].pinned is None


def test_the_text_of_the_default_sides_is_the_apps_sentence() -> None:
    assert control(open_compare(), "b_text").value == SENTENCE
