"""The "transformer from scratch" tutorial's published classes: a reference for ours."""

import torch
from torch import Tensor, nn


class TutorialAttention(nn.Module):
    """Self-attention as the tutorial has it."""

    def __init__(self, embed_size: int, heads: int) -> None:
        super().__init__()
        self.embed_size = embed_size
        self.heads = heads
        self.head_dim = embed_size // heads
        self.values = nn.Linear(self.head_dim, self.head_dim, bias=False)
        self.keys = nn.Linear(self.head_dim, self.head_dim, bias=False)
        self.queries = nn.Linear(self.head_dim, self.head_dim, bias=False)
        self.fc_out = nn.Linear(heads * self.head_dim, embed_size)

    def forward(self, values: Tensor, keys: Tensor, query: Tensor, mask: Tensor | None) -> Tensor:
        def split(x: Tensor) -> Tensor:
            return x.reshape(x.shape[0], x.shape[1], self.heads, self.head_dim)

        v, k, q = self.values(split(values)), self.keys(split(keys)), self.queries(split(query))
        energy = torch.einsum("nqhd,nkhd->nhqk", q, k)
        if mask is not None:
            energy = energy.masked_fill(mask == 0, -1e20)
        attention = torch.softmax(energy / self.embed_size**0.5, dim=3)
        out = torch.einsum("nhqk,nkhd->nqhd", attention, v)
        return self.fc_out(out.reshape(query.shape[0], query.shape[1], self.heads * self.head_dim))


class TutorialBlock(nn.Module):
    """A transformer block as the tutorial has it."""

    def __init__(self, embed_size: int, heads: int, dropout: float, forward_expansion: int) -> None:
        super().__init__()
        self.attention = TutorialAttention(embed_size, heads)
        self.norm1 = nn.LayerNorm(embed_size)
        self.norm2 = nn.LayerNorm(embed_size)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed_size, forward_expansion * embed_size),
            nn.ReLU(),
            nn.Linear(forward_expansion * embed_size, embed_size),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, value: Tensor, key: Tensor, query: Tensor, mask: Tensor | None) -> Tensor:
        attention = self.attention(value, key, query, mask)
        x = self.dropout(self.norm1(attention + query))
        forward = self.feed_forward(x)
        return self.dropout(self.norm2(forward + x))
