"""The links that codes stand for: to pages of this app, and nowhere else."""

import re

from model.errors import CodedValueError

# Characters of a link. The answer that leads to it is a header, of which many proxies take 4 KB.
LONGEST = 3_000
# The name of a page, and what urlencode writes: no scheme, host, path or control character. So it
# leads nowhere but to a page of this app, whatever it is resolved against.
LINK = re.compile(r"[a-z][a-z0-9-]{0,40}(\?[A-Za-z0-9_.~%+&=-]*)?")


def check_link(link: str) -> None:
    """Raise CodedValueError if a link is too long, or none to a page of the app."""
    if len(link) > LONGEST:
        raise CodedValueError(
            "link.too_long",
            "the link has {count} characters, and may have {most}",
            count=len(link),
            most=LONGEST,
        )
    if not LINK.fullmatch(link):
        raise CodedValueError("link.of_no_page", "this is no link to a page of the app")
