"""Scripts that a page loads when somebody first saves a picture: the same for everybody, for ever.

Their address holds a digest of them all, so that browsers and proxies may keep them, and a new
version of the app is another address.
"""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from viz.theme import DARK, LIGHT

SAVING = Path(__file__).parents[1] / "components" / "saving"
PLOTLY = "plotly.js"  # beside the modules
THEMES = "themes.js"  # which is made here
PATH = "/_headlight/saving"
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
SCRIPT = "text/javascript; charset=utf-8"


def script_path() -> str:
    """Return where the first of the modules is, from the app's own address on."""
    return f"{PATH.lstrip('/')}/{version()}/save.js"


@cache
def version() -> str:
    """Return what tells these files from all others."""
    digest = hashlib.blake2b(digest_size=8)
    for name, content in sorted(_files().items()):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()


@cache
def _files() -> dict[str, bytes]:
    """All files by their names."""
    # Not at the server's start, which would wait for all that draws.
    from viz.page.bundle import PLOTLY_FILE

    themes = {"light": asdict(LIGHT), "dark": asdict(DARK)}
    made = f'export const PLOTLY = "{PLOTLY}"\nexport const THEMES = {json.dumps(themes)}\n'
    modules = {path.name: path.read_bytes() for path in SAVING.glob("*.js")}
    return {**modules, THEMES: made.encode(), PLOTLY: PLOTLY_FILE.read_bytes()}


async def _send(request: Request) -> Response:
    """Send one of the files; of another version, none: its parts wouldn't fit these."""
    content = _files().get(request.path_params["name"])
    if content is None or request.path_params["version"] != version():
        return PlainTextResponse("Not Found", status_code=404)
    return Response(content, headers=FOR_EVER, media_type=SCRIPT)


# The path below which the app is served is known when the server has started, and Streamlit wants
# the routes before.
ASSET_ROUTES = [Route(path + "/{version}/{name}", _send) for path in (PATH, "/{base:path}" + PATH)]
