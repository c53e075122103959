"""Find heads: the scores of every pattern, the best of them, and what a click opens."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.head_finder import PATTERNS, head_scores
from tests.defaults import SENTENCE
from tests.ui.helpers import alt, change, chart, labels, numbers, send
from tests.ui.pages.pretrained.helpers import (
    MARY,
    NAMES,
    button,
    captions,
    looked_at,
    messages,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
)
from ui.text.option_names import word

pytestmark = [needs_minilm, needs_smollm2]

CHART = "finder_chart"


def opened(model: str = "minilm", text: str = SENTENCE, **more: object) -> AppTest:
    return open_trained(model=NAMES[model], text=text, view="find heads", **more)


def by_hand(model: str, text: str, pattern: str) -> np.ndarray:
    """(layers, H), worked out row by row in float64."""
    (side,), run = run_model(model, text)
    weights = np.stack([layer.weights[0].double().numpy() for layer in run.trace.encoder_self])
    length = len(side)
    ids = np.array(side.ids)
    rows = {
        "previous": [weights[..., q, q - 1] for q in range(1, length)],
        "next": [weights[..., q, q + 1] for q in range(length - 1)],
        "first": [weights[..., q, 0] for q in range(1, length)],
        "same": [weights[..., q, ids == ids[q]].sum(-1) for q in range(length)],
    }
    if pattern in rows:
        return np.mean(rows[pattern], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.nansum(weights * np.log(weights), axis=-1).mean(axis=-1)


def found(page: AppTest) -> list[tuple[int, int, str]]:
    """The heads that are named: layer, head and score."""
    buttons = [each for each in page.button if str(each.key).startswith("found_")]
    places = [tuple(map(int, each.key.split("_")[1:])) for each in buttons]
    for each, (layer, head) in zip(buttons, places, strict=True):
        assert each.label.startswith(f"Layer {layer} · head {head}: ")
    scores = [each.label.split(": ")[1] for each in buttons]
    return [(*place, score) for place, score in zip(places, scores, strict=True)]


@pytest.mark.parametrize("model", NAMES)
def test_each_pattern_has_its_score_for_every_head(model: str) -> None:
    page = opened(model)
    for pattern in PATTERNS:
        change(page, pattern=pattern)
        title = word(pattern)
        assert page.markdown[1].value.startswith(f"**{title[0].upper()}{title[1:]}**: ")
        (shown,) = numbers(page, CHART)
        assert shown.shape == {"minilm": (6, 12), "smollm2": (30, 9)}[model]
        if pattern == "induction":
            assert 0 <= shown.min() < shown.max() <= 1
            continue
        expected = by_hand(model, SENTENCE, pattern)
        np.testing.assert_allclose(shown, expected, atol=1e-6, err_msg=pattern)
        best = np.sort(expected.reshape(-1))
        best = best[:8] if pattern == "entropy" else best[::-1][:8]
        said = [f"{s:.2f}" if pattern == "entropy" else f"{100 * s:.1f} %" for s in best]
        assert [score for *_place, score in found(page)] == said
        for layer, head, score in found(page):
            here = expected[layer, head]
            assert score in (f"{here:.2f}", f"{100 * here:.1f} %")
        assert ("**Sharpest**" in page.markdown[2].value) == (pattern == "entropy")


def test_minilm_has_a_head_that_looks_at_the_token_before() -> None:
    page = opened()
    (shown,) = numbers(page, CHART)
    assert np.unravel_index(shown.argmax(), shown.shape) == (0, 2)
    assert shown[0, 2] > 0.95
    assert found(page)[0] == (0, 2, f"{100 * shown[0, 2]:.1f} %")
    assert labels(chart(page, CHART)["layout"]["yaxis"]) == [str(i) for i in range(6)]
    assert f"{shown[0, 2]:.3g}" in alt(page, CHART)
    assert alt(page, CHART).endswith(", in previous token, layer 0, head 2.")
    (tile,) = chart(page, CHART)["data"]
    assert tile["name"] == "previous token"
    assert tile["hovertemplate"].startswith(
        "<b>%{fullData.name}</b><br>layer %{y}<br>head %{x}<br>mean weight <b>"
    )


def test_smollm2_has_a_head_that_finds_repetitions() -> None:
    page = opened("smollm2", pattern="induction")
    (shown,) = numbers(page, CHART)
    assert shown[18, 6] > 0.8
    assert (18, 6) in [place[:2] for place in found(page)]
    (said,) = captions(page)
    assert said.startswith("The 24 words, twice over: ")
    words = said.removeprefix("The 24 words, twice over: ").rstrip(".").split()
    assert len(set(words)) == 24
    # They are worked out here again: of each word's second time, the weight on what followed it.
    text = "".join(f" {w}" for w in words * 2)
    (side,), run = run_model("smollm2", text)
    assert len(side) == 48
    weights = run.trace.encoder_self[18].weights[0, 6]
    mean = np.mean([weights[q, q - 23].item() for q in range(24, 48)])
    assert shown[18, 6] == pytest.approx(mean, abs=1e-5)


def test_induction_does_not_depend_on_the_text_and_the_others_do() -> None:
    (induction,) = numbers(opened(pattern="induction"), CHART)
    (same_of_another,) = numbers(opened(text=MARY, pattern="induction"), CHART)
    np.testing.assert_array_equal(induction, same_of_another)
    assert not np.array_equal(numbers(opened(), CHART)[0], numbers(opened(text=MARY), CHART)[0])


def test_of_two_sentences_it_is_about_the_chosen_one_without_its_padding() -> None:
    page = opened(text="A cat.", text2="A much longer sentence about cats and dogs.", sentence=1)
    (side,), run = run_model("minilm", "A cat.")
    weights = [layer.weights[0] for layer in run.trace.encoder_self]
    expected = head_scores(weights, side.ids)["previous"]
    np.testing.assert_allclose(numbers(page, CHART)[0], expected, atol=1e-5)


def test_a_button_opens_its_head() -> None:
    page = opened(q=3)
    layer, head, _score = found(page)[1]
    button(page, f"found_{layer}_{head}").click().run()
    assert looked_at(page) == {"view": "head", "layer": layer, "head": head, "q": 3, "k": None}
    assert f"**Head {head}** of 12, layer {layer}," in page.markdown[1].value
    assert {"view": "head", "layer": str(layer), "head": str(head)}.items() <= {
        "layer": "0", **page.query_params
    }.items()  # fmt: skip


@pytest.mark.parametrize("place", [(0, 0), (5, 11), (2, 7)])
def test_a_click_on_a_score_opens_its_head(place: tuple[int, int]) -> None:
    page = opened()
    row, column = place
    send(page, "chart_clicks", "cell", {"chart": CHART, "tile": 0, "row": row, "column": column})
    assert looked_at(page)["view"] == "head"
    assert (looked_at(page)["layer"], looked_at(page)["head"]) == place


@pytest.mark.parametrize("place", [(6, 0), (0, 12), (-1, 0), (0, -1), (10**9, 0), (0.5, 1)])
def test_a_forged_click_opens_nothing(place: tuple[float, float]) -> None:
    page = opened()
    row, column = place
    send(page, "chart_clicks", "cell", {"chart": CHART, "tile": 0, "row": row, "column": column})
    assert looked_at(page) == {"view": "finder", "layer": 0, "head": None, "q": None, "k": None}


def test_a_text_of_one_token_is_too_short_to_say() -> None:
    page = opened("smollm2", text="a")
    assert messages(page) == ["This text is too short to say."]
    assert not page.get("plotly_chart")
    change(page, pattern="induction")  # is about words of its own
    assert messages(page) == []
    assert numbers(page, CHART)[0].shape == (30, 9)  # layers and heads of SmolLM2


def test_a_removed_head_is_removed_here_too() -> None:
    page = opened("smollm2", removed="0.0,1.3")
    (shown,) = numbers(page, CHART)
    (side,), run = run_model("smollm2", SENTENCE, removed=frozenset({(0, 0), (1, 3)}))
    weights = [layer.weights[0] for layer in run.trace.encoder_self]
    np.testing.assert_allclose(shown, head_scores(weights, side.ids)["previous"], atol=1e-5)
    assert not np.allclose(shown, by_hand("smollm2", SENTENCE, "previous"), atol=1e-3)
    (all_heads,) = numbers(opened("smollm2", pattern="induction"), CHART)
    change(page, pattern="induction")
    (shown,) = numbers(page, CHART)
    np.testing.assert_array_equal(shown[0], all_heads[0])  # before what was removed
    assert not np.allclose(shown[2:], all_heads[2:], atol=1e-3)
