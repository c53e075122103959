"""torch.export follows the modules, masks included: nothing branches on the numbers."""

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

from model.attention import AttentionTrace, Projection, SelfAttention
from model.config import Architecture, Config
from model.positions import Positions
from model.transformer import Transformer

ANY = Dim.DYNAMIC
BATCH_AND_LENGTH = {0: ANY, 1: ANY}
PAIRS = {0: ANY, 2: ANY, 3: ANY}  # of a mask: the batch, queries and keys


class Traced(nn.Module):
    """What a trace holds of the weights, as a module: torch.export takes forward alone."""

    def __init__(self, attention: SelfAttention) -> None:
        super().__init__()
        self.attention = attention

    def trace(self, x: Tensor, mask: Tensor) -> AttentionTrace:
        return self.attention.trace(x, x, x, mask)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        trace = self.trace(x, mask)
        return trace.scores, trace.weights, trace.head_outputs, trace.output


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def mask_of(batch: int, length: int) -> Tensor:
    """Causal, and in the last sentence query 1 may attend to nothing; (B, 1, L, L)."""
    mask = torch.ones(batch, 1, length, length, dtype=torch.bool).tril()
    mask[-1, :, 1] = False
    return mask


@pytest.mark.parametrize(("projection", "positions"), [("shared", "none"), ("full", "rotary")])
def test_an_exported_attention_gives_the_modules_numbers_at_other_sizes(
    projection: Projection, positions: Positions
) -> None:
    module = Traced(SelfAttention(8, 2, projection=projection, positions=positions))
    exported = export(
        module, (drawn(3, 5, 8), mask_of(3, 5)), dynamic_shapes=(BATCH_AND_LENGTH, PAIRS)
    ).module()
    for batch, length in ((3, 5), (2, 7)):
        x, mask = drawn(batch, length, 8), mask_of(batch, length)
        scores, weights, head_outputs, output = exported(x, mask)
        # The module itself still computes after having been followed, with numbers of its own.
        expected = module.trace(x, mask)
        torch.testing.assert_close(scores, expected.scores)
        torch.testing.assert_close(weights, expected.weights)
        torch.testing.assert_close(output, expected.output)
        assert (weights[-1, :, 1] == 0).all()
        assert (head_outputs[-1, :, 1] == 0).all()
        attends = mask.expand(weights.shape).any(-1)
        torch.testing.assert_close(weights.sum(-1)[attends], torch.ones(int(attends.sum())))


@pytest.mark.matrix
def test_an_exported_transformer_gives_the_modules_numbers_at_other_sizes() -> None:
    architecture = Architecture(projection="full", norm_order="pre", positions="alibi")
    module = Transformer(Config(embed_size=8, heads=2, layers=1, architecture=architecture)).eval()

    def inputs(batch: int, source: int, target: int) -> tuple[Tensor, ...]:
        padding = torch.ones(batch, 1, 1, source, dtype=torch.bool)
        padding[-1] = False  # nothing of the last source may be seen
        sentences = drawn(batch, source, 8), drawn(batch, target, 8)
        return *sentences, padding, mask_of(1, target)

    exported = export(
        module,
        inputs(3, 5, 4),
        dynamic_shapes=(BATCH_AND_LENGTH, BATCH_AND_LENGTH, {0: ANY, 3: ANY}, {2: ANY, 3: ANY}),
    ).module()
    other = inputs(2, 7, 6)
    output = exported(*other)
    assert output.isfinite().all()
    torch.testing.assert_close(output, module(*other))
