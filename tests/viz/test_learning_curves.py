"""The curves of a training: which numbers stand where, at which axis."""

from dataclasses import replace

import numpy as np
import pytest

from tests.viz.trainings import (
    PANELS,
    cursors,
    curves_of,
    finished,
    on_panel,
    running,
    visible_text,
)
from viz.learning import draw_learning
from viz.learning_info import (
    Words,
)
from viz.theme import LIGHT


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


def test_a_phase_change_is_marked_beside_what_is_chosen_in_the_heads() -> None:
    info = running(curves=[curves_of(phase_change=20)])
    chosen = replace(info, tiles=replace(info.tiles, marked_row=1))
    row, *lines = draw_learning(chosen, LIGHT).layout.shapes
    assert (row.type, row.xref) == ("path", "x domain")
    assert [line.x0 for line in lines] == [20, 20, 20]


def test_without_a_phase_change_nothing_is_marked() -> None:
    kept = curves_of(name="kept", phase_change=50)  # only this run's counts
    figure = draw_learning(running(curves=[curves_of(), kept]), LIGHT)
    assert figure.layout.shapes == ()
    assert "phase change" not in map(visible_text, figure.layout.annotations)


def test_on_a_phone_a_phase_changes_name_ends_where_the_curves_do() -> None:
    for step in (20, 380):
        info = running(curves=[curves_of(phase_change=step)], is_stacked=True, width=240)
        layout = draw_learning(info, LIGHT).layout
        (name,) = [a for a in layout.annotations if visible_text(a) == "phase change"]
        assert (name.x, name.xref, name.xanchor, name.yref) == (
            1, "x2 domain", "right", "y3 domain",
        )  # fmt: skip
        assert [(line.x0, line.y1) for line in layout.shapes] == [(step, 1)] * 3
