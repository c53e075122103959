"""A class in browsers: one leads, two follow through a lesson, vote, and see what is true."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, choose, open_app, settled
from tests.browser.rooms import follow, line, open_room, picked, room_button
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm


def shows(page: Page, mask: str) -> None:
    """Waits until a page has this mask, in its control and its picture."""
    control = page.locator(".st-key-mask")
    expect(control.get_by_role("radio", name=mask, exact=True)).to_be_checked()
    page.locator(FINISHED).wait_for()
    expect(page.locator(".st-key-heads_chart .main-svg").first).to_be_visible()


def test_two_follow_a_third_without_a_reload_or_an_entry(new_page: NewPage, server: Server) -> None:
    teacher = new_page()
    open_app(teacher, server, "heads=4")
    code = open_room(teacher)
    students = [new_page(), new_page()]
    for student in students:
        follow(student, server, code)
        shows(student, "none")
        student.evaluate("globalThis.isSamePage = true")
    expect(line(teacher)).to_have_text("2 following")
    entries = [student.evaluate("history.length") for student in students]
    choose(teacher, "mask", "causal")
    for student in students:
        shows(student, "causal")
    teacher.get_by_role("link", name="Compare").first.click()
    for student in students:
        expect(student.locator(".st-key-compare, .st-key-heads_chart").first).to_be_visible()
        expect(student).to_have_title(re.compile("Compare"))
        assert student.url == f"{server.url}/?room={code.lower()}"
        assert student.evaluate("globalThis.isSamePage")
    assert [student.evaluate("history.length") for student in students] == entries
    settled(teacher)
    teacher.reload()
    settled(teacher)
    expect(line(teacher)).to_have_text("2 following")  # it still leads
    teacher.get_by_role("link", name="Explore").first.click()
    for student in students:
        expect(student).to_have_title(re.compile("Explore"))


@needs_minilm
def test_a_class_goes_through_a_lesson_votes_and_sees_the_truth(
    new_page: NewPage, server: Server
) -> None:
    teacher = new_page()
    open_app(teacher, server, "lesson=who", path="/pretrained")
    code = open_room(teacher)
    teacher.keyboard.press("Alt+p")
    expect(teacher.locator(".st-key-presented")).to_be_visible()
    students = [new_page(), new_page(viewport={"width": 390, "height": 844})]
    for student in students:
        follow(student, server, code)
        expect(student.get_by_text("At which word does")).to_be_visible()
        expect(student.get_by_role("button", name="Reveal")).to_have_count(0)
    expect(line(teacher)).to_have_text("0 of 2 answered")
    picked(students[0], "animal")
    expect(line(teacher)).to_have_text("1 of 2 answered")
    picked(students[1], "street")
    expect(line(teacher)).to_have_text("2 of 2 answered")
    teacher.get_by_role("button", name="Reveal").click()
    for page in (teacher, *students):
        rows = page.locator("table.votes tr, p.votes span")
        expect(rows).to_have_count(2)
        expect(rows.filter(has_text="animal")).to_contain_text("✓")
        expect(rows.filter(has_text="animal")).to_contain_text("1")
        expect(page.locator(".st-key-lesson_chart .main-svg").first).to_be_visible()
    teacher.get_by_role("button", name="Next").click()
    for student in students:
        expect(student.get_by_text("step 2 of")).to_be_visible()
        expect(student.locator("table.votes")).to_have_count(0)


def test_one_looks_around_and_comes_back(new_page: NewPage, server: Server) -> None:
    teacher, student = new_page(), new_page()
    open_app(teacher, server, "heads=4")
    code = open_room(teacher)
    follow(student, server, code)
    shows(student, "none")
    room_button(student).click()
    student.get_by_role("link", name="Look around").click()
    student.wait_for_url(re.compile(r"/explore\?"))
    settled(student)
    shows(student, "none")
    choose(teacher, "mask", "causal")
    settled(teacher)
    shows(student, "none")
    student.get_by_role("link", name="Back to the class").click()
    student.wait_for_url(re.compile(r"/\?room="))
    shows(student, "causal")
    student.go_back()
    shows(student, "none")


def test_who_lost_the_line_or_reloads_finds_the_present_state(
    new_page: NewPage, server: Server
) -> None:
    teacher, student = new_page(), new_page()
    open_app(teacher, server, "heads=4")
    code = open_room(teacher)
    follow(student, server, code)
    shows(student, "none")
    student.context.set_offline(True)
    choose(teacher, "mask", "causal")
    settled(teacher)
    student.context.set_offline(False)
    shows(student, "causal")
    choose(teacher, "mask", "padding")
    shows(student, "padding")
    student.reload()
    shows(student, "padding")


def test_a_code_typed_on_the_start_page_leads_in_and_a_closed_room_out(
    new_page: NewPage, server: Server
) -> None:
    teacher, student = new_page(), new_page()
    open_app(teacher, server, "heads=4")
    code = open_room(teacher)
    student.goto(server.url)
    field = student.get_by_role("textbox", name="Code of a class")
    field.fill("zzzz")
    field.press("Enter")
    expect(student.get_by_text("no room with the code")).to_be_visible()
    field.fill(code)
    field.press("Enter")
    shows(student, "none")
    student.wait_for_url(re.compile(r"/\?room="))
    student.go_back()
    expect(student).to_have_title(re.compile("Start"))
    student.go_forward()
    shows(student, "none")
    room_button(teacher).click()
    teacher.get_by_role("button", name="Close the room").click()
    expect(student.get_by_text("The class has ended")).to_be_visible()
    settled(student)
    assert student.url == f"{server.url}/explore?heads=4"
    shows(student, "none")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_room_shows_is_large_enough_and_fits(
    new_page: NewPage, server: Server, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    open_app(page, server, "heads=4")
    code = open_room(page)
    room_button(page).click()
    letters = page.locator(".st-key-room .short_link strong")
    expect(letters).to_have_text(code)
    assert letters.bounding_box()["height"] >= 60  # type: ignore[index]
    image = page.locator(".way_in img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") > 0
    box = page.locator(".st-key-room").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1366
