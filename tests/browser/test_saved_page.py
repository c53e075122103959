"""A saved page, opened from its file without a network."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.viz.page.helpers import attend, attention
from viz.labels import AxisLabels
from viz.page import Attention, Content, Layer, Picture, build_page
from viz.stream import Stream, draw_stream

TOKENS = ("the", "cat", "sat", "on", "the", "mat")
HOSTILE = (
    "</script><script>window.ran=1</script>",
    "<img src=x onerror='window.ran=1'>",
    "<b>bold</b>",
    "&lt;",
    "<a href='javascript:window.ran=1'>x</a>",
    "a\u2028b",
    "\ud800",
    "a\0b",
    "\u202eabc",
    "{token}",
)
Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Opens a page's file; the test fails if it asked for anything, or logged an error."""
    asked: list[str] = []
    problems: list[str] = []
    contexts = []

    def open_page(content: Content, **options: Any) -> Page:
        file = tmp_path / "page.html"
        file.write_text(build_page(content), encoding="ascii")
        context = browser.new_context(
            offline=True, **{"viewport": {"width": 1366, "height": 768}, **options}
        )
        contexts.append(context)
        page = context.new_page()

        def note(request: Request) -> None:
            if not request.url.startswith("data:") and request.url != file.as_uri():
                asked.append(request.url)

        page.on("request", note)
        page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(file.as_uri())
        wait_for_picture(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked == []
    assert problems == []


def wait_for_picture(page: Page) -> None:
    page.wait_for_function("() => document.documentElement.dataset.drawn")


def drawn_by(page: Page, act: Callable[[], object]) -> None:
    """Do something, and wait until the picture that it asks for is there."""
    before = page.evaluate("() => document.documentElement.dataset.drawn")
    act()
    page.wait_for_function("(b) => document.documentElement.dataset.drawn !== b", arg=before)


def choose(page: Page, name: str) -> None:
    button = page.locator("#controls").get_by_role("button", name=name, exact=True)
    drawn_by(page, button.click)


def pick(page: Page, label: str, option: str) -> None:
    select = page.get_by_role("combobox", name=label)
    drawn_by(page, lambda: select.select_option(label=option))


def numbers(page: Page, trace: int) -> np.ndarray:
    """What a heatmap draws, as float32; NaN where nothing."""
    read = "(i) => document.getElementById('chart').data[i].z.map((row) => Array.from(row, String))"
    return np.array(page.evaluate(read, trace), dtype=np.float64).astype(np.float32)


def masked(values: np.ndarray, layer: Layer) -> np.ndarray:
    return np.where(layer.allowed, values, np.float32("nan"))


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


@pytest.mark.parametrize("size", [6, 40])  # as it is, and compressed
def test_every_number_is_the_traces_own(opened: Opened, size: int) -> None:
    tokens = [f"w{i}" for i in range(size)]
    every = attention(tokens, layers=2, heads=4, width=16, causal=True)
    page = opened(Content("A page", attentions=[every], layer=1))
    layer = every.layers[1]
    same(numbers(page, 2), masked(layer.weights, layer)[2])
    choose(page, "Scores")
    same(numbers(page, 1), masked(layer.scores, layer)[1])
    choose(page, "Energy")
    same(numbers(page, 3), layer.energy[3])
    choose(page, "Head outputs")
    same(numbers(page, 0), layer.head_outputs[0])
    choose(page, "Output")
    same(numbers(page, 0), layer.output)
    choose(page, "Q, K, V")
    gap = np.full((size, 2), np.nan, dtype=np.float32)
    joined = [layer.queries[3], gap, layer.keys[3], gap, layer.values[3]]
    same(numbers(page, 3), np.concatenate(joined, axis=1))
    choose(page, "One head")
    pick(page, "Head", "Head 3")
    pick(page, "Layer", "Layer 0")
    first = every.layers[0]
    terms = [
        first.queries[3], first.keys[3].T, first.energy[3], masked(first.scores, first)[3],
        masked(first.weights, first)[3], first.values[3], first.head_outputs[3],
    ]  # fmt: skip
    for i, term in enumerate(terms):
        same(numbers(page, i), term)


def test_hovering_tells_tokens_and_the_whole_number(opened: Opened) -> None:
    every = attention(TOKENS, causal=True)
    page = opened(Content("A page", attentions=[every]))
    plot = page.locator("#chart .draglayer .nsewdrag").first.bounding_box()
    assert plot is not None
    cell = plot["width"] / 2 / len(TOKENS)
    page.mouse.move(plot["x"] + 0.6 * cell, plot["y"] + plot["height"] - 20)
    hover = page.locator("#chart .hoverlayer")
    expect(hover).to_contain_text("query mat (position 5)")
    expect(hover).to_contain_text("key the (position 0)")
    weight = float(every.layers[0].weights[0, 5, 0])
    expect(hover).to_contain_text(f"weight {weight:.9g}")
    page.mouse.move(plot["x"] + plot["width"] / 2 - 0.6 * cell, plot["y"] + 40)
    expect(hover).to_contain_text("weight masked")


def test_a_word_shows_its_weights_and_frames_its_row(opened: Opened) -> None:
    every = attention(TOKENS, causal=True)
    page = opened(Content("A page", attentions=[every]))
    words = page.locator("#words .token")
    words.nth(1).hover()
    mean = every.layers[0].weights.mean(axis=0)[1]
    expect(words.nth(0).locator("small")).to_have_text(f"{100 * mean[0]:.1f}%")
    expect(words.nth(2).locator("small")).to_have_text("–")
    drawn_by(page, words.nth(1).click)
    expect(words.nth(1)).to_have_attribute("aria-pressed", "true")
    shapes = "() => document.getElementById('chart').layout.shapes.length"
    assert page.evaluate(shapes) == 1
    choose(page, "One head")
    assert page.evaluate(shapes) == 5  # Q, energy, scores, weights, output


def test_a_click_on_a_name_or_a_cell_opens_the_head(opened: Opened) -> None:
    page = opened(Content("A page", attentions=[attention(TOKENS, layers=2)]))
    name = page.locator("#chart .annotation", has_text="Head 1")
    drawn_by(page, name.click)
    expect(page.get_by_role("combobox", name="Head")).to_have_value("1")
    choose(page, "All layers")
    plot = page.locator("#chart .draglayer .nsewdrag").first.bounding_box()
    assert plot is not None
    corner = (plot["x"] + 0.1 * plot["width"], plot["y"] + 0.9 * plot["height"])
    drawn_by(page, lambda: page.mouse.click(*corner))
    expect(page.get_by_role("combobox", name="Layer")).to_have_value("1")
    expect(page.get_by_role("combobox", name="Head")).to_have_value("0")


def test_all_layers_show_the_heads_own_numbers(opened: Opened) -> None:
    every = attention(TOKENS, layers=2, heads=3)
    page = opened(Content("A page", attentions=[every], view="layers"))
    z = numbers(page, 0)
    found = z[np.isfinite(z).any(axis=1)][:, np.isfinite(z).any(axis=0)]
    weights = np.stack([layer.weights for layer in every.layers])
    steps = found.shape[0] // 12, found.shape[1] // 18
    large = weights.transpose(0, 2, 1, 3).reshape(12, 18)
    same(found, large.repeat(steps[0], axis=0).repeat(steps[1], axis=1))


def test_kinds_and_sentences_are_switched(opened: Opened) -> None:
    def of(kind: str, sentence: str, queries: int, keys: int) -> Attention:
        weights = np.full((2, queries, keys), 1 / keys, dtype=np.float32)
        tokens = [f"{kind}{i}" for i in range(max(queries, keys))]
        return Attention([Layer(weights)], tokens[:queries], tokens[:keys], kind, sentence)

    every = [of(k, s, q, 5) for k, q in (("Self", 5), ("Cross", 3)) for s in ("1: a", "2: b")]
    page = opened(Content("A page", attentions=every, shown=2))
    expect(page.get_by_role("button", name="Cross", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    assert numbers(page, 0).shape == (3, 5)
    expect(page.locator("#words .strip")).to_have_count(2)
    choose(page, "2: b")
    choose(page, "Self")
    assert numbers(page, 0).shape == (5, 5)
    expect(page.locator("#words .strip")).to_have_count(1)
    expect(page.get_by_role("button", name="2: b")).to_have_attribute("aria-pressed", "true")


def test_no_text_runs_and_each_is_shown_as_it_was_typed(opened: Opened) -> None:
    page = opened(
        Content(
            HOSTILE[0],
            about="".join(HOSTILE),
            notes=HOSTILE,
            attentions=[attention(HOSTILE, layers=2)],
            pictures=[Picture(HOSTILE[1], lambda theme: draw_stream(stream(), theme))],
            version=HOSTILE[1],
        )
    )
    for view in ("All layers", "One head", "All heads"):
        choose(page, view)
    page.locator("#words .token").first.click()
    page.locator("#chart .draglayer .nsewdrag").first.hover()
    assert page.evaluate("() => window.ran") is None
    assert page.locator("#chart a, body img").count() == 0
    expect(page.get_by_role("heading")).to_have_text(HOSTILE[0])
    words = page.locator("#words .token > span")
    assert [words.nth(i).text_content() for i in range(5)] == list(HOSTILE[:5])
    assert [words.nth(i).text_content() for i in (6, 7)] == ["⟨U+D800⟩", "a⟨U+0000⟩b"]
    labels = page.locator("#chart .ytick text")
    assert HOSTILE[3] in labels.all_text_contents()


def stream() -> Stream:
    labels = AxisLabels(("&lt;b&gt;", "b"), ("&lt;b&gt;", "b"))
    return Stream(np.ones((2, 2), np.float32), np.ones((2, 2), np.float32), labels, labels)


def test_light_and_dark_follow_the_reader_and_the_button(opened: Opened) -> None:
    every = [attention(TOKENS, causal=True)]
    page = opened(Content("A page", attentions=every), color_scheme="dark")
    look = "() => [getComputedStyle(document.body).backgroundColor, chart.layout.font.color]"
    assert page.evaluate(look) == ["rgb(23, 22, 20)", "#edebe8"]
    drawn_by(page, page.locator("#theme").click)
    assert page.evaluate(look) == ["rgb(255, 255, 255)", "#2f2d2b"]
    colors = "() => chart.layout.coloraxis.colorscale.map(([, color]) => color)"
    assert page.evaluate(colors)[0] == "#f3f5f9"


def test_a_phone_shows_heads_below_one_another(opened: Opened) -> None:
    content = Content("A page", attentions=[attention(TOKENS)])
    page = opened(content, viewport={"width": 390, "height": 844})
    names = page.locator("#chart .annotation", has_text="Head")
    first, second = names.nth(0).bounding_box(), names.nth(1).bounding_box()
    assert first is not None
    assert second is not None
    assert first["x"] == pytest.approx(second["x"], abs=1)
    wide = "() => document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= 390


def test_it_works_in_a_sandboxed_frame(browser: Browser) -> None:
    html = build_page(Content("A page", attentions=[attention(TOKENS)]))
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.evaluate(
        """(html) => {
          const frame = document.createElement("iframe")
          frame.sandbox = "allow-scripts"
          frame.style.cssText = "width:1200px;height:700px"
          frame.srcdoc = html
          document.body.append(frame)
        }""",
        html,
    )
    expect(page.frame_locator("iframe").locator("#chart .heatmaplayer image")).to_have_count(2)
    context.close()


def test_pictures_as_they_stand_are_switched(opened: Opened) -> None:
    layer = attend(1, 3, 2)
    pictures = [
        Picture("Stream", lambda theme: draw_stream(stream(), theme), caption="Lengths."),
        Picture("Same", lambda theme: draw_stream(stream(), theme)),
    ]
    every = [Attention([layer], TOKENS[:3], TOKENS[:3])]
    page = opened(Content("A page", attentions=every, pictures=pictures))
    choose(page, "Stream")
    expect(page.locator("#pooled")).to_have_text("Lengths.")
    expect(page.locator("#words")).to_be_hidden()
    same(numbers(page, 0), np.ones((2, 2), np.float32))
    assert json.loads(page.evaluate("() => JSON.stringify(chart.data.length)")) == 2
    choose(page, "Same")
    expect(page.locator("#pooled")).to_be_hidden()


def test_on_a_phone_a_picture_without_a_form_for_it_scrolls(opened: Opened) -> None:
    content = Content("A page", pictures=[Picture("", lambda theme: draw_stream(stream(), theme))])
    page = opened(content, viewport={"width": 390, "height": 844})
    assert page.evaluate("() => chart.layout.width") == 760
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
