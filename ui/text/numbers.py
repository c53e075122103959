"""Numbers in sentences, as the session's language writes them.

Values at axes, in charts and in files are the same in every language.
"""

import math
from decimal import Decimal
from functools import lru_cache

from babel.numbers import parse_pattern

from ui.text.i18n import language, spoken


def whole(value: float) -> str:
    """Return a number without decimals, in groups of digits: 1,234."""
    return _written(f"{value:.0f}", spoken().code, is_grouped=True)


def decimal(value: float, digits: int) -> str:
    """Return a number with so many decimals: 0.50."""
    return _written(f"{value:.{digits}f}", spoken().code)


def percent(share: float, digits: int = 0) -> str:
    """Return a share in percent, with so many decimals: 12.5%."""
    return _written(f"{share:.{digits}%}", spoken().code)


@lru_cache(maxsize=4096)  # a figure can have a number in each of its hundred frames
def _written(text: str, code: str, *, is_grouped: bool = False) -> str:
    """Return a number that Python has rounded: Babel would round the shortest decimal to even."""
    locale, digits = language(code).locale, text.removesuffix("%")
    number = Decimal(digits)
    if not math.isfinite(number):
        return text
    formats = locale.decimal_formats
    if text.endswith("%"):
        formats, number = locale.percent_formats, number / 100
    pattern = parse_pattern(formats[None].pattern)
    decimals = len(digits.partition(".")[2])
    pattern.frac_prec = (decimals, decimals)
    return str(pattern.apply(number, locale, group_separator=is_grouped))
