"""MiniLM's word vectors, and with how many threads they and all else are computed."""

from threading import Condition
from typing import TYPE_CHECKING

import torch
from cachetools import cached

from ui.runs.model_store import most_bytes

if TYPE_CHECKING:  # it imports what reads MiniLM's files: Explore starts without it
    from model.word_vectors import WordVectors


@cached({}, condition=Condition())  # two people who ask at once wait for one
def word_vectors() -> "WordVectors":
    """MiniLM's word vectors, made for the first who asks: that takes a third of a second.

    Raises:
        ModelUnavailableError: if it isn't installed, damaged, or larger than allowed.
    """
    from model.word_vectors import load_word_vectors

    use_one_thread()
    return load_word_vectors(most_bytes())


def use_one_thread() -> None:
    """Let torch use one thread for what is computed in this one.

    Else a hundred sessions fight over two cores for matrices of a few kilobytes. OpenMP keeps the
    number per calling thread, and Streamlit runs each change in a new one.
    """
    torch.set_num_threads(1)
