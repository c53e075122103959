"""What is set once per server, before the first page."""

import gc
from functools import cache


@cache
def prepare() -> None:
    """Spare the garbage collector what has been imported by now: it will stay anyway."""
    gc.collect()
    gc.freeze()
