"""What the tests of the model share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import torch

if TYPE_CHECKING:  # not all who run these tests have the package tokenizers
    from model.subwords import SubwordTokenizer


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """One thread for matrices as small as these: several wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def wordpiece() -> "SubwordTokenizer":
    """MiniLM's."""
    pytest.importorskip("tokenizers")
    from model.subwords import SubwordTokenizer
    from tests.model.subword_models import minilm

    return SubwordTokenizer(minilm())


@pytest.fixture(scope="module")
def bytewise() -> "SubwordTokenizer":
    """SmolLM2's."""
    pytest.importorskip("tokenizers")
    from tests.model.subword_models import smollm2_reader

    reader = smollm2_reader()  # skips where there is no GGUF package to import
    from model.pretrained.gguf_tokenizer import read_gguf_tokenizer
    from model.subwords import SubwordTokenizer

    return SubwordTokenizer(read_gguf_tokenizer(reader))
