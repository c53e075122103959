"""Reading a Plotly chart in the page: its numbers, its labels, the place of a cell."""

from collections.abc import Callable
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.helpers import PATIENCE

HOVERS = 15  # times that the pointer is moved to a cell, at most
HEADS = ".st-key-heads_chart .js-plotly-plot"


def of_key(key: str) -> str:
    """The selector of the chart with this key."""
    return f".st-key-{key} .js-plotly-plot"


# In the browser: the z of a chart's heatmaps, as nested lists; undefined while there is no chart.
Z = """chart => document.querySelector(chart)?._fullData?.filter(trace => trace.z)
    .map(trace => [...trace.z].map(row => [...row].map(v => isFinite(v) ? v : null)))"""


def numbers(page: Page, chart: str = HEADS) -> np.ndarray:
    """The z of all heatmaps, (heatmaps, rows, columns), as the browser holds it."""
    return np.array(page.evaluate(Z, chart), dtype=float)


def wait_for_shape(page: Page, shape: tuple[int, int, int], chart: str = HEADS) -> np.ndarray:
    """The chart's numbers, once it shows that many heatmaps, rows and columns."""
    z = page.wait_for_function(
        f"""([chart, shape]) => {{
            const z = ({Z})(chart)
            return z?.length === shape[0] && z[0].length === shape[1]
                && z[0][0].length === shape[2] && z
        }}""",
        arg=[chart, list(shape)],
    )
    return np.array(z.json_value(), dtype=float)


def cell_position(page: Page, trace: int, row: int, column: int, chart: str = HEADS) -> Any:
    """Where the centre of a cell is on the screen, as {x, y}."""
    return page.evaluate(
        """([chart, trace, row, column]) => {
            const plot = document.querySelector(chart)
            const { x0 = 0, dx = 1, y0 = 0, dy = 1 } = plot._fullData[trace]
            const { xaxis, yaxis } = plot._fullLayout
            const box = plot.getBoundingClientRect()
            return {
                x: box.left + xaxis._offset + xaxis.l2p(x0 + column * dx),
                y: box.top + yaxis._offset + yaxis.l2p(y0 + row * dy),
            }
        }""",
        [chart, trace, row, column],
    )


def click_cell(page: Page, trace: int, row: int, column: int, chart: str = HEADS) -> None:
    """Click a cell of a chart as a person does."""
    place = point_at(page, trace, row, column, chart)
    page.mouse.click(place["x"], place["y"])


def point_at(page: Page, trace: int, row: int, column: int, chart: str = HEADS) -> Any:
    """Move the pointer to a cell, until the hover box is there; where that is."""
    return hover(page, lambda: cell_position(page, trace, row, column, chart), chart)


def hover(page: Page, position: Callable[[], Any], chart: str) -> Any:
    """Move the pointer to a place of a chart, until the hover box is there; where that is.

    A chart that is drawn anew meanwhile forgets where the pointer was: then it is moved again.
    """
    box = page.locator(f"{chart} .hoverlayer .hovertext").first
    for attempt in range(HOVERS):
        place = position()
        page.mouse.move(place["x"] - 2, place["y"])
        page.mouse.move(place["x"], place["y"])
        try:
            box.wait_for(timeout=PATIENCE / HOVERS)
        except PlaywrightTimeout:
            if attempt == HOVERS - 1:
                raise
        else:
            break
    return place


def hover_text(page: Page, trace: int, row: int, column: int, chart: str = HEADS) -> str:
    """What the hover box says about a cell, its lines joined by " | "."""
    point_at(page, trace, row, column, chart)
    box = page.locator(f"{chart} .hoverlayer .hovertext")
    return " | ".join(box.first.locator("tspan.line").all_text_contents())


def tick_labels(page: Page, axis: str, chart: str = HEADS) -> list[str]:
    """The labels at an axis ("x" or "y"), as they are drawn."""
    return ticks(page, axis, chart).all_text_contents()


def ticks(page: Page, axis: str, chart: str = HEADS) -> Locator:
    return page.locator(f"{chart} .{axis}tick text")
