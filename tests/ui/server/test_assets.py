"""The scripts that save pictures: all there, kept for ever, and nothing else."""

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.server.assets import ASSET_ROUTES, SAVING, script_path, version
from viz.page.bundle import PLOTLY_FILE
from viz.theme import DARK


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=ASSET_ROUTES))


@pytest.mark.parametrize("base", ["", "/our-lab"])
def test_the_first_script_and_all_that_it_imports_are_there(client: TestClient, base: str) -> None:
    first = f"{base}/{script_path()}"
    folder, _slash, name = first.rpartition("/")
    seen, wanted = set[str](), {name}
    while wanted:
        name = wanted.pop()
        answer = client.get(f"{folder}/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        seen.add(name)
        wanted |= set(re.findall(r'from "\./(.+?)"', answer.text)) - seen
    assert seen == {path.name for path in SAVING.glob("*.js")} | {"themes.js"}
    assert DARK.query in client.get(f"{folder}/themes.js").text
    assert client.get(f"{folder}/plotly.js").content == PLOTLY_FILE.read_bytes()


@pytest.mark.parametrize("path", ["0123456789abcdef/save.js", "{}/assets.py", "{}/..%2Fpicture.js"])
def test_nothing_else_is_there(client: TestClient, path: str) -> None:
    answer = client.get(f"/_headlight/saving/{path.format(version())}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")
