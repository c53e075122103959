"""Stacks of every kind, whose costs are reckoned."""

from collections.abc import Callable
from dataclasses import replace

import torch
from hypothesis import strategies as st
from torch import Tensor

from lab.cost_process import allocated_peak
from model.config import BERT, LLAMA, PAPER, TUTORIAL, Architecture, Config
from model.transformer import Encoder

PAPERS = Config(embed_size=512, heads=8, layers=6, architecture=PAPER)
FAMILIES = {
    "tutorial": TUTORIAL,
    "paper": PAPER,
    "bert": BERT,
    "llama": LLAMA,
    "alibi": replace(PAPER, positions="alibi", norm_order="pre"),
    "attention only": replace(BERT, attention_only=True),
}


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Small stacks of every kind."""
    flags = ("final_norm", "attention_only", "embedding_norm", "gated")
    biases = ("attention_bias", "output_bias", "feed_forward_bias")
    architecture = Architecture(
        projection=draw(st.sampled_from(["shared", "full"])),
        positions=draw(st.sampled_from(["none", "sinusoidal", "learned", "rotary", "alibi"])),
        norm_order=draw(st.sampled_from(["post", "pre"])),
        norm=draw(st.sampled_from(["layer", "rms"])),
        **{flag: draw(st.booleans()) for flag in flags + biases},
    )
    heads = draw(st.sampled_from([1, 2, 4, 6]))
    full = architecture.projection == "full"
    shared = [n for n in range(1, heads + 1) if heads % n == 0] if full else []
    return Config(
        embed_size=heads * draw(st.sampled_from([2, 4, 6])),
        heads=heads,
        layers=draw(st.integers(1, 3)),
        forward_expansion=draw(st.sampled_from([0.5, 1, 8 / 3, 4])),
        kv_heads=draw(st.sampled_from([None, *shared])),
        vocabulary=draw(st.sampled_from([None, 1, 11])),
        longest=draw(st.sampled_from([8, 32])),
        architecture=architecture,
    )


def entering(config: Config, tokens: int, batch: int = 1) -> Tensor:
    if config.vocabulary:
        return torch.zeros(batch, tokens, dtype=torch.long)
    return torch.randn(batch, tokens, config.embed_size)


def measured_peak(config: Config, tokens: int, batch: int = 1) -> int:
    encoder = Encoder(config).eval()

    def forward() -> Callable[[], object]:
        return encoder(entering(config, tokens, batch))

    with torch.inference_mode():
        forward()  # whatever is kept for the next call, such as rotary angles
        return allocated_peak(forward)
