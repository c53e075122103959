"""A removed head: its output is zero, and nothing else of its layer changes."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from model.attention import SelfAttention
from model.config import BERT, LLAMA, Config
from model.interventions import UNCHANGED, AttentionChange
from model.seeded import random_encoder

HEADS = 4


def vectors(length: int = 5, size: int = 8) -> torch.Tensor:
    return torch.randn(1, length, size, generator=torch.Generator().manual_seed(1))


@given(removed=st.sets(st.integers(0, HEADS - 1)))
@torch.no_grad()
def test_it_is_as_if_its_columns_of_fc_out_were_zero(removed: set[int]) -> None:
    x = vectors()
    module = SelfAttention(8, HEADS, projection="full")
    change = AttentionChange(removed=tuple(removed))
    trace, whole = module.trace(x, x, x, change=change), module.trace(x, x, x)
    assert torch.equal(trace.weights, whole.weights)
    for head in range(HEADS):
        expected = torch.zeros_like(whole.head_outputs[:, head])
        expected = expected if head in removed else whole.head_outputs[:, head]
        assert torch.equal(trace.head_outputs[:, head], expected)
        if head in removed:
            module.fc_out.weight[:, 2 * head : 2 * head + 2] = 0
    torch.testing.assert_close(trace.output, module.trace(x, x, x).output, rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_stack_removes_it_from_its_layer_alone() -> None:
    for architecture in (BERT, LLAMA):
        config = Config(embed_size=8, heads=HEADS, layers=3, architecture=architecture)
        model, x = random_encoder(config), vectors()
        whole, without = model.trace(x), model.trace(x, changes=UNCHANGED.removing([(1, 2)]))
        before, at, after = (
            [torch.equal(a.head_outputs[:, head], b.head_outputs[:, head]) for head in range(HEADS)]
            for a, b in zip(whole.encoder_self, without.encoder_self, strict=True)
        )
        assert before == [True] * HEADS
        assert at == [True, True, False, True]
        assert not without.encoder_self[1].head_outputs[:, 2].any()
        assert after == [False] * HEADS
