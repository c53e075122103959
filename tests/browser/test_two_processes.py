"""A class in browsers whose teacher is on one process of the app, and its pupils on another."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PROJECTOR, Window
from tests.browser.helpers import open_app
from tests.browser.rooms import follow, line, open_room, picked
from tests.deploy.fleet import Fleet, found, serving, two_cookies
from tests.ui.pages.pretrained.helpers import needs_minilm


@pytest.fixture
def fleet(tmp_path: Path, kept_models: Path) -> Iterator[Fleet]:
    found("haproxy")
    found("redis")
    with serving(tmp_path, kept_models) as started:
        yield started


@needs_minilm
def test_a_class_votes_and_sees_the_truth_over_two_processes(
    browser: Browser, fleet: Fleet
) -> None:
    its, theirs = two_cookies(fleet)
    problems: list[str] = []
    with ExitStack() as stack:

        def window_of(cookie: str) -> Page:
            context = browser.new_context(viewport=PROJECTOR)
            name, _is, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": fleet.url}])
            window = Window(context, fleet.url)
            stack.callback(lambda: (window.close(), problems.extend(window.problems)))
            return context.new_page()

        teacher, students = window_of(its), [window_of(theirs), window_of(theirs)]
        open_app(teacher, fleet, "lesson=who", path="/pretrained")
        code = open_room(teacher)
        for student in students:
            follow(student, fleet, code)
            expect(student.get_by_text("At which word does")).to_be_visible()
        expect(line(teacher)).to_have_text("0 of 2 answered")
        for student, word in zip(students, ("animal", "street"), strict=True):
            picked(student, word)
        expect(line(teacher)).to_have_text("2 of 2 answered")
        teacher.get_by_role("button", name="Reveal").click()
        for page in (teacher, *students):
            rows = page.locator("table.votes tr")
            expect(rows).to_have_count(2)
            expect(rows.filter(has_text="animal")).to_contain_text("50%")
        kept = [
            f"{each['name']}={each['value']}"
            for page in (teacher, *students)
            for each in page.context.cookies()
        ]
        assert [each for each in kept if each.startswith("headlight=")] == [its, theirs, theirs]
    assert problems == []
    assert "Traceback" not in fleet.log()
