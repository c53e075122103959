"""What a notebook's cell holds: a frame that paints, and from which nothing gets out."""

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser

from tools.package_links import link_package

SCRIPT = """
import headlight, torch
weights = torch.softmax(torch.randn(1, 2, 4, 4), dim=-1)
tokens = ["</script><script>top.ran = 1</script>", "<img src=x onerror='top.ran = 1'>", '">', "a"]
print(headlight.show((weights,), tokens, title=tokens[1])._repr_mimebundle_()["text/html"])
"""


def test_a_cell_paints_hostile_tokens_as_text(browser: Browser, tmp_path: Path) -> None:
    link_package(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = browser.new_page()  # without the app's headers: it is a notebook's
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: errors.append(request.url))
    page.set_content("<!doctype html><title>A notebook</title><div id='cell'></div>")
    # As notebooks do: what a cell gave becomes the content of an element.
    page.evaluate("html => { document.querySelector('#cell').innerHTML = html }", done.stdout)
    frame = page.frame_locator("#cell iframe")
    frame.locator(".main-svg").first.wait_for()
    assert frame.get_by_text("<img src=x onerror='top.ran = 1'>").count() > 0
    assert page.evaluate("() => window.ran") is None
    assert page.locator("#cell > *").count() == 1
    assert [each for each in errors if not each.startswith(("data:", "blob:"))] == []
    page.close()
