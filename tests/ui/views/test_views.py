"""Each view of each stage: it draws, and its words for those who hear it hold the right numbers."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import SENTENCE, run_of
from tests.ui.helpers import (
    alt,
    carried,
    change,
    chart,
    control,
    masked,
    numbers,
    open_app,
    stage_numbers,
    statistics,
    value,
)
from ui.choices.options import CARRIED, FIELDS, STAGES, VIEWS
from ui.runs.run import ModuleRun, Run

HELLO = "hello"
WORDS = {"qkv": "value", "energy": "energy q·k", "scores": "score", "weights": "weight",
         "weighted_values": "weight × length of V",
         "projected_values": "weight × length of V·W_O",
         "head_outputs": "head output", "output": "output"}  # fmt: skip
CHARTS = {"heads": ["heads_chart"], "head": ["head_chart"], "cell": ["products_chart"],
          "layers": ["layers_chart"], "tests": ["leak_layers_chart", "leak_words_chart"],
          "numbers": []}  # fmt: skip


def expected(run: Run, stage: str) -> np.ndarray:
    """What a stage's chart should hold for the first sentence."""

    def field(name: str) -> np.ndarray:
        values: np.ndarray = run.attention().field(name)
        return values

    if stage == "qkv":
        q, k, v = (field(name) for name in ("queries", "keys", "values"))
        gap = np.full((*q.shape[:2], max(1, q.shape[2] // 8)), np.nan, dtype=np.float32)
        return np.concatenate([q, gap, k, gap, v], axis=2)
    if stage == "output":
        return field("output")[None]
    if stage in CARRIED:
        assert isinstance(run, ModuleRun)
        matrix = run.facts("encoder_self", 0).fc_out.weight.numpy()
        found = carried(stage, field("weights"), field("values"), matrix)
        return masked(found, run.attention().allowed)
    if stage in ("scores", "weights"):
        return masked(field(stage), run.attention().allowed)
    return field(stage)


@pytest.mark.parametrize("mask", ["none", "causal"])
@pytest.mark.parametrize("text", [HELLO, SENTENCE], ids=["1 token", "12 tokens"])
def test_every_view_of_every_stage_draws_with_the_right_numbers(text: str, mask: str) -> None:
    page = open_app(f"text={text}&mask={mask}")
    run = run_of(text, mask=mask)
    for view in VIEWS:
        # Only these two show a stage.
        for stage in STAGES if view in ("heads", "numbers") else ("weights",):
            change(page, view=view)  # which fails if anything was raised
            if view in ("heads", "numbers"):
                change(page, stage=stage)
            charts = [element.key for element in page.get("plotly_chart")]
            assert charts == CHARTS[view]
            if view == "heads":
                _check_all_heads(page, run, stage)
            elif view == "numbers":
                fields = [run.attention().field(name) for name in FIELDS[stage]]
                assert len(stage_numbers(page)) == sum(field.size for field in fields)
                assert len(statistics(page)) == 8


def _check_all_heads(page: AppTest, run: Run, stage: str) -> None:
    values = expected(run, stage)
    exact = {"rtol": 1e-5} if stage in CARRIED else {"rtol": 0.0}
    np.testing.assert_allclose(np.array(numbers(page)), values, **exact)
    said = re.fullmatch(
        r"(.+) in (\d+) pictures? of (\d+) × (\d+) cells, from (\S+) to (\S+)\. "
        r"Furthest from zero: (\S+), in (.+), (\w+) (.+ \(position (\d+)\)), (\w+) (.+)\.",
        alt(page),
    )
    assert said is not None, alt(page)
    assert said[1] == WORDS[stage]
    assert tuple(map(int, said.group(2, 3, 4))) == values.shape
    assert float(said[5]) == pytest.approx(np.nanmin(values), rel=6e-3)
    assert float(said[6]) == pytest.approx(np.nanmax(values), rel=6e-3)
    tile = 0 if stage == "output" else int(said[8].removeprefix("Head "))
    column = re.search(r"(?:([QKV]), )?(?:dimension|position) (\d+)", said[13])
    assert column is not None
    if column[1]:
        field = {"Q": "queries", "K": "keys", "V": "values"}[column[1]]
        there = getattr(run.attention().trace, field)[0, tile, int(said[11]), int(column[2])].item()
    else:
        there = values[tile, int(said[11]), int(column[2])]
    assert abs(there) == pytest.approx(np.nanmax(np.abs(values)), rel=1e-5)
    assert float(said[7]) == pytest.approx(there, rel=6e-3)


@pytest.mark.parametrize(
    ("stage", "diverging", "rows", "columns"),
    [
        ("qkv", True, "token", "dimension"),
        ("energy", True, "query (from)", "key (to)"),
        ("scores", True, "query (from)", "key (to)"),
        ("weights", False, "query (from)", "key (to)"),
        ("weighted_values", False, "query (from)", "key (to)"),
        ("projected_values", False, "query (from)", "key (to)"),
        ("head_outputs", True, "token", "dimension"),
        ("output", True, "token", "dimension"),
    ],
)
def test_a_stage_has_its_axes_and_its_colours(
    stage: str, diverging: bool, rows: str, columns: str
) -> None:
    page = open_app(f"stage={stage}")
    layout = chart(page)["layout"]
    largest = np.nanmax(np.abs(expected(run_of(), stage)))
    assert layout["coloraxis"]["cmax"] == pytest.approx(largest, rel=1e-5)
    assert layout["coloraxis"]["cmin"] == (-layout["coloraxis"]["cmax"] if diverging else 0)
    assert layout["yaxis"]["title"]["text"] == rows
    assert layout["xaxis"]["title"]["text"] == columns


def test_energies_are_shown_also_where_the_mask_forbids_and_scores_are_not() -> None:
    page = open_app("text=a+b&mask=causal&stage=energy")
    assert np.isfinite(np.array(numbers(page))).all()
    assert not chart(page)["layout"].get("images")
    for stage in ("scores", "weights"):
        change(page, stage=stage)
        assert np.isnan(np.array(numbers(page))[:, 0, 1]).all()
        assert len(chart(page)["layout"]["images"]) == 8  # hatched, one a head


@pytest.mark.parametrize("view", ["head", "cell"])
def test_the_stage_survives_a_visit_to_a_view_without_one(view: str) -> None:
    for query in ("", "stage=energy", f"view={view}&stage=scores"):
        page = open_app(query)
        stage = value(page, "stage")
        change(page, view=view)
        change(page, seed=3)
        change(page, view="heads")
        assert control(page, "stage").value == stage
        run = run_of(seed=3)
        np.testing.assert_array_equal(np.array(numbers(page)), expected(run, stage))
