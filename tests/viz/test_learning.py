"""The figure of a training run: what stands where, what its frames change, and what it costs."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from viz.labels import token_labels
from viz.learning import (
    HEIGHT,
    LEFT,
    TALL_HEIGHT,
    TALL_WIDTH,
    Curves,
    Learning,
    Words,
    draw_learning,
    frames_size,
    learning_grid,
)
from viz.theme import DARK, LIGHT, color_scale
from viz.tiles import Tiles, tiles_spec

CAUSAL = np.triu(np.ones((4, 4), dtype=bool), 1)
PANELS = ("y2", "y3", "y4")


def curves_of(snapshots: int = 3, heads: int = 2, name: str = "this run", **how: Any) -> Curves:
    parts = np.linspace(0, 1, snapshots)
    return Curves(
        steps=np.arange(snapshots) * 50,
        accuracy=0.1 + 0.875 * parts,
        loss=2.5 - 2 * parts,
        entropy=np.stack([2 - parts - h / 10 for h in range(heads)], axis=1),
        head_names=[f"Head {h}" for h in range(heads)],
        name=name,
        **how,
    )


def weights(snapshots: int, heads: int, tokens: int) -> np.ndarray:
    drawn = np.random.default_rng(0).dirichlet(np.ones(tokens), (snapshots, heads, tokens))
    return drawn.astype(np.float32)


def tiles_of(values: np.ndarray, masked: np.ndarray | None = None) -> Tiles:
    heads, rows, columns = values.shape
    return Tiles(
        values=values if masked is None else np.where(masked, np.float32("nan"), values),
        names=[f"Head {h}" for h in range(heads)],
        rows=token_labels([f"r{i}" for i in range(rows)]),
        columns=token_labels([f"c{i}" for i in range(columns)]),
        row_title="query (from)",
        column_title="key (to)",
        value_title="weight",
        diverging=False,
        masked=masked,
        masked_text="hidden",
    )


def running(heads: int = 2, tokens: int = 4, **how: Any) -> Learning:
    """A run that isn't over: no frames yet."""
    given = {"curves": [curves_of(heads=heads)], "step": 100, "last_step": 400, **how}
    return Learning(tiles=tiles_of(weights(1, heads, tokens)[0]), **given)


def finished(snapshots: int = 3, heads: int = 2, tokens: int = 4, **how: Any) -> Learning:
    """A run that is over, with a frame for each of its snapshots."""
    frames = weights(snapshots, heads, tokens)
    given = {
        "curves": [curves_of(snapshots, heads)],
        "step": -1,  # of no meaning where there are frames
        "last_step": (snapshots - 1) * 50,
        "captions": [f"step {i * 50}" for i in range(snapshots)],
        "frames": frames,
        "active": snapshots - 1,
        **how,
    }
    return Learning(tiles=tiles_of(frames[0]), **given)


def on_panel(figure: go.Figure, axis: str) -> list[Any]:
    """The curves of a panel, without its cursor."""
    return [t for t in figure.data if t.yaxis == axis and t.hoverinfo != "skip"]


def cursors(figure: go.Figure) -> list[Any]:
    return [t for t in figure.data if t.hoverinfo == "skip"]


def visible_text(annotation: Any) -> str:
    return str(annotation.text)


@pytest.mark.parametrize("heads", [1, 2, 4, 8])
def test_the_heads_are_the_tiles_that_draw_tiles_draws_and_come_first(heads: int) -> None:
    info = running(heads, step=100)
    figure = draw_learning(info, LIGHT).to_dict()
    alone = tiles_spec(info.tiles_shown, LIGHT)
    for tile in range(heads):
        drawn, expected = figure["data"][tile], alone["data"][tile]
        assert {**drawn, "z": 0} == {**expected, "z": 0}
        name, plain = figure["layout"]["annotations"][tile], alone["layout"]["annotations"][tile]
        assert name["text"].endswith(plain["text"])
        assert {**name, "text": ""} == {**plain, "text": ""}
    # A click reports the number of its trace and the index of its annotation.
    assert [t["type"] for t in figure["data"]].index("scatter") == heads
    reporting = [bool(a.get("captureevents")) for a in figure["layout"]["annotations"]]
    assert reporting == [True] * heads + [False] * (len(reporting) - heads)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_weights_are_coloured_from_zero_to_one_whatever_they_are(theme: Any) -> None:
    for info in (running(), finished(), replace(running(), tiles=tiles_of(np.zeros((2, 4, 4))))):
        axis = draw_learning(info, theme).layout.coloraxis
        assert (axis.cmin, axis.cmax) == (0, 1)
        assert [list(stop) for stop in axis.colorscale] == color_scale(theme.sequential)


def test_masked_cells_are_striped() -> None:
    figure = draw_learning(replace(running(), tiles=tiles_of(weights(1, 2, 4)[0], CAUSAL)), LIGHT)
    assert len(figure.layout.images) == 2
    assert figure.data[0].hovertemplatefallback == "hidden"


def test_curves_are_on_the_left_and_heads_on_the_right() -> None:
    layout = draw_learning(running(), LIGHT).layout
    assert layout.xaxis2.domain == (0, LEFT)
    assert LEFT < layout.xaxis.domain[0] < 0.5
    assert layout.xaxis.domain[1] == 1
    domains = [layout[f"yaxis{axis[1]}"].domain for axis in PANELS]
    ends = [end for bottom, top in reversed(domains) for end in (bottom, top)]
    assert ends == sorted(ends)
    assert ends[0] == pytest.approx(0)
    above = [1 - domains[0][1], domains[0][0] - domains[1][1], domains[1][0] - domains[2][1]]
    assert min(above) * HEIGHT >= 24 - 1e-9  # room for a title above each


def test_each_panel_has_its_numbers_and_its_title() -> None:
    info = running(words=Words(accuracy="richtig", loss="Verlust", entropy="Entropie je Kopf"))
    figure, run = draw_learning(info, LIGHT), info.curves[0]
    (accuracy,), (loss,), entropies = (on_panel(figure, axis) for axis in PANELS)
    np.testing.assert_allclose(accuracy.y, [10, 53.75, 97.5])  # per cent
    np.testing.assert_array_equal(loss.y, run.loss)
    np.testing.assert_array_equal([t.y for t in entropies], run.entropy.T)
    for trace in (accuracy, loss, *entropies):
        np.testing.assert_array_equal(trace.x, [0, 50, 100])
        assert trace.xaxis == "x2"
    titles = {a.yref: a.text for a in figure.layout.annotations if a.xref == "x2 domain"}
    assert titles == {
        "y2 domain": "<b>richtig</b>",
        "y3 domain": "<b>Verlust</b>",
        "y4 domain": "<b>Entropie je Kopf</b>",
    }
    assert figure.layout.xaxis2.title.text == "step"


def test_the_hover_box_of_a_point_has_run_head_step_and_number() -> None:
    figure = draw_learning(running(words=Words(step="Schritt", entropy_value="Entropie")), LIGHT)
    (accuracy,), (loss,), entropies = (on_panel(figure, axis) for axis in PANELS)
    assert accuracy.hovertemplate == (
        "<b>%{fullData.name}</b><br>Schritt %{x}<br>accuracy <b>%{y:.4g} %</b><extra></extra>"
    )
    assert loss.hovertemplate.endswith("loss <b>%{y:.4g}</b><extra></extra>")
    assert entropies[1].hovertemplate.endswith("Entropie <b>%{y:.4g}</b><extra></extra>")
    assert (accuracy.name, loss.name) == ("this run", "this run")
    assert [t.name for t in entropies] == ["this run · Head 0", "this run · Head 1"]


@pytest.mark.parametrize("heads", [2, 8])
def test_a_heads_name_carries_the_colour_of_its_curve(heads: int) -> None:
    figure = draw_learning(running(heads), DARK)
    for head, trace in enumerate(on_panel(figure, "y4")):
        assert trace.line.color == DARK.lines[head % len(DARK.lines)]
        assert f'<span style="color:{trace.line.color}">' in figure.layout.annotations[head].text


def test_the_kept_runs_heads_can_stand_behind_this_runs() -> None:
    runs = [curves_of(heads=2), curves_of(heads=1, name="kept")]
    names = draw_learning(running(3, curves=runs), LIGHT).layout.annotations[:3]
    colors = (LIGHT.lines[0], LIGHT.lines[1], LIGHT.lines[0])
    for name, color, dash in zip(names, colors, "━━╍", strict=True):
        assert name.text.startswith(f'<span style="color:{color}">{dash}</span> <b>')


def test_names_of_tiles_that_have_no_curve_stay_plain() -> None:
    for name in draw_learning(running(4), LIGHT).layout.annotations[:4]:
        assert "span" in name.text
    for name in draw_learning(running(4, curves=[curves_of(heads=2)]), LIGHT).layout.annotations:
        assert "span" not in name.text


def test_curves_grow_into_a_fixed_range_of_steps() -> None:
    for snapshots in (1, 2, 9):
        figure = draw_learning(running(curves=[curves_of(snapshots)]), LIGHT)
        low, high = figure.layout.xaxis2.range
        assert -10 < low < 0
        assert 400 < high < 410
        (accuracy,) = on_panel(figure, "y2")
        assert "markers" in accuracy.mode  # or a first snapshot couldn't be seen


def test_values_start_at_zero_and_end_at_the_largest_of_both_runs() -> None:
    kept = replace(curves_of(name="kept"), loss=np.array([9.0, np.inf, np.nan]))
    layout = draw_learning(running(curves=[curves_of(), kept]), LIGHT).layout
    for axis, top in (("yaxis2", 100), ("yaxis3", 9), ("yaxis4", 2)):
        low, high = layout[axis].range
        assert -0.05 * top < low < 0  # the lowest line isn't cut in half
        assert top < high < 1.1 * top


@pytest.mark.parametrize("loss", [np.nan, np.inf, 0.0])
def test_a_loss_without_a_number_leaves_an_axis(loss: float) -> None:
    curves = replace(curves_of(1), loss=np.array([loss]))
    low, high = draw_learning(running(curves=[curves]), LIGHT).layout.yaxis3.range
    assert low < 0 < 1 < high


def test_entropies_have_room_up_to_that_of_attending_to_all_alike() -> None:
    flat = replace(curves_of(), entropy=np.full((3, 2), 0.5))
    high = draw_learning(running(tokens=20, curves=[flat]), LIGHT).layout.yaxis4.range[1]
    assert np.log(20) < high < 1.1 * np.log(20)


def test_a_kept_run_is_dashed_in_the_same_colours_below_this_run() -> None:
    kept = curves_of(snapshots=5, heads=3, name="kept")
    figure = draw_learning(running(curves=[curves_of(), kept]), LIGHT)
    for axis, counts in zip(PANELS, ((1, 1), (1, 1), (3, 2)), strict=True):
        traces = on_panel(figure, axis)
        assert [t.line.dash for t in traces] == ["5px,3px"] * counts[0] + ["solid"] * counts[1]
        old, new = traces[0], traces[counts[0]]
        assert old.line.color == new.line.color
        assert (old.name.split(" · ")[0], new.name.split(" · ")[0]) == ("kept", "this run")
        np.testing.assert_array_equal(old.x, kept.steps)
    assert "━ this run  ╍ kept" in map(visible_text, figure.layout.annotations)
    assert "kept" not in str(draw_learning(running(), LIGHT).to_dict()["layout"])


def test_of_long_names_only_the_kept_runs_stands_above_the_curves() -> None:
    long = "a model of two layers without positions"
    runs = [curves_of(name=long), curves_of(name="kept")]
    texts = list(map(visible_text, draw_learning(running(curves=runs), LIGHT).layout.annotations))
    assert "╍ kept" in texts
    assert not any(long in text for text in texts)


def test_a_cursor_stands_at_the_step_shown_in_each_panel() -> None:
    for info, step in ((running(step=50), 50), (finished(active=1), 50), (finished(), 100)):
        figure = draw_learning(info, LIGHT)
        found = cursors(figure)
        assert [t.yaxis for t in found] == list(PANELS)
        for trace in found:
            assert list(trace.x) == [step, step]
            low, high = figure.layout[f"yaxis{trace.yaxis[1]}"].range
            assert low < trace.y[0] <= 0 < high < trace.y[1]
            assert trace.line.color == LIGHT.highlight


@pytest.mark.parametrize(("step", "anchor"), [(20, "left"), (200, "left"), (380, "right")])
def test_a_phase_change_is_marked_in_each_panel_and_named_once(step: int, anchor: str) -> None:
    words = Words(phase_change="Umbruch hier")
    info = running(curves=[curves_of(phase_change=step)], words=words)
    layout = draw_learning(info, LIGHT).layout
    assert [(s.x0, s.x1, s.xref, s.yref) for s in layout.shapes] == [
        (step, step, "x2", f"{axis} domain") for axis in PANELS
    ]
    (label,) = (a for a in layout.annotations if a.text == "Umbruch hier")
    assert (label.x, label.xref, label.xanchor) == (step, "x2", anchor)
    # Near the left edge it stands behind the panel's title, which the line doesn't cross.
    assert (label.xshift > 4) == (step == 20)
    assert (layout.shapes[1].y1 == 1) == (step == 20)


def test_without_a_phase_change_nothing_is_marked() -> None:
    kept = curves_of(name="kept", phase_change=50)  # only this run's counts
    figure = draw_learning(running(curves=[curves_of(), kept]), LIGHT)
    assert figure.layout.shapes == ()
    assert "phase change" not in map(visible_text, figure.layout.annotations)


def test_each_frame_changes_the_heads_and_the_cursors() -> None:
    info = finished(snapshots=5, heads=3)
    figure = draw_learning(info, LIGHT)
    assert info.frames is not None
    assert [frame.name for frame in figure.frames] == list("01234")
    for frame, values, step in zip(figure.frames, info.frames, range(0, 250, 50), strict=True):
        assert list(frame.traces) == list(range(6))
        np.testing.assert_array_equal([part.z for part in frame.data[:3]], values)
        assert [list(part.x) for part in frame.data[3:]] == [[step, step]] * 3
        for part, index in zip(frame.data, frame.traces, strict=True):
            assert part.type == figure.data[index].type
    np.testing.assert_array_equal([t.z for t in figure.data[:3]], info.frames[4])


def test_frames_are_pooled_as_the_heads_are() -> None:
    info = finished(snapshots=2, heads=1, tokens=800)
    figure, grid = draw_learning(info, LIGHT), learning_grid(info)
    assert grid.is_pooled
    for drawn in (figure.data[0], *(frame.data[0] for frame in figure.frames)):
        assert drawn.z.shape == (grid.tile_rows, grid.tile_columns)
    np.testing.assert_array_equal(figure.frames[1].data[0].z, figure.data[0].z)


def test_the_slider_has_a_step_a_frame_and_says_what_it_shows() -> None:
    captions = ["step 0 · <b>", "step 50", "step 100 · 97.5 % right"]
    layout = draw_learning(finished(captions=captions, active=1), LIGHT).layout
    (slider,) = layout.sliders
    assert slider.active == 1
    assert [step.label for step in slider.steps] == captions
    assert [step.value for step in slider.steps] == ["0", "50", "100"]
    for i, step in enumerate(slider.steps):
        assert step.method == "animate"
        assert list(step.args[0]) == [str(i)]  # by name, so that the slider follows what is played
        assert step.args[1]["frame"] == {"duration": 0, "redraw": True}
    assert slider.currentvalue.font.size >= 15
    assert slider.font.color == "rgba(0,0,0,0)"  # labels below the steps would run together
    assert slider.font.size == 1
    assert slider.ticklen == slider.minorticklen == 0


def test_play_goes_on_from_the_frame_shown_and_pause_stops() -> None:
    info = finished(words=Words(play="Los", pause="Halt"))
    (menu,) = draw_learning(info, DARK).layout.updatemenus
    play, pause = menu.buttons
    assert (play.label, pause.label) == ("Los", "Halt")
    assert play.args[0] is None  # all frames
    assert play.args[1]["fromcurrent"] is True
    assert play.args[1]["frame"] == {"duration": 100, "redraw": True}
    assert list(pause.args[0]) == [None]  # none
    assert pause.args[1]["mode"] == "immediate"
    assert menu.showactive is False


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_buttons_are_dark_on_light_as_where_plotly_points_at_them(theme: Any) -> None:
    (menu,) = draw_learning(finished(), theme).layout.updatemenus
    ink, ground = (sum(bytes.fromhex(c[1:])) / 3 for c in (menu.font.color, menu.bgcolor))
    assert ink < 60
    assert ground > 220  # pointed at, it is #F4FAFF


def test_without_frames_there_is_no_slider_but_its_room_and_its_caption() -> None:
    still = draw_learning(running(captions=["step 100 · 97.5 % right"]), LIGHT)
    assert still.frames == ()
    assert still.layout.sliders == still.layout.updatemenus == ()
    caption = still.layout.annotations[-1]
    assert caption.text == "step 100 · 97.5 % right"
    assert caption.font.size >= 15
    moving = draw_learning(finished(), LIGHT)
    assert still.layout.height == moving.layout.height  # nothing jumps when the run is over
    assert still.layout.margin == moving.layout.margin
    assert draw_learning(running(), LIGHT).layout.height == still.layout.height


def test_the_figure_fits_a_projector_and_fills_a_large_screen() -> None:
    assert 440 <= draw_learning(finished(10), LIGHT).layout.height <= 480
    tall = finished(tokens=10, width=TALL_WIDTH, height=TALL_HEIGHT)
    assert 720 <= draw_learning(tall, LIGHT).layout.height <= 770
    small, large = learning_grid(finished(tokens=10)), learning_grid(tall)
    assert (small.columns, large.columns) == (2, 2)
    assert large.cell_width > 1.5 * small.cell_width


def test_nothing_that_is_read_is_smaller_than_13_pixels() -> None:
    kept = curves_of(name="kept")
    runs = [curves_of(phase_change=50), kept]
    sizes: list[float] = []

    def walk(part: Any, path: str = "") -> None:
        if isinstance(part, dict):
            if "size" in part and path.endswith("font") and not path.endswith("sliders.font"):
                sizes.append(part["size"])
            for name, inner in part.items():
                walk(inner, f"{path}.{name}")
        elif isinstance(part, list):
            for inner in part:
                walk(inner, path)

    walk(draw_learning(finished(curves=runs), LIGHT).to_dict()["layout"])
    assert len(sizes) > 5
    assert min(sizes) >= 13


@pytest.mark.parametrize(
    ("snapshots", "heads", "tokens"), [(60, 2, 10), (64, 8, 32), (3, 1, 1), (2, 1, 800)]
)
def test_what_frames_cost_is_known_before_they_are_made(
    snapshots: int, heads: int, tokens: int
) -> None:
    info = finished(snapshots, heads, tokens)
    made = draw_learning(info, LIGHT).to_dict()
    steps = made["layout"]["sliders"][0]["steps"]
    size = len(json.dumps([made["frames"], steps], separators=(",", ":")))
    assert frames_size(info, snapshots) == pytest.approx(size, rel=0.25)
    assert frames_size(running(heads, tokens), snapshots) == frames_size(info, snapshots)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"captions": ["one"]}, "3 frames, 1 captions and 3 snapshots"),
        ({"curves": [curves_of(4)]}, "3 frames, 3 captions and 4 snapshots"),
        ({"frames": weights(2, 2, 4)}, "2 frames, 3 captions and 3 snapshots"),
        ({"active": 3}, "active must be one of 3 frames, got 3"),
        ({"active": -1}, "active must be one of 3 frames, got -1"),
    ],
)
def test_frames_that_do_not_belong_to_the_snapshots_are_refused(
    wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        finished(**wrong)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("heads", [1, 8])
@pytest.mark.parametrize("with_frames", [False, True])
def test_the_specification_is_one_that_plotly_knows(
    with_frames: bool, heads: int, theme: Any
) -> None:
    runs = [curves_of(heads=heads, phase_change=50), curves_of(heads=1, name="kept")]
    info = (finished if with_frames else running)(heads=heads, curves=runs)
    figure = draw_learning(info, theme)
    before = figure.to_dict()
    assert len(figure.data) == heads + 3 + 2 * 2 + heads + 1  # looking inside checks everything
    assert ("frames" in before) == with_frames
