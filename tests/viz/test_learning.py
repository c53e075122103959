"""The figure of a training run: what stands where, what its frames change, and what it costs."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.viz.trainings import (
    CAUSAL,
    PANELS,
    curves_of,
    finished,
    on_panel,
    running,
    tiles_of,
    weights,
)
from viz.learning import draw_learning, frames_size
from viz.learning_info import (
    HEIGHT,
    LEFT,
    NARROW_HEIGHT,
    NARROW_WIDTH,
    TALL_HEIGHT,
    TALL_WIDTH,
    Words,
    learning_grid,
)
from viz.theme import DARK, LIGHT, color_scale
from viz.tiles import tiles_spec
from viz.weight_scale import WeightScale


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


STACKED = {"is_stacked": True, "width": 240, "height": 288}  # as a phone has room for
HEADS_OF_4 = 24 + 4 * 18  # pixels of one head of four rows, with its name
PLOT_OF_ONE = 288 + 48 + HEADS_OF_4  # curves, their steps, and the head below


def test_on_a_phone_the_curves_stand_above_the_heads_in_the_whole_width() -> None:
    assert (NARROW_WIDTH, NARROW_HEIGHT) == (240, 288)
    layout = draw_learning(finished(heads=1, **STACKED), LIGHT).layout
    assert layout.xaxis2.domain == (0, 1)
    assert layout.xaxis.domain == pytest.approx((0, (240 - 68) / 240))  # beside the colour bar
    # In pixels from the top: a title of 24 above each panel of 96, and 10 free below two of them.
    panels = [(24, 86), (120, 182), (216, 288)]
    for axis, (top, bottom) in zip(PANELS, panels, strict=True):
        domain = layout[f"yaxis{axis[1]}"].domain
        assert domain == pytest.approx((1 - bottom / PLOT_OF_ONE, 1 - top / PLOT_OF_ONE))
    assert layout.yaxis.domain == pytest.approx((0, HEADS_OF_4 / PLOT_OF_ONE))
    assert layout.xaxis2.anchor == "y4"  # the steps stand below the curves, not below the heads
    below = layout.margin.b
    assert layout.height == PLOT_OF_ONE + 2 + below  # plot, upper margin, labels and what plays
    bar = layout.coloraxis.colorbar
    assert (bar.x, bar.y, bar.yanchor) == (
        *(layout[a].domain[1] for a in ("xaxis", "yaxis")),
        "top",
    )


def test_on_a_phone_heads_stand_below_one_another_in_the_same_order() -> None:
    beside, below = finished(heads=3), finished(heads=3, **STACKED)
    grid = learning_grid(below)
    assert (grid.columns, grid.rows) == (1, 3)
    usual, stacked = (draw_learning(info, LIGHT) for info in (beside, below))
    assert [t.type for t in usual.data] == [t.type for t in stacked.data]
    assert [t.name for t in usual.data] == [t.name for t in stacked.data]
    names = [a.name for a in stacked.layout.annotations if a.captureevents]
    assert names == ["0", "1", "2"] == [a.name for a in stacked.layout.annotations[:3]]
    for one, other in zip(usual.frames, stacked.frames, strict=True):
        assert one.traces == other.traces == tuple(range(6))
        np.testing.assert_array_equal([d.z for d in one.data[:3]], [d.z for d in other.data[:3]])


def test_on_a_phone_a_curved_scales_bar_stands_beside_the_heads() -> None:
    info = finished(**STACKED)
    info = replace(info, tiles=replace(info.tiles, scale=WeightScale("log", None, "log scale")))
    layout = draw_learning(info, LIGHT).layout
    bar = layout.coloraxis2.colorbar
    assert (bar.x, bar.y) == (layout.xaxis.domain[1], layout.yaxis.domain[1])


def test_on_a_phone_play_and_pause_stand_below_a_slider_of_the_whole_width() -> None:
    captions = ["step 0 · 3 % right · here: abc", "step 50", "step 100 · 97 % right · here: abc"]
    layout = draw_learning(finished(captions=captions, **STACKED), LIGHT).layout
    (slider,), (menu,) = layout.sliders, layout.updatemenus
    # Of 342 pixels, 8 at each end are free: 62 of numbers at the axes are the slider's too.
    assert (layout.margin.l, layout.margin.r) == (62, 8)
    plot = 342 - 62 - 8
    assert plot - slider.pad.l - slider.pad.r == 342 - 8 - 8
    labels = slider.pad.t
    assert (menu.x, menu.xanchor, menu.pad.l) == (0, "left", slider.pad.l)
    assert menu.pad.t == labels + 62 + 22  # below two lines and the slider
    assert layout.margin.b == menu.pad.t + 46  # room for the buttons
    assert [step.label for step in slider.steps] == [
        "step 0 · 3 % right<br>here: abc", "step 50", "step 100 · 97 % right<br>here: abc",
    ]  # fmt: skip
    still = draw_learning(running(captions=captions[:1], **STACKED), LIGHT).layout
    assert (still.height, still.margin) == (layout.height, layout.margin)
    caption = still.annotations[-1]
    assert (caption.text, caption.xshift) == ("step 0 · 3 % right<br>here: abc", slider.pad.l)


def test_beside_the_heads_the_slider_leaves_room_for_its_buttons() -> None:
    layout = draw_learning(finished(captions=["a · b", "c", "d"]), LIGHT).layout
    (slider,), (menu,) = layout.sliders, layout.updatemenus
    assert (slider.pad.l, slider.pad.r, menu.x, menu.xanchor) == (0, 190, 1, "right")
    assert menu.pad.t == slider.pad.t + 24
    assert slider.steps[0].label == "a · b"
