"""What a person would see and trip over, measured: sizes, overlaps, what is cut off, what scrolls.

On every page and view, on a classroom projector, light and dark; and on a phone, on other screens
and when the browser zooms.
"""

from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PROJECTOR, NewPage
from tests.browser.helpers import open_app
from tests.browser.measuring import drawn, lasting_faults, measure
from tests.matrix import matrix
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2
from ui.choices.options import COMPARE_VIEWS, OVERVIEWS, PATCHED, STAGES
from ui.choices.options import TESTS as MASK_TESTS
from ui.pages import PAGES
from ui.pages.compare.examples import PAIRS, example_of
from ui.pages.lab.parameters import LAB_VIEWS

OTHER_SCREENS = {
    "phone": (390, 844),
    "tablet": (1024, 768),
    "full HD": (1920, 1080),
    "150 %": (911, 512),  # a projector's, as a browser that zooms lays it out
}
TITLES = {page.name: f"{page.title} · Headlight" for page in PAGES}
NOTICED = "explore?seed=x"  # the picture gives no room to a notice, which can be put away
# Each view of each page, and what else can be asked of it that changes how much stands there.
PATCHING = "patching"  # of Compare, where both sides are SmolLM2
VIEWS = {"compare": tuple(view for view in COMPARE_VIEWS if view != PATCHING), "lab": LAB_VIEWS}
UNTRAINED = ("watch",)  # of Learn: what it can show before anything is trained
MORE = (
    *(f"explore?stage={stage}" for stage in STAGES),
    *(f"explore?view=layers&layers=3&overview={overview}" for overview in OVERVIEWS),
    *(f"explore?view=tests&test={test}" for test in MASK_TESTS),
    "explore?view=head&head=2&q=7&mask=causal",
    "explore?mask=custom",
    "explore?text=",
    NOTICED,
    "encoder-decoder?all_heads=true",
    "compare?all_heads=true",
    "start?trained=false",
    "nowhere",
    "explore?lesson=qkv",
    "explore?lesson=mask&step=2",
    "explore?lesson=mask&step=4&answer=1&revealed=true",
    "explore?lesson=scale&step=2&answer=same&revealed=true",
    "learn?lesson=learned&answer=3&revealed=true",
    "learn?lesson=learned&step=2",
    "learn?task=induction&heads=4&embed_size=64&layers=2&view=circuit&cut_edges=*-*.k",
    "lab?lesson=cost",
    *(f"lab?lesson=cost&step={step}&answer=200&revealed=true" for step in (2, 3, 4)),
    "lab?lesson=cost&step=5",
)
OF_MINILM = (
    *("pretrained?lesson=who", "pretrained?lesson=who&answer=5&revealed=true"),
    "pretrained?lesson=trained&step=2&answer=1.11&revealed=true",
)
PAIR = {**example_of(next(iter(PAIRS))), "one_text": "false"}
OF_SMOLLM2 = (
    *(
        f"pretrained?model=smollm2&view={view}"
        for view in ("heads", "next", "finder", "writers", "lens")
    ),
    "pretrained?model=smollm2&view=causes&cut=2.1",
    "pretrained?model=smollm2&view=circuit&layer=20&head=3&cut_edges=*-20.3.k",
    "pretrained?lesson=trained&step=4&answer=same&revealed=true",
    *(f"compare?{urlencode({**PAIR, 'patch': what})}" for what in PATCHED),
)


def states() -> list[Any]:
    """Every page's opening state, every view, and more; with what has to be installed for it."""
    found: list[Any] = []
    for page in PAGES:
        views = VIEWS.get(page.name) or [view.name for view in page.views]
        views = UNTRAINED if page.name == "learn" else views
        marks = [needs_minilm] if page.name in ("start", "pretrained") else []
        asked = [page.name, *(f"{page.name}?view={view}" for view in views)]
        found += [pytest.param(state, marks=marks, id=state) for state in asked]
    found += [pytest.param(state, id=state) for state in MORE]
    found += [pytest.param(state, marks=[needs_minilm], id=state) for state in OF_MINILM]
    return found + [pytest.param(state, marks=[needs_smollm2], id=state) for state in OF_SMOLLM2]


def opened(page: Page, server: Server, state: str) -> Page:
    path, _, query = state.partition("?")
    open_app(page, server, query, path=f"/{path}")
    return drawn(page)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.matrix)])
@matrix(1, "state", states())
def test_on_a_projector_all_can_be_read_and_reached(
    new_page: NewPage, server: Server, state: str, scheme: str
) -> None:
    page = opened(new_page(color_scheme=scheme), server, state)
    scrolls = ("sideways",) if state == NOTICED else ("down", "sideways")
    assert not lasting_faults(page, state, "small", "overlaps", "cutOff", *scrolls)
    found = measure(page, state)
    assert found["headings"] == 1
    name = state.partition("?")[0]
    assert found["title"] == TITLES.get(name, "No such page · Headlight")


@pytest.mark.matrix
@pytest.mark.parametrize("state", states())
def test_no_other_screen_scrolls_sideways_or_has_smaller_texts(
    page: Page, server: Server, state: str
) -> None:
    opened(page, server, state)
    wrong = {}
    for screen, (width, height) in OTHER_SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("(width) => innerWidth === width", arg=width)
        if faults := lasting_faults(page, state, "small", "sideways"):
            wrong[screen] = faults
    assert not wrong


def test_pages_have_titles_of_their_own() -> None:
    assert len(set(TITLES.values())) == len(PAGES)


FAULTY = """
<main data-testid="stMain" style="height: 100px; width: 300px; overflow: auto">
  <div data-testid="stMainBlockContainer" style="display: flow-root; height: 500px; width: 400px">
    <p style="font-size: 11px">small</p>
    <p class="katex" style="font-size: 10px">index</p>
    <p style="position: absolute; left: 150px; top: 60px; margin: 0">one</p>
    <p style="position: absolute; left: 150px; top: 64px; margin: 0">other</p>
    <div style="overflow: hidden; width: 40px"><button style="width: 60px">cut</button></div>
    <div id="host"></div>
    <svg width="90" height="90" style="display: block; margin-top: 40px">
      <text x="10" y="30" transform="rotate(-45 10 30)">slanted</text>
      <text x="30" y="30" transform="rotate(-45 30 30)">beside it</text>
    </svg>
    <h1>A title</h1>
  </div>
</main>
<script>
  const root = document.querySelector("#host").attachShadow({ mode: "open" })
  root.innerHTML = '<span style="font-size: 9px">inside</span>'
</script>
"""


def test_what_is_wrong_is_found(new_page: NewPage) -> None:
    """Else the tests above would prove nothing."""
    page = new_page(viewport=PROJECTOR)  # a window without the app's policy, as of what may run
    page.set_content(FAULTY)
    found = measure(page, "explore")
    assert found["small"] == ["small: 11.0 px", "inside: 9.0 px"]
    (overlap,) = found["overlaps"]
    assert overlap.startswith("one | other: ")
    (cut,) = found["cutOff"]
    assert cut.startswith("cut at ")
    assert (found["down"], found["sideways"], found["headings"]) == (400, 100, 1)


@pytest.mark.matrix
def test_the_sentence_is_seen_as_a_whole(page: Page, server: Server) -> None:
    fields = {"explore": "text", "pretrained": "text", "compare": "b_text", "lab": "text"}
    for path, key in fields.items():
        opened(page, server, path)
        width, needed = page.locator(f".st-key-{key} input").evaluate(
            "(field) => [field.clientWidth, field.scrollWidth]"
        )
        assert needed <= width


@pytest.mark.matrix
def test_a_heads_fields_do_not_run_into_one_another_on_a_large_screen(
    new_page: NewPage, server: Server
) -> None:
    page = opened(
        new_page(viewport={"width": 1920, "height": 1080}), server, "explore?view=head&head=2"
    )
    parts = page.locator(".st-key-selection .stNumberInput > *").all()
    boxes = [box for part in parts if (box := part.bounding_box()) is not None]
    assert len(boxes) == 6  # three labels, three fields
    for left, right in pairwise(boxes):
        assert left["x"] + left["width"] <= right["x"]


@pytest.mark.matrix
def test_what_more_changes_stays_in_sight_while_it_is_changed(page: Page, server: Server) -> None:
    opened(page, server, "explore")
    page.locator(".st-key-more_popover button").first.click()
    expect(page.locator(".st-key-seed input")).to_be_attached()
    page.locator(".st-key-seed input").scroll_into_view_if_needed()
    popover = page.locator("[data-testid=stPopoverBody]").bounding_box()
    picture = page.locator(".st-key-heads_chart").bounding_box()
    assert popover is not None
    assert picture is not None
    assert popover["x"] + popover["width"] <= picture["x"]
    assert popover["y"] >= 0
    assert popover["y"] + popover["height"] <= PROJECTOR["height"]
