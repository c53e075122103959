"""What a link to the start page can hold. None of it is Explore's, which shares its address."""

from ui.choices.examples import DEFAULT_TEXT
from ui.choices.limits import MAX_TOKENS
from ui.link.common_parameters import shown, typed
from ui.link.page import Parameter
from ui.link.readers import flag, number, text

PARAMETERS: dict[str, Parameter] = {
    "say": typed(DEFAULT_TEXT, text),
    # None: the word of which the head has most to tell.
    "word": shown(None, number(0, MAX_TOKENS - 1)),
    "trained": Parameter(True, flag),
}
