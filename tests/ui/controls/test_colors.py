"""The colours of weights: in the link, on every page that shows weights, and on nothing else."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.defaults import run_of
from tests.ui.helpers import (
    PARAMETERS,
    array,
    change,
    chart,
    control,
    is_drawn,
    link,
    notices,
    open_app,
    open_pair,
    open_popovers,
    strip,
    value,
)
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2, open_trained, weights_of
from viz.theme import LIGHT, color_scale

EVEN = color_scale(LIGHT.sequential)
TEXT = "the cat saw the dog"


def cells(spec: dict[str, Any]) -> dict[str, Any]:
    """The colours of the cells."""
    axis: dict[str, Any] = spec["layout"]["coloraxis"]
    return axis


def bar(spec: dict[str, Any]) -> dict[str, Any]:
    """The colour bar, which on a curved scale has an axis of its own."""
    axis = spec["layout"].get("coloraxis2", cells(spec))
    found: dict[str, Any] = axis["colorbar"]
    return found


def is_log(spec: dict[str, Any]) -> bool:
    """Whether a hundredth of the end has the colour in the middle, and the bar says log."""
    stops = [share for share, _color in cells(spec)["colorscale"]]
    return bool(np.isclose(stops, 0.01).any()) and "log scale" in bar(spec)["title"]["text"]


def test_by_default_the_colours_are_even_up_to_the_largest_weight() -> None:
    page = open_app(link(text=TEXT))
    spec = chart(page)
    largest = run_of(TEXT).attention().field("weights").max()
    assert cells(spec)["colorscale"] == EVEN
    assert cells(spec)["cmax"] == pytest.approx(float(largest))
    assert bar(spec) == {
        "thickness": 14, "len": 0.9, "outlinewidth": 0, "nticks": 6, "x": 1.01, "xpad": 4,
        "title": {"text": "weight", "side": "right", "font": {"size": 14}},
    }  # fmt: skip
    assert [trace["type"] for trace in spec["data"]] == ["heatmap"] * 8
    assert (strip(page)["curve"], strip(page)["end"]) == ("linear", None)
    assert page.query_params == {"text": TEXT}


def test_a_link_chooses_the_scale_and_its_end() -> None:
    page = open_app(link(text=TEXT, color_scale="log", color_end=0.05))
    spec = chart(page)
    assert is_log(spec)
    assert cells(spec)["cmax"] == 0.05
    assert bar(spec)["ticktext"][0] == "≤ 5e-06"
    assert bar(spec)["ticktext"][-1] == "≥ 0.05"
    weights = run_of(TEXT).attention().field("weights")
    for trace, expected in zip(spec["data"], weights, strict=False):
        np.testing.assert_array_equal(array(trace["z"]), expected)  # the true ones
    assert (strip(page)["curve"], strip(page)["end"], strip(page)["decades"]) == ("log", 0.05, 4)
    assert page.query_params == {"text": TEXT, "color_scale": "log", "color_end": "0.05"}
    assert notices(page) == []


def test_the_control_changes_the_colours_at_once_and_back() -> None:
    page = open_popovers(open_app(link(text=TEXT, color_scale="sqrt")))
    assert control(page, "color_scale").value == "sqrt"
    change(page, color_end=0.2)
    assert cells(chart(page))["cmax"] == 0.2
    assert len(cells(chart(page))["colorscale"]) == 41
    change(page, color_end=None, color_scale="linear")
    assert chart(page) == chart(open_app(link(text=TEXT)))


def test_the_control_is_empty_until_it_is_opened() -> None:
    page = open_app(link(text=TEXT))
    assert not is_drawn(page, "color_scale")
    assert not is_drawn(page, "color_end")
    open_popovers(page)
    assert control(page, "color_scale").value == "linear"
    assert control(page, "color_end").value is None


OPTIONS = "linear, log, sqrt"
INVALID = [
    ("color_end", "0", 0.001, "using the nearest, 0.001."),
    ("color_end", "-3", 0.001, "using the nearest, 0.001."),
    ("color_end", "7", 1.0, "using the nearest, 1.0."),
    ("color_end", "1e999", 1.0, "using the nearest, 1.0."),
    ("color_end", "abc", None, "which isn't a number. Using none."),
    ("color_end", "nan", None, "which isn't a number. Using none."),
    ("color_scale", "cubic", "linear", f"there are: {OPTIONS}. Using linear."),
    ("color_scale", "", "linear", f"there are: {OPTIONS}. Using linear."),
]


@pytest.mark.parametrize(("key", "text", "used", "said"), INVALID)
def test_what_is_no_scale_and_no_end_is_repaired_with_a_notice(
    key: str, text: str, used: object, said: str
) -> None:
    page = open_app(link(text=TEXT, **{key: text}))
    assert value(page, key) == used
    (line,) = notices(page)
    assert line.startswith(f"The link asks for {key} ` {text} `")
    assert line.endswith(said)
    written = {} if used in (None, "linear") else {key: f"{used:g}"}
    assert page.query_params == {"text": TEXT, **written}


@pytest.mark.parametrize(
    ("key", "text", "meant"),
    [("color_end", "", None), ("color_end", "1", 1.0), ("color_end", "0.0125", 0.0125),
     ("color_end", "1e-3", 0.001), ("color_scale", "LOG", "log"), ("color_scale", "Sqrt", "sqrt")],
)  # fmt: skip
def test_what_is_one_is_taken_without_a_word(key: str, text: str, meant: object) -> None:
    page = open_app(link(text=TEXT, **{key: text}))
    assert value(page, key) == meant
    assert notices(page) == []


def test_every_page_whose_pictures_have_weights_takes_the_scale() -> None:
    having = {page for page, parameters in PARAMETERS.items() if "color_scale" in parameters}
    assert having == {"explore", "encoder-decoder", "pretrained", "learn", "compare"}
    assert having == {page for page, parameters in PARAMETERS.items() if "color_end" in parameters}


LOG = {"text": TEXT, "color_scale": "log", "color_end": 0.5}


def log_charts(page: AppTest, *keys: str) -> list[bool]:
    return [is_log(chart(page, key)) for key in keys]


@pytest.mark.parametrize(
    "overview", ["every head", "mean over heads", "mean over layers", "rollout"]
)
def test_the_overviews_have_the_scale(overview: str) -> None:
    page = open_app(link(view="layers", layers=2, overview=overview, **LOG))
    assert log_charts(page, "layers_chart") == [True]
    assert cells(chart(page, "layers_chart"))["cmax"] == 0.5
    assert control(open_popovers(page), "color_scale").value == "log"


def test_the_residual_stream_has_none() -> None:
    page = open_app(link(view="layers", layers=2, overview="stream", **LOG))
    assert not is_drawn(open_popovers(page), "color_scale")
    spec = chart(page, "stream_chart")
    assert cells(spec)["colorscale"] == EVEN
    assert "ticktext" not in cells(spec)["colorbar"]


@pytest.mark.parametrize("stage", ["qkv", "energy", "scores", "head outputs", "output"])
def test_only_weights_have_the_scale(stage: str) -> None:
    page, even = open_app(link(stage=stage, **LOG)), open_app(link(stage=stage, text=TEXT))
    assert chart(page) == chart(even)


def test_in_one_head_it_is_the_weights_that_have_the_scale() -> None:
    spec = chart(open_app(link(view="head", head=1, **LOG)), "head_chart")
    ends = [len(trace["colorscale"]) for trace in spec["data"] if "colorscale" in trace]
    assert ends == [7, 7, 7, 7, 42, 7, 7]
    assert spec["data"][4]["zmax"] == 0.5
    texts = [note["text"] for note in spec["layout"]["annotations"]]
    assert "<b>weights</b> (log scale)" in texts
    assert "L = 5 × L = 5<br>≤ 5e-05 … ≥ 0.5" in texts


def test_side_by_side_three_charts_share_the_scale_and_one_bar() -> None:
    page = open_pair(link(text2="a b", **LOG))
    specs = [chart(page, f"{kind}_chart") for kind in ("encoder_self", "decoder_self", "cross")]
    assert [cells(spec)["cmax"] for spec in specs] == [0.5] * 3
    assert all(len(cells(spec)["colorscale"]) == 42 for spec in specs)
    assert ["coloraxis2" in spec["layout"] for spec in specs] == [False, False, True]
    change(page, stage="energy")
    specs = [chart(page, f"{kind}_chart") for kind in ("encoder_self", "decoder_self", "cross")]
    assert all(len(cells(spec)["colorscale"]) == 7 for spec in specs)


def test_on_compare_both_sides_share_the_pages_own_scale_and_the_difference_has_none() -> None:
    sides = {"a": f"explore?text={TEXT}&color_scale=sqrt", "b": f"explore?text={TEXT}&scale=none"}
    page = open_app(link(color_scale="log", **sides), path="compare")
    a, b, difference = (chart(page, f"compare_{name}") for name in ("a", "b", "difference"))
    assert len(cells(a)["colorscale"]) == len(cells(b)["colorscale"]) == 42
    assert cells(a)["cmax"] == cells(b)["cmax"] > 0
    assert is_log(b)
    assert "coloraxis2" not in a["layout"]  # one bar
    assert len(cells(difference)["colorscale"]) == 7
    assert cells(difference)["cmin"] == -cells(difference)["cmax"]
    assert page.query_params["color_scale"] == "log"
    change(page, stage="scores")
    assert len(cells(chart(page, "compare_a"))["colorscale"]) == 7


@needs_minilm
def test_the_mean_weights_of_find_heads_have_the_scale_and_entropies_none() -> None:
    page = open_trained(view="find heads", **LOG)
    assert log_charts(page, "finder_chart") == [True]
    change(page, pattern="entropy")
    assert cells(chart(page, "finder_chart"))["colorscale"] == EVEN


@needs_smollm2
def test_a_sink_no_longer_hides_the_rest() -> None:
    text, layer = "The cat sat on the mat.", 15
    weights = weights_of("smollm2", text, layer)
    others = weights[:, 1:, 1:][np.isfinite(weights[:, 1:, 1:])]
    assert np.median(others) < 0.05  # of an even bar a twentieth: the first colour, to the eye

    def median_place() -> float:
        """Where on the bar the median of the others is, between evenly placed stops."""
        axis = cells(chart(page))
        stops = [share for share, _color in axis["colorscale"]]
        places = np.interp(others / axis["cmax"], stops, np.linspace(0, 1, len(stops)))
        return float(np.median(places))

    page = open_trained(model="SmolLM2", layer=layer, text=text, color_scale="log")
    open_popovers(page)
    assert 0.3 < median_place() < 0.7
    change(page, color_scale="sqrt")
    assert 0.1 < median_place() < 0.4
    change(page, color_scale="linear", color_end=0.1)
    assert median_place() > 0.1
    change(page, color_end=None)
    assert median_place() < 0.05
    change(page, first=False)  # the scale then ends at the largest that is left
    assert cells(chart(page))["cmax"] == pytest.approx(float(others.max()))
