"""The Lab in a real Chromium: a question answered with a click, a link, a cell opened, limits."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from lab.measure import measure_mechanism
from lab.points import MechanismPoint
from tests.browser.charts import HEADS, hover, of_key, wait_for_shape
from tests.browser.helpers import FINISHED, open_app, shared
from tests.servers import Server
from ui.choices.examples import DEFAULT_TEXT
from ui.pages.lab.presets import PRESETS, preset_link

PATH = "/lab"
CHART = of_key("sweep_chart")
ANSWER = re.compile("Spread of the scores: with ÷ √D, it stays between .* grows from ")
# Half a minute of work on two cores.
LONG = (
    "head_counts=1,2,4,8&embed_sizes=256,512&scales=none,head_dim&seeds=50&text=" + "a+b+c+d+" * 60
)


def progress(page: Page) -> Locator:
    """The row with the bar: while buttons come and go, there are two bars for a moment."""
    return page.locator(".st-key-experiment")


def curves(page: Page) -> dict[str, Any]:
    """The means of each line by its name, as the browser holds them."""
    return page.evaluate(
        """chart => Object.fromEntries(document.querySelector(chart)._fullData
            .filter(trace => trace.mode === "lines+markers")
            .map(trace => [trace.name, [...trace.y]]))""",
        CHART,
    )


def click_point(page: Page, trace: int, number: int) -> None:
    """Click a point of a line as a person does."""
    place = hover(page, lambda: point_position(page, trace, number), CHART)
    page.mouse.click(place["x"], place["y"])


def point_position(page: Page, trace: int, number: int) -> Any:
    """Where a point of a line is on the screen, as {x, y}."""
    return page.evaluate(
        """([chart, trace, number]) => {
            const plot = document.querySelector(chart)
            const { x, y } = plot._fullData[trace]
            const { xaxis, yaxis } = plot._fullLayout
            const box = plot.getBoundingClientRect()
            return {
                x: box.left + xaxis._offset + xaxis.d2p(x[number]),
                y: box.top + yaxis._offset + yaxis.d2p(y[number]),
            }
        }""",
        [CHART, trace, number],
    )


def mean_spread(embed_size: int, scale: Any) -> float:
    """What the first question's picture shows, computed here."""
    points = [
        MechanismPoint(text=DEFAULT_TEXT, heads=4, embed_size=embed_size, scale=scale, seed=seed)
        for seed in range(PRESETS["scale"]["seeds"])
    ]
    return sum(measure_mechanism(point)["score_spread"] for point in points) / len(points)


@pytest.mark.matrix
def test_what_does_the_root_of_d_do(page: Page, server: Server) -> None:
    """It opens with the answer; a point opens in Explore; Back shows the answer, from its link."""
    open_app(page, server, path=PATH)
    expect(progress(page)).to_contain_text("100 of 100")
    expect(page.get_by_test_id("stMain")).to_contain_text(ANSWER)
    assert shared(page) == preset_link("scale")
    page.get_by_text("All measurements").wait_for()  # below the last picture
    page.locator(FINISHED).wait_for()
    page.locator(f"{CHART} .main-svg").first.wait_for()
    shown = curves(page)
    assert abs(shown["no scale"][4] - mean_spread(512, "none")) < 1e-6
    assert abs(shown["÷ √D"][0] - mean_spread(32, "head_dim")) < 1e-6

    click_point(page, 3, 2)
    wait_for_shape(page, (4, 12, 12), HEADS)
    assert shared(page) == {"heads": "4", "embed_size": "128", "scale": "none"}

    page.go_back()
    page.wait_for_url("**/lab?*")
    expect(page.get_by_test_id("stMain")).to_contain_text(ANSWER)
    expect(progress(page)).to_contain_text("100 of 100")
    page.reload()
    expect(progress(page)).to_contain_text("100 of 100 · 100 from earlier")
    assert shared(page) == preset_link("scale")


@pytest.mark.matrix
def test_a_long_sweep_is_cancelled_and_keeps_what_there_is(page: Page, server: Server) -> None:
    open_app(page, server, LONG, PATH)
    page.get_by_role("button", name="Run").click()
    page.locator(f"{CHART} .main-svg").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    expect(progress(page)).to_contain_text(re.compile(r"[1-9]\d* of 800 .*cancelled"))
    page.get_by_role("button", name="Run again").wait_for()
    expect(page.locator(f"{CHART} .main-svg").first).to_be_visible()


@pytest.mark.matrix
def test_what_is_typed_is_refused_in_place(page: Page, server: Server) -> None:
    """A list that isn't understood, and a million points: nothing typed is lost."""
    open_app(page, server, "view=mechanism", PATH)
    heads = page.locator(".st-key-head_counts input")
    heads.fill("1, 2, x")
    heads.press("Enter")
    expect(page.get_by_test_id("stSidebar")).to_contain_text("Not used")
    expect(progress(page)).to_contain_text("Not run yet: 30 measurements")
    expect(heads).to_have_value("1, 2, x")

    sizes = page.locator(".st-key-embed_sizes input")
    sizes.fill(", ".join(str(size) for size in range(8, 257, 8)))
    sizes.press("Enter")
    for kind in ("schemes", "masks", "scales", "projections"):
        pills = page.locator(f".st-key-pick_{kind} button")
        for pill in pills.all():
            if (
                pill.get_attribute("aria-pressed") != "true"
                and pill.get_attribute("aria-checked") != "true"
            ):
                pill.click()
    seeds = page.locator(".st-key-seeds input")
    seeds.fill("50")
    seeds.press("Enter")
    expect(page.get_by_test_id("stMain")).to_contain_text("720,000 points, and may have 5,000")
    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    expect(sizes).to_have_value(re.compile("^8, 16"))


@pytest.mark.matrix
def test_costs_are_there_at_once(page: Page, server: Server) -> None:
    open_app(page, server, "view=cost&tokens=1000", PATH)
    expect(page.get_by_test_id("stMain")).to_contain_text(
        "Doubling the embedding from 256 to 512 multiplies"
    )
    page.locator(f"{of_key('cost_chart')} .main-svg").first.wait_for()
    expect(page.get_by_role("button", name="Measure on this machine")).to_be_enabled()
