"""Charts saved as pictures: what is in the files, how large they are, who reaches the buttons."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.helpers import open_app, settled
from tests.browser.rooms import follow, open_room
from tests.matrix import matrix
from tests.servers import Server
from tests.ui.pages.pretrained.helpers import needs_minilm, needs_smollm2
from viz.theme import DARK, LIGHT

TEXT = "the cat saw the dog"
HOSTILE = (
    '<script>ran=1</script> <image href="http://evil.example/a.png"> ]]> <!-- '
    '<a href="javascript:ran=1">b</a> <b onclick="ran=1">c</b> " onload="ran=1'
)
WIDE, TALL = 1018, 632  # pixels of Explore's picture on a projector, with what stands around it
OF_SVG = "{http://www.w3.org/2000/svg}"
# A page, what its picture is called, its file, what its weights are, and a word in it.
PICTURES = [
    (
        f"explore?text={quote(TEXT)}", "Weights: how much", "weights_explore_8-heads",
        "random weights, untrained", "cat",
    ),
    (
        "explore?view=head&head=1&q=2&mask=causal", "head 1, query 2", "head_explore_8-heads",
        "random weights, untrained (seed 0)", "didn't",
    ),
    (
        "encoder-decoder", "encoder self-attention", "weights_encoder-decoder_layer-0-8-heads_"
        "encoder-self", "random weights, untrained", "animal",
    ),
    ("compare", "A · Weights", "weights_compare_a", "A: random weights, untrained", "animal"),
    ("learn", "Watch: how", "watch_learn_reverse-layer-0", "not trained yet", "held-out accuracy"),
    ("lab?view=cost", "Cost: how much", "cost_lab", "computed by formulas", "1 GB"),
    pytest.param(
        "pretrained", "Weights: how much", "weights_pretrained_minilm-layer-3", "MiniLM", "animal",
        marks=needs_minilm,
    ),
    pytest.param(
        "start", "Attention is how much", "weights_start", "trained weights: MiniLM", "animal",
        marks=needs_minilm,
    ),
    pytest.param(
        "pretrained?model=smollm2&view=next", "Next token", "next_pretrained_smollm2-layer-0",
        "SmolLM2", "probability of the next token", marks=needs_smollm2,
    ),
]  # fmt: skip
# Where the buttons could lie on something: each kind of chart, and a phone's.
PLACES = [
    *("explore", "explore?view=head&head=2&q=7", "explore?view=cell&q=3&k=4", "encoder-decoder"),
    *("explore?view=layers&layers=3", "explore?view=layers&layers=3&overview=stream", "compare"),
    *("explore?view=tests&test=leak", "explore?view=tests&test=order", "learn", "lab?view=cost"),
    *("compare?view=divergence", "explore?stage=qkv&text=a", "explore?view=heads&present=true"),
    pytest.param("pretrained?model=smollm2&view=next", marks=needs_smollm2),
    pytest.param("pretrained?view=finder", marks=needs_minilm),
    pytest.param("start", marks=needs_minilm),
]
COVERED = """(host) => {
    const own = host.shadowRoot.querySelector(".buttons").getBoundingClientRect()
    const plot = host.parentElement.querySelector(".js-plotly-plot")
    const parts = plot.querySelectorAll(
        ".heatmaplayer image, .barlayer path, .scatterlayer path, text, .layer-above path")
    const AIR = 3 // pixels around what is drawn in a button; a line of text has as much below it
    const lies = ({left, right, top, bottom}) =>
        left < own.right - AIR && right > own.left + AIR &&
        top < own.bottom - AIR && bottom > own.top + AIR
    return [...parts].filter((part) => part.checkVisibility() && part.getBBox().width)
        .filter((part) => lies(part.getBoundingClientRect()))
        .map((part) => part.textContent || part.tagName)
}"""


@pytest.fixture
def opened(page: Page, server: Server) -> Any:
    def open_at(address: str, **options: Any) -> Page:
        path, _mark, query = address.partition("?")
        open_app(page, server, query, path=f"/{path}")
        settled(page)
        drawn(page)
        buttons(page).first.wait_for()
        choose_how(page, **options)
        return page

    return open_at


def drawn(page: Page) -> None:
    """Waits until all charts of the page are drawn."""
    page.wait_for_function(
        """() => [...document.querySelectorAll(".stPlotlyChart")]
            .every((chart) => chart.querySelector(".main-svg"))"""
    )
    settled(page)


def buttons(page: Page, nth: int = 0) -> Locator:
    """Save, and How, of a chart."""
    return page.locator(".headlight-picture").nth(nth).get_by_role("button")


def choose_how(page: Page, **options: Any) -> None:
    page.evaluate("(chosen) => { globalThis.headlightPicture.chosen = chosen }", options)


def saved(page: Page, folder: Path, nth: int = 0) -> Path:
    with page.expect_download() as download:
        buttons(page, nth).first.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def texts_of(path: Path) -> list[str]:
    """What is written in an SVG, if it is well-formed."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{OF_SVG}svg"
    return ["".join(element.itertext()) for element in root.iter(f"{OF_SVG}text")]


@matrix(2, ("address", "title", "file", "weights", "word"), PICTURES)
def test_an_svg_says_what_it_shows_and_where_it_comes_from(
    opened: Any, tmp_path: Path, address: str, title: str, file: str, weights: str, word: str
) -> None:
    page = opened(address, format="svg")
    path = saved(page, tmp_path)
    assert path.name == f"headlight_{file}.svg"
    said = texts_of(path)
    whole = " ".join(said)
    assert title in whole
    assert weights in whole
    assert word in said
    assert urlsplit(page.url)._replace(query="").geturl() in whole
    attributes = [text for each in ElementTree.parse(path).iter() for text in each.attrib.values()]
    assert not [text for text in attributes if "http" in text]


def test_cells_and_stripes_are_shapes_and_texts_stay_texts(opened: Any, tmp_path: Path) -> None:
    page = opened(f"explore?heads=1&mask=causal&text={quote(TEXT)}", format="svg")
    root = ElementTree.parse(saved(page, tmp_path)).getroot()
    assert not list(root.iter(f"{OF_SVG}image"))
    cells = [g for g in root.iter(f"{OF_SVG}g") if g.get("shape-rendering") == "crispEdges"]
    (heatmap,) = cells
    drawn_cells = sum(path.get("d", "").count("M") for path in heatmap)
    assert drawn_cells <= 15  # a triangle of 5 × 5; equal neighbours are one shape
    stripes = [path.get("d", "") for path in root.iter(f"{OF_SVG}path") if path.get("transform")]
    assert any(d.startswith("M1 0h4v1h-4z") for d in stripes)  # the first word's row


@pytest.mark.parametrize(
    ("options", "size", "dpi"),
    [
        ({"scale": 1}, (WIDE, TALL), 96),
        ({"scale": 3}, (3 * WIDE, 3 * TALL), 288),
        ({"scale": 2, "width": 800}, (1600, round(1600 * TALL / WIDE)), 192),
        ({"scale": 2, "width": 500, "height": 500}, (1000, 1000), 192),
        ({"width": 160, "height": 120, "unit": "mm"}, (1890, 1417), 300),
    ],
)
def test_a_png_is_as_large_as_chosen_also_on_paper(
    opened: Any, tmp_path: Path, options: dict[str, Any], size: tuple[int, int], dpi: int
) -> None:
    page = opened("explore", format="png", **options)
    with Image.open(saved(page, tmp_path)) as image:
        assert image.size == size
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)
        image.load()


@pytest.mark.parametrize(("name", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_colours_are_the_chosen_themes_and_the_ground_can_be_left_out(
    opened: Any, tmp_path: Path, name: str, theme: Any
) -> None:
    page = opened("explore?heads=1&text=a", format="png", scale=1, theme=name)
    ground = tuple(int(theme.ground[i : i + 2], 16) for i in (1, 3, 5))
    with Image.open(saved(page, tmp_path)) as image:
        assert image.convert("RGBA").getpixel((2, 2)) == (*ground, 255)
        # One word looks at itself alone: the whole heatmap has the last colour of the scale.
        last = tuple(int(theme.sequential[-1][i : i + 2], 16) for i in (1, 3, 5))
        found = image.convert("RGB").getcolors(image.width * image.height)
        assert {color: count for count, color in found}[last] > 10_000
    choose_how(page, format="png", scale=1, theme=name, isTransparent=True)
    with Image.open(saved(page, tmp_path)) as image:
        assert image.convert("RGBA").getpixel((2, 2)) == (0, 0, 0, 0)


def test_an_svg_is_as_large_as_chosen(opened: Any, tmp_path: Path) -> None:
    page = opened("explore", format="svg", width=160, unit="mm")
    root = ElementTree.parse(saved(page, tmp_path)).getroot()
    assert root.get("width") == "160mm"
    assert root.get("height") == f"{160 * TALL / WIDE:.2f}mm"


def test_what_is_too_large_is_said_where_it_was_asked(opened: Any, tmp_path: Path) -> None:
    page = opened("explore", format="png", width=20_000, scale=1)
    buttons(page).first.click()
    said = page.locator(".headlight-picture").first.get_by_role("status")
    expect(said).to_contain_text("can't draw a picture of that size")
    choose_how(page, format="svg")
    assert saved(page, tmp_path).name.endswith(".svg")  # and the next one goes well


# What is copied also goes to the test: no page of the app may read the clipboard.
LISTEN = """() => {
    const { clipboard } = navigator
    const write = clipboard.write.bind(clipboard)
    const writeText = clipboard.writeText.bind(clipboard)
    clipboard.write = async ([item]) => {
        await write([item])
        const bytes = new Uint8Array(await (await item.getType("image/png")).arrayBuffer())
        window.copied = [...bytes.slice(0, 24)]
    }
    clipboard.writeText = async (text) => (await writeText(text), (window.copied = text))
}"""


def test_the_clipboard_gets_a_png_or_the_text_of_an_svg(new_page: NewPage, server: Server) -> None:
    page = new_page(permissions=["clipboard-write"])
    open_app(page, server, "heads=1")
    page.evaluate(LISTEN)
    buttons(page).nth(1).click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Width").fill("300")
    panel.get_by_role("button", name="Copy").click()
    expect(panel.get_by_role("status")).to_have_text("Copied.")
    beginning = bytes(page.evaluate("window.copied"))
    assert beginning[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(beginning[16:20]) == 600  # pixels across
    panel.get_by_label("Format").select_option("svg")
    panel.get_by_role("button", name="Copy").click()
    page.wait_for_function("() => typeof window.copied === 'string'")
    expect(panel.get_by_role("status")).to_have_text("Copied.")
    assert ElementTree.fromstring(page.evaluate("window.copied").encode()).get("width") == "300px"


def test_where_nothing_can_be_copied_that_is_said(opened: Any) -> None:
    page = opened("explore?heads=1")
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    buttons(page).nth(1).click()
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="Copy").click()
    expect(panel.get_by_role("status")).to_contain_text("doesn't let pages copy")


def test_choices_are_kept_and_the_keyboard_reaches_all(opened: Any, tmp_path: Path) -> None:
    page = opened("explore?heads=1&text=a")
    save, how = buttons(page).first, buttons(page).nth(1)
    expect(save).to_have_accessible_name("Save the picture")
    for button in (save, how):
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    save.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("button", name="Save the picture")).to_be_focused()
    panel.get_by_label("Format").select_option("svg")
    panel.get_by_label("Width").fill("90")
    panel.get_by_label("Measured in").select_option("mm")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(how).to_be_focused()
    page.reload()
    settled(page)
    drawn(page)
    root = ElementTree.parse(saved(page, tmp_path)).getroot()
    assert root.get("width") == "90mm"


def test_hostile_words_run_and_load_nothing_in_the_file(
    opened: Any, browser: Browser, tmp_path: Path
) -> None:
    page = opened(f"explore?heads=1&text={quote(HOSTILE)}", format="svg")
    # Tokens are escaped before they come to the browser: here, one isn't.
    page.evaluate(
        """(text) => {
            const { layout } = document.querySelector(".js-plotly-plot")
            layout.annotations[0].text = text
            layout.xaxis.ticktext = layout.xaxis.ticktext.map(() => text)
        }""",
        HOSTILE,
    )
    path = saved(page, tmp_path)
    assert "script" in "".join(texts_of(path))  # the words are there, as they were typed
    names = {element.tag.removeprefix(OF_SVG) for element in ElementTree.parse(path).iter()}
    assert not names & {"script", "foreignObject", "image", "a", "iframe"}
    window = browser.new_page()
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.goto(path.as_uri())
    window.wait_for_function("() => document.readyState === 'complete'")
    assert window.evaluate("typeof ran") == "undefined"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    attributes = [text for each in ElementTree.parse(path).iter() for text in each.attrib.values()]
    assert not [
        text for text in attributes if "evil" in text or "ran" in text.split("=")[0].split()
    ]
    window.close()


def test_a_picture_of_a_room_leads_nobody_into_it(
    new_page: NewPage, server: Server, tmp_path: Path
) -> None:
    teacher, student = new_page(), new_page()
    open_app(teacher, server, "heads=2")
    code = open_room(teacher)
    follow(student, server, code)
    for page in (teacher, student):
        drawn(page)
        choose_how(page, format="svg")
        source = saved(page, tmp_path).read_text("utf-8")
        assert "explore?heads=2" in source
        assert "room" not in source
        assert code.lower() not in re.findall(r"<text[^>]*>(http.*?)</text>", source)[-1]


def test_the_slider_is_left_out_and_what_it_shows_is_said(opened: Any, tmp_path: Path) -> None:
    page = opened("learn?view=watch", format="svg")
    said = texts_of(saved(page, tmp_path))
    assert any(text.startswith("step 0") for text in said)
    assert "Play" not in said


@pytest.mark.parametrize("width", [1366, pytest.param(390, marks=pytest.mark.matrix)])
@matrix(2, "address", PLACES)
def test_the_buttons_lie_on_nothing(opened: Any, address: str, width: int) -> None:
    page = opened(address)
    if width != page.viewport_size["width"]:
        page.set_viewport_size({"width": width, "height": 844})
        drawn(page)
    hosts = page.locator(".headlight-picture")
    for nth in range(hosts.count()):
        if hosts.nth(nth).is_visible():
            assert hosts.nth(nth).evaluate(COVERED) == []
