"""The line that says what a picture is, as people see it: where it stands, and what it explains."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.helpers import Server, choose, open_app
from viz.theme import DARK, LIGHT, Theme

LINE = ".stMainBlockContainer > .stVerticalBlock > * [data-testid=stCaptionContainer] p"


def rgb(color: str) -> str:
    return "rgb({}, {}, {})".format(*(int(color[i : i + 2], 16) for i in (1, 3, 5)))


@pytest.mark.matrix
@pytest.mark.parametrize(("mode", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_the_line_stands_below_the_switches_in_the_concepts_colours(
    new_page: NewPage, server: Server, mode: str, theme: Theme
) -> None:
    page = new_page(color_scheme=mode)
    open_app(page, server)
    line = page.locator(LINE).first
    expect(line).to_contain_text("Weights: how much each word")
    colors = line.locator("span[style]").evaluate_all(
        "spans => spans.map((span) => getComputedStyle(span).color)"
    )
    assert colors[:2] == [rgb(theme.query), rgb(theme.key)]
    ground = page.locator(".stApp").evaluate("(app) => getComputedStyle(app).backgroundColor")
    assert ground == rgb(theme.ground)
    bar, chart = page.locator(".st-key-view_bar"), page.locator(".st-key-heads_chart")
    boxes = [each.bounding_box() for each in (bar, line, chart)]
    above, here, below = (box for box in boxes if box is not None)
    assert above["y"] + above["height"] <= here["y"]
    assert here["y"] + here["height"] <= below["y"] + 1
    assert here["height"] < 26  # one line
    main = page.locator(".stMain").evaluate("(main) => [main.scrollHeight, main.clientHeight]")
    assert main[0] <= main[1]  # and nothing has to be scrolled for it


def test_pointing_at_its_question_mark_explains_the_words(page: Page, server: Server) -> None:
    open_app(page, server)
    choose(page, "stage", "scores")
    expect(page.locator(LINE).first).to_contain_text("Scores: how well each query fits each key.")
    page.locator(".stMainBlockContainer .stTooltipIcon").last.hover()
    said = page.get_by_role("tooltip")
    expect(said).to_contain_text("Score: The energy after scaling and masking.")
    expect(said).to_contain_text("Query: The list of numbers that says what a token looks for.")
