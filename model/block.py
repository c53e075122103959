"""One block of a transformer: attention, then a feed-forward, each added to the residual stream.

Each module has two calls: `forward` returns the output, `trace` also everything on the way to it.
Source: Vaswani et al. (2017), section 3.1 and figure 1; the options are explained in model/config.
Letters as in the package, with S and T for the lengths of source and target.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from .attention import AttentionTrace, SelfAttention
from .config import TUTORIAL, Architecture, Config, NormOrder
from .interventions import AttentionChange

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


class ResidualBlock(nn.Module):
    """What blocks do around each of their sub-layers.

        post-norm: x = dropout(norm(x + sublayer(x)))
        pre-norm:  x = x + dropout(sublayer(norm(x)))

    Sources: Vaswani et al. (2017), section 3.1, with the dropout in the tutorial's place; Xiong et
    al. (2020), "On Layer Normalization in the Transformer Architecture".
    """

    def __init__(self, norm_order: NormOrder, dropout: float) -> None:
        super().__init__()
        self.norm_order: NormOrder = norm_order
        self.dropout = nn.Dropout(dropout)

    def read(self, norm: nn.Module, x: Tensor) -> Tensor:
        """Return what a sub-layer reads of the stream."""
        read: Tensor = norm(x) if self.norm_order == "pre" else x
        return read

    def add(self, norm: nn.Module, x: Tensor, change: Tensor) -> Tensor:
        """Return the stream after a sub-layer, whose output is the change."""
        if self.norm_order == "pre":
            added: Tensor = x + self.dropout(change)
        else:
            added = self.dropout(norm(x + change))
        return added


class TransformerBlock(ResidualBlock):
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
        super().__init__(architecture.norm_order, dropout)
        config = Config(
            embed_size=embed_size,
            heads=heads,
            dropout=dropout,
            forward_expansion=forward_expansion,
            kv_heads=kv_heads,
            temperature=temperature,
            architecture=architecture,
        )
        self.attention = build_attention(config)
        self.norm1 = build_norm(config)
        self.has_feed_forward = not architecture.attention_only
        if self.has_feed_forward:
            self.norm2 = build_norm(config)
            self.feed_forward = build_feed_forward(config)

    def forward(
        self, value: Tensor, key: Tensor, query: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Return the block's output. Shapes and errors as in SelfAttention.trace."""
        return self.trace(value, key, query, mask).output

    def trace(
        self,
        value: Tensor,
        key: Tensor,
        query: Tensor,
        mask: Tensor | None = None,
        change: AttentionChange | None = None,
    ) -> BlockTrace:
        """Return the block's output and everything on the way, as SelfAttention.trace."""
        q = self.read(self.norm1, query)  # (B, Q, E)
        k = q if key is query else self.read(self.norm1, key)  # (B, K, E)
        v = k if value is key else self.read(self.norm1, value)  # (B, K, E)
        attention = self.attention.trace(v, k, q, mask, change)
        x = self.add(self.norm1, query, attention.output)  # (B, Q, E)
        if not self.has_feed_forward:
            return BlockTrace(attention, None, (query, x))

        made = self.feed_forward(self.read(self.norm2, x))  # (B, Q, E)
        output = self.add(self.norm2, x, made)  # (B, Q, E)
        return BlockTrace(attention, None, (query, x, output))


class DecoderBlock(ResidualBlock):
    """Masked self-attention, then attention to the source, then feed-forward; each add and norm.

    Positions that act inside attention (rotary, ALiBi) act in the self-attention only: a place in
    the target and a place in the source have no distance.

    Raises:
        ValueError: as SelfAttention does, or if the architecture is attention-only: it is one of
            encoders, and of decoders without an encoder, which are the same.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config.architecture.norm_order, config.dropout)
        if config.architecture.attention_only:
            raise ValueError("attention_only is for stacks without cross-attention")
        self.attention = build_attention(config)
        self.norm1 = build_norm(config)
        self.cross_attention = build_attention(config, cross=True)
        self.norm2 = build_norm(config)
        self.feed_forward = build_feed_forward(config)
        self.norm3 = build_norm(config)

    def forward(
        self,
        target: Tensor,
        source: Tensor,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the block's output, (B, T, E). Arguments as in `trace`."""
        return self.trace(target, source, target_mask, cross_mask).output

    def trace(
        self,
        target: Tensor,
        source: Tensor,
        target_mask: Tensor | None = None,
        cross_mask: Tensor | None = None,
    ) -> BlockTrace:
        """Return the block's output and everything on the way.

        Args:
            target: (B, T, E).
            source: (B, S, E), the encoder's output.
            target_mask: broadcastable to (B, H, T, T), True = may attend; usually causal.
            cross_mask: broadcastable to (B, H, T, S).
        """
        read = self.read(self.norm1, target)  # (B, T, E)
        attention = self.attention.trace(read, read, read, target_mask)
        x1 = self.add(self.norm1, target, attention.output)  # (B, T, E)

        read = self.read(self.norm2, x1)  # (B, T, E)
        cross = self.cross_attention.trace(source, source, read, cross_mask)
        x2 = self.add(self.norm2, x1, cross.output)  # (B, T, E)

        change = self.feed_forward(self.read(self.norm3, x2))  # (B, T, E)
        x3 = self.add(self.norm3, x2, change)  # (B, T, E)
        return BlockTrace(attention, cross, (target, x1, x2, x3))


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
    """Return the attention of a block; `cross` for the one between two sentences."""
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
    """Return LayerNorm or RMSNorm over the embedding."""
    kind = nn.LayerNorm if config.architecture.norm == "layer" else nn.RMSNorm
    return kind(config.embed_size, eps=config.architecture.norm_eps)


def build_feed_forward(config: Config) -> nn.Module:
    """Return the position-wise feed-forward: the paper's equation 2, with any activation."""
    if config.architecture.gated:
        return GatedFeedForward(config)
    bias = config.architecture.feed_forward_bias
    return nn.Sequential(
        nn.Linear(config.embed_size, config.hidden_size, bias=bias),
        ACTIVATION_MODULES[config.architecture.activation](),
        nn.Linear(config.hidden_size, config.embed_size, bias=bias),
    )
