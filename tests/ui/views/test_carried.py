"""What weights carry, on the screen: what a row adds up to, and where that can't be told."""

import re
from dataclasses import replace

import numpy as np
import pytest

from model.attention import AttentionTrace
from tests.defaults import run_of
from tests.ui.helpers import captions, change, link, numbers, open_app
from ui.choices.options import CARRIED
from ui.runs.carried import carried_length, field_of
from ui.runs.run import ModuleRun
from ui.runs.trace_file import FileFacts

TEXT = "the cat saw the dog"
HEADS, SIZE = 4, 8  # and dimensions of a head


def sums(stage: str, head: int, query: int) -> tuple[float, float]:
    """What a row's lengths add up to, and how long the sum of its vectors is."""
    run = run_of(TEXT, heads=HEADS, embed_size=HEADS * SIZE, seed=3)
    assert isinstance(run, ModuleRun)
    trace = run.trace.encoder_self[0]
    weights = trace.weights[0, head, query].double().numpy()
    vectors = trace.values[0, head].double().numpy()
    if stage == "projected_values":
        matrix = run.facts("encoder_self", 0).fc_out.weight.double().numpy()
        vectors = vectors @ matrix[:, head * SIZE : (head + 1) * SIZE].T
    each = weights[:, None] * vectors
    return float(np.linalg.norm(each, axis=1).sum()), float(np.linalg.norm(each.sum(axis=0)))


@pytest.mark.parametrize("stage", CARRIED)
def test_a_chosen_row_says_what_it_adds_up_to_and_how_much_cancels(stage: str) -> None:
    made = {"text": TEXT, "heads": HEADS, "embed_size": HEADS * SIZE, "seed": 3}
    page = open_app(link(**made, stage=stage, head=2, q=4))
    total, length = sums(stage, 2, 4)
    assert length < total
    (said,) = (line for line in captions(page) if "adds up to" in line)
    assert said.startswith("Head 2, query")
    found = re.search(r"adds up to (\S+); the vectors themselves, added, are (\S+) long", said)
    assert found is not None
    assert float(found[1]) == pytest.approx(total, rel=6e-3)
    assert float(found[2]) == pytest.approx(length, rel=6e-3)
    assert np.array(numbers(page))[2, 4].sum() == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("stage", CARRIED)
def test_without_a_chosen_row_it_is_said_that_lengths_tell_no_directions(stage: str) -> None:
    page = open_app(link(text=TEXT, stage=stage, head=2))
    assert any(line.startswith("Lengths tell no directions") for line in captions(page))
    change(page, stage="weights")
    assert not any("Lengths tell" in line for line in captions(page))


def test_without_a_known_projection_it_is_said_that_nothing_can_be_told() -> None:
    trace: AttentionTrace = run_of(TEXT).trace.encoder_self[0]
    facts = FileFacts(64, 8, 8, 8, "head_dim", 1.0)
    with pytest.raises(ValueError, match="isn't one matrix that is known"):
        field_of(trace, facts, 0, "projected_values")
    with pytest.raises(ValueError, match="isn't one matrix that is known"):
        carried_length(trace, facts, 0, "projected_values")
    doubled = replace(trace, values=2 * trace.values)
    one, two = (field_of(t, facts, 0, "weighted_values") for t in (trace, doubled))
    np.testing.assert_allclose(two, 2 * one, rtol=1e-6)
