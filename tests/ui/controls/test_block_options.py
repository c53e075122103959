"""Positions, norm order and activation: the numbers are those of a model that is built here."""

from typing import Any

import numpy as np
import pytest

from model.config import Activation, Architecture, Config, NormOrder
from model.positions import Positions, sinusoidal_positions
from model.seeded import embed, hashed_numbers, random_encoder
from model.transformer import TransformerTrace
from tests.defaults import run_of
from tests.matrix import matrix
from tests.ui.helpers import (
    array,
    change,
    chart,
    control,
    formulas_on,
    header,
    link,
    notices,
    numbers,
    open_app,
    open_pair,
    value,
)
from tests.ui.views.helpers import SPAN

TEXT = "the cat saw the dog"
ROTARY_OFF = (
    "Rotary positions turn pairs of numbers, and a head has {size} here, an odd count: "
    "positions are off."
)


def traced(
    positions: Positions = "none",
    norm_order: NormOrder = "post",
    activation: Activation = "relu",
) -> TransformerTrace:
    """Two layers of a model built here."""
    config = Config(
        embed_size=64,
        heads=8,
        layers=2,
        architecture=Architecture(
            projection="full",
            scale="head_dim",
            positions=positions,
            norm_order=norm_order,
            final_norm=norm_order == "pre",
            activation=activation,
        ),
    )
    return random_encoder(config).trace(embed([TEXT.split()], 64, 0))


@pytest.mark.parametrize("layer", [0, 1])
@matrix(2,
    "options",
    [
        {"positions": "sinusoidal"}, {"positions": "learned"}, {"positions": "rotary"},
        {"positions": "alibi"}, {"norm_order": "pre"}, {"activation": "gelu"},
        {"positions": "rotary", "norm_order": "pre", "activation": "gelu"},
    ],
)  # fmt: skip
def test_the_scores_are_those_of_a_model_built_here(options: dict[str, Any], layer: int) -> None:
    page = open_app(link(text=TEXT, layers=2, layer=layer, stage="scores", **options))
    expected = traced(**options).encoder_self[layer].scores[0].numpy()
    np.testing.assert_allclose(numbers(page), expected, rtol=1e-3, atol=1e-4)
    plain = traced().encoder_self[layer].scores[0].numpy()
    if layer == 1 or options != {"activation": "gelu"}:  # which acts after the first attention
        assert np.abs(expected - plain).max() > 1e-2
    assert ":green-badge[" in header(page)
    change(page, stage="output")
    output = traced(**options).encoder_self[layer].output[0].numpy()
    np.testing.assert_allclose(numbers(page)[0], output, rtol=1e-3, atol=1e-4)


def test_what_positions_add_is_a_sine_a_table_or_nothing() -> None:
    vectors = embed([TEXT.split()], 64, 0)
    for positions, added in (
        ("sinusoidal", sinusoidal_positions(5, 64).numpy()),
        (
            "learned",
            np.stack([hashed_numbers(0, f"weight/embedding.positions/{i}", 64) for i in range(5)]),
        ),
        ("rotary", 0),
        ("alibi", 0),
    ):
        begun = run_of(TEXT, positions=positions).trace.encoder_stream[0]
        np.testing.assert_allclose((begun - vectors)[0], added + np.zeros((5, 64)), atol=1e-5)


def test_rotary_turns_the_first_pair_by_a_radian_a_position() -> None:
    page = open_app(link(text="a a a", view="head", positions="rotary", head=3))
    queries = array(chart(page, "head_chart")["data"][0]["z"]).astype(np.float64)
    turned = np.arctan2(queries[:, 1], queries[:, 0])
    steps = np.diff(turned) % (2 * np.pi)
    np.testing.assert_allclose(steps, 1, rtol=1e-4)
    np.testing.assert_allclose(np.hypot(*queries[:, :2].T), np.hypot(*queries[0, :2]), rtol=1e-4)
    formulas = formulas_on(page)
    assert formulas[0] == "$Q = \\mathrm{rot}(X W_Q^{(3)})$"
    assert formulas[1] == "$K = \\mathrm{rot}(X W_K^{(3)})$"
    assert formulas[5] == "$V = X W_V^{(3)}$"


def test_alibi_lowers_a_score_by_its_slope_times_the_distance() -> None:
    page = open_app(link(text=TEXT, view="cell", positions="alibi", head=2, q=4, k=1))
    (text,) = [m.value for m in page.markdown if m.value.startswith("| step")]
    rows = {
        cells[0]: cells[2]
        for cells in (
            [c.strip() for c in line.strip("|").split("|")]
            for line in SPAN.sub(r"\1", text).split("\n")
        )
        if len(cells) == 3
    }
    # The third of 8 heads has a slope of 2⁻³; the distance is 3.
    assert rows["ALiBi: −slope × distance"] == "−0.375"
    number = float(rows["score: energy ÷ divisor + b"].replace("−", "-"))
    plain = run_of(TEXT).attention().trace.scores[0, 2, 4, 1].item()
    assert number == pytest.approx(plain - 0.375, rel=1e-4)
    shown = run_of(TEXT, positions="alibi").attention().trace.scores[0, 2, 4, 1].item()
    assert number == pytest.approx(shown, rel=1e-5)
    change(page, view="head")
    formulas = formulas_on(page)
    assert formulas[3] == "$S = QK^\\top / \\sqrt{8} + B$"
    change(page, mask="causal")
    formulas = formulas_on(page)
    assert formulas[3] == "$S = QK^\\top / \\sqrt{8} + B + M$"


@pytest.mark.parametrize(
    ("query", "size"),
    [("heads=8&embed_size=24", 3), ("heads=1&embed_size=13", 13), ("heads=16&embed_size=16", 1)],
)
def test_rotary_positions_of_an_odd_head_size_are_off_and_the_page_says_so(
    query: str, size: int
) -> None:
    page = open_app(f"text=a+b+c&positions=rotary&{query}")
    assert notices(page) == [ROTARY_OFF.format(size=size)]
    heads, embed_size = (value(page, key) for key in ("heads", "embed_size"))
    run = run_of("a b c", heads=heads, embed_size=embed_size)
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
    assert "rotary" not in header(page)


def test_rotary_positions_come_back_with_an_even_head_size() -> None:
    page = open_app("text=a+b+c&positions=rotary&embed_size=24")
    assert notices(page) == [ROTARY_OFF.format(size=3)]
    assert control(page, "positions").value == "none"
    assert "positions" not in page.query_params
    change(page, heads=4)
    assert control(page, "positions").value == page.query_params["positions"] == "rotary"
    assert notices(page) == []
    assert "rotary positions" in header(page)
    run = run_of("a b c", heads=4, embed_size=24, positions="rotary")
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))


def test_rotary_positions_of_an_odd_head_size_are_off_for_encoder_and_decoder_too() -> None:
    page = open_pair("text=a&text2=b&positions=rotary&embed_size=24")
    assert notices(page) == [ROTARY_OFF.format(size=3)]


@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_the_tooltip_says_that_multihead_attention_knows_no_such_positions(positions: str) -> None:
    told = open_app(link(text="a b", positions=positions)).markdown[0].proto.help
    assert "nn.MultiheadAttention knows" in told
    assert "so it isn't compared here" in told


def test_an_odd_embedding_has_sines_too() -> None:
    page = open_app(link(text="a b c", embed_size=13, heads=1, positions="sinusoidal"))
    run = run_of("a b c", embed_size=13, heads=1, positions="sinusoidal")
    added = run.trace.encoder_stream[0][0] - embed([["a", "b", "c"]], 13, 0)[0]
    np.testing.assert_allclose(added[:, 12], np.sin(np.arange(3) / 10000 ** (12 / 13)), atol=1e-5)
    np.testing.assert_array_equal(numbers(page), run.attention().field("weights"))
