"""The circuit of a pretrained model: what feeds a head, and what follows if it can't."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.composition import composition_into
from model.pretrained.stack import StackModel
from tests.ui.helpers import alt, chart, numbers, value
from tests.ui.pages.pretrained.helpers import (
    MARY,
    button,
    captions,
    loaded,
    messages,
    needs_minilm,
    needs_smollm2,
    open_trained,
    run_model,
    weights_of,
)

pytestmark = needs_smollm2
CHART, PATTERNS = "circuit_chart", "circuit_patterns"
WHERE: dict[str, object] = {"model": "SmolLM2", "text": MARY, "view": "circuit"}


def told(page: AppTest) -> list[str]:
    return [str(each.value) for each in page.markdown]


def hooked_queries() -> tuple[np.ndarray, torch.Tensor]:
    """Layer 20, head 3, whose query reads the stream without layer 19, head 4: by a hook.

    Returns its weights, (L, L), and the next logits, (V,).
    """
    model = loaded("smollm2")
    assert isinstance(model, StackModel)
    ids = torch.tensor([run_model("smollm2", MARY)[0][0].ids])
    plain = run_model("smollm2", MARY)[1].trace
    earlier: Any = model.encoder.layers[19]
    later: Any = model.encoder.layers[20]
    out = earlier.attention.fc_out.weight[:, 4 * 64 : 5 * 64]
    written = plain.encoder_self[19].head_outputs[:, 4] @ out.T
    less = later.norm1(plain.encoder_stream[40] - written)

    def hook(module: Any, args: object, output: torch.Tensor) -> torch.Tensor:
        changed = output.clone()
        changed[..., 3 * 64 : 4 * 64] = (less @ module.weight.T)[..., 3 * 64 : 4 * 64]
        return changed

    handle = later.attention.queries.register_forward_hook(hook)
    try:
        trace = model.run(ids, [ids.shape[1]])
    finally:
        handle.remove()
    assert trace.next_logits is not None
    return trace.trace.encoder_self[20].weights[0, 3].numpy(), trace.next_logits[0]


def test_it_draws_the_strongest_edges_into_the_head() -> None:
    page = open_trained(layer=20, head=3, **WHERE)
    assert messages(page) == []
    encoder = loaded("smollm2").encoder  # type: ignore[attr-defined]
    scores = composition_into(encoder, 20, 3)
    middles = chart(page, CHART)["data"][-2]
    said = [re.fullmatch(r"(\d+)·(\d) → (\w+) of 20·3<br>composition (.*)", text)
            for text in middles["hovertext"]]  # fmt: skip
    found = sorted((float(match[4]) for match in said if match), reverse=True)
    every = torch.cat([values.flatten() for values in scores.values()])
    assert found == pytest.approx(every.topk(20).values.tolist(), abs=6e-4)
    assert "20 strongest edges into layer 20, head 3; 0 of them are cut" in alt(page, CHART)
    (shown,) = numbers(page, PATTERNS)
    expected = weights_of("smollm2", MARY, 20)[3]
    assert np.isin(expected[~np.isnan(expected)], shown).all()
    assert any("0.042" in said for said in captions(page))  # 1 / √576


def test_a_cut_into_a_query_is_what_a_hook_makes_of_it() -> None:
    page = open_trained(layer=20, head=3, cut_edges="19.4-20.3.q", **WHERE)
    weights, logits = hooked_queries()
    after = np.concatenate([each.ravel() for each in numbers(page, PATTERNS)])
    shown = np.sort(after[~np.isnan(after)])
    for weight in weights[np.tril(np.ones(weights.shape, dtype=bool))]:
        near = shown[np.clip(np.searchsorted(shown, weight), 1, len(shown) - 1) + np.array([-1, 0])]
        assert np.abs(near - weight).min() < 1e-5
    before = run_model("smollm2", MARY)[1].next_logits
    assert before is not None
    best = before[0].argmax()
    (said,) = [text for text in told(page) if "Without this edge" in text]
    assert f"{logits.softmax(-1)[best]:.1%}" in said


def test_a_button_cuts_all_edges_into_a_head_and_undoes_it() -> None:
    page = open_trained(layer=2, head=1, **WHERE)
    button(page, "cut_*-2.1.k").click()
    page.run()
    assert value(page, "cut_edges") == "*-2.1.k"
    assert any("Without 18 edges" in text for text in told(page))
    button(page, "cut_*-2.1.k").click()
    page.run()
    assert value(page, "cut_edges") == ""


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layer": 3, "cut_edges": "40.1-41.2.k"}, "This model has no such edges."),
        ({"layer": 3, "cut_edges": "*-*.k"}, "Nothing is cut: at most 2,000 edges can be"),
        ({"layer": 3, "cut_edges": "*-3.0.k", "text": "word " * 80}, "at most 64 tokens"),
    ],
)
def test_what_cannot_be_cut_is_told(asked: dict[str, object], message: str) -> None:
    page = open_trained(**{**WHERE, "head": 0, **asked})
    assert any(message in text for text in told(page))


def test_before_the_first_layer_there_is_nothing() -> None:
    page = open_trained(layer=0, head=0, **WHERE)
    assert any("No head comes before" in text for text in messages(page))


@needs_minilm
def test_an_encoder_has_no_such_view() -> None:
    page = open_trained(model="MiniLM", view="circuit")
    assert value(page, "view") != "circuit"
