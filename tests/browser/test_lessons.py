"""Lessons in a browser: each step is answered wrongly and rightly, and revealed."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from lessons.lesson import Lesson, Step
from lessons.shelf import lessons
from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, settled, shared
from tests.servers import Server

RIGHT = ("and so it is.", "and that is right:", "So it is.", "100% are in both.")


def open_step(page: Page, server: Server, lesson: Lesson, number: int = 1, more: str = "") -> None:
    step = lesson.steps[number - 1]
    page.goto(f"{server.url}/{step.page}?lesson={lesson.name}&step={number}{more}")
    heading(page, step)


def heading(page: Page, step: Step) -> None:
    """Waits until the step is there."""
    expect(page.locator(".st-key-lesson_bar h3")).to_have_text(step.heading)
    page.locator(FINISHED).wait_for()


def question(page: Page) -> Locator:
    return page.locator(".st-key-lesson_question")


def way(page: Page, name: str) -> Locator:
    return page.locator(".st-key-lesson_bar").get_by_role("button", name=name, exact=True)


def reveal(page: Page) -> None:
    question(page).get_by_role("button", name="Reveal").click()
    picture(page)


def picture(page: Page) -> None:
    page.locator(".stPlotlyChart .main-svg").first.wait_for()
    page.locator(FINISHED).wait_for()


def words(page: Page, row: int = 0) -> Locator:
    return question(page).locator(".picker .row").nth(row).locator("button")


def answer(page: Page, step: Step, said: str) -> None:
    """Say something: a word's or a cell's place, a number, a choice, or a preset of the painter."""
    assert step.question is not None
    match step.question.kind:
        case "word" | "cell":
            for row, place in enumerate(said.split(".")):
                words(page, row).nth(int(place)).click()
                expect(words(page, row).nth(int(place))).to_have_attribute("aria-pressed", "true")
        case "number":
            question(page).locator("input").fill(said)
            question(page).locator("input").press("Enter")
        case "choice":
            question(page).get_by_role("radio", name=said).or_(
                question(page).get_by_role("button", name=said)
            ).first.click()
        case "paint":
            question(page).get_by_role("button", name=said, exact=True).click()
    page.wait_for_url(lambda url: "answer=" in url)
    page.locator(FINISHED).wait_for()


def right_answer(page: Page, step: Step) -> str:
    """What the page shows as right, once it is revealed, as `answer` says it."""
    assert step.question is not None
    text = question(page).inner_text()
    match step.question.kind:
        case "word" | "cell":
            rows = question(page).locator(".picker .row").all()
            every = [row.locator("button") for row in rows]
            return ".".join(
                str(next(i for i, each in enumerate(boxes.all()) if "right" in classes(each)))
                for boxes in every
            )
        case "number":
            amount = re.search(r"[Ii]t is ([\d,.]+?)(%| MB| tokens|\.(?!\d))", text)
            assert amount is not None
            return str(round(float(amount[1].replace(",", ""))))
        case "choice":
            return text.split("It is: ")[1].split(".")[0]
        case "paint":
            return "Lower half"


def classes(box: Locator) -> str:
    return box.get_attribute("class") or ""


def wrong_answer(page: Page, step: Step, right: str) -> str:
    assert step.question is not None
    match step.question.kind:
        case "word" | "cell":
            return ".".join("1" if place == "0" else "0" for place in right.split("."))
        case "number":
            return "1" if right != "1" else "2"
        case "choice":
            return next(text for text in step.question.choices.values() if text != right)
        case "paint":
            return "Diagonal"


def fits_the_screen(page: Page) -> None:
    """Waits until nothing scrolls: what is still being drawn may, for a moment."""
    page.wait_for_function(
        """() => {
            const main = document.querySelector('[data-testid="stMain"]')
            return main.scrollHeight <= main.clientHeight && main.scrollWidth <= main.clientWidth
        }"""
    )


@pytest.mark.matrix
@pytest.mark.parametrize("lesson", lessons().values(), ids=list(lessons()))
def test_a_lesson_is_walked_through(page: Page, server: Server, lesson: Lesson) -> None:
    open_step(page, server, lesson)
    for number, step in enumerate(lesson.steps, 1):
        heading(page, step)
        fits_the_screen(page)
        if step.question is None:
            picture(page)
        else:
            # Once to learn what is right, then wrongly, then rightly: each time from the beginning.
            expect(page.locator(".stPlotlyChart")).to_have_count(0)
            reveal(page)
            fits_the_screen(page)
            right = right_answer(page, step)
            # What is learnt can't be painted by a button: see the test of that.
            can_be_right = (step.page, step.question.kind) != ("learn", "paint")
            for said in (wrong_answer(page, step, right), *([right] if can_be_right else [])):
                open_step(page, server, lesson, number)
                answer(page, step, said)
                expect(page.locator(".stPlotlyChart")).to_have_count(0)
                reveal(page)
                told = question(page).inner_text()
                assert any(text in told for text in RIGHT) == (said == right), told
                fits_the_screen(page)
        if number < len(lesson.steps):
            way(page, "Next").click()
            page.wait_for_url(f"**step={number + 1}*")


def seen(page: Page) -> list[str]:
    """All that can be read on the page, and what stands in attributes for those who can't."""
    found: list[str] = page.evaluate(
        """() => {
            const aria = ['aria-label', 'aria-pressed', 'aria-valuenow', 'aria-description']
            const said = ['title', 'alt', 'placeholder', ...aria]
            const main = document.querySelector('[data-testid="stMain"]')
            return [...main.querySelectorAll(':not(style)')].flatMap((element) => [
                element.children.length ? '' : element.textContent,
                element.value ?? '',
                ...said.map((name) => element.getAttribute(name) ?? ''),
            ]).filter((text) => text.trim())
        }"""
    )
    return found


def test_before_it_is_revealed_two_sentences_look_the_same(page: Page, server: Server) -> None:
    lesson = lessons()["who"]
    sentences = (("fish", "cat", "red"), ("man", "dog", "hat"))
    shown, rights = [], []
    for words_of in sentences:
        text = "&text={}+it+{}+{}".format(*words_of)
        open_step(page, server, lesson, 1, text)
        expect(words(page)).to_have_count(4)
        for box in words(page).all():  # pointing at a word tells nothing
            box.hover()
        own = re.compile(rf"\b({'|'.join(words_of)})\b")
        shown.append([own.sub("word", element) for element in seen(page)])
        reveal(page)
        rights.append(right_answer(page, lesson.steps[0]))
    assert len(set(rights)) > 1  # else the test would show nothing
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("name", "step", "others"),
    [
        ("learned", 1, ("&seed=0", "&seed=1")),
        pytest.param(
            "learned", 3, ("&positions=none&steps=60", "&steps=60"), marks=pytest.mark.matrix
        ),
        ("cost", 2, ("&cost_embeddings=512", "&cost_embeddings=768")),
        ("cost", 4, ("&tokens=1000", "&tokens=3000")),
    ],
)
def test_before_it_is_revealed_other_answers_look_the_same(
    page: Page, server: Server, name: str, step: int, others: tuple[str, str]
) -> None:
    lesson = lessons()[name]
    shown, told = [], []
    for more in others:
        open_step(page, server, lesson, step, more)
        expect(page.locator("h1")).to_have_count(1)
        expect(page.get_by_text("The picture comes with the answer.")).to_be_visible()
        expect(question(page).get_by_role("button", name="Reveal")).to_be_visible()
        expect(page.locator(".stPlotlyChart")).to_have_count(0)
        own = re.compile(r"(?<![\d,])(512|768|1000|3000|1,000|3,000)(?= tokens|$| ·)")
        shown.append([own.sub("size", element) for element in seen(page)])
        reveal(page)
        told.append(page.locator("[data-testid=stMain]").inner_text())
    assert told[0] != told[1]  # else the test would show nothing
    assert shown[0] == shown[1]


@pytest.mark.matrix
def test_reveal_waits_for_what_is_trained_and_the_picture_comes_by_itself(
    page: Page, server: Server
) -> None:
    open_step(page, server, lessons()["learned"], 2, "&pace=slow&seed=5")
    across = page.locator(".st-key-picker_painter .grid")
    cells = across.bounding_box()
    first = across.locator("> *").nth(1).locator("> *").nth(10).bounding_box()
    last = across.locator("> *").nth(10).locator("> *").nth(1).bounding_box()
    assert cells is not None
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=10)
    page.mouse.up()
    page.wait_for_url("**answer=10.*")  # while it is trained
    question(page).get_by_role("button", name="Reveal").click()
    waits = page.locator(".st-key-lesson_wait")
    expect(waits).to_contain_text("The model is being trained: ")
    expect(page.locator(".stPlotlyChart")).to_have_count(0)
    fits_the_screen(page)
    expect(waits).to_have_count(0, timeout=60_000)
    picture(page)
    share = re.search(r"(\d+)% are in both", question(page).inner_text())
    assert share is not None
    assert int(share[1]) > 60
    fits_the_screen(page)


def test_another_sentence_is_asked_about_anew(page: Page, server: Server) -> None:
    lesson = lessons()["who"]
    open_step(page, server, lesson)
    words(page).nth(5).focus()
    page.keyboard.press("Enter")  # the keyboard does
    page.wait_for_url("**answer=5*")
    reveal(page)
    expect(question(page)).to_contain_text("You said “street”.")
    page.get_by_label("Sentence").fill("It was late.")
    expect(words(page)).to_have_count(4)
    expect(page.locator(".stPlotlyChart")).to_have_count(0)
    expect(question(page).locator("button.right")).to_have_count(0)
    assert shared(page) == {"lesson": "who", "text": "It was late."}
    page.go_back()  # typing has replaced the entry of what was revealed
    expect(words(page)).to_have_count(12)
    expect(words(page).nth(5)).to_have_attribute("aria-pressed", "true")


@pytest.mark.matrix
def test_the_browsers_history_has_an_entry_for_each_step_and_reveal(
    page: Page, server: Server
) -> None:
    lesson = lessons()["scale"]
    open_step(page, server, lesson)
    before = page.evaluate("history.length")
    reveal(page)
    settled(page)
    way(page, "Next").click()
    heading(page, lesson.steps[1])
    settled(page)
    assert page.evaluate("history.length") == before + 2
    page.go_back()
    heading(page, lesson.steps[0])
    picture(page)
    page.go_back()
    expect(question(page).get_by_role("button", name="Reveal")).to_be_visible()


@pytest.mark.matrix
def test_the_next_lesson_may_be_on_another_page(page: Page, server: Server) -> None:
    lesson = lessons()["who"]
    open_step(page, server, lesson, len(lesson.steps))
    page.get_by_role("link", name="Next lesson").click()
    heading(page, lessons()["qkv"].steps[0])
    assert shared(page) == {"lesson": "qkv"}


@pytest.mark.matrix
def test_all_controls_are_a_press_away(page: Page, server: Server) -> None:
    open_step(page, server, lessons()["scale"], 2)
    page.get_by_role("button", name="Lessons").click()
    page.get_by_role("button", name="Explore from here").click()
    page.locator(".st-key-heads_chart .main-svg").first.wait_for()
    expect(page.get_by_label("Sentence")).to_be_visible()
    page.get_by_role("button", name="Back to the lesson").click()
    expect(question(page).get_by_role("button", name="Reveal")).to_be_visible()
    expect(page.locator(".stPlotlyChart")).to_have_count(0)


@pytest.mark.matrix
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_a_question_and_its_picture_stand_below_one_another(
    new_page: NewPage, server: Server, scheme: str
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    open_step(page, server, lessons()["who"], 1, "&revealed=true")
    picture(page)
    page.wait_for_function(
        """() => {
            const main = document.querySelector('[data-testid="stMain"]')
            const chart = document.querySelector('.st-key-lesson_chart .main-svg')
            const { width } = chart?.getBoundingClientRect() ?? { width: 999 }
            return main.scrollWidth <= main.clientWidth && width < 390
        }"""
    )
    asked = question(page).bounding_box()
    chart = page.locator(".st-key-lesson_chart").bounding_box()
    assert asked is not None
    assert chart is not None
    assert chart["y"] > asked["y"] + asked["height"] - 1
