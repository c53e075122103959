"""The colours of weights: where on the bar a weight is, in which colour, with which numbers."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.viz.helpers import tiles_of
from viz.equation import Matrix, draw_equation
from viz.labels import token_labels
from viz.learning import draw_learning
from viz.learning_info import Curves, Learning
from viz.overview import Overview, draw_overview
from viz.theme import DARK, LIGHT, Theme, color_scale
from viz.tiles import draw_tiles
from viz.weight_scale import LINEAR, WeightScale, color_stops, place

GREYS = ("#000000", "#646464", "#c8c8c8")  # 0, 100 and 200 of 255: a place p is the grey 200 p
LOG, SQRT = WeightScale("log", name="log scale"), WeightScale("sqrt", name="square-root scale")


def painted(stops: Any, share: float) -> list[float]:
    """The red, green and blue that Plotly gives to a share of the range: even between stops."""
    shares = [stop[0] for stop in stops]
    colors = [[int(stop[1][i : i + 2], 16) for i in (1, 3, 5)] for stop in stops]
    return [float(np.interp(share, shares, channel)) for channel in np.transpose(colors)]


@pytest.mark.parametrize(
    ("weight", "limit", "curve", "expected"),
    [
        (1.0, 1.0, "log", 1.0),
        (0.01, 1.0, "log", 0.5),  # two of four decades
        (0.1, 1.0, "log", 0.75),
        (0.001, 1.0, "log", 0.25),
        (0.0001, 1.0, "log", 0.0),
        (0.00001, 1.0, "log", 0.0),
        (0.0, 1.0, "log", 0.0),
        (0.0005, 0.05, "log", 0.5),  # two decades below an end of 0.05
        (0.3, 0.05, "log", 1.0),  # beyond the end
        (0.25, 1.0, "sqrt", 0.5),
        (0.01, 1.0, "sqrt", 0.1),
        (0.125, 0.5, "sqrt", 0.5),
        (0.0, 0.5, "sqrt", 0.0),
        (0.25, 1.0, "linear", 0.25),
        (0.25, 0.5, "linear", 0.5),
        (0.9, 0.5, "linear", 1.0),
    ],
)
def test_where_a_weight_is_along_the_colours(
    weight: float, limit: float, curve: Any, expected: float
) -> None:
    assert place(weight, limit, curve) == pytest.approx(expected, abs=1e-12)
    stops = color_stops(GREYS, curve)
    grey = 200 * expected
    # Rounded to whole numbers, and straight where a curve bends a little from stop to stop.
    assert painted(stops, weight / limit) == pytest.approx([grey] * 3, abs=0.8)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize(
    ("curve", "shares"),
    [
        ("log", [1e-4, 10**-3.2, 10**-2.4, 10**-1.6, 10**-0.8, 1]),
        ("sqrt", [0, 0.04, 0.16, 0.36, 0.64, 1]),
    ],
)
def test_a_themes_own_colours_are_among_the_stops(
    curve: Any, shares: list[float], theme: Theme
) -> None:
    stops = color_stops(theme.sequential, curve)
    for share, color in zip(shares, theme.sequential, strict=True):
        assert color in [stop[1] for stop in stops if stop[0] == pytest.approx(share)]


@pytest.mark.parametrize("curve", ["log", "sqrt"])
def test_stops_are_what_plotly_takes(curve: Any) -> None:
    stops = color_stops(LIGHT.sequential, curve)
    assert [stops[0][0], stops[-1][0]] == [0, 1]
    assert [stop[0] for stop in stops] == sorted(stop[0] for stop in stops)
    go.Heatmap(colorscale=stops)  # raises for anything else


@pytest.mark.parametrize(
    ("scale", "limit", "expected"),
    [
        (LOG, 1.0, {0: "≤ 0.0001", 0.25: "0.001", 0.5: "0.01", 0.75: "0.1", 1: "1"}),
        # 0.0001 and 0.1 would touch the ends' numbers: they are 3 % and 96 % along.
        (LOG, 0.75, {0: "≤ 7.5e-05", 0.281235: "0.001", 0.531235: "0.01", 0.781235: "0.1",
                     1: "0.75"}),
        (LOG, 0.12, {0: "≤ 1.2e-05", 0.230205: "0.0001", 0.480205: "0.001", 0.730205: "0.01",
                     1: "0.12"}),
        (WeightScale("log", 0.1), 0.1,
         {0: "≤ 1e-05", 0.25: "0.0001", 0.5: "0.001", 0.75: "0.01", 1: "≥ 0.1"}),
        (SQRT, 1.0, {0: "0", 0.141421: "0.02", 0.316228: "0.1", 0.447214: "0.2",
                     0.707107: "0.5", 1: "1"}),
        (WeightScale("linear", 0.05), 0.05,
         {0: "0", 0.2: "0.01", 0.4: "0.02", 0.6: "0.03", 0.8: "0.04", 1: "≥ 0.05"}),
        (WeightScale("linear", 1.0), 1.0,  # no weight is larger
         {0: "0", 0.2: "0.2", 0.4: "0.4", 0.6: "0.6", 0.8: "0.8", 1: "1"}),
    ],
)  # fmt: skip
def test_the_numbers_beside_the_bar(
    scale: WeightScale, limit: float, expected: dict[float, str]
) -> None:
    found = scale.ticks(limit)
    assert [text for _at, text in found] == list(expected.values())
    assert [at for at, _text in found] == pytest.approx(list(expected), abs=1e-6)


WEIGHTS = np.array([[[0.9, 0.02], [0.08, 0.5]]], dtype=np.float32)


def test_an_even_scale_without_an_end_is_drawn_as_signed_ones_are() -> None:
    spec = draw_tiles(tiles_of(WEIGHTS), LIGHT).to_dict()
    assert len(spec["data"]) == 1
    assert "coloraxis2" not in spec["layout"]
    assert spec["layout"]["margin"]["r"] == 76
    assert spec["layout"]["coloraxis"] == {
        "cmin": 0.0,
        "cmax": float(np.float32(0.9)),
        "colorscale": color_scale(LIGHT.sequential),
        "colorbar": {
            "thickness": 14, "len": 0.9, "outlinewidth": 0, "nticks": 6, "x": 1.01, "xpad": 4,
            "title": {"text": "weight", "side": "right", "font": {"size": 14}},
        },
        "showscale": True,
    }  # fmt: skip


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("scale", [LOG, SQRT])
def test_a_curved_scale_changes_colours_and_no_value(scale: WeightScale, theme: Theme) -> None:
    figure = draw_tiles(tiles_of(WEIGHTS, scale=scale), theme)
    heatmap, bar = figure.data
    np.testing.assert_array_equal(heatmap.z, WEIGHTS[0])
    cells, beside = figure.layout.coloraxis, figure.layout.coloraxis2
    assert (cells.cmin, cells.cmax) == (0, np.float32(0.9))
    assert [list(stop) for stop in cells.colorscale] == color_stops(theme.sequential, scale.curve)
    assert cells.showscale is False
    # The bar is even in its colours, and says which weight is where.
    assert bar.marker.coloraxis == "coloraxis2"
    assert (bar.x, bar.y) == ((None,), (None,))
    assert (beside.cmin, beside.cmax) == (0, 1)
    assert [list(stop) for stop in beside.colorscale] == color_scale(theme.sequential)
    assert beside.colorbar.title.text == f"weight, {scale.name}"
    assert beside.colorbar.ticktext[-1] == "0.9"
    assert figure.layout.margin.r > 76 or scale is SQRT  # "≤ 9e-05" is wider than "0.5"


def test_an_end_comes_before_the_largest_and_before_a_shared_limit() -> None:
    for limit in (None, 0.9):
        info = tiles_of(WEIGHTS, scale=WeightScale("linear", 0.05), limit=limit)
        figure = draw_tiles(info, LIGHT)
        assert len(figure.data) == 1
        axis = figure.layout.coloraxis
        assert (axis.cmin, axis.cmax) == (0, 0.05)
        assert axis.colorbar.tickvals == pytest.approx((0, 0.01, 0.02, 0.03, 0.04, 0.05))
        assert axis.colorbar.ticktext[-1] == "≥ 0.05"


def test_without_a_bar_there_is_no_trace_for_it() -> None:
    figure = draw_tiles(tiles_of(WEIGHTS, scale=LOG, color_bar=False), LIGHT)
    assert len(figure.data) == 1
    assert figure.layout.margin.r == 8
    assert len(figure.layout.coloraxis.colorscale) > 6


def test_thumbnails_have_the_scale() -> None:
    def overview(scale: WeightScale) -> Overview:
        tokens = token_labels(["a", "b"])
        return Overview(
            WEIGHTS[None], ["Layer 0"], ["Head 0"], tokens, tokens, "weight", False, scale=scale
        )

    figure = draw_overview(overview(WeightScale("log", 0.5)), LIGHT)
    assert figure.layout.coloraxis.cmax == 0.5
    assert figure.layout.coloraxis2.colorbar.ticktext[-1] == "≥ 0.5"
    assert len(figure.data) == 2
    even = draw_overview(overview(LINEAR), LIGHT).to_dict()
    assert len(even["data"]) == 1
    assert "coloraxis2" not in even["layout"]


def test_in_the_equation_the_weights_say_their_scale_in_words() -> None:
    tokens = token_labels(["a", "b"])

    def term(name: str, scale: WeightScale, *, diverging: bool) -> Matrix:
        return Matrix(
            WEIGHTS[0],
            name,
            tokens,
            tokens,
            "query",
            "key",
            ("L = 2", "L = 3"),
            "",
            diverging,
            scale=scale,
        )

    figure = draw_equation(
        [
            term("scores", LINEAR, diverging=True),
            term("weights", WeightScale("log", 0.5, "log scale"), diverging=False),
            term("weights", LINEAR, diverging=False),
        ],
        LIGHT,
    )
    texts = [note.text for note in figure.layout.annotations]
    assert texts == [
        "<b>scores</b>",
        "L = 2 × L = 3<br>-0.9 … 0.9",
        "<b>weights</b> (log scale)",
        "L = 2 × L = 3<br>≤ 5e-05 … ≥ 0.5",
        "<b>weights</b>",
        "L = 2 × L = 3<br>0 … 0.9",
    ]
    assert [trace.zmax for trace in figure.data] == pytest.approx([0.9, 0.5, 0.9])
    assert [list(s) for s in figure.data[1].colorscale] == color_stops(LIGHT.sequential, "log")
    assert [list(s) for s in figure.data[2].colorscale] == color_scale(LIGHT.sequential)


def test_while_a_training_is_played_its_frames_change_the_heads_and_not_the_bar() -> None:
    steps = np.array([0, 10])
    run = Curves(steps, np.array([0, 1]), np.array([1, 0]), np.ones((2, 1)), ["Head 0"], "run")
    tiles = tiles_of(WEIGHTS, scale=LOG)
    learning = Learning(
        tiles, [run], 0, 10, captions=["a", "b"], frames=np.stack([WEIGHTS, WEIGHTS])
    )
    spec = draw_learning(learning, LIGHT).to_dict()
    kinds = [trace["type"] for trace in spec["data"]]
    assert kinds[0] == "heatmap"
    assert spec["data"][-1]["marker"]["coloraxis"] == "coloraxis2"
    for frame in spec["frames"]:
        changed = [spec["data"][i] for i in frame["traces"]]
        assert [trace["type"] for trace in changed] == ["heatmap", *["scatter"] * 3]
        assert all(trace["mode"] == "lines" and len(trace["x"]["shape"]) for trace in changed[1:])
    assert spec["layout"]["coloraxis"]["cmax"] == 1  # what all frames share
    assert spec["layout"]["coloraxis2"]["colorbar"]["ticktext"][0] == "≤ 0.0001"
