"""What a link to Encoder-decoder can hold."""

from ui.choices.examples import DEFAULT_TARGET
from ui.choices.limits import MAX_LAYERS
from ui.choices.options import KINDS, PAIR_MASKS, PAIR_VIEWS
from ui.link.common_parameters import RANDOM, shown, typed
from ui.link.page import Parameter
from ui.link.readers import flag, number, option, text

PARAMETERS: dict[str, Parameter] = {
    **RANDOM,
    "text2": typed(DEFAULT_TARGET, text),
    "layers": typed(2, number(1, MAX_LAYERS)),
    "mask": Parameter("causal_padding", option(*PAIR_MASKS)),
    "all_heads": shown(True, flag),  # but at first few: see `opening`
    "view": shown("kinds", option(*PAIR_VIEWS)),
    "kind": Parameter("cross", option(*KINDS)),
}
