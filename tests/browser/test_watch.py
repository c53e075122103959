"""The watch that every browser test stands under does see what it promises to see."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.helpers import watch

HOME = "http://home.test"
ELSEWHERE = "http://elsewhere.test"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.route(
            "**/*",
            lambda route: route.fulfill(
                body="<p>Hello</p>",
                content_type="text/html",
                headers={"Access-Control-Allow-Origin": "*"},
            ),
        )
        yield context


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("console.error('broken')", "console error: broken"),
        ("setTimeout(() => { throw new Error('thrown') })", "uncaught Error: thrown"),
        (f"fetch('{ELSEWHERE}/font.woff')", f"another host: {ELSEWHERE}/font.woff"),
        ("new WebSocket('ws://elsewhere.test/feed')", "another host: ws://elsewhere.test/feed"),
    ],
)
def test_a_problem_is_seen(context: BrowserContext, script: str, problem: str) -> None:
    problems = watch(context, HOME)
    page = context.new_page()
    page.goto(HOME)
    page.evaluate(f"() => {{ {script} }}")
    deadline = time.monotonic() + 10
    while not problems and time.monotonic() < deadline:
        page.evaluate("() => new Promise(requestAnimationFrame)")
    assert any(problem in seen for seen in problems)


def test_what_stays_at_home_is_no_problem(context: BrowserContext) -> None:
    problems = watch(context, HOME)
    page = context.new_page()
    page.goto(HOME)
    page.evaluate(
        "async () => { console.warn('odd'); await fetch('/data'); await fetch('data:text/plain,x');"
        " await fetch(URL.createObjectURL(new Blob(['x']))) }"
    )
    assert problems == []
