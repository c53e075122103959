"""The words for options, on the screen and in links.

Streamlit writes an option into the URL as it is shown, so the words are short and in lower case;
the page's style capitalises them. A link may also use the identifier (`stage=head_outputs`).
"""

from collections.abc import Sequence

from ui.i18n import _


def words() -> dict[str, str]:
    """The words that differ from their identifier with spaces for underscores."""
    return {
        "causal_padding": _("causal + padding"),
        "qkv": _("Q·K·V"),
        "heads": _("all heads"),
        "head": _("one head"),
        "head_dim": "head_dim",
        "embed_size": "embed_size",
    }


def word(option: object) -> str:
    """What an option is called on the screen."""
    return words().get(str(option)) or _(str(option).replace("_", " "))


def find_option(text: str, options: Sequence[str]) -> str | None:
    """The option that a link means, by its word or its identifier; None if there is none."""
    wanted = text.strip().casefold()
    for option in options:
        if wanted in (option.casefold(), word(option).casefold()):
            return option
    return None
