"""A page for a class, in a browser: its keys, its sizes, and the notes in a second window."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from lessons.lesson import Lesson
from lessons.shelf import lessons
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, settled, shared
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm

MEASURE = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
SMALLEST = 20  # pixels of a text, on a classroom's projector
CHART = ".st-key-lesson_chart .main-svg"


def opened(page: Page, server: Server, path: str, query: str = "") -> Page:
    page.goto(f"{server.url}/{path}?present=true{query}")
    page.locator(".st-key-presented").wait_for()
    page.locator("header.stAppHeader").wait_for(state="hidden")
    page.locator(".st-key-presenter .open").wait_for()  # the keys are listened to
    page.locator(FINISHED).wait_for()
    return page


def drawn(page: Page, chart: str = CHART) -> Page:
    page.locator(chart).first.wait_for()
    page.locator(FINISHED).wait_for()
    return page


def heading(page: Page, lesson: str, step: int) -> None:
    expect(page.locator(".st-key-presented h3")).to_have_text(
        lessons()[lesson].steps[step - 1].heading
    )
    page.locator(FINISHED).wait_for()


def letters(page: Page) -> float:
    """How high the labels of the picture are, in pixels."""
    return float(
        page.evaluate(
            """() => {
                const label = document.querySelector('.st-key-lesson_chart .xtick text')
                return label ? parseFloat(getComputedStyle(label).fontSize) : 0
            }"""
        )
    )


def in_component(page: Page, selector: str) -> Locator:
    return page.locator(".st-key-presenter").locator(selector)


def test_the_keys_lead_through_a_lesson(page: Page, server: Server) -> None:
    drawn(opened(page, server, "explore", "&lesson=scale"), ".st-key-presented h3")
    heading(page, "scale", 1)
    expect(page.locator(CHART)).to_have_count(0)
    page.keyboard.press(" ")
    drawn(page)
    page.keyboard.press("ArrowRight")
    heading(page, "scale", 2)
    page.keyboard.press("PageUp")  # as a clicker sends it
    heading(page, "scale", 1)
    page.keyboard.press("PageDown")
    heading(page, "scale", 2)
    assert shared(page) == {"lesson": "scale", "step": "2", "present": "true"}
    page.go_back()
    heading(page, "scale", 1)
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-presented")).to_have_count(0)
    expect(page.locator(".st-key-lesson_bar h3")).to_be_visible()
    assert "present" not in shared(page)


@needs_minilm
def test_a_key_leads_to_the_next_lesson_on_another_page(page: Page, server: Server) -> None:
    last = len(lessons()["who"].steps)
    opened(page, server, "pretrained", f"&lesson=who&step={last}")
    heading(page, "who", last)
    page.keyboard.press("ArrowRight")
    heading(page, "qkv", 1)
    assert shared(page) == {"lesson": "qkv", "present": "true"}


def test_other_keys_change_the_head_the_size_and_the_screen(page: Page, server: Server) -> None:
    drawn(opened(page, server, "explore", "&heads=2"))
    page.keyboard.press("h")
    page.wait_for_url("**head=0*")
    expect(page.locator(".st-key-lesson_chart .annotation")).to_have_count(1)
    before = letters(page)
    assert before >= SMALLEST
    page.keyboard.press("+")
    page.wait_for_function(
        """(before) => {
            const label = document.querySelector('.st-key-lesson_chart .xtick text')
            return label && parseFloat(getComputedStyle(label).fontSize) > before
        }""",
        arg=before,
    )
    page.keyboard.press("-")
    page.wait_for_function(
        """(before) => {
            const label = document.querySelector('.st-key-lesson_chart .xtick text')
            return label && parseFloat(getComputedStyle(label).fontSize) === before
        }""",
        arg=before,
    )
    black = in_component(page, ".black")
    page.keyboard.press("b")
    expect(black).to_be_visible()
    page.keyboard.press("h")  # only wakes the screen
    expect(black).to_be_hidden()
    assert shared(page)["head"] == "0"


def test_the_list_of_keys_switches_them_off(page: Page, server: Server) -> None:
    drawn(opened(page, server, "explore", "&heads=2"))
    page.keyboard.press("?")
    listed = in_component(page, ".list")
    expect(listed).to_be_visible()
    for does in ("next step", "reveal", "black screen, and back", "next head"):
        expect(listed.get_by_text(does, exact=True)).to_be_visible()
    listed.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    page.keyboard.press("h")
    page.keyboard.press("b")
    expect(in_component(page, ".black")).to_be_hidden()
    page.reload()
    drawn(page)
    page.keyboard.press("h")
    in_component(page, ".open").click()  # which is always there
    expect(listed).to_be_visible()
    listed.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    assert "head" not in shared(page)
    page.keyboard.press("h")
    page.wait_for_url("**head=0*")


@pytest.mark.parametrize("focused", ["a field", "a chart"])
def test_a_key_is_the_fields_or_the_charts_that_has_it(
    page: Page, server: Server, focused: str
) -> None:
    drawn(opened(page, server, "explore", "&heads=2"))
    if focused == "a field":
        page.get_by_label("Sentence").fill("cats")
        page.keyboard.press("h")
        page.keyboard.press("b")
        expect(page.get_by_label("Sentence")).to_have_value("catshb")
    else:
        page.evaluate(
            """() => {
                const chart = document.querySelector('.st-key-lesson_chart .js-plotly-plot')
                chart.tabIndex = 0
                chart.focus()
            }"""
        )
        page.keyboard.press("h")
        page.keyboard.press("b")
    expect(in_component(page, ".black")).to_be_hidden()
    assert "head" not in shared(page)
    # A space on a button that was reached by the keyboard presses that button.
    drawn(opened(page, server, "explore", "&lesson=scale"), ".st-key-presented h3")
    page.get_by_role("button", name="Lessons").focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Leave the lesson")).to_be_visible()
    assert "revealed" not in shared(page)


def test_at_a_desk_the_keys_do_nothing(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/explore?lesson=scale")
    expect(page.locator(".st-key-lesson_bar h3")).to_be_visible()
    settled(page)
    for key in ("ArrowRight", " ", "b", "h"):
        page.keyboard.press(key)
    assert shared(page) == {"lesson": "scale"}
    expect(in_component(page, ".open")).to_be_hidden()


@pytest.mark.matrix
@needs_minilm
def test_the_notes_follow_from_page_to_page(page: Page, new_page: NewPage, server: Server) -> None:
    opened(page, server, "pretrained", "&lesson=who")
    heading(page, "who", 1)
    page.get_by_role("button", name="Lessons").click()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Notes in a second window").click()
    notes = popup.value
    title = notes.locator(".st-key-notes h3")
    who = lessons()["who"].steps
    expect(title).to_have_text(who[0].heading)
    expect(notes.get_by_text(who[0].mistakes)).to_be_visible()
    page.bring_to_front()
    page.keyboard.press("Escape")  # closes the menu, or leaves
    opened(page, server, "pretrained", "&lesson=who&step=2")
    heading(page, "who", 2)
    expect(title).to_have_text(who[1].heading)
    opened(page, server, "explore", "&lesson=mask&step=4")
    heading(page, "mask", 4)
    expect(title).to_have_text(lessons()["mask"].steps[3].heading)
    # One that is opened later asks where the other one is.
    notes.goto(f"{server.url}/learn?notes=true")
    expect(title).to_have_text(lessons()["mask"].steps[3].heading)


def test_the_button_and_its_key_lead_in(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/explore")
    page.locator(".st-key-heads_chart .main-svg").first.wait_for()
    settled(page)
    page.keyboard.press("Alt+p")
    drawn(page)
    assert shared(page) == {"present": "true"}
    page.go_back()
    page.locator(".st-key-heads_chart .main-svg").first.wait_for()
    page.get_by_role("button", name="Present").click()
    drawn(page)


def wrong(page: Page, *, scrolls: bool = False) -> dict[str, Any]:
    """What of a presented page is too small, on one another, or out of sight."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    page.locator(FINISHED).wait_for()
    found: dict[str, Any] = page.evaluate(MEASURE, SMALLEST)
    names = ("small", "overlaps", "cutOff", "sideways", *(() if scrolls else ("down",)))
    return {name: found[name] for name in names if found[name]}


@pytest.mark.matrix
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lesson", lessons().values(), ids=list(lessons()))
def test_every_step_can_be_read_from_the_last_row(
    new_page: NewPage, server: Server, lesson: Lesson, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    faults = {}
    for number, step in enumerate(lesson.steps, 1):
        for more in ("", "&revealed=true") if step.question is not None else ("",):
            opened(page, server, step.page, f"&lesson={lesson.name}&step={number}{more}")
            heading(page, lesson.name, number)
            if more or step.question is None:
                page.locator(".st-key-presented .main-svg").first.wait_for()
            if found := wrong(page):
                faults[f"{number}{more}"] = found
    assert not faults


STATES = (
    *("", "start?trained=false", "explore", "explore?mask=causal&stage=scores&head=1"),
    *("explore?view=cell&head=2&q=7&k=1", "explore?only=heads,mask,text", "encoder-decoder"),
    *("learn", "compare", "lab", "lab?view=cost", "lab?view=learning"),
    *("explore?lang=zh", "explore?text=" + "+".join(["word"] * 40)),
)
OF_MINILM = ("pretrained", "pretrained?view=finder")


@pytest.mark.matrix
@pytest.mark.parametrize(
    "state", [*STATES, *(pytest.param(each, marks=needs_minilm) for each in OF_MINILM)]
)
def test_every_page_can_be_read_from_the_last_row(
    new_page: NewPage, server: Server, state: str
) -> None:
    # What is large enough in one scheme is in the other: lessons are tried in both.
    page = new_page(color_scheme="dark" if len(state) % 2 else "light")
    path, _, query = state.partition("?")
    opened(page, server, path, f"&{query}" if query else "")
    if path not in ("", "start"):
        # Of an experiment that nobody has run, there is no picture, but how much is to be measured.
        page.locator(".st-key-presented :is(.main-svg, .stProgress)").first.wait_for()
    assert not wrong(page)


@pytest.mark.matrix
def test_a_larger_screen_has_larger_letters(new_page: NewPage, server: Server) -> None:
    page = new_page(viewport={"width": 1920, "height": 1080})
    drawn(opened(page, server, "explore", "&head=0"))
    page.wait_for_function(
        """() => {
            const label = document.querySelector('.st-key-lesson_chart .xtick text')
            return label && parseFloat(getComputedStyle(label).fontSize) >= 28
        }"""
    )
    say = page.locator(".st-key-say p").first.evaluate("(p) => getComputedStyle(p).fontSize")
    assert float(re.sub("px", "", say)) >= 22 * 1080 / 768
    assert not wrong(page)


@pytest.mark.parametrize("query", ["present=true", "only=text"])
def test_a_sentence_that_was_empty_has_a_picture_once_something_is_typed(
    new_page: NewPage, server: Server, query: str
) -> None:
    page = new_page()
    page.goto(f"{server.url}/explore?{query}&text=")
    field = page.get_by_role("textbox", name="Sentence")
    expect(field).to_be_visible()
    page.locator(FINISHED).wait_for()
    expect(page.locator(".main-svg")).to_have_count(0)
    field.fill("one two three")
    expect(page.locator(".main-svg").first).to_be_visible()
