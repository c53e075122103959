"""What recording adds to a model's own time: somebody's GPT, and PyTorch's encoder."""

import json
import statistics
import sys

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.attention import THREADS, Call, from_child, interleaved
from bench.report import BenchError, Row, spread
from bench.settings import Options
from bench.stack import keep_freed_memory
from model.recording import record

TOKENS = 512
SIZE = 512
HEADS = 8
LAYERS = 6
TARGET = 3.0


class Block(nn.Module):
    """A layer of a GPT as people write it, with PyTorch's fused attention."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(SIZE) for _ in range(2))
        self.qkv, self.project = nn.Linear(SIZE, 3 * SIZE), nn.Linear(SIZE, SIZE)
        self.mlp = nn.Sequential(nn.Linear(SIZE, 4 * SIZE), nn.GELU(), nn.Linear(4 * SIZE, SIZE))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = self.qkv(self.norms[0](x)).view(batch, length, 3, HEADS, -1).unbind(2)
        y = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
        )
        x = x + self.project(y.transpose(1, 2).flatten(2))
        added: Tensor = x + self.mlp(self.norms[1](x))
        return added


def gpt() -> nn.Module:
    return nn.Sequential(*(Block() for _ in range(LAYERS)))


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(SIZE, HEADS, 4 * SIZE, batch_first=True)
    return nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)


MODELS = {"a GPT": gpt, "nn.TransformerEncoder": encoder}


def recorded(model: nn.Module, x: Tensor) -> Call:
    """A call of the model that records all its layers."""

    def call() -> None:
        with record() as recording:
            model(x)
        if len(recording) != LAYERS or (recording.difference or 0.0) > 1e-4:
            raise BenchError(f"not as expected: {recording}")

    return call


def times(name: str, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds of a model with and without recording."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    keep_freed_memory()
    model, x = MODELS[name]().eval(), torch.randn(1, TOKENS, SIZE)
    with torch.no_grad():
        return interleaved(recorded(model, x), lambda: model(x), seconds)


def row(name: str, seconds: float) -> Row:
    """The time that recording adds to one model, over the model's own."""
    with_record, own = from_child("bench.record", name, seconds, timeout=600)
    added = statistics.median(with_record) - statistics.median(own)
    return Row(
        "record", f"time added to {name}: {LAYERS} layers, {TOKENS} tokens, embedding {SIZE}, "
        f"{HEADS} heads", f"{added:.4g} ms", spread(own), added / statistics.median(own), TARGET, 0,
        f"{THREADS} threads, {len(own)} repeats; with recording {spread(with_record)}",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """Each model in a fresh process."""
    return [row(name, 2.0 if options.quick else 15.0) for name in MODELS]


if __name__ == "__main__":
    print(json.dumps(times(sys.argv[1], float(sys.argv[2]))))
