"""A into B on Compare, without a browser: what is offered, started, shown, and what it says."""

from collections.abc import Iterator
from threading import Semaphore
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.interventions import AttentionChange, Changes
from model.next_token import top_tokens
from model.patching import Cell, Cells, PatchedPair
from model.pretrained.base import ModelTrace
from tests.patience import LONG, wait_until
from tests.ui.helpers import (
    change,
    chart,
    checked,
    control,
    link,
    notices,
    numbers,
    open_app,
    send,
    value,
)
from tests.ui.pages.pretrained.helpers import MARY, loaded, needs_smollm2, only_token, run_model
from ui.jobs.patching_job import PATCHERS, forget_patchings, patching_of
from ui.link.side import Side
from ui.pages.compare.examples import PAIRS, example_of
from ui.pages.pretrained.page import PAGE as PRETRAINED

pytestmark = needs_smollm2
CHART = "patching_chart"
FRANCE, GERMANY = "The capital of France is", "The capital of Germany is"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget_patchings(lambda key: True)
    yield
    forget_patchings(lambda key: True)


def side(text: str, **chosen: Any) -> str:
    return Side.of(PRETRAINED, {"model": "smollm2", "text": text, **chosen}).text


def opened(a: str = FRANCE, b: str = GERMANY, **more: object) -> AppTest:
    parameters = {"a": side(a), "b": side(b), "view": "patching", **more}
    return open_app(link(**parameters), path="compare")


def settings_key(a: str = FRANCE, b: str = GERMANY, what: str = "heads") -> Any:
    return loaded("smollm2"), (a, ()), (b, ()), what


def press(page: AppTest, key: str) -> AppTest:
    next(each for each in page.button if each.key == key).click()
    return checked(page.run())


def buttons(page: AppTest) -> dict[str, str]:
    return {each.key: each.label for each in page.button if each.key.startswith("patch_")}


def finished(page: AppTest, **sides: str) -> AppTest:
    """The page once its map is complete."""
    job = patching_of(settings_key(**sides))
    assert job is not None
    assert job.wait(LONG)
    return checked(page.run())


def texts(page: AppTest) -> str:
    return "\n".join(each.value for each in (*page.markdown, *page.caption, *page.info))


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Semaphore]:
    """Lets as many layers be patched as it is released: all their heads bring all back."""
    allowed = Semaphore(0)

    def patched(pair: PatchedPair) -> Cells:
        for layer in reversed(range(pair.layers)):
            assert allowed.acquire(timeout=LONG)
            yield tuple(Cell(layer, head, pair.answers.a) for head in range(pair.heads))

    monkeypatch.setitem(PATCHERS, "heads", patched)
    yield allowed
    allowed.release(30)


def test_it_is_offered_where_both_sides_are_one_decoder() -> None:
    assert "A into B" in control(opened(), "view").options
    other = open_app(link(a=side(FRANCE), b="explore?text=a+cat"), path="compare")
    assert "A into B" not in control(other, "view").options


def test_a_link_to_it_with_other_sides_says_what_it_needs() -> None:
    page = open_app("view=patching", path="compare")
    assert value(page, "view") == "heads"
    assert notices(page) == ["A goes into B where both sides are one trained decoder: SmolLM2."]


def test_opening_it_starts_nothing() -> None:
    page = opened()
    assert buttons(page) == {"patch_start": "Patch: 270 cells"}
    assert np.isnan(numbers(page, CHART)[0]).all()
    assert patching_of(settings_key()) is None


def test_each_cell_is_the_part_of_the_answer_that_comes_back() -> None:
    page = finished(press(opened(), "patch_start"))
    (drawn,) = numbers(page, CHART)
    assert drawn.shape == (30, 9)
    (_words, a), (b_words, b) = (run_model("smollm2", text) for text in (FRANCE, GERMANY))
    paris, berlin = (only_token("smollm2", word) for word in (" Paris", " Berlin"))

    def d(run: ModelTrace) -> float:
        assert run.next_logits is not None
        return (run.next_logits[0, paris] - run.next_logits[0, berlin]).item()

    ids = torch.tensor([b_words[0].ids])
    for layer, head in [(29, 0), (18, 4), (0, 2)]:
        output = a.trace.encoder_self[layer].head_outputs[:, head]
        changes = Changes({layer: AttentionChange(outputs={head: output})})
        patched = loaded("smollm2").run(ids, [len(b_words[0])], changes=changes)
        wanted = (d(patched) - d(b)) / (d(a) - d(b))
        assert drawn[layer, head] == pytest.approx(wanted, abs=5e-5)
    colors = chart(page, CHART)["layout"]["coloraxis"]
    assert (colors["cmin"], colors["cmax"]) == (-1, 1)
    assert buttons(page) == {}


def test_what_was_computed_is_there_at_once_for_others() -> None:
    page = finished(press(opened(), "patch_start"))
    again = opened()
    np.testing.assert_array_equal(numbers(again, CHART)[0], numbers(page, CHART)[0])
    assert buttons(again) == {}


def test_cells_are_shown_as_they_come_and_can_be_broken_off(layers: Semaphore) -> None:
    page = press(opened(), "patch_start")
    job = patching_of(settings_key())
    assert job is not None
    assert buttons(page) == {"patch_cancel": "Cancel"}
    layers.release()
    wait_until(lambda: len(job.cells) == 9)
    checked(page.run())
    (drawn,) = numbers(page, CHART)
    np.testing.assert_array_equal(drawn[29], np.ones(9))
    assert np.isnan(drawn[:29]).all()
    press(page, "patch_cancel")
    layers.release()
    assert job.wait(LONG)
    checked(page.run())
    assert job.state == "cancelled"
    assert buttons(page) == {"patch_start": "Patch: 270 cells"}
    assert np.isfinite(numbers(page, CHART)[0]).sum() == len(job.cells) < 270


def test_another_sentence_ends_what_nobody_looks_at(layers: Semaphore) -> None:
    page = press(opened(), "patch_start")
    job = patching_of(settings_key())
    assert job is not None
    change(page, b_text="The capital of Italy is")
    layers.release()
    assert job.wait(LONG)
    assert job.state == "cancelled"


def test_a_click_opens_the_head_on_both_sides() -> None:
    page = opened()
    place = {"chart": CHART, "tile": 0, "row": 23, "column": 3}
    send(page, "chart_clicks", "cell", place)
    assert (value(page, "view"), value(page, "head")) == ("head", 3)
    assert [value(page, key) for key in "ab"] == [
        side(text, layer=23) for text in (FRANCE, GERMANY)
    ]


def test_a_click_on_a_position_marks_it() -> None:
    page = opened(patch="positions")
    send(page, "chart_clicks", "cell", {"chart": CHART, "tile": 0, "row": 12, "column": 3})
    assert (value(page, "view"), value(page, "q")) == ("heads", 3)
    assert value(page, "a") == side(FRANCE, layer=12)


def test_positions_need_as_many_tokens_and_heads_say_where_they_are_put() -> None:
    page = opened(b="The capital of the land of Germany is", patch="positions")
    assert [box.value for box in page.info] == [
        "A has 5 tokens and B has 8: positions can be patched only where both have as many."
    ]
    assert buttons(page) == {}
    change(page, patch="heads")
    assert buttons(page) == {"patch_start": "Patch: 270 cells"}
    assert "one head's output of A at the last token alone" in texts(page)


def test_the_same_sentence_has_nothing_to_bring_back() -> None:
    page = opened(b=FRANCE)
    assert "A and B have the same answer" in page.info[0].value
    assert buttons(page) == {}


def test_too_many_tokens_are_refused() -> None:
    page = opened(a="a b " * 40 + "c", b="a b " * 40 + "d", patch="positions")
    assert "more than 64 would take many minutes" in page.info[0].value


def test_it_says_what_d_is_and_how_the_measure_misleads() -> None:
    said = texts(opened())
    assert "d is the logit of “␣Paris” minus that of “␣Berlin”" in said
    assert "a patched run is one the model has never seen" in said
    assert "What is changed by hand" not in said
    a = side(FRANCE, removed="3.1")
    assert "What is changed by hand on a side isn't in these runs." in texts(
        open_app(link(a=a, b=side(GERMANY), view="patching"), path="compare")
    )


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("Who gets the drink?", " Mary", " John"),
        ("A capital: Paris or Berlin", " Paris", " Berlin"),
        ("A repeated list: stone or horse", " stone", " horse"),
    ],
)
def test_a_pair_does_what_its_name_claims(name: str, a: str, b: str) -> None:
    lengths = set()
    for text, word in zip(PAIRS[name], (a, b), strict=True):
        (words,), run = run_model("smollm2", text)
        assert run.next_logits is not None
        (best,) = top_tokens(run.next_logits[0], 1)
        assert best.token == only_token("smollm2", word)
        assert best.probability > 0.7
        lengths.add(len(words))
    assert len(lengths) == 1  # so that positions can be patched too


def test_pairs_are_all_tested() -> None:
    assert len(PAIRS) == 3


def test_an_example_opens_the_pair() -> None:
    page = open_app("", path="compare")
    change(page, example="Who gets the drink?")
    assert {key: value(page, key) for key in ("a", "b", "view")} == {
        key: example_of("Who gets the drink?")[key] for key in ("a", "b", "view")
    }
    assert example_of("Who gets the drink?")["a"] == side(MARY)
    assert buttons(page) == {"patch_start": "Patch: 270 cells"}
