"""What a link to Compare can hold: two configurations, each as its own page's link, and a view."""

from typing import Any

from ui.choices.limits import MAX_PRETRAINED_HEADS, MAX_TOKENS
from ui.choices.options import BETWEEN_TOKENS, COMPARE_VIEWS, PATCHED
from ui.link.common_parameters import COLORS, EVERY_PAGE, index, shown, typed
from ui.link.page import Parameter
from ui.link.readers import flag, number, option
from ui.pages.compare.side import MAX_SIDE_TEXT, read_side
from ui.text.i18n import _
from ui.text.markdown import verbatim


def _side(key: str, text: str, default: Any) -> tuple[Any, str | None]:
    """One side of a comparison, as a link holds it; it is repaired where it is read."""
    try:
        read_side(text)
    except ValueError as error:
        return default, _("The link's {key} {text} can't be compared: {error}.").format(
            key=key, text=verbatim(text), error=error
        )
    return text[:MAX_SIDE_TEXT], None


PARAMETERS: dict[str, Parameter] = {  # opens with what the scale does
    **EVERY_PAGE,
    "a": typed("explore", _side),
    "b": typed("explore?scale=none", _side),
    "side": shown("b", option("a", "b")),
    "one_text": shown(True, flag),
    "stage": shown("weights", option(*BETWEEN_TOKENS)),
    "all_heads": shown(True, flag),  # but at first few: see `opening`
    "view": shown("heads", option(*COMPARE_VIEWS)),
    "patch": shown("heads", option(*PATCHED)),  # what goes from A into B
    "head": typed(0, number(0, MAX_PRETRAINED_HEADS - 1), computes=False),  # or pair of heads
    "q": index(MAX_TOKENS),
    "k": index(MAX_TOKENS),
    **COLORS,
}
