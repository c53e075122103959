"""Explore in a real browser: typing, hovering, clicking, sharing the link."""

from urllib.parse import quote, urlencode

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests import defaults
from tests.browser.charts import (
    HEADS,
    cell_position,
    click_cell,
    hover_text,
    numbers,
    tick_labels,
    wait_for_shape,
)
from tests.browser.conftest import NewPage
from tests.browser.helpers import choose, open_app, shared
from tests.matrix import matrix
from tests.servers import Server
from ui.runs.run import Run

TEXT = "the cat saw the dog"


def run_of(text: str = TEXT, **changes: object) -> Run:
    """What the page should show for this text, computed here."""
    return defaults.run_of(text, **({"heads": 4, "embed_size": 32} | changes))


def link(text: str = TEXT, **parameters: object) -> str:
    return urlencode({"text": text, "heads": 4, "embed_size": 32} | parameters, quote_via=quote)


def test_the_heatmaps_hold_the_modules_numbers(page: Page, server: Server) -> None:
    open_app(page, server, link())
    shown = wait_for_shape(page, (4, 5, 5))
    np.testing.assert_array_equal(shown, run_of().attention().field("weights"))


def test_typing_changes_the_heatmaps_and_the_link(page: Page, server: Server) -> None:
    open_app(page, server, link())
    wait_for_shape(page, (4, 5, 5))
    field = page.locator(".st-key-text input")
    field.press("End")
    field.press_sequentially(" run")
    shown = wait_for_shape(page, (4, 6, 6))
    np.testing.assert_array_equal(shown, run_of(f"{TEXT} run").attention().field("weights"))
    expect(field).to_be_focused()
    page.wait_for_url(lambda url: "run" in url)
    assert shared(page)["text"] == f"{TEXT} run"


@pytest.mark.matrix
def test_a_cells_click_fills_the_inspector_with_the_models_numbers(
    page: Page, server: Server
) -> None:
    open_app(page, server, link(mask="causal"))
    wait_for_shape(page, (4, 5, 5))
    click_cell(page, 2, 4, 1)
    arithmetic = page.locator(".st-key-arithmetic table")
    arithmetic.wait_for()
    trace = run_of(mask="causal").attention().trace
    written = dict(
        zip(
            arithmetic.locator("tbody td:first-child").all_text_contents(),
            arithmetic.locator("tbody td:last-child").evaluate_all(
                "cells => cells.map((c) => c.querySelector('[title]')?.title ?? c.textContent)"
            ),
            strict=True,
        )
    )
    steps = {what.split(":")[0]: float(n.replace("−", "-")) for what, n in written.items()
             if what != "mask"}  # fmt: skip
    assert steps["the module's weight (float32)"] == pytest.approx(
        trace.weights[0, 2, 4, 1].item(), rel=1e-8
    )
    assert steps["energy"] == pytest.approx(trace.energy[0, 2, 4, 1].item(), rel=1e-5)
    assert steps["score"] == pytest.approx(trace.scores[0, 2, 4, 1].item(), rel=1e-5)
    # It adds up as written: to the nine digits that are shown.
    assert steps["exponential"] / steps["denominator"] == pytest.approx(steps["weight"], rel=1e-8)
    assert steps["energy"] / steps["divisor"] == pytest.approx(steps["score"], rel=1e-8)
    expect(page.get_by_label("Head", exact=True)).to_have_value("2")
    assert {"view": "cell", "head": "2", "q": "4", "k": "1"}.items() <= shared(page).items()


@pytest.mark.matrix
def test_a_heads_name_opens_one_head(page: Page, server: Server) -> None:
    open_app(page, server, link())
    page.locator(f"{HEADS} .annotation").get_by_text("Head 3").click()
    page.locator(".st-key-head_chart .js-plotly-plot .main-svg").first.wait_for()
    expect(page.get_by_text("Head 3 of 4, D = 8.")).to_be_visible()
    shown = page.evaluate(
        "[...document.querySelector('.st-key-head_chart .js-plotly-plot')._fullData[4].z]"
        ".map(row => [...row])"
    )
    np.testing.assert_array_equal(shown, run_of().attention().trace.weights[0, 3].numpy())


@pytest.mark.matrix
def test_hover_names_head_query_key_and_the_full_value(page: Page, server: Server) -> None:
    open_app(page, server, link())
    wait_for_shape(page, (4, 5, 5))
    weight = run_of().attention().trace.weights[0, 1, 0, 3].item()
    assert hover_text(page, 1, 0, 3) == (
        f"Head 1 | query the (position 0) | key the (position 3) | weight {weight:.9g}"
    )


@pytest.mark.matrix
def test_hover_on_a_masked_cell_says_so(page: Page, server: Server) -> None:
    open_app(page, server, link(mask="causal"))
    wait_for_shape(page, (4, 5, 5))
    assert hover_text(page, 0, 0, 4) == (
        "Head 0 | query the (position 0) | key dog (position 4) | weight masked"
    )


@pytest.mark.matrix
def test_a_masked_cell_stays_masked_while_the_pointer_moves_in_it(
    page: Page, server: Server
) -> None:
    open_app(page, server, link(mask="causal"))
    wait_for_shape(page, (4, 5, 5))
    hover_text(page, 0, 0, 4)
    place = cell_position(page, 0, 0, 4)
    words = page.locator(f"{HEADS} .hoverlayer .hovertext tspan.line")
    for step in range(1, 6):
        page.mouse.move(place["x"] + step, place["y"] + step)
        expect(words.last).to_have_text("weight masked")


@pytest.mark.matrix
def test_a_download_holds_what_is_on_the_screen(page: Page, server: Server) -> None:
    open_app(page, server, link(mask="causal"))
    wait_for_shape(page, (4, 5, 5))
    page.locator(".st-key-text input").fill("one two three")
    wait_for_shape(page, (4, 3, 3))
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as started:
        page.get_by_text("The whole trace (NumPy .npz)").click()
    assert started.value.suggested_filename == "headlight_trace_4_heads.npz"
    with np.load(started.value.path(), allow_pickle=False) as saved:
        assert saved["tokens"].tolist() == [["one", "two", "three"]]
        weights = run_of("one two three", mask="causal").attention().trace.weights.numpy()
        np.testing.assert_array_equal(saved["weights"], weights)


@pytest.mark.matrix
def test_a_reload_and_a_shared_link_bring_everything_back(
    new_page: NewPage, server: Server
) -> None:
    page = new_page()
    open_app(page, server, link(text="one two three"))
    choose(page, "stage", "scores")
    choose(page, "mask", "causal")
    page.wait_for_url(lambda url: "stage=scores" in url and "mask=causal" in url)
    page.get_by_text("More", exact=True).click()
    choose(page, "positions", "sinusoidal")
    page.wait_for_url(lambda url: "positions=sinusoidal" in url)
    trace = run_of("one two three", mask="causal", positions="sinusoidal").attention().trace
    scores = trace.scores[0].numpy()
    expected = np.where(np.isfinite(scores), scores, np.nan)
    address = page.url
    page.reload()
    np.testing.assert_array_equal(wait_for_shape(page, (4, 3, 3)), expected)
    assert page.url == address
    other = new_page()
    other.goto(address)
    np.testing.assert_array_equal(wait_for_shape(other, (4, 3, 3)), expected)


@pytest.mark.matrix
def test_a_link_with_bad_values_gives_a_valid_page_and_says_so(page: Page, server: Server) -> None:
    open_app(page, server, "text=a+b+c&heads=7&embed_size=30&mask=nonsense&seed=1e9999&q=77")
    notice = page.get_by_test_id("stAlert")
    expect(notice.first).to_contain_text(
        "7 heads don't divide an embedding of 30; using the nearest, 6."
    )
    expect(notice.first).to_contain_text("mask nonsense; there are: none, causal, padding")
    expect(page.get_by_text("There is no query 77 in this sentence")).to_be_visible()
    wait_for_shape(page, (6, 3, 3))
    page.wait_for_url(lambda url: "heads=6" in url)
    assert shared(page)["embed_size"] == "30"
    assert "mask" not in shared(page)


HOSTILE = "<s> </s> <b>bold</b> &lt; <script>alert(1)</script> [UNK] 1 1 1"
HOSTILE_TOKENS = [
    *("<s>", "</s>", "<b>", "bold", "</b>", "&lt;"),
    *("<script>", "alert", "(", "1", ")", "</script>", "[UNK]", "1", "1", "1"),
]


@pytest.mark.matrix
def test_markup_is_shown_as_typed_and_runs_nothing(page: Page, server: Server) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_app(page, server, link(HOSTILE, heads=1))
    wait_for_shape(page, (1, 16, 16))
    labels = [label.split(" ·")[0] for label in tick_labels(page, "y")]
    assert labels == HOSTILE_TOKENS
    strip = page.locator(".st-key-strip .token")
    assert [text.split("\n")[0] for text in strip.all_inner_texts()] == HOSTILE_TOKENS
    assert "key </script> (position 11)" in hover_text(page, 0, 0, 11)
    assert not dialogs
    assert page.locator(f"{HEADS} .ytick a, {HEADS} .ytick tspan[style*=bold]").count() == 0


@pytest.mark.matrix
@matrix(
    2,
    ("text", "tokens"),
    [
        ("我喜欢猫。", ["我", "喜", "欢", "猫", "。"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("👨‍👩‍👧‍👦 e\u0301 🇩🇪", ["👨‍👩‍👧‍👦", "é", "🇩🇪"]),
    ],
    ids=["Chinese", "Arabic", "emoji"],
)
def test_any_script_is_split_and_labelled(
    page: Page, server: Server, text: str, tokens: list[str]
) -> None:
    open_app(page, server, link(text, heads=1))
    wait_for_shape(page, (1, len(tokens), len(tokens)))
    assert tick_labels(page, "y") == tokens
    assert tick_labels(page, "x") == tokens


@pytest.mark.matrix
def test_the_strip_answers_a_hover_without_the_server(page: Page, server: Server) -> None:
    open_app(page, server, link())
    tokens = page.locator(".st-key-strip .token")
    expect(tokens).to_have_count(5)
    weights = run_of().attention().trace.weights[0].mean(0)[1]
    page.evaluate(
        """() => {
            const send = WebSocket.prototype.send
            WebSocket.prototype.send = () => { throw Error("the server was asked") }
            window.restoreSend = () => { WebSocket.prototype.send = send }
        }"""
    )
    tokens.nth(1).hover()
    expect(tokens.locator("small")).to_have_text([f"{100 * w:.1f}%" for w in weights.tolist()])
    page.evaluate("restoreSend()")
    tokens.nth(1).click()
    page.wait_for_url(lambda url: "q=1" in url)
    page.get_by_role("button", name="Head · query · key").click()
    expect(page.get_by_label("Query", exact=True)).to_have_value("1")


@pytest.mark.matrix
def test_an_empty_sentence_asks_for_one_and_typing_goes_on(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?text=")
    hint = page.get_by_text("Type a sentence above")
    hint.wait_for()
    page.locator(".st-key-text input").fill("hello")
    wait_for_shape(page, (8, 1, 1))
    expect(hint).to_be_hidden()
    assert numbers(page).tolist() == [[[1.0]]] * 8


@pytest.mark.matrix
def test_everything_stands_on_a_projector_without_scrolling(page: Page, server: Server) -> None:
    open_app(page, server)
    for place in (".st-key-text", ".st-key-heads", ".st-key-embed_size", ".st-key-mask", HEADS):
        box = page.locator(place).first.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768, place
        assert box["x"] + box["width"] <= 1366, place


@pytest.mark.matrix
def test_a_popover_is_placed_where_all_that_comes_into_it_is_seen(
    page: Page, server: Server
) -> None:
    """Also the second time, when the browser is quicker to open it than the server to fill it.

    Not More, which is as wide as the sidebar and scrolls: see test_measures.
    """
    open_app(page, server, link(text="one two three"))
    for _again in range(2):
        page.get_by_role("button", name="Download").first.click()
        page.locator(".st-key-download_npz button").wait_for()
        page.wait_for_function(
            "() => { const body = document.querySelector('[data-testid=stPopoverBody]');"
            " return body.scrollHeight <= body.clientHeight + 1; }"
        )
        page.keyboard.press("Escape")
        page.locator("[data-testid=stPopoverBody]").wait_for(state="detached")
