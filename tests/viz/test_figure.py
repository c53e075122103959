"""A figure that is its specification until somebody looks inside: the same one either way."""

import base64
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from viz.figure import SpecFigure, enlarged

VALUES = np.array([[1.5, -2.25], [np.nan, 4]], dtype=np.float32)


def spec(values: np.ndarray = VALUES, **layout: Any) -> dict[str, Any]:
    return {
        "data": [{"type": "heatmap", "name": "Head 0", "z": values, "zmin": 0}],
        "layout": {"height": 300, **layout},
    }


def decoded(typed: dict[str, str]) -> np.ndarray:
    flat = np.frombuffer(base64.b64decode(typed["bdata"]), "<" + typed["dtype"])
    return flat.reshape([int(n) for n in typed["shape"].split(",")])


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "i2", "i4", "u1", "u2", "u4"])
def test_arrays_go_out_as_plotlys_typed_arrays_without_loss(dtype: str) -> None:
    values = np.array([[1, 2, 3], [4, 5, 100]], dtype=dtype)
    (trace,) = SpecFigure(spec(values)).to_dict()["data"]
    assert trace["z"]["dtype"] == dtype
    assert trace["z"]["shape"] == "2, 3"
    np.testing.assert_array_equal(decoded(trace["z"]), values)


@pytest.mark.parametrize(
    "values",
    [VALUES.astype(">f4"), VALUES.T, VALUES[::-1], np.asfortranarray(VALUES), VALUES[:, 1:]],
    ids=["big-endian", "transposed", "reversed", "Fortran order", "a slice"],
)
def test_however_an_array_lies_in_memory_its_numbers_arrive(values: np.ndarray) -> None:
    (trace,) = SpecFigure(spec(values)).to_dict()["data"]
    np.testing.assert_array_equal(decoded(trace["z"]), values)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1"])
def test_arrays_go_out_as_plotlys_own_figure_writes_them(dtype: str) -> None:
    made = spec(np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype))
    assert SpecFigure(made).to_dict()["data"] == go.Figure(made).to_dict()["data"]


def test_as_json_it_is_the_same_figure() -> None:
    figure = SpecFigure(spec())
    (trace,) = json.loads(figure.to_json())["data"]
    np.testing.assert_array_equal(decoded(trace["z"]), VALUES)
    assert trace["name"] == "Head 0"


@pytest.mark.parametrize("dtype", ["i8", "u8", "f2", "?", "c8", "U1"])
def test_a_type_that_plotly_js_does_not_know_is_refused(dtype: str) -> None:
    figure = SpecFigure(spec(np.ones((2, 2)).astype(dtype)))
    with pytest.raises(TypeError, match="a figure's arrays must be one of"):
        figure.to_dict()


def test_before_and_after_somebody_looks_inside_it_is_the_same_figure() -> None:
    figure = SpecFigure(spec(title={"text": "weights"}))
    before = figure.to_dict()
    assert figure.layout.title.text == "weights"  # somebody looks
    after = figure.to_dict()
    np.testing.assert_array_equal(
        decoded(before["data"][0]["z"]), np.asarray(_plain(after["data"][0]["z"]))
    )
    for made in (before, after):
        del made["data"][0]["z"]
        made["layout"].pop("datarevision", None)
        made["layout"].pop("template", None)
    assert before == after


def _plain(values: Any) -> Any:
    return decoded(values) if isinstance(values, dict) else values


def test_who_looks_inside_finds_a_complete_figure() -> None:
    figure = SpecFigure(spec())
    assert isinstance(figure, go.Figure)
    assert isinstance(figure.data[0], go.Heatmap)
    np.testing.assert_array_equal(figure.data[0].z, VALUES)
    figure.update_layout(height=120)
    figure.add_bar(y=[1, 2])
    made = figure.to_dict()
    assert made["layout"]["height"] == 120
    assert [trace["type"] for trace in made["data"]] == ["heatmap", "bar"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": [{"type": "heatmap", "zz": 1}], "layout": {}},
        {"data": [{"type": "heatmop"}], "layout": {}},
        {"data": [{"type": "heatmap", "zmin": "low"}], "layout": {}},
        {"data": [], "layout": {"hight": 1}},
        {"data": [], "layout": {"xaxis": {"tickangle": "steep"}}},
    ],
)
def test_a_wrong_specification_is_found_by_who_looks_inside(wrong: dict[str, Any]) -> None:
    figure = SpecFigure(wrong)
    with pytest.raises(ValueError, match=r"(?i)invalid"):
        _ = figure.data


def test_an_attribute_that_no_figure_has_is_missing() -> None:
    figure = SpecFigure(spec())
    with pytest.raises(AttributeError):
        _ = figure.no_such_thing
    with pytest.raises(AttributeError):  # also when it is complete
        _ = figure.no_such_thing
    assert figure.data[0].name == "Head 0"


def revision(*values: np.ndarray, **layout: Any) -> int:
    traces = [{"type": "heatmap", "z": z} for z in values]
    made = SpecFigure({"data": traces, "layout": layout}).to_dict()
    return int(made["layout"]["datarevision"])


def test_the_revision_changes_with_the_numbers_and_only_then() -> None:
    first = revision(VALUES)
    assert revision(VALUES.copy()) == first
    assert revision(VALUES, height=99, title={"text": "other"}) == first
    changed = VALUES.copy()
    changed[0, 0] = np.nextafter(changed[0, 0], np.float32(9))  # the last bit
    assert revision(changed) != first
    assert revision(VALUES.T) != first
    assert revision(VALUES, VALUES) != first
    assert revision(changed, VALUES) != revision(VALUES, changed)


def test_the_specification_that_was_given_stays_as_it_was() -> None:
    given = spec()
    SpecFigure(given).to_dict()
    assert given["data"][0]["z"] is VALUES
    assert given["layout"] == {"height": 300}


def test_asking_twice_gives_the_same_and_the_answer_is_ones_own() -> None:
    figure = SpecFigure(spec())
    first = figure.to_dict()
    first["layout"]["height"] = 1
    first["data"][0]["name"] = "changed"
    second = figure.to_dict()
    assert second["layout"]["height"] == 300
    assert second["data"][0]["name"] == "Head 0"


def moving(*values: np.ndarray) -> dict[str, Any]:
    frames = [
        {"name": str(i), "data": [{"type": "heatmap", "z": z}, {"x": [i, i]}], "traces": [0, 1]}
        for i, z in enumerate(values)
    ]
    given = spec()
    return {**given, "data": [*given["data"], {"type": "scatter", "x": [0, 0]}], "frames": frames}


def test_frames_go_out_with_typed_arrays_too() -> None:
    given = moving(VALUES, VALUES * 2)
    made = SpecFigure(given).to_dict()["frames"]
    assert [frame["name"] for frame in made] == ["0", "1"]
    for frame, values, i in zip(made, (VALUES, VALUES * 2), range(2), strict=True):
        np.testing.assert_array_equal(decoded(frame["data"][0]["z"]), values)
        assert frame["data"][1] == {"x": [i, i]}
        assert frame["traces"] == [0, 1]
    assert given["frames"][0]["data"][0]["z"] is VALUES  # it stays as it was


def test_who_looks_inside_finds_the_frames() -> None:
    figure = SpecFigure(moving(VALUES, VALUES * 2))
    np.testing.assert_array_equal(figure.frames[1].data[0].z, VALUES * 2)
    assert len(figure.to_dict()["frames"]) == 2


def test_a_figure_without_frames_sends_none() -> None:
    assert set(SpecFigure(spec()).to_dict()) == {"data", "layout"}


def test_frames_that_are_not_shown_yet_leave_the_revision() -> None:
    # It tells whether what is drawn is still right; frames are replaced without drawing.
    def revision_of(*values: np.ndarray) -> int:
        return int(SpecFigure(moving(*values)).to_dict()["layout"]["datarevision"])

    assert revision_of(VALUES) == revision_of(VALUES, VALUES * 2)


def test_an_enlarged_figure_is_larger_in_all_that_is_measured_in_pixels() -> None:
    made = {
        "data": [
            {
                "type": "scatter",
                "x": np.array([1.0, 2.0]),
                "line": {"width": 3, "color": "red"},
                "marker": {"size": 10, "line": {"width": 1}},
                "opacity": 0.5,
            }
        ],
        "layout": {
            "height": 300,
            "margin": {"l": 10, "r": 20, "autoexpand": False},
            "font": {"size": 14, "family": "serif"},
            "xaxis": {
                "title": {"text": "tokens", "standoff": 6, "font": {"size": 15}},
                "range": [0, 100],
                "domain": [0, 0.5],
                "tickvals": [1, 2],
            },
            "annotations": [{"x": 7, "yshift": 20, "text": "A", "font": {"size": 12}}],
            "shapes": [{"x0": 3, "line": {"width": 2}}],
        },
    }
    figure = SpecFigure(made)
    large = enlarged(figure, 2).to_dict()
    (trace,), layout = large["data"], large["layout"]
    assert trace["line"] == {"width": 6, "color": "red"}
    assert trace["marker"] == {"size": 20, "line": {"width": 2}}
    assert trace["opacity"] == 0.5
    np.testing.assert_array_equal(decoded({**trace["x"], "shape": "2"}), [1.0, 2.0])
    assert layout["height"] == 600
    assert layout["margin"] == {"l": 20, "r": 40, "autoexpand": False}
    assert layout["font"] == {"size": 28, "family": "serif"}
    assert layout["xaxis"] == {
        "title": {"text": "tokens", "standoff": 12, "font": {"size": 30}},
        "range": [0, 100],
        "domain": [0, 0.5],
        "tickvals": [1, 2],
    }
    assert layout["annotations"] == [{"x": 7, "yshift": 40, "text": "A", "font": {"size": 24}}]
    assert layout["shapes"] == [{"x0": 3, "line": {"width": 4}}]
    assert figure.to_dict()["layout"]["height"] == 300  # the one that was given stays
