"""One block of a transformer: attention, then a feed-forward, each added to the residual stream.

Each module has two calls: `forward` returns the output, `trace` also everything on the way to it.
Source: Vaswani et al. (2017), section 3.1 and figure 1; the options are explained in model/config.
Letters as in the package, with S and T for the lengths of source and target.
"""

from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor, nn

from model.attention import AttentionTrace, SelfAttention
from model.config import TUTORIAL, Architecture, Config

ACTIVATION_MODULES: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}


@dataclass(frozen=True)
class BlockTrace:
    """What one block computed."""

    self_attention: AttentionTrace
    cross_attention: AttentionTrace | None  # a decoder's
    stream: tuple[Tensor, ...]  # (B, L, E) each: what went in, and what each sub-layer left

    @property
    def output(self) -> Tensor:
        """(B, L, E)."""
        return self.stream[-1]


class TransformerBlock(nn.Module):
    """Attention, add and norm, feed-forward, add and norm.

    With an attention-only architecture it ends after the first half.

    Args:
        embed_size: E.
        heads: H.
        dropout: after each norm, where the tutorial has it; before each addition with pre-norm.
        forward_expansion: the hidden size of the feed-forward is this times E.
        kv_heads: see SelfAttention.
        temperature: see SelfAttention.
        architecture: which kind of block; the default is the tutorial's, whose state_dict fits.

    Raises:
        ValueError: as SelfAttention does.
    """

    def __init__(
        self,
        embed_size: int,
        heads: int,
        dropout: float = 0.0,
        forward_expansion: float = 4,
        *,
        kv_heads: int | None = None,
        temperature: float = 1.0,
        architecture: Architecture = TUTORIAL,
    ) -> None:
        super().__init__()
        config = Config(
            embed_size=embed_size,
            heads=heads,
            dropout=dropout,
            forward_expansion=forward_expansion,
            kv_heads=kv_heads,
            temperature=temperature,
            architecture=architecture,
        )
        self.norm_order = architecture.norm_order
        self.attention = build_attention(config)
        self.norm1 = build_norm(config)
        self.has_feed_forward = not architecture.attention_only
        if self.has_feed_forward:
            self.norm2 = build_norm(config)
            self.feed_forward = build_feed_forward(config)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, value: Tensor, key: Tensor, query: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """The block's output. Shapes and errors as in SelfAttention.trace."""
        return self.trace(value, key, query, mask).output

    def trace(
        self,
        value: Tensor,
        key: Tensor,
        query: Tensor,
        mask: Tensor | None = None,
        removed: Collection[int] = (),
    ) -> BlockTrace:
        """The block's output and everything on the way. Arguments as in SelfAttention.trace."""
        if self.norm_order == "post":
            attention = self.attention.trace(value, key, query, mask, removed)
            x = self.dropout(self.norm1(attention.output + query))  # (B, Q, E)
        else:
            q = self.norm1(query)
            k = q if key is query else self.norm1(key)
            v = k if value is key else self.norm1(value)
            attention = self.attention.trace(v, k, q, mask, removed)
            x = query + self.dropout(attention.output)  # (B, Q, E)
        if not self.has_feed_forward:
            return BlockTrace(attention, None, (query, x))
        if self.norm_order == "post":
            output = self.dropout(self.norm2(self.feed_forward(x) + x))  # (B, Q, E)
        else:
            output = x + self.dropout(self.feed_forward(self.norm2(x)))  # (B, Q, E)
        return BlockTrace(attention, None, (query, x, output))


class DecoderBlock(nn.Module):
    """Masked self-attention, then attention to the source, then feed-forward; each add and norm.

    Positions that act inside attention (rotary, ALiBi) act in the self-attention only: a place in
    the target and a place in the source have no distance.

    Raises:
        ValueError: as SelfAttention does, or if the architecture is attention-only: it is one of
            encoders, and of decoders without an encoder, which are the same.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        if config.architecture.attention_only:
            raise ValueError("attention_only is for stacks without cross-attention")
        self.norm_order = config.architecture.norm_order
        self.attention = build_attention(config)
        self.norm1 = build_norm(config)
        self.cross_attention = build_attention(config, cross=True)
        self.norm2 = build_norm(config)
        self.feed_forward = build_feed_forward(config)
        self.norm3 = build_norm(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        target: Tensor,
        source: Tensor,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> Tensor:
        """The block's output, (B, T, E). Arguments as in `trace`."""
        return self.trace(target, source, target_mask, cross_mask).output

    def trace(
        self,
        target: Tensor,
        source: Tensor,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> BlockTrace:
        """The block's output and everything on the way.

        Args:
            target: (B, T, E).
            source: (B, S, E), the encoder's output.
            target_mask: broadcastable to (B, H, T, T), True = may attend; usually causal.
            cross_mask: broadcastable to (B, H, T, S).
        """
        x = target
        if self.norm_order == "post":
            attention = self.attention.trace(x, x, x, target_mask)
            x1 = self.dropout(self.norm1(attention.output + x))  # (B, T, E)
            cross = self.cross_attention.trace(source, source, x1, cross_mask)
            x2 = self.dropout(self.norm2(cross.output + x1))  # (B, T, E)
            x3 = self.dropout(self.norm3(self.feed_forward(x2) + x2))  # (B, T, E)
        else:
            normed = self.norm1(x)
            attention = self.attention.trace(normed, normed, normed, target_mask)
            x1 = x + self.dropout(attention.output)  # (B, T, E)
            cross = self.cross_attention.trace(source, source, self.norm2(x1), cross_mask)
            x2 = x1 + self.dropout(cross.output)  # (B, T, E)
            x3 = x2 + self.dropout(self.feed_forward(self.norm3(x2)))  # (B, T, E)
        return BlockTrace(attention, cross, (x, x1, x2, x3))


class GatedFeedForward(nn.Module):
    """A feed-forward whose hidden units are gated: down(act(gate(x)) · up(x)).

    Source: Shazeer (2020), "GLU Variants Improve Transformer", equation 6; SwiGLU with "silu".
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        size, hidden = config.embed_size, config.hidden_size
        bias = config.architecture.feed_forward_bias
        self.gate = nn.Linear(size, hidden, bias=bias)
        self.up = nn.Linear(size, hidden, bias=bias)
        self.down = nn.Linear(hidden, size, bias=bias)
        self.activation = ACTIVATION_MODULES[config.architecture.activation]()

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, E) -> (B, L, E)."""
        output: Tensor = self.down(self.activation(self.gate(x)) * self.up(x))
        return output


def build_attention(config: Config, *, cross: bool = False) -> SelfAttention:
    """The attention of a block; `cross` for the one between two sentences."""
    architecture = config.architecture
    return SelfAttention(
        config.embed_size,
        config.heads,
        projection=architecture.projection,
        scale=architecture.scale,
        temperature=config.temperature,
        kv_heads=config.kv_heads,
        bias=architecture.attention_bias,
        out_bias=architecture.output_bias,
        positions="none" if cross else architecture.positions,
        rotary_base=architecture.rotary_base,
        rotary_pairs=architecture.rotary_pairs,
    )


def build_norm(config: Config) -> nn.Module:
    """LayerNorm or RMSNorm over the embedding."""
    kind = nn.LayerNorm if config.architecture.norm == "layer" else nn.RMSNorm
    return kind(config.embed_size, eps=config.architecture.norm_eps)


def build_feed_forward(config: Config) -> nn.Module:
    """The position-wise feed-forward, equation 2 of the paper with the config's activation."""
    if config.architecture.gated:
        return GatedFeedForward(config)
    bias = config.architecture.feed_forward_bias
    return nn.Sequential(
        nn.Linear(config.embed_size, config.hidden_size, bias=bias),
        ACTIVATION_MODULES[config.architecture.activation](),
        nn.Linear(config.hidden_size, config.embed_size, bias=bias),
    )
