"""Takes the pictures in docs/ from a running app: python -m tools.screenshots [URL].

Light and dark, at a classroom projector's 1366×768, in a headless Chromium.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.find_chromium import find_chromium

DOCS = Path(__file__).resolve().parent.parent / "docs"
PROJECTOR = {"width": 1366, "height": 768}
STORE = "When+Mary+and+John+went+to+the+store,+John+gave+a+drink+to"
VIEWS = {
    "all-heads": "?mask=causal&q=7",
    "one-head": "?view=head&head=2&q=7&mask=causal",
    "cell": "?view=cell&head=6&q=6&k=4",
    "layers": "?view=layers&layers=6&mask=causal",
    "leak-test": "?view=tests&layers=3&mask=custom&cells=12.gAwA4A8g-A_A_g_w_4_8_-__",
    "encoder-decoder": "encoder-decoder?layers=6&layer=1",
    "pretrained": "pretrained",
    "next-token": "pretrained?model=smollm2&view=next&layer=1&head=5&removed=1.5&text=" + STORE,
    "find-heads": "pretrained?model=smollm2&view=finder&pattern=induction",
    "similarity": "pretrained?view=similarity&words=true&text=A+man+plays+the+guitar+on+a+stage."
    "&text2=Someone+makes+music+in+front+of+people.",
}
MODES = ("light", "dark")
SETTLED = """() => !document.querySelector("[data-testid=stSkeleton]")
    && document.querySelector(".js-plotly-plot .main-svg")
    && document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]")"""


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
        for view in VIEWS:
            for mode in MODES:
                print(take(browser, url.rstrip("/"), view, mode))
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
