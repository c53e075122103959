"""Learn in a real Chromium: attention is watched while it forms, played back, and taken along."""

import base64
import math
import os
import re
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from model.training.plan import Plan
from model.training.recommended import RECOMMENDED
from model.training.trainer import train as snapshots
from tests.browser.charts import HEADS, click_cell, numbers, of_key, tick_labels, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, choose, open_app, shared
from tests.matrix import matrix
from tests.servers import Server
from ui.pages.learn.stories import STORIES
from ui.runs.trained_here import TrainedHereSettings, compute_trained_here
from ui.runs.word_vectors import use_one_thread

PATH = "/learn"
PLACE = ".st-key-learn_chart"
CHART = of_key("learn_chart")
SLOW = "pace=slow&steps=400"  # lasts for twenty seconds
QUICK = "embed_size=16&steps=50"
CORES = len(os.sched_getaffinity(0))  # as many trainings run at once
AT_ONCE = 5_000  # ms, for what takes a second or two on a machine that has nothing else to do


def learnt(plan: Plan) -> np.ndarray:
    """The weights that a training ends with, on its task's own example, computed here."""
    use_one_thread()
    *_, last = snapshots(plan)
    typed = plan.learnt.split(plan.learnt.probe)
    return (
        compute_trained_here(TrainedHereSettings(plan, last, typed))
        .attention(0, 0)
        .field("weights")
    )


def open_learn(page: Page, server: Server, query: str = "") -> None:
    open_app(page, server, query, PATH)
    page.locator(f"{CHART} .main-svg").first.wait_for()


def button(page: Page, name: str) -> Locator:
    """One of the row above the figure."""
    return page.locator(".st-key-learning").get_by_role("button", name=name, exact=True)


def progress(page: Page) -> Locator:
    return page.locator(".st-key-learning").get_by_test_id("stProgress")


def header(page: Page) -> Locator:
    return page.get_by_text(re.compile("^Headlight — "))


def start(page: Page, name: str = "Train") -> None:
    """Press the button, and wait until steps are made."""
    button(page, name).click()
    expect(progress(page)).to_contain_text("steps/s")


def train(page: Page, name: str = "Train") -> None:
    """Press the button, and wait until the figure can be played back."""
    button(page, name).click()
    wait_until_over(page)


def wait_until_over(page: Page) -> None:
    expect(progress(page)).to_contain_text("s of training")
    wait_for_playback(page)


def pause(page: Page) -> None:
    """Press Pause, and wait until there is nothing more to come."""
    button(page, "Pause").click()
    button(page, "Continue").wait_for()
    wait_for_playback(page)


def wait_for_playback(page: Page) -> None:
    expect(button(page, "Pause")).to_have_count(0)
    page.wait_for_function("chart => document.querySelector(chart)?.layout?.sliders", arg=CHART)
    page.locator(FINISHED).wait_for()


def choose_pace(page: Page, pace: str) -> None:
    page.get_by_role("button", name="More").click()
    choose(page, "pace", pace)
    page.wait_for_url(lambda url: ("pace=slow" in url) == (pace == "slow"))
    page.keyboard.press("Escape")
    page.locator(FINISHED).wait_for()


def frame_shown(page: Page) -> int:
    """The frame that the figure's slider is at."""
    return page.evaluate("chart => document.querySelector(chart).layout.sliders[0].active", CHART)


def caption(page: Page) -> str:
    """What the figure says of the snapshot, above its slider."""
    return page.locator(f"{CHART} .slider-label").first.text_content() or ""


ANSWERS = """() => [...document.querySelectorAll(".answers tr.says td")]
    .map(({ textContent, className }) => [textContent, className])"""


def step_shown(page: Page) -> int:
    """The step of which the figure says that it shows it."""
    return int(caption(page).split()[1])


def curves(page: Page) -> list[dict[str, Any]]:
    """The curves: their names, steps and values."""
    return page.evaluate(
        """chart => document.querySelector(chart)._fullData
            .filter(trace => trace.type === "scatter" && trace.hoverinfo !== "skip")
            .map(({ name, x, y, yaxis }) => ({ name, yaxis, x: [...x], y: [...y] }))""",
        CHART,
    )


def cursors(page: Page) -> list[int]:
    """The steps at which the three cursors stand."""
    return page.evaluate(
        """chart => document.querySelector(chart)._fullData
            .filter(trace => trace.type === "scatter" && trace.hoverinfo === "skip")
            .map(trace => trace.x[0])""",
        CHART,
    )


# In the browser: what is on the screen at each of its frames, until window.samples is read.
SAMPLE = """place => {
    window.samples = []
    const sample = () => {
        const images = [...document.querySelectorAll(`${place} .heatmaplayer image`)]
            .filter(image => image.getAttribute("href")?.startsWith("data:image"))
            .filter(image => image.getBoundingClientRect().width > 0)
        const box = images[0]?.getBoundingClientRect()
        samples.push({
            place: box && [box.left, box.top, box.width, box.height].map(Math.round).join(),
            picture: images.at(-1)?.getAttribute("href"),
        })
        window.sampling = requestAnimationFrame(sample)
    }
    sample()
}"""


@pytest.mark.matrix
def test_attention_is_watched_while_it_forms_and_the_chart_never_vanishes(
    page: Page, server: Server
) -> None:
    plan = RECOMMENDED["reverse"]
    open_learn(page, server)
    expect(header(page)).to_contain_text("random weights, not trained yet (seed 0): reverse")
    page.evaluate(SAMPLE, PLACE)
    train(page)
    samples = page.evaluate("() => { cancelAnimationFrame(sampling); return samples }")
    gone = [sample for sample in samples if sample["place"] != samples[0]["place"]]
    assert len(gone) <= 0.05 * len(samples)  # nor did it jump; on a busy machine once, for a frame
    assert len({sample["picture"] for sample in samples}) >= 4  # first, last, and some between
    shown = wait_for_shape(page, (1, 10, 10), CHART)
    np.testing.assert_array_equal(shown, learnt(plan))
    across = np.arange(10)[::-1]
    assert (abs(shown[0].argmax(axis=1) - across) <= 1).all()  # the anti-diagonal
    expect(header(page)).to_contain_text("weights trained here, 400 steps from seed 0: reverse")
    assert caption(page) == "step 400 · 100.0% right · here: sthgildaeh"
    expect(page.locator(".answers td.right")).to_have_count(10)


@pytest.mark.matrix
def test_a_paused_training_stands_still_and_goes_on_to_the_same_end(
    page: Page, server: Server
) -> None:
    plan = Plan(task="reverse", embed_size=16, learning_rate=2e-3, steps=400)
    open_learn(page, server, f"{SLOW}&embed_size=16")
    start(page)
    pause(page)
    paused = progress(page).inner_text()
    assert re.search(r"Paused at step [1-9]\d* of 400", paused)
    page.get_by_label("Try your own input").fill("abc")
    wait_for_shape(page, (1, 3, 3), CHART)  # the server has looked again, and more than once
    page.get_by_label("Try your own input").fill("")
    wait_for_shape(page, (1, 10, 10), CHART)
    assert progress(page).inner_text() == paused
    choose_pace(page, "full")
    train(page, "Continue")
    expect(progress(page)).to_contain_text("step 400 of 400")
    expect(header(page)).to_contain_text("400 steps from seed 0")
    assert step_shown(page) == 400
    np.testing.assert_array_equal(numbers(page, CHART), learnt(plan))


@pytest.mark.matrix
def test_after_a_reset_the_same_training_can_be_paused_earlier(page: Page, server: Server) -> None:
    open_learn(page, server, "embed_size=16&steps=400")
    train(page)
    button(page, "Reset").click()
    expect(header(page)).to_contain_text("random weights, not trained yet")
    choose_pace(page, "slow")
    start(page)
    pause(page)
    expect(header(page)).to_contain_text(f"weights trained here, {step_shown(page)} steps from")
    assert 0 < step_shown(page) < 400
    assert frame_shown(page) == len(curves(page)[0]["x"]) - 1  # the last one that there is


def grip(page: Page) -> tuple[float, float]:
    """Where the slider's grip is on the screen."""
    box = page.locator(f"{CHART} .slider-grip-rect").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_grip(page: Page, by: float, steps: int) -> None:
    """Take the slider's grip to another place, without letting it go."""
    x, y = grip(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=steps)


@pytest.mark.matrix
def test_scrubbing_asks_no_server_until_it_rests_and_then_the_page_follows(
    page: Page, server: Server
) -> None:
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    open_learn(page, server, QUICK)
    train(page)
    last, before = frame_shown(page), numbers(page, CHART)
    assert (last, step_shown(page)) == (len(curves(page)[0]["x"]) - 1, 50)
    assert sent  # it is heard
    # When the slider changed, and when something was sent: on a busy machine a drag may rest.
    page.evaluate(
        """chart => {
            const plot = document.querySelector(chart)
            plot.isTheSame = true
            window.changes = []
            window.sends = []
            plot.on("plotly_sliderchange", () => changes.push(performance.now()))
            const send = WebSocket.prototype.send
            WebSocket.prototype.send = function (...args) {
                sends.push(performance.now())
                return send.apply(this, args)
            }
        }""",
        CHART,
    )
    sent.clear()
    drag_grip(page, -400, steps=10)
    frame, step, shown = frame_shown(page), step_shown(page), numbers(page, CHART)
    assert frame < last
    assert step < 50
    assert cursors(page) == [step] * 3
    assert not np.array_equal(shown, before)
    assert len(curves(page)[0]["x"]) == last + 1  # they stay whole
    page.mouse.up()
    expect(header(page)).to_contain_text(f"weights trained here, {step} steps from seed 0")
    page.wait_for_url(lambda url: f"at={step}" in url)
    page.locator(FINISHED).wait_for()
    assert (frame_shown(page), step_shown(page)) == (frame, step)
    np.testing.assert_array_equal(numbers(page, CHART), shown)
    assert page.evaluate("chart => document.querySelector(chart).isTheSame === true", CHART)
    changes, sends = page.evaluate("[changes, sends]")
    assert len(changes) >= 3
    assert len(sends) == len(sent) > 0
    # The first comes after a rest, of 400 ms.
    assert min(sends[0] - change for change in changes if change < sends[0]) > 350, (changes, sends)


@pytest.mark.matrix
def test_play_goes_through_the_frames_and_pause_stops_at_one(page: Page, server: Server) -> None:
    open_learn(page, server, QUICK)
    train(page)
    last = frame_shown(page)
    drag_grip(page, -150, steps=3)
    page.mouse.up()
    # The server has heard, and drawn again.
    expect(header(page)).to_contain_text(f"{step_shown(page)} steps from")
    page.locator(FINISHED).wait_for()
    began = frame_shown(page)
    assert 0 < began < last
    page.evaluate(
        """([chart, pauseAt]) => {
            const press = word => [...document.querySelectorAll(`${chart} .updatemenu-button`)]
                .find(button => button.textContent.includes(word))
                .dispatchEvent(new MouseEvent("click", { bubbles: true }))
            const heard = new WeakSet()
            const hear = plot => {
                if (heard.has(plot)) return
                heard.add(plot)
                plot.on("plotly_animatingframe", ({ name }) => {
                    const heads = plot._fullData.filter(trace => trace.z)
                    played.push([Number(name), heads[0].z[0][0]])
                    if (!window.paused && Number(name) >= window.pauseAt) {
                        window.paused = true
                        press("Pause")
                    }
                })
            }
            // What the server drew may come to the screen late, and stop it, or be another element:
            // then it begins again.
            window.playUntil = isOver => {
                let count = -1
                const look = () => {
                    const plot = document.querySelector(chart)
                    if (isOver(plot.layout.sliders[0].active, window.played?.at(-1)?.[0])) return
                    hear(plot)
                    if (count < 0 || count === played.length) {
                        window.played = []
                        window.paused = false
                        press("Play")
                    }
                    count = played.length
                    setTimeout(look, 2000)
                }
                look()
            }
            window.pauseAt = pauseAt
            playUntil((active, shown) => window.paused && active === shown)
        }""",
        [CHART, began + 2],  # in the page: a slow machine may reach the end before our clicks do
    )
    stopped = page.wait_for_function(  # the slider follows after the frame, at the machine's pace
        """chart => {
            const { active } = document.querySelector(chart).layout.sliders[0]
            return window.paused && active === played.at(-1)[0] && active
        }""",
        arg=CHART,
    ).json_value()
    assert began < stopped < last
    before = page.evaluate("played")
    expect(header(page)).to_contain_text(f"{step_shown(page)} steps from")
    assert frame_shown(page) == stopped
    play = page.locator(f"{CHART} .updatemenu-button").filter(has_text="Play")
    play.click(trial=True)  # a pointer reaches it
    page.evaluate(
        """last => {
            window.pauseAt = Infinity
            playUntil((_active, shown) => shown === last)
        }""",
        last,
    )
    page.wait_for_function(
        "([chart, last]) => document.querySelector(chart).layout.sliders[0].active === last",
        arg=[CHART, last],
    )
    expect(header(page)).to_contain_text("50 steps from")
    frames = before + page.evaluate("played")
    names = [name for name, _z in frames]
    assert names[-1] == last
    assert set(range(began + 1, last)) <= set(names)
    assert names == sorted(names)
    assert len({z for _name, z in frames}) >= (last - began) // 2


PLAY_FROM_THE_FIRST = """chart => {
    const plot = document.querySelector(chart)
    window.shown = [] // of each frame: its name, the answers beside it, and when it was shown
    plot.on("plotly_animatingframe", ({ name }) => {
        const cells = [...document.querySelectorAll(".answers tr.says td")]
        const says = cells.map(cell => [cell.textContent, cell.className])
        shown.push([Number(name), says, performance.now()])
    })
    plot._fullLayout._currentFrame = "0"
    ;[...plot.querySelectorAll(".updatemenu-button")]
        .find(button => button.textContent.includes("Play"))
        .dispatchEvent(new MouseEvent("click", { bubbles: true }))
}"""


@pytest.mark.matrix
def test_heatmaps_are_never_blank_while_they_play(page: Page, server: Server) -> None:
    open_learn(page, server, f"{QUICK}&heads=2")
    train(page)
    places = [image.bounding_box() for image in page.locator(f"{CHART} .heatmaplayer image").all()]
    assert len(places) == 2
    session = page.context.new_cdp_session(page)
    pictures: list[Image.Image] = []

    def keep(event: dict[str, Any]) -> None:
        pictures.append(Image.open(BytesIO(base64.b64decode(event["data"]))).convert("RGB"))
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "png"})
    last = frame_shown(page)
    page.evaluate(PLAY_FROM_THE_FIRST, CHART)
    page.wait_for_function("last => shown.at(-1)?.[0] === last", arg=last)
    session.send("Page.stopScreencast")
    session.detach()
    for box in places:
        assert box is not None
        left, top = box["x"] + 2, box["y"] + 2
        inside = (left, top, left + box["width"] - 4, top + box["height"] - 4)
        heads = [picture.crop(inside) for picture in pictures]
        assert all(len(head.getcolors(1 << 20) or ()) > 1 for head in heads)
        assert len({head.tobytes() for head in heads}) > 1  # it did play


@pytest.mark.matrix
def test_the_answers_follow_the_frames(page: Page, server: Server) -> None:
    open_learn(page, server, QUICK)
    train(page)
    plan = replace(RECOMMENDED["reverse"], embed_size=16, steps=50)
    typed = plan.learnt.split(plan.learnt.probe)
    right = [str(target) for target in plan.learnt.example(typed).targets]
    said = [
        list(compute_trained_here(TrainedHereSettings(plan, snapshot, typed)).answer)
        for snapshot in snapshots(plan)
    ]
    assert said[0] != said[-1]
    page.evaluate(PLAY_FROM_THE_FIRST, CHART)
    page.wait_for_function("() => shown.length >= 5")
    for frame, cells, _at in page.evaluate("shown"):
        assert [text for text, _look in cells] == said[frame]
        looks = ["right" if a == b else "wrong" for a, b in zip(said[frame], right, strict=True)]
        assert [look for _text, look in cells] == looks


@pytest.mark.matrix
def test_who_wants_no_motion_gets_a_few_frames_a_second_each(
    new_page: NewPage, server: Server
) -> None:
    page = new_page(reduced_motion="reduce")
    open_learn(page, server, QUICK)
    train(page)
    last = frame_shown(page)
    assert last > 16
    page.evaluate(PLAY_FROM_THE_FIRST, CHART)
    page.wait_for_function("() => shown.length >= 3")
    names, _answers, times = zip(*page.evaluate("shown.slice(0, 3)"), strict=True)
    assert list(names) == [0, round(last / 8), round(2 * last / 8)]
    assert all(later - earlier > 900 for earlier, later in pairwise(times))


@pytest.mark.matrix
def test_a_reload_forgets_the_run_and_keeps_the_controls(page: Page, server: Server) -> None:
    open_learn(page, server, "embed_size=16&steps=50&seed=3&heads=2&task=sort&text=31524")
    train(page)
    before = shared(page)
    page.reload()
    page.locator(FINISHED).wait_for()
    expect(progress(page)).to_contain_text("Not trained yet: 50 steps")
    expect(header(page)).to_contain_text("random weights, not trained yet (seed 3): sort")
    assert wait_for_shape(page, (2, 5, 5), CHART).shape == (2, 5, 5)
    assert shared(page) == before
    expect(page.get_by_label("Try your own input")).to_have_value("31524")
    expect(button(page, "Train")).to_be_enabled()
    expect(button(page, "Reset")).to_be_disabled()


@pytest.mark.matrix
@pytest.mark.skipif(CORES > 8, reason="too many pages would be needed to keep all cores busy")
def test_a_training_ends_with_its_page(new_page: NewPage, server: Server) -> None:
    story = "story=reverse+needs+positions&kept=reverse,1,32,1,none,head_dim,0.002,400,0"
    link = f"{SLOW}&{story}&view=numbers"  # which are drawn sooner than pictures
    # A story trains two. All are opened before: that takes as long as a training on a busy machine.
    pages = [new_page() for _ in range(math.ceil(CORES / 2) + 2)]
    for page in pages:
        open_app(page, server, link, PATH)
    reloaded, waiting, *busy, closed = pages
    for page in (closed, *busy):
        start(page, "Train both")
    button(reloaded, "Train both").click()
    expect(progress(reloaded)).to_contain_text(
        "All of this server's cores are busy: 1 training is before yours."
    )
    closed.close()
    expect(progress(reloaded)).to_contain_text("steps/s", timeout=AT_ONCE)
    button(waiting, "Train both").click()
    expect(progress(waiting)).to_contain_text(
        "All of this server's cores are busy: 1 training is before yours."
    )
    reloaded.reload(wait_until="commit")
    expect(progress(waiting)).to_contain_text("steps/s", timeout=AT_ONCE)


@pytest.mark.matrix
def test_a_cells_click_opens_its_arithmetic_and_a_name_its_head(page: Page, server: Server) -> None:
    open_learn(page, server, f"{QUICK}&heads=2&layers=2")
    train(page)
    shown = wait_for_shape(page, (4, 10, 10), CHART)
    click_cell(page, 3, 7, 2, CHART)
    arithmetic = page.locator(".st-key-arithmetic table")
    arithmetic.wait_for()
    weight = arithmetic.get_by_role("row").filter(has_text="the module's weight (float32)")
    written = weight.locator("td").last.locator("[title]").get_attribute("title")
    assert float(written or "") == pytest.approx(float(shown[3, 7, 2]), rel=1e-8)
    expect(page.get_by_label("Head", exact=True)).to_have_value("1")
    page.wait_for_url(lambda url: "k=2" in url)
    chosen = {"view": "cell", "layer": "1", "head": "1", "q": "7", "k": "2"}
    assert chosen.items() <= shared(page).items()
    choose(page, "view", "watch")
    page.locator(f"{CHART} .annotation").get_by_text("Layer 1, head 0").click()
    expect(page.get_by_text("Head 0 of 2, layer 1, D = 8.")).to_be_visible()


@pytest.mark.matrix
def test_an_own_input_is_read_while_it_is_typed_also_during_a_training(
    page: Page, server: Server
) -> None:
    open_learn(page, server, SLOW)
    start(page)
    field = page.get_by_label("Try your own input")
    field.click()
    page.keyboard.type("chromium", delay=60)
    wait_for_shape(page, (1, 8, 8), CHART)
    expect(field).to_be_focused()
    expect(field).to_have_value("chromium")
    page.wait_for_url(lambda url: "text=chromium" in url)
    pause(page)
    assert tick_labels(page, "x", CHART) == ["c", "h", "r", "o", "m ·4", "i", "u", "m ·7"]
    field.press("End")
    page.keyboard.type("!")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("'!' is none of this task's symbols")
    expect(alert).to_contain_text("Shown instead: headlights.")
    wait_for_shape(page, (1, 10, 10), CHART)
    expect(field).to_have_value("chromium!")
    field.press("Backspace")
    wait_for_shape(page, (1, 8, 8), CHART)
    expect(page.get_by_text("Shown instead")).to_have_count(0)
    expect(field).to_have_value("chromium")


@pytest.mark.matrix
def test_a_story_shows_both_trainings_side_by_side(page: Page, server: Server) -> None:
    open_learn(page, server)
    page.get_by_role("combobox", name="Story").click()
    page.get_by_role("option", name="One head can't do two things at once").click()
    expect(page.get_by_text("One head can't do two things at once.")).to_be_visible()
    train(page, "Train both")
    shown = wait_for_shape(page, (3, 10, 10), CHART)
    names = page.locator(f"{CHART} .annotation").filter(has_text=re.compile(r"Head \d"))
    expect(names).to_have_text(["━ Head 0", "━ Head 1", "╍ kept: Head 0"])
    accuracy = {c["name"]: c["y"] for c in curves(page) if c["yaxis"] == "y2"}
    assert set(accuracy) == {"this run", "kept"}
    ends = {name: values[-1] / 100 for name, values in accuracy.items()}
    assert STORIES["one_head"].holds(ends["kept"], ends["this run"])
    kept, plan = STORIES["one_head"].plans()
    np.testing.assert_array_equal(shown, np.concatenate([learnt(plan), learnt(kept)]))
    button(page, "Stop comparing").click()
    assert len(wait_for_shape(page, (2, 10, 10), CHART)) == 2


def open_weights(page: Page) -> None:
    page.get_by_role("button", name="Weights", exact=True).click()


@pytest.mark.matrix
def test_weights_are_saved_and_loaded_again(
    new_page: NewPage, server: Server, tmp_path: Path
) -> None:
    page = new_page()
    open_learn(page, server, "task=shift&embed_size=16&steps=50&seed=2")
    train(page)
    open_weights(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="These weights (safetensors)").click()
    name = "headlight_shift_step_50.safetensors"
    assert started.value.suggested_filename == name
    started.value.save_as(tmp_path / name)
    other = new_page()
    open_learn(other, server)
    open_weights(other)
    other.locator(".st-key-weights_file input[type=file]").set_input_files(tmp_path / name)
    expect(header(other)).to_contain_text("50 steps from seed 2: shift")
    other.locator(FINISHED).wait_for()
    trained_here = header(page).inner_text()
    assert header(other).inner_text() == trained_here.replace("trained here", "from a file")
    np.testing.assert_array_equal(numbers(other, CHART), numbers(page, CHART))
    assert shared(other) == shared(page)


@pytest.mark.matrix
def test_a_trained_model_is_opened_in_explore_and_left_again(page: Page, server: Server) -> None:
    open_learn(page, server, f"{QUICK}&heads=2")
    train(page)
    shown = numbers(page, CHART)
    open_weights(page)
    page.get_by_role("link", name="Open in Explore").click()
    page.locator(f"{HEADS} .main-svg").first.wait_for()
    expect(header(page)).to_contain_text("weights trained here, 50 steps from seed 0: reverse")
    np.testing.assert_array_equal(wait_for_shape(page, (2, 10, 10)), shown)
    page.get_by_role("button", name="Back to random weights").click()
    expect(header(page)).to_contain_text("random weights, untrained")
    wait_for_shape(page, (8, 12, 12))
    page.get_by_role("link", name="Learn").click()
    expect(header(page)).to_contain_text("50 steps from seed 0: reverse")
    np.testing.assert_array_equal(wait_for_shape(page, (2, 10, 10), CHART), shown)


# In the browser: [text or class, left, top, right, bottom] of all that a selector finds.
BOXES = """selector => [...document.querySelectorAll(selector)].map(element => {
    const { left, top, right, bottom } = element.getBoundingClientRect()
    const name = element.textContent || element.getAttribute("class") || element.tagName
    return [name.trim(), left, top, right, bottom]
}).filter(([, left, , right]) => right > left)"""
CONTROLS = [
    *(".st-key-learning button", ".st-key-learning [data-testid=stProgress]"),
    *(".st-key-view_bar [role=radio]", PLACE, ".answers table"),
]
PARTS = [
    *(".annotation", ".xtick text", ".x2tick text", ".ytick text", ".y2tick text", ".y3tick text"),
    *(".y4tick text", ".xtitle", ".x2title", ".ytitle", ".cbaxis text", ".heatmaplayer image"),
    *(".slider-label", ".slider-rail-rect", ".slider-grip-rect", ".updatemenu-button"),
]


class Box(NamedTuple):
    """A rectangle on the screen, in pixels."""

    name: str
    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: "Box") -> bool:
        """Whether they share more than a pixel."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width > 1 and height > 1


def boxes(page: Page, selectors: list[str], within: str = "") -> list[Box]:
    selector = ",".join(f"{within} {selector}" for selector in selectors)
    return [Box(*box) for box in page.evaluate(BOXES, selector)]


def overlapping(boxes: list[Box]) -> list[str]:
    return [f"{a.name} and {b.name}" for i, a in enumerate(boxes) for b in boxes[:i] if a.covers(b)]


@pytest.mark.matrix
@matrix(1, "scheme", ["light", "dark"])
def test_nothing_is_cut_off_or_covered(new_page: NewPage, server: Server, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    open_learn(page, server, QUICK)
    train(page)
    height = 0
    for size in ({"width": 1366, "height": 768}, {"width": 1920, "height": 1080}):
        page.set_viewport_size(size)
        page.wait_for_function(  # the larger window has larger heads
            """([chart, height]) => document.querySelector(chart)?.layout?.height > height
                && document.querySelector(`${chart} .slider-grip-rect`)""",
            arg=[CHART, height + 100],
        )
        page.locator(FINISHED).wait_for()
        height = page.evaluate("chart => document.querySelector(chart).layout.height", CHART)
        controls, parts = boxes(page, CONTROLS), boxes(page, PARTS, CHART)
        assert len(controls) > 9
        assert len(parts) > 30
        assert not overlapping(controls)
        grip, rail = "slider-grip-rect", "slider-rail-rect"  # one lies on the other
        assert [o for o in overlapping(parts) if not (grip in o and rail in o)] == []
        for box in controls + parts:
            assert box.left >= 0, box
            assert box.top >= 0, box
            assert box.right <= size["width"], box
            assert box.bottom <= size["height"], box


@pytest.mark.matrix
def test_on_a_phone_curves_heads_and_slider_stand_below_one_another(
    new_page: NewPage, server: Server
) -> None:
    width = 390
    page = new_page(viewport={"width": width, "height": 844})
    open_learn(page, server, f"{QUICK}&heads=2")
    train(page)
    page.wait_for_function(  # the browser says that it is narrow after the first picture
        "chart => document.querySelector(chart)?.layout?.xaxis2?.domain[1] === 1", arg=CHART
    )
    page.locator(FINISHED).wait_for()
    (chart,) = boxes(page, [CHART])
    assert chart.left >= 0
    assert chart.right <= width
    aside = "() => document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth"
    assert page.evaluate(aside) <= 0
    parts = [  # the box of a text is higher than its letters, by more than labels are apart
        Box(name, left + 1.5, top + 1.5, right - 1.5, bottom - 1.5)
        for name, left, top, right, bottom in boxes(page, PARTS, CHART)
    ]
    assert len(parts) > 50
    grip, rail = "slider-grip-rect", "slider-rail-rect"  # one lies on the other
    assert [o for o in overlapping(parts) if not (grip in o and rail in o)] == []
    assert all(chart.left <= part.left and part.right <= chart.right for part in parts)
    heads = boxes(page, [".heatmaplayer image"], CHART)
    panels = boxes(page, [".scatterlayer .trace"], CHART)
    assert len(heads) == 2
    assert max(panel.bottom for panel in panels) < heads[0].top
    assert heads[0].bottom < heads[1].top
    (track,) = boxes(page, [f".{rail}"], CHART)
    assert track.right - track.left >= 250
    assert track.top > heads[1].bottom
    buttons = boxes(page, [".updatemenu-button"], CHART)
    assert len(buttons) == 2
    assert all(button.top > track.bottom for button in buttons)


@pytest.mark.matrix
def test_a_story_and_its_figure_fit_a_projector(page: Page, server: Server) -> None:
    kept = "kept=compare,1,16,1,learned,head_dim,0.005,50,0"
    story = f"{QUICK}&task=compare&heads=2&positions=learned&learning_rate=0.005&story=one_head"
    open_learn(page, server, f"{story}&{kept}")
    train(page, "Train both")
    wait_for_shape(page, (3, 10, 10), CHART)
    hidden = "({ scrollHeight, clientHeight }) => scrollHeight - clientHeight"
    assert page.get_by_test_id("stMain").evaluate(hidden) == 0
