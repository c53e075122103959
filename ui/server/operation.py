"""How the server is run: what its owner has set, and what uvicorn does for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import uvicorn
from streamlit.runtime.runtime_util import get_max_widget_state_size_bytes
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ui.server.ending import ended_in_time, serving
from ui.server.logs import set_up_logs
from ui.server.metrics import served_metrics
from ui.server.pages import import_pages


@asynccontextmanager
async def operated() -> AsyncIterator[None]:
    """Run the server as its owner has set it, while its lifespan lasts."""
    set_up_logs()
    server = serving()
    if server is not None:
        mend_uvicorn(server.config)
    with served_metrics(), nullcontext() if server is None else ended_in_time(server):
        importing = asyncio.create_task(import_pages())
        yield
        importing.cancel()


def mend_uvicorn(config: uvicorn.Config) -> None:
    """Change what Streamlit gives no setting for, before the first connection comes."""
    config.encoded_headers = [each for each in config.encoded_headers if each[0] != b"server"]
    # Who speaks for others is the owner's decision; uvicorn trusts all programs of this computer.
    if isinstance(config.loaded_app, ProxyHeadersMiddleware):
        config.loaded_app = config.loaded_app.app
    # It would take as much as the app may send, and only then ask whether that is too much.
    config.ws_max_size = get_max_widget_state_size_bytes()
