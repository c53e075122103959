"""What is set once per server, before the first page."""

import gc
from functools import cache

import torch


@cache
def prepare() -> None:
    """Make the process a good server of many small computations.

    One torch thread a session: with two, a hundred sessions would fight over two cores for
    matrices of a few kilobytes. And what has been imported by now will stay, so the garbage
    collector needn't look at it again and again.
    """
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
