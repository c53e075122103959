"""Each control changes the numbers that it should, to what the model computes, and the words."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import OPENS_WITH, SENTENCE, run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    change,
    chart,
    checked,
    control,
    header,
    labels,
    masked,
    notices,
    numbers,
    open_app,
    open_popovers,
    send,
    strip,
    type_text,
)
from ui.choices.examples import EXAMPLES
from ui.choices.limits import LARGEST_SEED


@pytest.fixture
def page() -> AppTest:
    return open_app()


def test_the_app_opens_with_the_papers_formulation_and_shows_the_models_weights(
    page: AppTest,
) -> None:
    run = run_of()
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
    assert [trace["name"] for trace in chart(page)["data"]] == [f"Head {i}" for i in range(8)]
    assert header(page).startswith(
        "**Headlight** — **random weights, untrained** (seed 0), the paper's formulation, "
        "energies ÷ √8 "
    )
    assert notices(page) == []
    assert page.query_params == {}


PAPER, TUTORIAL = "the paper's formulation", "the tutorial's formulation"
OWN = "a formulation of your own"


@matrix(10,
    ("key", "value", "says"),
    [
        ("heads", 1, f"(seed 0), {PAPER}, energies ÷ √64"),
        ("heads", 2, f"(seed 0), {PAPER}, energies ÷ √32"),
        ("heads", 16, f"(seed 0), {PAPER}, energies ÷ √4"),
        ("embed_size", 8, f"(seed 0), {PAPER}, energies ÷ √1"),
        ("embed_size", 512, f"(seed 0), {PAPER}, energies ÷ √64"),
        ("mask", "causal", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("mask", "padding", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("mask", "causal_padding", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("projection", "shared", f"(seed 0), {OWN}, energies ÷ √8"),
        ("scale", "embed_size", f"(seed 0), {OWN}, energies ÷ √64"),
        ("scale", "none", f"(seed 0), {OWN}, energies ÷ 1"),
        ("temperature", 0.1, f"(seed 0), {PAPER}, energies ÷ (√8 × 0.1)"),
        ("temperature", 2.5, f"(seed 0), {PAPER}, energies ÷ (√8 × 2.5)"),
        ("tokenizer", "characters", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("positions", "sinusoidal", f"(seed 0), {PAPER}, energies ÷ √8, sinusoidal positions"),
        ("positions", "learned",
         f"(seed 0), {PAPER}, energies ÷ √8, a table of positions (random here)"),
        ("positions", "rotary", f"(seed 0), {PAPER}, energies ÷ √8, rotary positions"),
        ("positions", "alibi", f"(seed 0), {PAPER}, energies ÷ √8, ALiBi"),
        ("layers", 2, f"(seed 0), {PAPER}, energies ÷ √8, 2 layers, post-norm"),
        ("layers", 12, f"(seed 0), {PAPER}, energies ÷ √8, 12 layers, post-norm"),
        ("norm_order", "pre", f"(seed 0), {PAPER}, energies ÷ √8, 1 layer, pre-norm"),
        ("activation", "gelu", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("mask", "window", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("mask", "prefix", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("mask", "strided", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("mask", "custom", f"(seed 0), {PAPER}, energies ÷ √8"),
        ("seed", 7, f"(seed 7), {PAPER}, energies ÷ √8"),
        ("seed", LARGEST_SEED, f"(seed 2147483647), {PAPER}, energies ÷ √8"),
    ],
)  # fmt: skip
def test_a_control_changes_the_numbers_the_label_and_the_badge(
    page: AppTest, key: str, value: Any, says: str
) -> None:
    before = header(page)
    change(page, **{key: value})
    run = run_of(**{key: value})
    expected = masked(run.attention().field("weights"), run.attention().allowed)
    np.testing.assert_array_equal(numbers(page), expected)
    assert f"**random weights, untrained** {says} " in header(page)
    badge = f"largest difference from PyTorch: {run.parity.largest:.1e}"
    assert f":green-badge[:material/verified: {badge}]" in header(page)
    change(page, **{key: OPENS_WITH[key]})  # and back
    np.testing.assert_array_equal(numbers(page), run_of().attention().field("weights"))
    assert header(page) == before
    assert notices(page) == []


@pytest.mark.parametrize("fragment_only", [True, False])
def test_the_sentence_changes_the_numbers_and_the_tokens(
    page: AppTest, fragment_only: bool
) -> None:
    # Typing reruns the fragment; a control that is moved at the same time, the whole page.
    type_text(page, "the cat sat") if fragment_only else change(page, text="the cat sat")
    np.testing.assert_array_equal(numbers(page), run_of("the cat sat").attention().field("weights"))
    said = ["the (position 0)", "cat (position 1)", "sat (position 2)"]
    assert labels(chart(page)["layout"]["yaxis"]) == said
    assert labels(chart(page)["layout"]["xaxis"]) == said
    assert strip(page)["tokens"] == ["the", "cat", "sat"]


def test_a_word_keeps_its_energies_when_the_sentence_grows() -> None:
    before, after = (
        np.array(numbers(open_app(f"stage=energy&text={text}"))) for text in ("a+b", "a+b+c")
    )
    np.testing.assert_allclose(after[:, :2, :2], before, rtol=1e-4, atol=1e-5)


@matrix(2, "name", list(EXAMPLES))
def test_an_example_fills_the_sentence_and_lets_go(page: AppTest, name: str) -> None:
    change(page, text="something else")
    change(page, example=name)
    text, *others = EXAMPLES[name].values()
    assert control(page, "text").value == text
    assert control(page, "example").value is None
    if others:  # it sets more than the text: see test_word_vectors
        return
    np.testing.assert_array_equal(numbers(page), run_of(text).attention().field("weights"))
    change(page, text="and on")
    np.testing.assert_array_equal(numbers(page), run_of("and on").attention().field("weights"))


@pytest.mark.parametrize(
    ("preset", "projection", "scale", "says"),
    [("tutorial", "shared", "embed_size", TUTORIAL), ("paper", "full", "head_dim", PAPER)],
)
def test_a_preset_sets_the_projection_and_the_scale(
    preset: str, projection: str, scale: str, says: str
) -> None:
    page = open_app("projection=shared&scale=none")
    assert control(page, "preset").value is None
    change(page, preset=preset)
    assert (control(page, "projection").value, control(page, "scale").value) == (projection, scale)
    assert control(page, "preset").value == preset
    run = run_of(projection=projection, scale=scale)
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
    assert f"{says}, energies ÷ √{64 if preset == 'tutorial' else 8} " in header(page)


def test_the_preset_follows_the_projection_and_the_scale(page: AppTest) -> None:
    assert control(page, "preset").value == "paper"
    change(page, projection="shared")
    assert control(page, "preset").value is None
    change(page, scale="embed_size")
    assert control(page, "preset").value == "tutorial"


def test_a_preset_that_is_clicked_again_stays(page: AppTest) -> None:
    change(page, preset=None)
    assert control(page, "preset").value == "paper"
    np.testing.assert_array_equal(numbers(page), run_of().attention().field("weights"))


def test_new_random_weights_are_those_of_another_seed_that_is_shown_and_shared(
    page: AppTest,
) -> None:
    (button,) = [b for b in open_popovers(page).button if b.label == "New random weights"]
    button.click()
    checked(page.run())
    seed = control(page, "seed").value
    assert seed != 0
    assert 0 <= seed <= LARGEST_SEED
    np.testing.assert_array_equal(numbers(page), run_of(seed=seed).attention().field("weights"))
    assert f"(seed {seed})" in header(page)
    assert page.query_params == {"seed": str(seed)}


def test_the_colour_scale_for_each_head_gives_each_its_own_range() -> None:
    page = open_app("stage=energy")
    energy = run_of().attention().field("energy")
    layout = chart(page)["layout"]
    assert layout["coloraxis"]["cmax"] == -layout["coloraxis"]["cmin"] == np.abs(energy).max()
    change(page, head_scale=True)
    spec = chart(page)
    assert "coloraxis" not in spec["layout"]
    for head, trace in enumerate(spec["data"]):
        limit = np.abs(energy[head]).max()
        assert (trace["zmin"], trace["zmax"]) == (-limit, limit)
        assert spec["layout"]["annotations"][head]["text"] == f"<b>Head {head}  ±{limit:.3g}</b>"
    np.testing.assert_array_equal(numbers(page), energy)


def test_a_colour_scale_for_each_head_comes_back_with_the_energies_and_touches_nothing_else() -> (
    None
):
    page = open_app("stage=energy&head_scale=true")
    for stage in ("weights", "scores"):
        change(page, stage=stage)
        assert "coloraxis" in chart(page)["layout"]
        assert "head_scale" not in [toggle.key for toggle in page.toggle]
        assert page.query_params["head_scale"] == "true"
    change(page, stage="energy")
    assert control(page, "head_scale").value is True
    assert "coloraxis" not in chart(page)["layout"]
    change(page, head_scale=False)
    change(page, stage="weights")
    assert "head_scale" not in [toggle.key for toggle in page.toggle]
    assert "head_scale" not in page.query_params


def test_of_one_head_there_is_no_choice_between_one_scale_and_its_own() -> None:
    page = open_app("text=a+b&stage=energy&heads=1")
    assert "head_scale" not in [toggle.key for toggle in page.toggle]
    change(page, heads=2)
    assert control(page, "head_scale").value is False


def test_the_dark_page_has_dark_charts_with_the_same_numbers() -> None:
    light, dark = open_app("text=a+b"), open_app("text=a+b", theme="dark")
    assert chart(light)["layout"]["font"]["color"] == "#2f2d2b"
    assert chart(dark)["layout"]["font"]["color"] == "#edebe8"
    np.testing.assert_array_equal(numbers(light), numbers(dark))


def test_what_is_looked_at_stays_when_the_view_changes() -> None:
    page = open_app("text=a+b+c")
    change(page, head=2, q=1, k=0)
    for view in ("head", "cell", "numbers", "heads"):
        change(page, view=view)
        chosen = [control(page, key).value for key in ("head", "q", "k")]
        assert chosen == [2, 1, 0]
    assert strip(page)["chosen"] == 1


def test_an_emptied_number_goes_back_to_where_it_began(page: AppTest) -> None:
    change(page, embed_size=32, seed=3)
    change(page, embed_size=None, seed=None)
    np.testing.assert_array_equal(numbers(page), run_of().attention().field("weights"))


def test_a_change_after_a_click_keeps_the_click(page: AppTest) -> None:
    send(page, "strip", "pick", 3)
    change(page, seed=5)
    assert control(page, "q").value == 3
    assert control(page, "text").value == SENTENCE
