"""The Lab: sweeps that run, are cancelled, come from the cache or are refused, and their links."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from lab.measure import measure_mechanism
from tests.ui.conftest import Download
from tests.ui.helpers import alt, array, change, chart, control, go_to, notices, value
from tests.ui.pages.lab.helpers import (
    TINY,
    buttons,
    captions,
    click,
    errors,
    finish,
    markdowns,
    open_lab,
    page_links,
    pick,
    press,
    progress,
    run,
    shared,
    tickets,
)
from ui.jobs.sweep_queue import line
from ui.pages.lab import sweeps
from ui.pages.lab.presets import PRESETS, preset_link

CHART = "sweep_chart"


@pytest.fixture(autouse=True)
def nothing_runs_on() -> Iterator[None]:
    """What a test has left running doesn't hold up the next one."""
    yield
    line().cancel_all()


def curves(page: Any) -> list[dict[str, Any]]:
    return [t for t in chart(page, CHART)["data"] if t["mode"] == "lines+markers"]


def test_it_opens_with_its_first_question_answered() -> None:
    page = finish(open_lab())
    assert shared(page) == preset_link("scale")
    (ticket,) = tickets(page)
    assert progress(page).startswith("100 of 100")
    for curve, scale in zip(curves(page), ("head_dim", "none"), strict=True):
        for size, mean in zip((32, 512), array(curve["y"])[[0, -1]], strict=True):
            spreads = [
                measure_mechanism(point)["score_spread"]
                for point in ticket.grid.points().valid
                if point.embed_size == size and point.scale == scale
            ]
            assert mean == pytest.approx(np.mean(spreads))
    again = open_lab()  # by somebody else: nothing is measured anew, and nobody waits
    assert progress(again).startswith("100 of 100 · 100 from earlier")
    assert line().place(tickets(again)[0]) in (None, 0)


def test_a_link_asks_for_nothing_else() -> None:
    page = open_lab(**TINY)
    assert tickets(page) == tickets(page.run()) == []


def test_a_grid_that_its_address_need_not_say_is_not_run_either() -> None:
    """The link to it, for whoever saves it, says what the page would not open with by itself."""
    page = open_lab(view="mechanism")
    assert page.query_params == {}
    assert tickets(page) == tickets(page.run()) == []


def test_a_link_opens_with_a_grid_that_nobody_has_run() -> None:
    page = open_lab(text="The animal didn't cross the street because it was too tired.")
    assert buttons(page) == {"run": True}
    assert progress(page) == "Not run yet: 60 measurements"
    assert page.info[0].value.startswith("Press **Run**")
    assert page.query_params == {}
    assert notices(page) == errors(page) == []
    assert [each.label for each in page.button if each.key.startswith("preset_")] == [
        "What does √d do?",
        "How many heads does sorting need?",
        "What does doubling the embedding cost at 1,000 tokens?",
    ]


def test_the_sentence_stands_above_the_picture_of_what_is_measured_on_it() -> None:
    page = open_lab(**TINY)
    assert [each.key for each in page.main.text_input] == ["text"]
    assert "text" not in [each.key for each in page.sidebar.text_input]
    change(page, text="  ")  # nothing to measure
    assert [each.key for each in page.main.text_input] == ["text"]
    for view in ("learning", "cost"):
        change(page, view=view)
        assert not page.main.text_input
    change(page, view="mechanism")
    assert value(page, "text") == "  "


def test_a_sweep_shows_the_numbers_that_are_measured_and_a_link_shows_them_again() -> None:
    page = run(open_lab(**TINY, metric="score_spread"))
    (ticket,) = tickets(page)
    assert ticket.state == "finished"
    expected = [measure_mechanism(point)["score_spread"] for point in ticket.grid.points().valid]
    (curve,) = curves(page)
    means = [(expected[0] + expected[1]) / 2, (expected[2] + expected[3]) / 2]
    assert array(curve["y"]).tolist() == pytest.approx(means, abs=1e-12)
    assert array(curve["x"]).tolist() == [1, 2]
    assert buttons(page) == {}
    assert progress(page).startswith("4 of 4 · ")
    assert alt(page, CHART) == "spread of the scores along heads: means over seeds"
    assert markdowns(page)[-1].startswith("**Spread of the scores**: it ")
    assert "Mean over 2 seeds" in captions(page)[-1]

    again = open_lab(**TINY, metric="score_spread")
    assert progress(again).startswith("4 of 4 · 4 from earlier")
    assert array(curves(again)[0]["y"]).tolist() == array(curve["y"]).tolist()
    assert buttons(again) == {}


def test_what_is_kept_needs_no_place_in_the_line() -> None:
    given = {**TINY, "text": "m n o"}
    run(open_lab(**given))
    other = run(open_lab(**{**TINY, "text": "p q r"}))  # with results of its own, and then waits
    long = tickets(
        press(open_lab(head_counts="8", embed_sizes="512", seeds=50, text="a b " * 200), "run")
    )[0]
    waiting = press(open_lab(**{**TINY, "text": "s t u"}), "run")
    assert progress(waiting) == "One sweep runs at a time: 1 is before yours."
    assert progress(open_lab(**given)).startswith("4 of 4 · 4 from earlier")
    change(other, text="m n o")
    assert progress(other).startswith("4 of 4 · 4 from earlier")
    long.cancel()
    assert progress(finish(waiting)).startswith("4 of 4")


@pytest.mark.matrix
def test_a_finished_sweep_stays_while_the_picture_changes() -> None:
    page = run(open_lab(**{**TINY, "text": "d e f", "scales": "none,head_dim"}))
    (ticket,) = tickets(page)
    pick(page, "picture", "heatmap")
    assert chart(page, CHART)["data"][0]["type"] == "heatmap"
    assert shared(page)["picture"] == "heatmap"
    pick(page, "metric", "effective_rank")
    assert "effective rank" in alt(page, CHART)
    pick(page, "picture", "panels")
    titles = [note["text"] for note in chart(page, CHART)["layout"]["annotations"]]
    assert len(titles) == 8
    pick(page, "panel", "scale")
    titles = [note["text"] for note in chart(page, CHART)["layout"]["annotations"]]
    assert titles == ["<b>÷ √D</b>", "<b>no scale</b>"]
    assert tickets(page) == [ticket]
    change(page, seeds=3)
    assert buttons(page) == {"run": True}
    change(page, seeds=2)
    assert buttons(page) == {}
    assert tickets(page) == [ticket]


def test_a_click_opens_that_configuration_in_explore() -> None:
    page = run(open_lab(**TINY, masks="causal", temperature=0.5))
    click(page, CHART, 2)
    ((label, query),) = page_links(page)
    assert label == "**Opening in Explore: 2 heads, embedding 8, seed 0**"
    for part in ("text=a+b+c", "heads=2", "embed_size=8", "mask=causal", "temperature=0.5"):
        assert part in query
    for part in ("layers=1", "vectors=hashed", "norm_order=post", "weights=random", "text2="):
        assert part in query
    click(page, CHART, 99)  # nothing that was measured
    assert page_links(page) == []


def test_what_does_not_work_is_skipped_and_said() -> None:
    page = run(open_lab(**{**TINY, "head_counts": "1, 3", "schemes": "none,rotary"}))
    assert progress(page).startswith("4 of 4")
    (skipped,) = [text for text in markdowns(page) if text.startswith("- ")]
    assert "2 × " in skipped
    assert "3 heads" in skipped


def test_values_that_are_not_understood_are_said_and_the_rest_is_used() -> None:
    page = open_lab(**{**TINY, "text": "never measured"})
    change(page, head_counts="1,2,x")
    (message,) = [text for text in captions(page) if "Not used" in text]
    assert message.startswith(":red[Not used: ` x `.]")
    assert progress(page) == "Not run yet: 4 measurements"
    assert control(page, "head_counts").value == "1,2,x"
    change(page, head_counts="x")
    assert errors(page) == ["Heads needs at least one value."]
    assert buttons(page) == {"run": False}
    change(page, head_counts="2", text="   ")
    assert errors(page) == ["The text is empty: there is nothing to attend to."]


def test_a_million_points_are_refused_with_count_and_limit() -> None:
    many = {
        "head_counts": ",".join(map(str, range(1, 17))),
        "embed_sizes": ",".join(map(str, range(8, 264, 8))),
        "scales": "none,head_dim,embed_size",
        "schemes": "none,sinusoidal,learned,rotary,alibi",
        "masks": "none,causal,window",
        "seeds": 50,
    }
    page = open_lab(**many)
    (message,) = errors(page)
    assert "1,152,000 points" in message
    assert "may have 5,000" in message
    assert buttons(page) == {"run": False}
    assert tickets(page) == []


def test_a_stranger_s_link_is_repaired() -> None:
    page = open_lab("head_counts=1,2,x&seeds=1e9&scales=big&view=space&metric=joy&along=7&task=fly")
    said = " ".join(notices(page))
    for part in ("` 1,2,x `", "1e9", "` big `", "` space `", "` joy `", "` 7 `", "` fly `"):
        assert part in said
    assert progress(page) == "Not run yet: 300 measurements"  # 2 heads × 3 sizes × 50 seeds


def test_cancel_keeps_what_there_is() -> None:
    page = open_lab(head_counts="8", embed_sizes="512", seeds=50, text="a b " * 100)
    press(page, "run")
    assert buttons(page) == {"cancel": True}
    press(page, "cancel")
    finish(page)
    (ticket,) = tickets(page)
    assert ticket.state == "cancelled"
    assert len(ticket.results) < 50
    assert progress(page).endswith("cancelled")
    assert buttons(page) == {"run": True}
    found = [text for text in markdowns(page) if "entropy" in text.lower()]
    assert found == []  # nothing is said of a part


@pytest.mark.matrix
def test_an_unreachable_scheduler_is_said_and_this_machine_takes_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeps, "scheduler_address", lambda: "tcp://127.0.0.1:9")
    page = run(open_lab(**{**TINY, "text": "g h i"}))
    (message,) = errors(page)
    assert "127.0.0.1:9" in message.replace("\\", "")
    assert buttons(page) == {"run": True, "run_here": True}
    finish(press(page, "run_here"))
    assert tickets(page)[0].state == "finished"
    assert errors(page) == []


def test_the_files_have_all_numbers_and_their_units(download: Download) -> None:
    page = run(open_lab(**{**TINY, "text": "j k l"}))
    frame = tickets(page)[0].frame()
    name, content = download("download_csv")
    assert name == "headlight_mechanism.csv"
    read = pd.read_csv(io.BytesIO(content))
    assert read["score_spread"].tolist() == pytest.approx(frame["score_spread"].tolist())
    assert read["heads"].tolist() == [1, 1, 2, 2]
    name, content = download("download_parquet")
    table = pq.read_table(io.BytesIO(content))
    assert table.column("entropy_share").to_pylist() == frame["entropy_share"].tolist()
    assert b"Entropy" in table.schema.field("entropy_share").metadata[b"description"]


@pytest.mark.matrix
def test_trainings_are_compared() -> None:
    page = open_lab(
        view="learning", task="copy", learn_heads="1,2", learn_embeddings="8", steps=20,
        learn_seeds=2,
    )  # fmt: skip
    run(page)
    (ticket,) = tickets(page)
    assert ticket.state == "finished"
    assert markdowns(page)[-1].startswith("With 1 head 0 of 2 seeds reach 95 % (accuracy ")
    data = chart(page, "learning_chart")["data"]
    assert [t["name"] for t in data if t["mode"] == "lines+markers"] == ["1 head", "2 heads"]
    first = ticket.results[0].metrics
    assert first is not None
    drawn = array(data[1]["x"]).tolist()
    assert drawn == first["curve_steps"]
    click(page, "learning_chart", 2)
    ((label, query),) = page_links(page)
    assert label == "**Opening in Learn: 2 heads, embedding 8, seed 0**"
    assert "task=copy" in query
    assert "steps=20" in query
    pick(page, "learn_picture", "steps_to_95")
    dots = chart(page, "learning_chart")
    assert dots["layout"]["yaxis"]["ticktext"][-1] == "never"


def test_presets_are_links_and_set_everything() -> None:
    page = open_lab(head_counts="3", view="cost", text="something else")
    next(each for each in page.button if each.key == "preset_scale").click()
    page.run()
    wanted = preset_link("scale")
    assert shared(page) == wanted
    finish(page)
    assert "without a scale, it grows from " in markdowns(page)[-1]
    assert PRESETS["scale"]["seeds"] == 10
    shown = open_lab(**wanted)
    assert progress(shown).startswith("100 of 100")
    assert "without a scale, it grows from " in markdowns(shown)[-1]


def test_what_is_changed_in_one_view_is_there_after_another() -> None:
    page = open_lab(**TINY)
    change(page, view="cost")
    change(page, tokens=77)
    change(page, view="mechanism")
    assert control(page, "head_counts").value == "1, 2"
    check_that_77_tokens_are_out_of_sight(page)
    go_to(page, "explore")
    go_to(page, "lab")
    assert control(page, "head_counts").value == "1, 2"
    check_that_77_tokens_are_out_of_sight(page)
    for shown in (page, open_lab(**shared(page))):
        change(shown, view="cost")
        assert control(shown, "tokens").value == 77


def check_that_77_tokens_are_out_of_sight(page: AppTest) -> None:
    """The control isn't drawn; its value and its place in the link stay."""
    assert "tokens" not in {each.key for each in page.number_input}
    assert value(page, "tokens") == 77
    assert shared(page)["tokens"] == "77"
