"""What kind of transformer, and how large: two small frozen dataclasses that check themselves."""

import math
from dataclasses import dataclass, field
from typing import Literal

from .attention import Projection, Scale
from .checks import check_choice, check_heads_divide, check_positive
from .positions import Positions, RotaryPairs

Norm = Literal["layer", "rms"]
NormOrder = Literal["post", "pre"]
Activation = Literal["relu", "gelu", "silu"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The choices that aren't sizes. The defaults are the tutorial's block.

    Raises:
        ValueError: if an option is unknown, or a number isn't positive.
    """

    projection: Projection = "shared"  # of queries, keys and values: see SelfAttention
    scale: Scale = "embed_size"
    positions: Positions = "none"
    rotary_base: float = 10_000.0
    rotary_pairs: RotaryPairs = "neighbours"  # see model.positions.rotate
    norm_order: NormOrder = "post"  # norm(x + f(x)), or pre: x + f(norm(x)) (Xiong et al., 2020)
    norm: Norm = "layer"  # LayerNorm (Ba et al., 2016) or RMSNorm (Zhang & Sennrich, 2019)
    norm_eps: float = 1e-5
    final_norm: bool = False  # after the last layer; pre-norm needs it, or the output isn't normed
    attention_only: bool = False  # no feed-forward, as in Elhage et al. (2021), whose models show
    # what attention can do by itself: "A Mathematical Framework for Transformer Circuits"
    embedding_norm: bool = False  # after the embedding, as in BERT
    activation: Activation = "relu"
    gated: bool = False  # down(act(gate(x)) · up(x)), Shazeer (2020), "GLU Variants"
    attention_bias: bool = False  # of queries, keys and values
    output_bias: bool = True  # of fc_out
    feed_forward_bias: bool = True

    def __post_init__(self) -> None:
        """Check each option against its choices."""
        for name, choices in (
            ("projection", Projection),
            ("scale", Scale),
            ("positions", Positions),
            ("rotary_pairs", RotaryPairs),
            ("norm_order", NormOrder),
            ("norm", Norm),
            ("activation", Activation),
        ):
            check_choice(name, getattr(self, name), choices)
        check_positive("rotary_base", self.rotary_base)
        check_positive("norm_eps", self.norm_eps)


TUTORIAL = Architecture()

# Vaswani et al. (2017), "Attention Is All You Need". Unlike theirs, fc_out has the tutorial's bias,
# dropout stands in the tutorial's place, and embeddings aren't multiplied by sqrt(E).
PAPER = Architecture(projection="full", scale="head_dim", positions="sinusoidal")

# Devlin et al. (2019), "BERT".
BERT = Architecture(
    projection="full",
    scale="head_dim",
    positions="learned",
    norm_eps=1e-12,
    embedding_norm=True,
    activation="gelu",
    attention_bias=True,
)

# Touvron et al. (2023), "LLaMA"; grouped key/value heads are a size: Config.kv_heads.
LLAMA = Architecture(
    projection="full",
    scale="head_dim",
    positions="rotary",
    rotary_pairs="halves",
    norm_order="pre",
    norm="rms",
    final_norm=True,
    activation="silu",
    gated=True,
    output_bias=False,
    feed_forward_bias=False,
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """A stack's sizes, and its architecture.

    Raises:
        ValueError: if a size is out of range, or heads doesn't divide embed_size.
    """

    embed_size: int  # E
    heads: int  # H
    layers: int = 1  # of the encoder, and of the decoder
    forward_expansion: float = 4  # hidden size of the feed-forward / E; a fraction for Llama's 8/3
    kv_heads: int | None = None  # key/value heads, where queries share them; None: as many as heads
    dropout: float = 0.0
    temperature: float = 1.0  # divides the energies once more, to play with
    vocabulary: int | None = None  # token ids to embed; None: the input is vectors already
    longest: int = 512  # positions that the learned scheme has vectors for
    architecture: Architecture = field(default_factory=Architecture)

    def __post_init__(self) -> None:
        """Check the sizes; the modules check what concerns them alone."""
        check_heads_divide(self.embed_size, self.heads)
        for name in ("layers", "longest"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.vocabulary is not None and self.vocabulary < 1:
            raise ValueError(f"vocabulary must be at least 1, or None, got {self.vocabulary}")
        if not math.isfinite(self.forward_expansion) or self.hidden_size < 1:
            raise ValueError(
                f"forward_expansion {self.forward_expansion} leaves nothing of {self.embed_size}"
            )

    @property
    def hidden_size(self) -> int:
        """The width inside the feed-forward."""
        return round(self.forward_expansion * self.embed_size)
