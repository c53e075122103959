"""Short links: what an address that asks for one without being led there says, and where we are."""

import socket
from collections.abc import Sequence
from functools import cache
from urllib.parse import urljoin, urlsplit

from streamlit import config
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rooms.codes import read_code
from rooms.errors import StoreUnreachable
from rooms.short_links import LETTERS, PARAMETER
from ui.link.memory import session
from ui.server.rooms import SHORT_LINKS
from ui.server.settings import settings
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain, verbatim

CODE = PARAMETER
LOOPBACKS = ("localhost", "127.0.0.1", "::1")
ELSEWHERE = "192.0.2.1"  # an address of documentation, which nobody has
WHY = 200  # characters of a reason


def tell_code(address: Sequence[tuple[str, str]]) -> str:
    """Return what is to be said of the code in an address; nothing where there is none.

    The server redirects whoever asks for a code that it knows. So this one is unknown, or something
    before the server has answered in its place: then the link is said.
    """
    asked = dict(address).get(CODE)
    if asked is None:
        return ""
    code = read_code(asked, LETTERS)
    if not code:
        said = _("There is no link with the code {code}: a code has {count} letters.")
        return said.format(code=verbatim(asked), count=LETTERS)
    try:
        link = SHORT_LINKS.link_of(code)
    except StoreUnreachable as error:
        said = _("The code {code} can't be looked up: {reason}.")
        return said.format(code=code.upper(), reason=plain(describe_error(error, _), WHY))
    if link is None:
        return _(
            "There is no link with the code {code}: a letter may be wrong, or the server has "
            "forgotten it, as it does when it is started anew."
        ).format(code=code.upper())
    # Of what links hold (see LINK), nothing means anything in Markdown's angle brackets.
    return _("The code {code} stands for [this link](<{link}>).").format(
        code=code.upper(), link=link
    )


def here(link: str = "") -> str:
    """Return the whole address of a link to a page of this app, as the browser reaches it.

    st.context.url takes the name of any page off the address's end, also of an app that is served
    below /our-lab.

    Args:
        link: from the page's name on; nothing for the app itself.
    """
    context = get_script_run_ctx()
    url: str = context.context_info.url if context is not None and context.context_info else ""
    folder, _slash, last = url.rpartition("/")
    if last and last not in session().targets:  # the app's own path, without a slash at its end
        folder = url
    return urljoin(f"{folder}/", link)


def here_for_others(link: str = "") -> str:
    """Return the same as other computers reach it.

    Whoever runs the app on the computer in front of them is at "localhost", which is another
    computer for everybody else.
    """
    url = urlsplit(here(link))
    # A server that answers at one address alone is reached by no other, unless through a proxy.
    is_alone = config.get_option("server.address") and not settings().proxies
    if url.hostname not in LOOPBACKS or is_alone:
        return url.geturl()
    address = _own_address()
    port = f":{url.port}" if url.port else ""
    return url._replace(netloc=f"{address}{port}").geturl() if address else url.geturl()


@cache
def _own_address() -> str:
    """This computer's address in its network; nothing where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((ELSEWHERE, 9))  # sends nothing: the system chooses the way there
        except OSError:
            return ""
        address: str = asking.getsockname()[0]
    return "" if address.startswith("127.") else address
