"""A stack of layers with its whole trace, against PyTorch's encoder, which keeps nothing."""

import json
import statistics
import sys
from dataclasses import replace

import torch
from torch import nn

from bench.attention import THREADS, from_child, interleaved
from bench.report import BenchError, Row, spread
from bench.settings import Options
from model.config import PAPER, Config
from model.transformer import Encoder

TOKENS = 128
# As PyTorch's layer: the projections have a bias, and positions are not the stack's business.
ARCHITECTURE = replace(PAPER, positions="none", attention_bias=True)
CONFIG = Config(embed_size=256, heads=8, layers=6, architecture=ARCHITECTURE)
NAMES = {  # parts of PyTorch's layer, and of the block
    "self_attn.out_proj": "attention.fc_out",
    "norm1": "norm1",
    "linear1": "feed_forward.0",
    "linear2": "feed_forward.2",
    "norm2": "norm2",
}
TARGET = 1.15
FREED_FIRST = 16 * 2**20  # bytes; see keep_freed_memory
TOLERANCE = 1e-5  # of float32 after six layers; the vectors' numbers are about 1


def peer(encoder: Encoder) -> nn.TransformerEncoder:
    """PyTorch's encoder with the same weights."""
    layer = nn.TransformerEncoderLayer(
        CONFIG.embed_size, CONFIG.heads, CONFIG.hidden_size, dropout=0.0, batch_first=True
    )
    stack = nn.TransformerEncoder(layer, CONFIG.layers, enable_nested_tensor=False)
    for ours, theirs in zip(encoder.layers, stack.layers, strict=True):
        theirs.load_state_dict(as_pytorch_names_it(ours))
    return stack.eval()


def as_pytorch_names_it(block: nn.Module) -> dict[str, torch.Tensor]:
    """A block's weights as those of a TransformerEncoderLayer, which stacks the projections."""
    ours, theirs = block.state_dict(), {}
    for kind in ("weight", "bias"):
        projections = [ours[f"attention.{name}.{kind}"] for name in ("queries", "keys", "values")]
        theirs[f"self_attn.in_proj_{kind}"] = torch.cat(projections)
        for name, our_name in NAMES.items():
            theirs[f"{name}.{kind}"] = ours[f"{our_name}.{kind}"]
    return theirs


def check_same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Raise if the two stacks don't compute the same."""
    if not torch.allclose(ours, theirs, rtol=0.0, atol=TOLERANCE):
        difference = (ours - theirs).abs().max().item()
        raise BenchError(f"the stacks' outputs differ by {difference:.2e}")


def keep_freed_memory() -> None:
    """Let the process keep what it frees, for its next call.

    glibc gives free memory above a threshold back to the system, and raises the threshold to twice
    the largest block freed so far, up to a limit. Below the size of a trace, which is 14 MB, each
    call would get other amounts of memory anew, which take up to half of its time.
    """
    torch.empty(FREED_FIRST, dtype=torch.uint8)


def times(seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds of both stacks, ours first, once they are known to compute the same."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    keep_freed_memory()
    encoder = Encoder(CONFIG).eval()
    reference = peer(encoder)
    x = torch.randn(1, TOKENS, CONFIG.embed_size)
    torch.backends.mha.set_fastpath_enabled(False)  # the fused layer, for inference alone
    with torch.inference_mode():
        check_same(encoder.trace(x).output, reference(x))
        return interleaved(lambda: encoder.trace(x), lambda: reference(x), seconds)


def measure(options: Options) -> list[Row]:
    """The ratio of the median times, in a fresh process: what others freed matters."""
    mine, theirs = from_child("bench.stack", 1.0 if options.quick else 15.0)
    return [
        Row("stack",
            f"time, {CONFIG.layers} layers, {TOKENS} tokens, embedding {CONFIG.embed_size}, "
            f"{CONFIG.heads} heads",
            spread(mine), spread(theirs), statistics.median(mine) / statistics.median(theirs),
            TARGET, 0, f"{THREADS} threads, {len(mine)} repeats, median (quartiles)"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(times(float(sys.argv[1]))))
