"""What a link to Explore can hold."""

from ui.choices.examples import DEFAULT_OTHER
from ui.choices.limits import LARGEST_SEED, MAX_SPAN, MAX_TOKENS
from ui.choices.options import MASKS, TESTS, VIEWS
from ui.link.common_parameters import RANDOM, index, shown, typed
from ui.link.page import Parameter
from ui.link.readers import cells, flag, number, option, text

PARAMETERS: dict[str, Parameter] = {
    **RANDOM,
    "mask": Parameter("none", option(*MASKS)),
    "span": typed(3, number(1, MAX_SPAN)),
    "look_ahead": Parameter(False, flag),
    "cells": typed("", cells),
    "view": shown("heads", option(*VIEWS)),
    "test": shown("leak", option(*TESTS)),
    "changed": index(MAX_TOKENS),
    "other": typed(DEFAULT_OTHER, text, computes=False),
    "shuffle": typed(1, number(0, LARGEST_SEED), computes=False),
    "same_word": shown(False, flag),
}
