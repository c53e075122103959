"""Models as people write them at home, each with attention in a style of its own."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class CausalSelfAttention(nn.Module):
    """As in small GPTs: one packed projection, the function imported by name."""

    def __init__(self, embed_size: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.c_attn = nn.Linear(embed_size, 3 * embed_size)
        self.c_proj = nn.Linear(embed_size, embed_size)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, size = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.c_attn(x).split(size, dim=2)
        )
        dropout = self.dropout if self.training else 0.0
        y = scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(batch, length, size))


class Block(nn.Module):
    def __init__(self, embed_size: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_size)
        self.attention = CausalSelfAttention(embed_size, heads, dropout)
        self.mlp = nn.Sequential(nn.Linear(embed_size, 4 * embed_size), nn.GELU(),
                                 nn.Linear(4 * embed_size, embed_size))  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm(x))
        return x + self.mlp(self.norm(x))


class GPT(nn.Module):
    """A decoder for tokens below 50."""

    def __init__(self, layers: int = 2, size: int = 16, heads: int = 4, dropout: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(50, size)
        self.blocks = nn.ModuleList(Block(size, heads, dropout) for _ in range(layers))
        self.head = nn.Linear(size, 50)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class PatchAttention(nn.Module):
    """As in image models: heads folded into the batch, three dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.to_qkv = nn.Linear(12, 36, bias=False)

    def forward(self, patches: Tensor) -> Tensor:  # (B, L, 12), 3 heads
        batch, length, _ = patches.shape
        qkv = self.to_qkv(patches).view(batch, length, 3, 3, 4).permute(2, 0, 3, 1, 4)
        qkv = qkv.flatten(1, 2)  # (3, B * H, L, 4)
        y = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        return y.view(batch, 3, length, 4).transpose(1, 2).reshape(batch, length, 12)


class CrossAttention(nn.Module):
    """Queries from one sequence, keys and values from another of other sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 3, kdim=7, vdim=5, batch_first=True)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        return self.attention(x, memory[..., :7], memory[..., 7:], need_weights=False)[0]


class LinearAttention(nn.Module):
    """As in Performers: neither a softmax nor one of PyTorch's functions."""

    def forward(self, x: Tensor) -> Tensor:
        features = F.elu(x) + 1
        total = features @ (features.transpose(1, 2) @ x)
        return total / (features @ features.sum(1).unsqueeze(-1))


class SoftmaxAttention(nn.Module):
    """Written out with matmul and softmax."""

    def forward(self, x: Tensor) -> Tensor:
        return (x @ x.transpose(1, 2) / math.sqrt(x.shape[-1])).softmax(-1) @ x


def tokens(length: int = 6, batch: int = 2) -> Tensor:
    return torch.randint(50, (batch, length), generator=torch.Generator().manual_seed(length))
