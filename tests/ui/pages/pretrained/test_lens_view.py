"""Read early: the model's own numbers after each layer, what is said of them, and the clicks."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from model.pretrained.stack import StackModel
from tests.ui.helpers import (
    alt,
    array,
    captions,
    change,
    chart,
    control,
    is_drawn,
    labels,
    notices,
    report,
    send,
)
from tests.ui.pages.pretrained.helpers import (
    MARY,
    NAMES,
    loaded,
    looked_at,
    markdown,
    messages,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
    tokens_of,
)
from ui.runs import model_store as models

pytestmark = [needs_minilm, needs_smollm2]

CHART = "lens_chart"
CAVEAT = "A lens, not what the model says: only the last row is that."


def opened(text: str = MARY, **more: object) -> AppTest:
    return open_trained(model=NAMES["smollm2"], text=text, view="read early", **more)


@cache
@torch.inference_mode()
def expected(text: str, **more: Any) -> Tensor:
    """(31, L, V) probabilities, all of them at once, by the model's norm and its table."""
    model = loaded("smollm2")
    assert isinstance(model, StackModel)
    _sides, run = run_model("smollm2", text, **more)
    table = model.encoder.state_dict()["embedding.tokens.weight"]
    vectors = torch.stack(run.trace.encoder_stream[::2])[:, 0]  # (31, L, E)
    return (model.encoder.norm(vectors) @ table.T).softmax(-1)


def shown(page: AppTest) -> np.ndarray:
    """(R, L) the probabilities in the picture."""
    return array(chart(page, CHART)["data"][0]["z"])


def shown_tokens(text: str, row: int, column: int) -> list[str]:
    """The likeliest tokens of a cell as they are read, the best first."""
    best = expected(text)[row, column].topk(3).indices.tolist()
    return [loaded("smollm2").tokenizer.shown(token) for token in best]


def click(page: AppTest, row: object, column: object, tile: object = 0) -> AppTest:
    return send(page, "chart_clicks", "cell",
                {"chart": CHART, "tile": tile, "row": row, "column": column})  # fmt: skip


def test_each_cell_has_its_likeliest_token_and_its_probability() -> None:
    page = opened()
    wanted = expected(MARY)
    np.testing.assert_allclose(shown(page), wanted.amax(-1), atol=1e-5)
    drawn = chart(page, CHART)
    (trace,), layout = drawn["data"], drawn["layout"]
    assert labels(layout["yaxis"]) == ["input", *map(str, range(30))]
    assert [label.split(" (")[0] for label in labels(layout["xaxis"])] == tokens_of("smollm2", MARY)
    for row, column in ((0, 0), (12, 4), (26, 5), (30, 13)):
        best, second, third = shown_tokens(MARY, row, column)
        p = wanted[row, column].topk(3).values.tolist()
        said = trace["hovertext"][row][column].split("<br>")
        assert said[0] == f"<b>{best}</b> {100 * p[0]:.2f}%"
        assert said[1] == f"<b>{second}</b> {100 * p[1]:.2f}%"
        assert said[2].startswith(f"<b>{third.replace('<', '&lt;').replace('>', '&gt;')}</b> ")
    assert trace["text"][30][13] == "␣Mary"
    answer = int(wanted[30, 13].argmax())
    rank = 1 + int((wanted[20, 13] > wanted[20, 13, answer]).sum())
    assert (
        f"number {rank:,} here, with {100 * wanted[20, 13, answer]:.2f}%"
        in (trace["hovertext"][20][13])
    )


def test_it_says_where_the_answer_wins_and_what_a_lens_is() -> None:
    page = opened()
    wins = expected(MARY).argmax(-1)[:, 13] == expected(MARY)[30, 13].argmax()
    assert wins.tolist() == [False] * 30 + [True]
    assert markdown(page, "After ") == (
        "After ` ␣to ` the model says ` ␣Mary ` (**92.3%**): the likeliest only after the last "
        "layer, 29. Framed: where each answer has won for good."
    )
    (said,) = captions(page)
    assert said.startswith(CAVEAT)
    assert "Belrose et al., 2023" in said
    assert alt(page, CHART) == (
        "The likeliest next token after the input and each of 30 layers, at 14 positions. After "
        "␣to, in the end: ␣Mary, 92.3%; the likeliest after 1 of the last layers in a row."
    )


@pytest.mark.parametrize("position", [1, 4, 6, 10])
def test_of_another_position_it_says_the_same_things(position: int) -> None:
    likeliest = expected(MARY).argmax(-1)[:, position].tolist()
    wins = [token == likeliest[-1] for token in likeliest]
    first = wins.index(True) - 1
    stays = 30 - wins[::-1].index(False) if False in wins else -1
    page = opened(q=position)
    said = markdown(page, "After ")
    assert said.startswith(f"After ` {tokens_of('smollm2', MARY)[position]} ` the model says ")
    if first < stays:
        told = (
            f"for the first time after layer **{first}**, and for good from layer **{stays}** on."
        )
    elif stays == 29:
        told = "only after the last layer, 29."
    else:
        told = f"for the first time after layer **{stays}**, and from there on."
    assert told in said


def test_a_removed_head_is_missing_in_what_is_read() -> None:
    page = opened(removed="1.5")
    wanted = expected(MARY, removed=frozenset({(1, 5)}))
    np.testing.assert_allclose(shown(page), wanted.amax(-1), atol=1e-5)
    assert not np.allclose(shown(page), expected(MARY).amax(-1), atol=1e-3)


def test_how_tokens_are_shown_changes_nothing_here() -> None:
    page = opened(words="true", first="false", special="false")
    np.testing.assert_array_equal(shown(page), shown(opened()))
    assert not [toggle for toggle in page.toggle if toggle.key in ("words", "first", "special")]


@pytest.mark.parametrize(
    ("row", "column", "layer"), [(25, 4, 24), (30, 0, 29), (1, 13, 0), (0, 2, 7)]
)
def test_a_click_chooses_position_and_layer(row: int, column: int, layer: int) -> None:
    page = click(opened(layer=7), row, column)
    chosen = looked_at(page)
    assert (chosen["view"], chosen["q"], chosen["layer"]) == ("lens", column, layer)
    assert markdown(page, "After ").startswith(f"After ` {tokens_of('smollm2', MARY)[column]} `")


@pytest.mark.parametrize(
    ("row", "column", "tile"),
    [(31, 0, 0), (-1, 0, 0), (0, 14, 0), (0, -1, 0), (0, 0, 1), (10**9, 0, 0), (0.5, 1, 0)],
)
def test_a_forged_click_opens_nothing(row: float, column: float, tile: int) -> None:
    page = opened(layer=7)
    before = looked_at(page)
    assert looked_at(click(page, row, column, tile)) == before


def test_of_a_long_sentence_the_positions_around_the_query_are_shown() -> None:
    text = " ".join(["The blue tiger ate a lemon and slept."] * 8)
    tokens = tokens_of("smollm2", text)
    page = opened(text, q=20)
    assert shown(page).shape == (31, 18)
    np.testing.assert_allclose(shown(page), expected(text)[:, 11:29].amax(-1), atol=1e-5)
    layout = chart(page, CHART)["layout"]
    assert [label.split(" (")[0] for label in labels(layout["xaxis"])] == tokens[11:29]
    assert layout["xaxis"]["title"]["text"] == (
        f"after the token (around the chosen query: positions 11 to 28 of {len(tokens)})"
    )
    click(page, 10, 0)
    assert looked_at(page)["q"] == 11
    assert shown(opened(text, q=0)).shape == (31, 18)
    last = opened(text)
    np.testing.assert_allclose(shown(last), expected(text)[:, -18:].amax(-1), atol=1e-5)


def test_a_phone_has_fewer_positions_and_says_which() -> None:
    page = report(opened(), "chart_clicks", '{"narrow": true}')
    np.testing.assert_allclose(shown(page), expected(MARY)[:, 10:].amax(-1), atol=1e-5)
    (said,) = captions(page)
    assert said.startswith("Shown are positions 10 to 13 of 14, around the chosen query. " + CAVEAT)
    assert chart(page, CHART)["layout"]["xaxis"]["title"]["text"] == "after the token"
    click(page, 5, 1)
    assert (looked_at(page)["q"], looked_at(page)["layer"]) == (11, 4)


def test_a_tall_window_has_more_of_them() -> None:
    text = " ".join(["The blue tiger ate a lemon and slept."] * 8)
    page = report(opened(text), "chart_clicks", '{"tall": true}')
    np.testing.assert_allclose(shown(page), expected(text)[:, -26:].amax(-1), atol=1e-5)
    assert chart(page, CHART)["layout"]["height"] > chart(opened(text), CHART)["layout"]["height"]


def test_a_query_beyond_the_sentence_becomes_the_last() -> None:
    page = opened("The capital of", q=99)
    assert notices(page) == ["There is no query 99 in this sentence; showing the last one, 2."]
    assert markdown(page, "After ").startswith("After ` ␣of ` ")


@pytest.mark.parametrize("text", ["a", "<b>&amp;</b> <i>", "我喜欢猫🧡", "<|im_end|>", "`*_$\\"])
def test_any_text_is_read(text: str) -> None:
    page = opened(text)
    assert shown(page).shape == (31, min(18, len(tokens_of("smollm2", text))))
    trace = chart(page, CHART)["data"][0]
    written = [cell for row in trace["text"] for cell in row]
    assert not [cell for cell in written if "<" in cell or ">" in cell]


def test_nothing_typed_is_nothing_to_read() -> None:
    page = opened("")
    assert not [e for e in page.get("plotly_chart") if e.key == CHART]


def test_an_encoder_has_no_such_view() -> None:
    page = open_trained(model="MiniLM", view="lens")
    assert looked_at(page)["view"] == "similarity"
    assert notices(page) == ["all-MiniLM-L6-v2 has no view “read early”; showing “similarity”."]
    assert not is_drawn(page, "view_of_group")
    assert "read early" in control(opened(), "view_of_group").options


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models of transformers with random weights."""
    pytest.importorskip("transformers")
    from tests.model.pretrained.tiny_models import saved

    root = tmp_path_factory.mktemp("models")
    return {f"my-{name}": saved(root, name) for name in ("llama", "t5")}


@pytest.fixture
def offered(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders.values())))
    monkeypatch.delenv("HEADLIGHT_DOWNLOAD", raising=False)
    for name in folders:
        (models._models or {}).pop(name, None)


@pytest.mark.usefixtures("offered")
def test_a_model_of_transformers_is_read_early_too() -> None:
    page = open_trained(model="my-llama", text="w5 w6 w7", view="lens")
    assert notices(page) == []
    run = models.model_of("my-llama").run(torch.tensor([[5, 6, 7]]), [3])
    assert run.next_logits is not None
    drawn = shown(page)
    assert drawn.shape == (3, 3)
    assert drawn[2, 2] == pytest.approx(float(run.next_logits[0].softmax(-1).max()), abs=1e-5)


@pytest.mark.usefixtures("offered")
def test_of_an_encoder_decoder_its_target_is_read() -> None:
    page = open_trained(model="my-t5", text="w5 w6 w7", text2="w20 w21", view="lens", q=0)
    assert shown(page).shape == (3, 3)  # the start, and two words
    assert markdown(page, "After ").startswith("After ` w21 ` ")  # q is of what is read
    click(page, 2, 1)
    assert looked_at(page)["q"] == 1
    assert page.query_params["kind"] == "decoder_self"
    assert markdown(page, "After ").startswith("After ` w20 ` ")
    change(page, kind="cross")
    assert markdown(page, "After ").startswith("After ` w20 ` ")


@pytest.mark.usefixtures("offered")
def test_a_model_that_cant_be_read_so_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = models.model_of("my-llama")

    def shift(_norm: Any, inputs: Any) -> Any:
        return (inputs[0].roll(1, dims=-1),)

    handle = model._model.model.norm.register_forward_pre_hook(shift)
    page = open_trained(model="my-llama", text="w5 w6 w7 w8", view="lens")
    handle.remove()
    assert messages(page) == [
        "my-llama can't be read early: what lies between its last layer and its last vector isn't "
        "a norm alone."
    ]
