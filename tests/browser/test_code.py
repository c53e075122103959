"""The code in a real browser: it opens over the page, stays, and can be taken along."""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.helpers import open_app
from tests.servers import Server


def test_the_code_opens_and_both_of_its_files_come(
    page: Page, server: Server, tmp_path: Path
) -> None:
    open_app(page, server, "heads=4&text=a%20%E2%80%AEb")
    page.get_by_role("button", name="Download").first.click()
    page.get_by_role("button", name="The code").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("step by step")).to_be_visible()
    for name in ("As a file (.py)", "As a notebook, with the trace (.zip)"):
        with page.expect_download() as started:
            dialog.get_by_role("button", name=name).click()
        file = tmp_path / started.value.suggested_filename
        started.value.save_as(file)
    code = (tmp_path / "headlight_code_4_heads.py").read_text(encoding="utf-8")
    assert 'SENTENCES = [["a", "\\u202e", "b"]]' in code
    with zipfile.ZipFile(tmp_path / "headlight_code_4_heads.zip") as folder:
        assert len(folder.namelist()) == 2
    expect(dialog.get_by_text("step by step")).to_be_visible()
