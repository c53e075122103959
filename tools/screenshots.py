"""Takes the pictures in docs/ from a running app: python -m tools.screenshots [URL].

Light and dark, at a classroom projector's 1366×768, in a headless Chromium.
"""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools.find_chromium import find_chromium

DOCS = Path(__file__).resolve().parent.parent / "docs"
PROJECTOR = {"width": 1366, "height": 768}
STORE = "When+Mary+and+John+went+to+the+store,+John+gave+a+drink+to"
VIEWS = {
    "start": "",
    "all-heads": "explore?mask=causal&q=7",
    "one-head": "explore?view=head&head=2&q=7&mask=causal",
    "cell": "explore?view=cell&head=6&q=6&k=4",
    "layers": "explore?view=layers&layers=6&mask=causal",
    "leak-test": "explore?view=tests&layers=3&mask=custom&cells=12.gAwA4A8g-A_A_g_w_4_8_-__",
    "encoder-decoder": "encoder-decoder?layers=6&layer=1",
    "pretrained": "pretrained",
    "next-token": "pretrained?model=smollm2&view=next&layer=1&head=5&removed=1.5&text=" + STORE,
    "what-follows": "pretrained?model=smollm2&view=causes&cut=13.1&text=" + STORE,
    "find-heads": "pretrained?model=smollm2&view=finder&pattern=induction",
    "similarity": "pretrained?view=similarity&words=true&text=A+man+plays+the+guitar+on+a+stage."
    "&text2=Someone+makes+music+in+front+of+people.",
    "compare": "compare",
    "lesson": "pretrained?lesson=who&answer=5&revealed=true",
    "presented": "pretrained?lesson=who&answer=5&revealed=true&present=true",
}
TRAININGS = {
    "learn": "learn",
    "story": "learn?task=compare&heads=2&positions=learned&learning_rate=0.005&steps=1500"
    "&story=one_head&kept=compare,1,32,1,learned,head_dim,0.005,1500,0",
}
QUESTIONS = {  # of the Lab, as its buttons ask them, and what is said when all is measured
    "lab-scale": ("What does √d do?", "100 of 100"),
    "lab-sorting": ("How many heads does sorting need?", "20 of 20"),
    "lab-doubling": ("What does doubling the embedding cost at 1,000 tokens?", "14 of 14"),
}
MODES = ("light", "dark")
FRAMES = 32  # of the animation ...
FRAME_MS, LAST_MS = 110, 2500  # ... and how long each is shown, and the last
SHRUNK = 0.75  # to keep it small
SETTLED = """() => !document.querySelector("[data-testid=stSkeleton]")
    && document.querySelector(".js-plotly-plot .main-svg")
    && document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]")"""


def train(browser: Browser, url: str, name: str, mode: str) -> Page:
    """Open a page on Learn, train what it describes, and wait until it is over."""
    context = browser.new_context(viewport=PROJECTOR, color_scheme=mode)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/{TRAININGS[name]}")
    page.wait_for_function(SETTLED)
    page.locator(".st-key-train button").click()
    page.locator(".slider-rail-touch-rect").wait_for(timeout=120_000)  # comes with the frames
    page.wait_for_function(SETTLED)
    page.wait_for_load_state("networkidle")
    return page


def animate(page: Page, file: Path) -> Path:
    """The figure of a finished training, scrubbed from its first step to its last."""
    rail = page.locator(".slider-rail-touch-rect").bounding_box()
    assert rail is not None
    pictures = []
    page.mouse.move(rail["x"] + 8, rail["y"] + rail["height"] / 2)
    page.mouse.down()
    for i in range(FRAMES):
        across = 8 + (rail["width"] - 16) * i / (FRAMES - 1)
        page.mouse.move(rail["x"] + across, rail["y"] + rail["height"] / 2)
        page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # until it is drawn
        png = page.locator(".st-key-learn_chart").screenshot()
        picture = Image.open(BytesIO(png)).convert("RGB")
        size = (round(picture.width * SHRUNK), round(picture.height * SHRUNK))
        pictures.append(picture.resize(size, Image.Resampling.LANCZOS))
    page.mouse.up()
    times = [FRAME_MS] * (FRAMES - 1) + [LAST_MS]
    pictures[0].save(
        file,
        save_all=True,
        append_images=pictures[1:],
        duration=times,
        loop=0,
        quality=60,
        method=6,
    )
    return file


def ask(browser: Browser, url: str, name: str, mode: str) -> Path:
    """The answer to one of the Lab's questions, saved under docs/."""
    context = browser.new_context(viewport=PROJECTOR, color_scheme=mode)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/lab")
    question, all_done = QUESTIONS[name]
    page.get_by_role("button", name=question).click()
    if name == "lab-doubling":
        page.get_by_role("button", name="Measure on this machine").click()
    page.get_by_text(all_done).first.wait_for(timeout=240_000)
    page.wait_for_function(SETTLED)
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    file = DOCS / f"{name}-{mode}.png"
    page.screenshot(path=file)
    context.close()
    return file


def take(browser: Browser, url: str, view: str, mode: str) -> Path:
    """One view in one mode, saved under docs/."""
    context = browser.new_context(viewport=PROJECTOR, color_scheme=mode)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/{VIEWS[view]}")
    page.wait_for_function(SETTLED)
    page.evaluate("() => document.fonts.ready")
    page.wait_for_load_state("networkidle")
    file = DOCS / f"{view}-{mode}.png"
    page.screenshot(path=file)
    context.close()
    return file


def main(url: str = "http://localhost:8501") -> None:
    """All views in all modes."""
    DOCS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        url = url.rstrip("/")
        for view in VIEWS:
            for mode in MODES:
                print(take(browser, url, view, mode))
        for name in TRAININGS:
            for mode in MODES:
                page = train(browser, url, name, mode)
                page.screenshot(path=DOCS / f"{name}-{mode}.png")
                print(DOCS / f"{name}-{mode}.png")
                if (name, mode) == ("learn", "light"):
                    print(animate(page, DOCS / "learn.webp"))
                page.context.close()
        for name in QUESTIONS:
            for mode in MODES:
                print(ask(browser, url, name, mode))
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
