"""A code as it is written on a board, as large as the last row needs it."""

from html import escape


def on_board(code: str, link: str = "") -> str:
    """Return a code as HTML, behind what stands before it in an address.

    Args:
        code: its letters.
        link: a whole address that ends in the code; nothing for the code alone.
    """
    _scheme, _colon, typed = link.partition("://")
    before = escape((typed or link).removesuffix(code))
    return f'<p class="short_link">{before}<strong>{escape(code)}</strong></p>'
