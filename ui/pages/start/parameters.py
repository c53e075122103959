"""What a link to the start page can hold. What is its own isn't Explore's, at the same address."""

from ui.choices.examples import DEFAULT_TEXT
from ui.choices.limits import MAX_TOKENS
from ui.link.common_parameters import EVERY_PAGE, shown, typed
from ui.link.page import Parameter
from ui.link.readers import flag, number, text

PARAMETERS: dict[str, Parameter] = {
    **EVERY_PAGE,
    "say": typed(DEFAULT_TEXT, text),
    # None: the word of which the head has most to tell.
    "word": shown(None, number(0, MAX_TOKENS - 1)),
    "trained": Parameter(True, flag),
}
