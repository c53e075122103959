"""Languages in a real browser: all is translated, and the address says which one it is."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from babel.messages.catalog import Catalog
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.helpers import FINISHED, PATIENCE, choose, open_app, settled, shared
from tests.servers import Server, running_server
from tools.translations import extract, write

PSEUDO = "eo"  # a language that Babel knows, and that has no catalogue here
COLLECT = (Path(__file__).parent / "escaped.js").read_text(encoding="utf-8")
LETTER = re.compile(r"[^\W\d_]")
AROUND = " \xa0\u202f,.:;·|—–"  # what joins texts, and needs no translation

# What may have letters outside of brackets: where, and what, as regular expressions.
EXCEPTIONS = (
    # Names: the app's, models', languages' own, those of the field's functions and parameters.
    ("", r"Headlight|ReLU|GELU|ALiBi|MiniLM|SmolLM2|English|中文|[Ee]speranto|head_dim|embed_size"),
    # Symbols: of matrices, of the two sides of a comparison and their heads, of sizes.
    ("", r"[QKVAB]|A → B|A\d+–B\d+|÷ √[DE]|[EDL] = \d+( × [EDL] = \d+.*)?|(━●━ E = \d+\s*)+"),
    # Formulas: letters that stand alone, and functions.
    ("", r"(softmax|exp|W_[QKV]|(?<![A-Za-z])[A-Za-z](?![A-Za-z])|[^A-Za-z])+"),
    # Numbers, shapes and units of measurement.
    ("", r"\d\.\d+e[-+]\d+|[\d.,]+ ?(k|M|G|T|B|kB|MB|GB|TB|s|ms|µs)|[EDL] = \d.* … .*"),
    # Tokens of models: they are what is looked at.
    ("", r"\[(CLS|SEP|UNK)\]( \(\d+\)|[\d.,%]*)"),
    # Fields of a trace in the table that says the same as its file.
    ("glide-cell", r"queries|keys|values"),
    # Heard but not seen: Streamlit's own, and no parameter replaces them.
    ("aria-label", r"Help( for)?|Increment|Decrement|Clear value|Open|progress|Main menu"),
    ("aria-label", r"Sidebar|\w+ sidebar|App pages|file upload|\w+ icon|Step (up|down)"),
    ("aria-label", r"Show/hide columns|Download as CSV|Search|Fullscreen|Close fullscreen"),
    ("aria-label", r"Shortcut Alt \+ P|Copy to clipboard"),
    ("st-key-share stCode", r"https?://\S+"),  # an address
    ("st-key-present_button", r"Alt \+ P"),  # a key, hidden behind its picture
    ("stSkipToContent", r"Skip to main content"),  # seen once somebody presses Tab
)

NUMBERS = "text=1+22+333"  # a sentence without letters
PAIR = f"{NUMBERS}&text2=4+5"
SIDES = f"a={quote('explore?' + NUMBERS)}&b={quote(f'explore?{NUMBERS}&')}"
# Each page with each of its views, and what can be asked of them: what a person can come to see.
STATES = (
    "?say=1+22+333",
    "?say=1+22+333&trained=false&word=9",
    f"explore?{NUMBERS}&mask=window&q=1",
    f"explore?{NUMBERS}&stage=qkv&text2=4",
    f"explore?{NUMBERS}&view=head&mask=custom&head=1&q=1",
    f"explore?{NUMBERS}&view=cell&positions=alibi",
    f"explore?{NUMBERS}&view=layers&layers=3",
    f"explore?{NUMBERS}&view=tests&other=4",
    f"explore?{NUMBERS}&view=tests&test=order&positions=sinusoidal",
    f"explore?{NUMBERS}&view=numbers&stage=qkv",
    "explore?text=",
    f"explore?{NUMBERS}&mask=foo&heads=7&head=99&seed=x",
    f"encoder-decoder?{PAIR}",
    f"encoder-decoder?{PAIR}&view=layers",
    f"encoder-decoder?{PAIR}&view=cell",
    f"pretrained?{PAIR}&view=heads&q=1",
    f"pretrained?{NUMBERS}&view=layers",
    f"pretrained?{NUMBERS}&view=finder&pattern=induction",
    f"pretrained?{PAIR}&view=similarity&words=true",
    f"pretrained?{NUMBERS}&view=next",
    "learn?task=sort",
    "learn?task=sort&view=layers",
    "learn?task=compare&heads=2&positions=learned&learning_rate=0.005&steps=1500&story=one_head"
    "&kept=compare,1,32,1,learned,head_dim,0.005,1500,0",
    f"compare?{SIDES}scale%3Dnone",
    f"compare?view=divergence&{SIDES}heads%3D4",
    f"compare?view=numbers&{SIDES}seed%3D1",
    "lab?view=learning",
    "lab?view=cost&decoder=true",
    "nowhere",
)


@pytest.fixture(scope="module")
def pseudo_server(tmp_path_factory: pytest.TempPathFactory, kept_models: Path) -> Iterator[Server]:
    """The app with a language in which each text stands in brackets."""
    folder = tmp_path_factory.mktemp("pseudo")
    catalog = Catalog(locale=PSEUDO, domain="headlight")
    for message in extract():
        texts = message.id
        if texts:
            is_one = isinstance(texts, str)
            said = f"⟦{texts}⟧" if is_one else tuple(f"⟦{text}⟧" for text in texts)
            catalog.add(texts, said)
    write(folder / PSEUDO / "LC_MESSAGES" / "headlight.po", catalog)
    environ = {"HEADLIGHT_LOCALE": str(folder)}
    with running_server(folder, kept_models, environ=environ) as started:
        yield started


@pytest.fixture
def pseudo_page(browser: Browser, pseudo_server: Server) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 1000})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
    assert "Traceback" not in pseudo_server.log()


def outside(text: str) -> str:
    """What of a text stands in no brackets."""
    depth, found = 0, ""
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        if depth <= 0 and character not in "⟦⟧":
            found += character
    return found.strip(AROUND)


def is_exception(where: str, text: str) -> bool:
    return any(re.search(place, where) and re.fullmatch(what, text) for place, what in EXCEPTIONS)


def escaped(page: Page) -> set[tuple[str, str]]:
    """The texts on a page that have letters outside of brackets, and where they are."""
    return {
        (where, text)
        for where, text in page.evaluate(COLLECT)
        if LETTER.search(outside(text)) and not is_exception(where, outside(text))
    }


def escaped_when_opened(page: Page) -> set[tuple[str, str]]:
    """The same, with each popover opened in turn."""
    found = escaped(page)
    buttons = page.locator("[data-testid=stPopover] button:visible:enabled")
    for place in range(buttons.count()):
        buttons.nth(place).click()
        # What is inside is made when it is opened.
        page.locator(
            "[data-testid=stPopoverBody] [data-testid=stElementContainer]"
        ).first.wait_for()
        settled(page)
        found |= escaped(page)
        page.keyboard.press("Escape")
        page.locator("[data-testid=stPopoverBody]").wait_for(state="detached")
    return found


def test_what_has_letters_outside_of_brackets_is_found() -> None:
    """Else the tests below would prove nothing."""
    assert outside("⟦a ⟦b⟧ c⟧ — ") == ""
    assert outside("⟦a⟧ left ⟦b⟧") == "left"
    assert is_exception("st-key-view p", "Q")
    assert not is_exception("st-key-view p", "Open")  # which may only be heard


@pytest.mark.timeout(600)  # all pages and views, one after the other
@pytest.mark.matrix
def test_nothing_on_screen_escapes_translation(pseudo_page: Page, pseudo_server: Server) -> None:
    found: dict[tuple[str, str], str] = {}
    opened: set[str] = set()
    for state in STATES:
        joint = "&" if "?" in state else "?"
        pseudo_page.goto(f"{pseudo_server.url}/{state}{joint}lang={PSEUDO}")
        pseudo_page.locator(FINISHED).wait_for()
        settled(pseudo_page)
        name = state.partition("?")[0]  # its popovers are the same in all views
        look = escaped if name in opened else escaped_when_opened
        opened.add(name)
        for each in look(pseudo_page):
            found.setdefault(each, state)
    assert not found, "\n".join(
        f"{state}: {where}: {text}" for (where, text), state in found.items()
    )


@pytest.mark.timeout(300)
@pytest.mark.matrix
def test_nothing_that_comes_with_a_click_or_the_pointer_escapes(
    pseudo_page: Page, pseudo_server: Server
) -> None:
    def look_at(state: str) -> None:
        pseudo_page.goto(f"{pseudo_server.url}/{state}&lang={PSEUDO}")
        pseudo_page.locator(FINISHED).wait_for()
        settled(pseudo_page)

    look_at(f"explore?{NUMBERS}&mask=causal")
    pseudo_page.locator(".st-key-strip button").first.hover()
    found = escaped(pseudo_page)
    pseudo_page.locator(".st-key-heads_chart .nsewdrag").first.hover(position={"x": 30, "y": 60})
    cell = pseudo_page.locator(".st-key-heads_chart .hoverlayer .hovertext")
    cell.wait_for()
    assert "⟦" in (cell.text_content() or "")
    found |= escaped(pseudo_page)
    for key in ("heads", "embed_size", "mask", "layers"):
        pseudo_page.locator(f".st-key-{key} [data-testid=stTooltipIcon]").hover()
        pseudo_page.locator("[data-testid=stTooltipContent]").wait_for()
        found |= escaped(pseudo_page)
        pseudo_page.mouse.move(0, 0)
        pseudo_page.locator("[data-testid=stTooltipContent]").wait_for(state="detached")

    look_at("lab?text=1+2&seeds=2&embed_sizes=8&head_counts=1,2")
    pseudo_page.locator(".st-key-run button").click()
    pseudo_page.locator("[data-testid=stExpander]").wait_for()
    settled(pseudo_page)
    found |= escaped(pseudo_page)

    look_at("learn?task=sort&steps=20")
    pseudo_page.locator(".st-key-train button").click()
    pseudo_page.locator(".slider-rail-touch-rect").wait_for()
    settled(pseudo_page)
    found |= escaped(pseudo_page)
    assert not found, "\n".join(f"{where}: {text}" for where, text in found)


def chosen(page: Page, control: str) -> Locator:
    """The option of a segmented control that is shown as chosen."""
    return page.locator(f'.st-key-{control} [role=radio][aria-checked="true"]')


@pytest.mark.matrix
def test_a_language_is_one_entry_in_the_history_and_back_undoes_it(
    page: Page, server: Server
) -> None:
    open_app(page, server, "heads=4&mask=causal")
    entries = page.evaluate("history.length")
    choose(page, "lang", "中文")
    expect(page.locator(".st-key-heads label")).to_have_text("头数")
    assert shared(page) == {"lang": "zh", "heads": "4", "mask": "causal"}
    assert page.evaluate("history.length") == entries + 1
    assert page.evaluate("document.documentElement.lang") == "zh"
    expect(
        page.locator(".st-key-mask").get_by_role("radio", name="因果", exact=True)
    ).to_be_checked()

    choose(page, "mask", "窗口")
    assert shared(page)["mask"] == "window"
    page.go_back()
    assert shared(page)["mask"] == "causal"
    page.go_back()
    expect(page.locator(".st-key-heads label")).to_have_text("Heads")
    assert shared(page) == {"heads": "4", "mask": "causal"}
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(
        page.locator(".st-key-mask").get_by_role("radio", name="causal", exact=True)
    ).to_be_checked()


@pytest.mark.matrix
def test_two_windows_in_two_languages(new_page: NewPage, server: Server) -> None:
    chinese = new_page(locale="zh-CN")
    english = new_page(locale="en-GB")
    open_app(chinese, server)  # half of the texts are there: nobody gets them unasked
    expect(chinese.locator(".st-key-heads label")).to_have_text("Heads")
    choose(chinese, "lang", "中文")
    open_app(english, server)
    for text in ("a b", "a b c"):
        for window, label in ((chinese, "头数"), (english, "Heads")):
            window.locator(".st-key-text input").fill(text)
            expect(window.locator(".st-key-strip .token")).to_have_count(len(text.split()))
            expect(window.locator(".st-key-heads label")).to_have_text(label)
    chinese.get_by_role("link", name="实验室").click()
    expect(chinese.locator(".st-key-preset_scale")).to_have_text(re.compile("有什么作用"))
    assert shared(chinese)["lang"] == "zh"
