"""The circuit of a model trained here: its lines, and what is shown of edges that are cut."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.head_edges import HeadEdges, trace_without_edges
from model.masks import causal_mask
from model.training.learner import load_learner
from model.transformer import Encoder
from tests.ui.helpers import alt, chart, notices, numbers, value
from tests.ui.pages.learn.helpers import (
    button,
    captions,
    errors,
    markdowns,
    open_learn,
    open_trained,
    plan_of,
    press,
    snapshots_of,
    untrained,
)
from ui.link.head_edges import write_edges
from ui.pages.learn.circuit_view import CHART, PATTERNS
from ui.pages.learn.stories import STORIES

SIZES: dict[str, object] = {"task": "induction", "heads": 2, "embed_size": 16, "layers": 2}


def lines(page: AppTest) -> list[dict[str, Any]]:
    """The edges that are drawn."""
    return [t for t in chart(page, CHART)["data"] if t["mode"] == "lines" and not t["showlegend"]]


def told(page: AppTest) -> str:
    """What is said of the answers."""
    return next(text for text in markdowns(page) if "held-out examples: **" in text)


def learner_of(page: AppTest) -> Any:
    plan = plan_of(page)
    return load_learner(plan, snapshots_of(plan)[-1].weights)


def share_right(learner: Any, edges: HeadEdges | None = None) -> float:
    """The part of the held-out answers that are right, by the stack's own parts."""
    batch = learner.task.held_out(128)
    length = batch.inputs.shape[1]
    cuts = [] if edges is None else edges.cuts(2, 2)
    trace = trace_without_edges(learner.stack, batch.inputs, causal_mask(length, length), cuts)
    right = learner.unembedding(trace.output).argmax(-1) == batch.targets
    return float(right[batch.targets >= 0].double().mean())


def test_lines_are_drawn_where_composition_is_above_the_floor() -> None:
    page = open_trained(**SIZES, view="circuit", steps=4)
    assert errors(page) == notices(page) == []
    stack = learner_of(page).stack
    # By the definition, with whole matrices; LayerNorm's centring is that of W_K's rows.
    above = 0
    for g in range(2):
        second = stack.layers[1]
        fold = np.diag(second.norm1.weight.numpy()) @ (np.eye(16) - 1 / 16)
        q, k, v = (
            getattr(second.attention, name).weight.numpy()[8 * g : 8 * g + 8] @ fold
            for name in ("queries", "keys", "values")
        )
        out = second.attention.fc_out.weight.numpy()[:, 8 * g : 8 * g + 8]
        for h in range(2):
            first = stack.layers[0]
            before = np.diag(first.norm1.weight.numpy()) @ (np.eye(16) - 1 / 16)
            written = (
                first.attention.fc_out.weight.numpy()[:, 8 * h : 8 * h + 8]
                @ first.attention.values.weight.numpy()[8 * h : 8 * h + 8]
                @ before
            )
            for reader in (k.T @ q, q.T @ k, out @ v):
                norms = np.linalg.norm(reader) * np.linalg.norm(written)
                above += np.linalg.norm(reader @ written) / norms > 1 / 4
    assert len(lines(page)) == above > 0
    assert alt(page, CHART) == f"2 layers of 2 heads, and {above} edges between them; 0 are cut."
    assert any("above 0.250" in said for said in captions(page))  # 1 / √16
    assert len(numbers(page, PATTERNS)) == 1


def test_a_button_cuts_an_edge_and_the_link_holds_it() -> None:
    page = open_trained(**SIZES, view="circuit")
    assert told(page) == (
        f"Right on held-out examples: **{share_right(learner_of(page)):.1%}**. "
        "Cut an edge to see what it carries."
    )
    press(page, "cut_*-*.k")
    assert page.query_params["cut_edges"] == "*-*.k"
    edges = HeadEdges(None, None, "k")
    learner = learner_of(page)
    before, after = share_right(learner), share_right(learner, edges)
    assert told(page).startswith(
        f"Without 4 edges, right on held-out examples: **{before:.1%} → {after:.1%}**."
    )
    assert "Induction score of layer 1, head " in told(page)
    dashes = [line["line"]["dash"] for line in lines(page)]
    assert dashes.count("dot") == 4

    # The pattern before and after, as the stack has it.
    assert isinstance(learner.stack, Encoder)
    ids = learner.task.encode(tuple(learner.task.probe))[None]
    mask = causal_mask(ids.shape[1], ids.shape[1])
    plain, cut = (
        trace_without_edges(learner.stack, ids, mask, cuts).encoder_self[1].weights[0]
        for cuts in ((), edges.cuts(2, 2))
    )
    head = int((cut - plain).abs().sum((1, 2)).argmax())
    shown = np.concatenate([drawn.ravel() for drawn in numbers(page, PATTERNS)])
    assert f"layer 1, head {head}: **" in told(page)
    for weights in (plain[head], cut[head]):
        assert np.isin(weights.numpy()[np.tril(np.ones(mask.shape[-2:], bool))], shown).all()

    press(page, "cut_*-*.k")
    assert "cut_edges" not in page.query_params


def test_a_link_cuts_edges_that_are_then_undone_one_by_one() -> None:
    page = open_learn(**SIZES, view="circuit", cut_edges="0.0-1.1.v,0.1-*.q")
    assert notices(page) == []
    assert told(page).startswith("Without 3 edges")
    press(page, "cut_0.1-*.q")
    assert value(page, "cut_edges") == "0.0-1.1.v"
    assert told(page).startswith("Without this edge")
    press(page, "cut_*-*.v")
    press(page, "undo_edges")
    assert value(page, "cut_edges") == ""


def test_edges_that_a_model_does_not_have_are_told() -> None:
    page = open_learn(**SIZES, view="circuit", cut_edges="0.7-1.6.k")
    assert told(page).endswith("This model has no such edges.")
    button(page, "cut_0.7-1.6.k")  # to undo it


def test_a_link_that_cannot_be_read_is_told() -> None:
    page = open_learn(**SIZES, view="circuit", cut_edges="1.0-0.1.k")
    assert "expected something like 0.1-1.2.k" in notices(page)[0]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"task": "induction", "layers": 1}, "With one layer no head reads"),
        ({"task": "numbers", "layers": 2}, "Circuits are shown of models with one stack"),
    ],
)
def test_models_without_such_edges_are_told(sizes: dict[str, object], message: str) -> None:
    page = open_learn(view="circuit", **sizes)
    assert errors(page) == []
    assert any(message in each.value for each in page.info)


def test_a_story_shows_its_cause_once_the_model_has_learnt() -> None:
    page = open_learn(story="induction_layers")
    assert not any("**Cause**" in text for text in markdowns(page))
    press(page, "cause")
    assert value(page, "view") == "circuit"
    assert value(page, "cut_edges") == STORIES["induction_layers"].cut
    assert write_edges([HeadEdges(None, None, "k")]) == STORIES["induction_layers"].cut


def test_a_storys_cause_is_of_the_model_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    story = replace(STORIES["induction_layers"], solved=-1.0)
    monkeypatch.setitem(STORIES, "induction_layers", story)
    page = open_learn(
        story="induction_layers", **SIZES, kept="induction,2,16,1,rotary,head_dim,0.002,30,0"
    )
    plan = plan_of(page)
    assert plan.embed_size == 16
    (text,) = [text for text in markdowns(page) if "**Cause**" in text]
    learner = load_learner(plan, untrained(plan).weights)
    before, after = (share_right(learner, each) for each in (None, HeadEdges(None, None, "k")))
    assert f"{before:.1%} → {after:.1%} are right" in text
