"""The colours of weights as they are painted, and the control for them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.charts import HEADS, cell_position, wait_for_shape
from tests.browser.helpers import Server, choose, open_app, shared
from tests.defaults import run_of
from tests.matrix import matrix
from viz.theme import LIGHT

TEXT = "the cat saw the dog"
LINK = "text=the+cat+saw+the+dog"
SHAPE = (8, 5, 5)
CELLS = [(0, 0, 0), (0, 3, 1), (2, 1, 4), (5, 4, 2), (7, 2, 2)]


def mixed(place: float) -> np.ndarray:
    """The theme's colour at a place of the bar, from 0 to 1."""
    channels = [[int(color[i : i + 2], 16) for color in LIGHT.sequential] for i in (1, 3, 5)]
    return np.array([np.interp(place, np.linspace(0, 1, 6), channel) for channel in channels])


def on_log(weight: float, end: float) -> float:
    """Where a weight is on a log scale of four decades."""
    return float(np.clip(1 + np.log10(weight / end) / 4, 0, 1))


@pytest.mark.matrix
@matrix(
    1,
    ("query", "end", "curve"),
    [
        ("color_scale=log&color_end=1", 1.0, "log"),
        ("color_scale=log&color_end=0.1", 0.1, "log"),
        ("color_scale=sqrt&color_end=1", 1.0, "sqrt"),
    ],
)
def test_a_cell_has_the_colour_of_its_weight(
    page: Page, server: Server, query: str, end: float, curve: str
) -> None:
    open_app(page, server, f"{LINK}&{query}")
    wait_for_shape(page, SHAPE)
    page.mouse.move(0, 0)
    weights = run_of(TEXT).attention().field("weights")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    for head, row, column in CELLS:
        at = cell_position(page, head, row, column)
        painted = picture.getpixel((round(at["x"]), round(at["y"])))
        weight = float(weights[head, row, column])
        share = on_log(weight, end) if curve == "log" else min(1.0, weight / end) ** 0.5
        np.testing.assert_allclose(painted, mixed(share), atol=3)


@pytest.mark.matrix
def test_the_strip_is_shaded_on_the_same_scale(page: Page, server: Server) -> None:
    open_app(page, server, f"{LINK}&q=1&color_scale=log&color_end=0.5")
    boxes = page.locator(".st-key-strip .token")
    expect(boxes.nth(4)).to_contain_text("%")
    shares = boxes.evaluate_all(
        "boxes => boxes.map(box => Number(box.style.getPropertyValue('--share')))"
    )
    weights = run_of(TEXT).attention().field("weights").mean(axis=0)[1]
    np.testing.assert_allclose(shares, [on_log(w, 0.5) for w in weights], atol=1e-3)


@pytest.mark.matrix
def test_the_control_changes_the_colours_and_the_link(page: Page, server: Server) -> None:
    open_app(page, server, LINK)
    entries = page.evaluate("history.length")
    page.get_by_role("button", name="Colours of weights").click()
    choose(page, "color_scale", "log")
    page.wait_for_function(f"() => document.querySelector('{HEADS}')?._fullLayout.coloraxis2")
    end = page.locator(".st-key-color_end input")
    end.fill("0.05")
    end.press("Enter")
    page.wait_for_function(
        f"() => document.querySelector('{HEADS}')?._fullLayout.coloraxis.cmax === .05"
    )
    assert shared(page) == {"text": TEXT, "color_scale": "log", "color_end": "0.05"}
    assert page.evaluate("history.length") == entries + 1  # for the scale; the end was typed
    ends = page.locator(f"{HEADS} .cbaxis text").all_text_contents()
    assert (ends[0], ends[-1]) == ("≤ 5e-06", "≥ 0.05")
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_function(
        f"() => document.querySelector('{HEADS}')?._fullLayout.coloraxis.cmax === .05"
    )
    assert shared(page) == {"text": TEXT, "color_scale": "log", "color_end": "0.05"}
