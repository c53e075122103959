"""The badge and the label: what the numbers are, and how far they are from PyTorch's."""

import math
import re

import pytest

from model.parity import Parity
from tests.defaults import pair_of, run_of
from tests.ui.helpers import header, link, open_app, open_pair
from ui.frame.header import _badge
from ui.runs.run import Run
from ui.views.divisor import divisor_text


def with_parity(
    head_outputs: float, weights: float, output: float | None, **changes: object
) -> Run:
    run = run_of("a b c", **changes)
    run.__dict__["parity"] = Parity(head_outputs, weights, output)  # where the property keeps it
    return run


# All three have the same energies; a mask hides the largest, ALiBi adds to them.
SCORED: tuple[dict[str, object], ...] = ({}, {"mask": "causal"}, {"positions": "alibi"})
LARGEST = run_of("a b c").attention().trace.energy.abs().max().item() / math.sqrt(8)


def test_a_mask_and_alibi_change_the_largest_score_and_not_what_the_badge_is_measured_by() -> None:
    largest = []
    for changes in SCORED:
        trace = run_of("a b c", **changes).attention().trace
        assert trace.energy.abs().max().item() / math.sqrt(8) == LARGEST
        largest.append(trace.scores[trace.scores.isfinite()].abs().max().item())
    assert largest[1] < 0.99 * LARGEST
    assert largest[2] > 1.01 * LARGEST


@pytest.mark.parametrize("changes", SCORED)
@pytest.mark.parametrize("difference", [0.0, 6e-7, 0.99e-5 * LARGEST])
def test_the_badge_is_green_where_rounding_explains_the_difference(
    difference: float, changes: dict[str, object]
) -> None:
    assert LARGEST > 1
    assert _badge(with_parity(0.0, difference, None, **changes)) == (
        f":green-badge[:material/verified: largest difference from PyTorch: {difference:.1e}]"
    )


@pytest.mark.parametrize("changes", SCORED)
@pytest.mark.parametrize("difference", [1.01e-5 * LARGEST, 0.5, math.inf, math.nan])
def test_the_badge_is_red_beyond_it_and_where_there_is_no_number(
    difference: float, changes: dict[str, object]
) -> None:
    for parity in ((difference, 0.0, 0.0), (difference, difference, None)):
        run = with_parity(*parity, **changes)
        assert _badge(run).startswith(":red-badge[:material/error: largest difference")


def test_the_badge_is_green_for_every_formulation_also_with_huge_scores() -> None:
    for query in ("scale=none&temperature=0.1&embed_size=512&heads=1", "projection=shared",
                  "embed_size=8&heads=8", "scale=none&mask=causal&temperature=0.1"):  # fmt: skip
        assert ":green-badge[" in header(open_app(query)), query


def test_masked_scores_and_rows_of_nothing_have_a_badge() -> None:
    for query in ("mask=causal", "text=&text2=a&mask=padding"):
        assert ":green-badge[" in header(open_app(query)), query


def test_where_nothing_was_computed_nothing_is_claimed() -> None:
    page = open_app("text=")
    assert "badge" not in header(page)
    assert not page.markdown[0].proto.help


def test_the_tooltip_says_what_was_compared_and_how_far_it_is() -> None:
    page = open_app(link(text="a b c"))
    parity = run_of("a b c").parity
    told = page.markdown[0].proto.help
    differences = [float(n) for n in re.findall(r"\d\.\d\de[+-]\d\d", told)]
    wanted = [parity.head_outputs, parity.weights, parity.output]
    assert differences == [float(f"{n:.2e}") for n in wanted]
    assert "With nn.MultiheadAttention, given the same input and weights" in told


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": "none"},
        {"projection": "shared"},
        {"temperature": 2},
        {"positions": "rotary"},
        {"positions": "alibi"},
    ],
)
def test_the_tooltip_says_when_multihead_attention_cannot_be_compared(
    changes: dict[str, object],
) -> None:
    told = open_app(link(**changes)).markdown[0].proto.help
    assert told.endswith(
        " nn.MultiheadAttention knows only the paper's formulation at temperature 1, without "
        "rotary positions or ALiBi, so it isn't compared here."
    )
    assert len(re.findall(r"\d\.\d\de[+-]\d\d", told)) == 2


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned"])
def test_positions_that_are_added_to_the_tokens_are_compared(positions: str) -> None:
    told = open_app(link(text="a b", positions=positions)).markdown[0].proto.help
    output = run_of("a b", positions=positions).parity.output
    assert told.endswith(f"and its output, wherever it knows the formulation: {output:.2e}.")


def test_cross_attention_is_compared_also_where_the_others_cannot_be() -> None:
    page = open_pair(link(text="a b", text2="c", positions="alibi"))
    output = pair_of("a b", "c", positions="alibi").parity.output
    told = page.markdown[0].proto.help
    assert told.endswith(f"and its output, wherever it knows the formulation: {output:.2e}.")


@pytest.mark.parametrize(
    ("changes", "plain", "latex"),
    [
        ({}, "√8", "\\sqrt{8}"),
        ({"scale": "embed_size"}, "√64", "\\sqrt{64}"),
        ({"scale": "none"}, "1", "1"),
        ({"temperature": 0.5}, "(√8 × 0.5)", "(\\sqrt{8} \\cdot 0.5)"),
        ({"scale": "none", "temperature": 3.0}, "(1 × 3)", "(1 \\cdot 3)"),
    ],
)
def test_the_divisor_is_written_as_it_is(
    changes: dict[str, object], plain: str, latex: str
) -> None:
    run = run_of("a", **changes)
    assert divisor_text(run.attention().facts) == plain
    assert divisor_text(run.attention().facts, latex=True) == latex
    root, _, times = plain.strip("()").partition(" × ")
    value = math.sqrt(float(root[1:])) if root.startswith("√") else float(root)
    assert run.attention().facts.divisor == pytest.approx(value * float(times or 1))


def test_the_label_never_claims_that_random_weights_are_trained() -> None:
    for query in ("", "projection=shared&scale=embed_size", "scale=none&seed=3", "text="):
        assert "**random weights, untrained**" in header(open_app(query))
