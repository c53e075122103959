"""One head and Cell of somebody else's model: equations that hold, and words where none does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

pytest.importorskip("transformers")

from tests.model.pretrained.tiny_families import tiny_of
from tests.model.pretrained.tiny_models import saved
from tests.ui.helpers import alt, array, change, chart, header, labels, notices, numbers, uncolored
from tests.ui.pages.pretrained.helpers import open_trained
from ui.runs import model_store as models

TEXT = "w5 w6 w7 w5 w6"
FAMILIES = (
    "qwen3", "opt", "gpt-neox", "gpt2-inverse", "smollm3", "llama", "bart", "deepseek", "t5",
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("families")
    return {family: saved(root, family, tiny_of(family)) for family in FAMILIES}


@pytest.fixture
def opened(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens One head, or another view, of a family's model."""
    monkeypatch.setenv("HEADLIGHT_MODELS", ",".join(map(str, folders.values())))

    def open_family(family: str, **more: Any) -> AppTest:
        name = f"my-{family}"
        # Transformers gives some types a tokeniser of their own kind, which knows no word of this.
        words = models.model_of("my-gpt2-inverse").tokenizer
        monkeypatch.setattr(models.model_of(name), "tokenizer", words)
        return open_trained(**{"model": name, "text": TEXT, "view": "head", "q": "", **more})

    return open_family


def formulas(page: AppTest) -> list[str]:
    """Above the seven matrices."""
    values = [uncolored(str(m.value)) for m in page.markdown]
    first = next(i for i, value in enumerate(values) if value.startswith(("$Q =", "Q as")))
    return values[first : first + 7]


def told(page: AppTest) -> str:
    """The line above the formulas."""
    return next(str(m.value) for m in page.markdown if str(m.value).startswith("**Head "))


def test_what_is_normed_has_no_equation(opened: Any) -> None:
    page = opened("qwen3", head=3, layer=1)
    assert formulas(page) == [
        "Q as the model computes it",
        "K as the model computes it",
        "$QK^\\top$",
        "$S = QK^\\top / \\sqrt{6} + M$",
        "$A = \\mathrm{softmax}(S)$",
        "$V = X W_V^{(1)}$",
        "$A V$",
    ]
    assert told(page) == (
        "**Head 3** of 4, layer 1, D = 6. X: the vectors that the layer reads. Heads share 2 keys "
        "and values. A run, when the model was loaded, showed no equation for Q, K. Choose a query "
        "to follow its row."
    )


def test_queries_that_are_scaled_themselves_are_written_so(opened: Any) -> None:
    page = opened("opt", head=2)
    assert formulas(page)[:2] == ["$Q = X W_Q^{(2)} / \\sqrt{4}$", "$K = X W_K^{(2)}$"]
    assert formulas(page)[3] == "$S = QK^\\top / 1 + M$"
    assert "Each projection also adds a bias." in told(page)


def test_a_layer_that_rotates_says_so_and_its_neighbour_does_not(opened: Any) -> None:
    page = opened("smollm3", head=3)
    assert formulas(page)[:2] == [
        "$Q = \\mathrm{rot}(X W_Q^{(3)})$", "$K = \\mathrm{rot}(X W_K^{(1)})$",
    ]  # fmt: skip
    change(page, layer=1)
    assert formulas(page)[:2] == ["$Q = X W_Q^{(3)}$", "$K = X W_K^{(1)}$"]
    assert "rot turns" not in told(page)


def test_a_head_of_which_a_part_is_rotated_says_how_much(opened: Any) -> None:
    page = opened("gpt-neox")
    assert formulas(page)[0] == "$Q = \\mathrm{rot}(X W_Q^{(0)})$"
    assert "rot turns 2 of a head's 4 numbers. " in told(page)
    assert "rot turns" not in told(opened("llama"))


def test_cross_attention_reads_two_sides(opened: Any) -> None:
    page = opened("bart", kind="cross", text2="w20 w21", head=1)
    assert formulas(page)[:2] == ["$Q = Y W_Q^{(1)}$", "$K = X W_K^{(1)}$"]
    assert "Y: the target's vectors, X: the encoder's output. Each projection also adds" in told(
        page
    )


def test_without_any_equation_no_letters_are_explained(opened: Any) -> None:
    page = opened("deepseek")
    assert formulas(page)[:2] == ["Q as the model computes it", "K as the model computes it"]
    assert formulas(page)[5] == "V as the model computes it"
    assert "X:" not in told(page)
    assert "showed no equation for Q, K, V." in told(page)


def test_values_may_have_another_size_than_queries(opened: Any) -> None:
    page = opened("deepseek", head=1)
    terms = chart(page, "head_chart")["data"]
    shapes = [array(term["z"]).shape for term in terms]
    assert shapes == [(5, 8), (8, 5), (5, 5), (5, 5), (5, 5), (5, 6), (5, 6)]
    notes = [note["text"] for note in chart(page, "head_chart")["layout"]["annotations"]]
    assert any(note.startswith("L = 5 × D = 8<") for note in notes)
    assert sum(note.startswith("L = 5 × D = 6<") for note in notes) == 2
    page = opened("deepseek", view="heads", stage="qkv")
    names = [name for name in labels(chart(page)["layout"]["xaxis"]) if name]
    assert names[0] == "Q, dimension 0"
    assert names[-1] == "V, dimension 5"
    assert [shown.shape for shown in numbers(page)] == [(5, 24)] * 4
    for stage in ("qkv", "head_outputs"):
        assert notices(opened("deepseek", view="numbers", stage=stage)) == []


def test_each_layers_own_divisor_is_shown_where_they_differ(opened: Any) -> None:
    page = opened("gpt2-inverse")
    assert "4 heads, energies ÷ √4 or (1 × 4) " in header(page)
    assert formulas(page)[3] == "$S = QK^\\top / \\sqrt{4} + M$"
    change(page, layer=1)
    assert formulas(page)[3] == "$S = QK^\\top / (1 \\cdot 4) + M$"
    assert "divided by (1 × 4)" in alt(page, "head_chart")
    assert "4 heads, energies ÷ √4 " in header(opened("llama"))


def test_what_a_model_adds_to_its_scores_is_not_called_positions(opened: Any) -> None:
    page = opened("t5", text2="w20", view="cell", head=1, q=2, k=0)
    (table,) = [str(m.value) for m in page.markdown if str(m.value).startswith("| step")]
    assert "| what the model adds | $b$ | " in table
    assert "position" not in table


def test_the_numbers_under_the_equation_make_it(opened: Any) -> None:
    for family in ("qwen3", "opt", "gpt-neox"):
        page = opened(family, head=1, layer=1)
        q, k, energy, scores, weights, v, output = (
            array(term["z"]).astype(np.float64) for term in chart(page, "head_chart")["data"]
        )
        divisor = {"qwen3": 6**0.5, "opt": 1.0, "gpt-neox": 2.0}[family]
        np.testing.assert_allclose(q @ k, energy, rtol=1e-4, atol=1e-5)
        allowed = np.tril(np.ones((5, 5), dtype=bool))
        np.testing.assert_allclose(scores[allowed], energy[allowed] / divisor, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.nan_to_num(weights) @ v, output, rtol=1e-4, atol=1e-5)
