"""Attention from a file in a real Chromium: uploaded, looked at, measured; and harmless."""

import os
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import numbers, wait_for_shape
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, choose, open_app, shared
from tests.browser.measuring import drawn, lasting_faults
from tests.model.trace_file.files import npz, rows, vectors
from tests.servers import Server

PATH = "/pretrained"
TOKENS = ["the", "cat", "sat", "down"]
HOSTILE = [
    "<script>window.harm=1</script>",
    "<img src=x onerror=window.harm=1>",
    "**b** $x$ [a](javascript:window.harm=1)",
    "\u202e&lt;b&gt;",
]
UPLOADER = "[class*=st-key-trace_file_] input[type=file]"


def upload(page: Page, data: bytes | Path, name: str = "mine.npz") -> None:
    """Open a file where the page asks for one, or in the popover for another."""
    another = page.get_by_role("button", name="Open another file")
    page.locator(UPLOADER).or_(another).first.wait_for(state="attached")
    if page.locator(UPLOADER).count() == 0:
        another.click()
    file = data if isinstance(data, Path) else {"name": name, "mimeType": "", "buffer": data}
    page.locator(UPLOADER).set_input_files(file)  # type: ignore[arg-type]


def opened(page: Page, server: Server, data: bytes | Path, query: str = "from_file=true") -> None:
    open_app(page, server, query, path=PATH)
    upload(page, data)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.locator(FINISHED).wait_for()


def header(page: Page) -> str:
    return page.get_by_text("Headlight — ").inner_text()


def steps(layers: int, heads: int, length: int) -> bytes:
    q, k, v = (vectors(layers, heads, length, 16, seed=seed) for seed in range(3))
    mask = np.tril(np.ones((length, length), dtype=bool))
    return npz(q=q, k=k, v=v, mask=mask, tokens=[f"w{i}" for i in range(length)])


def test_weights_with_tokens_are_shown(page: Page, server: Server) -> None:
    open_app(page, server, "from_file=true&layer=1", path=PATH)
    expect(page.get_by_text("which isn't in the link: open the file here")).to_be_visible()
    weights = rows(2, 3, 4, 4)
    upload(page, npz(weights=weights, tokens=TOKENS))
    np.testing.assert_array_equal(wait_for_shape(page, (3, 4, 4)), weights[1])
    assert "weights from a file, mine, not computed here: 2 layers × 3 heads" in header(page)
    assert "weights only: the rest isn't known" in header(page)
    assert shared(page) == {"from_file": "true", "layer": "1"}
    page.reload()
    page.locator(FINISHED).wait_for()
    expect(page.get_by_text("which isn't in the link: open the file here")).to_be_visible()


@pytest.mark.matrix
def test_a_download_is_opened_again(new_page: NewPage, server: Server, tmp_path: Path) -> None:
    page = new_page()
    open_app(page, server, "text=one%20two%20three&layers=2&mask=causal")
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="The whole trace (NumPy .npz)").click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)
    other = new_page()
    opened(other, server, file)
    np.testing.assert_array_equal(numbers(other), numbers(page))
    assert "largest difference from PyTorch" in header(other)
    choose(other, "view", "one head")
    expect(other.locator(".st-key-head_chart .main-svg").first).to_be_visible()


@pytest.mark.matrix
def test_queries_keys_and_values_are_enough(page: Page, server: Server) -> None:
    opened(page, server, steps(2, 4, 6))
    assert "queries and keys from a file" in header(page)
    for view, chart in (("one head", "head_chart"), ("layers", "layers_chart")):
        choose(page, "view", view)
        expect(page.locator(f".st-key-{chart} .main-svg").first).to_be_visible()


@pytest.mark.matrix
def test_hostile_tokens_do_nothing(page: Page, server: Server) -> None:
    opened(page, server, npz(weights=rows(2, 2, 4, 4), tokens=HOSTILE, names=HOSTILE[:2]))
    for view in ("one head", "layers", "numbers", "all heads"):
        choose(page, "view", view)
        page.locator(FINISHED).wait_for()
        drawn(page)
    assert page.evaluate("() => window.harm === undefined")
    expect(page.locator(".st-key-strip").get_by_text(HOSTILE[0])).to_be_visible()


@pytest.mark.matrix
def test_a_file_may_be_large_and_no_larger(page: Page, server: Server, tmp_path: Path) -> None:
    noise = np.frombuffer(os.urandom(31_000_000), np.uint8)  # the browser counts in 10^6
    open_app(page, server, "from_file=true", path=PATH)
    data = npz(weights=rows(2, 3, 4, 4), tokens=TOKENS, noise=noise)
    assert 31e6 < len(data) < 32e6
    large = tmp_path / "large.npz"
    large.write_bytes(data)
    upload(page, large)
    wait_for_shape(page, (3, 4, 4))
    assert "from a file, large," in header(page)
    expect(page.get_by_text("Not known here, and not read: noise")).to_be_visible()
    page.get_by_role("button", name="Open another file").click()
    larger = tmp_path / "larger.npz"
    larger.write_bytes(data + bytes(1_000_000))
    page.locator(UPLOADER).set_input_files(larger)
    expect(page.get_by_text("larger.npz")).to_be_visible()  # as what wasn't sent
    assert "from a file, large," in header(page)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.matrix)])
@pytest.mark.parametrize(
    "view", ["heads", *(pytest.param(v, marks=pytest.mark.matrix) for v in ("head", "layers"))]
)
def test_on_a_projector_all_can_be_read_and_reached(
    new_page: NewPage, server: Server, view: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    opened(page, server, steps(4, 8, 12), f"from_file=true&view={view}")
    assert not lasting_faults(page, "pretrained", "small", "overlaps", "cutOff", "sideways")


@pytest.mark.matrix
def test_on_a_phone_nothing_scrolls_sideways(new_page: NewPage, server: Server) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_app(page, server, "from_file=true", path=PATH)
    assert not lasting_faults(page, "pretrained", "small", "sideways")
    upload(page, npz(weights=rows(2, 4, 6, 6)))
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert not lasting_faults(page, "pretrained", "small", "sideways")
