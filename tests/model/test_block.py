"""A block: the tutorial's own, and each step recomputed from the one before."""

import pytest
import torch
from torch import Tensor

from model.block import DecoderBlock, TransformerBlock, build_attention
from model.config import BERT, LLAMA, Architecture, Config, NormOrder
from model.positions import Positions
from tests.model.helpers import shaken
from tests.model.tutorial import TutorialBlock

EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64


def different_inputs(queries: int = 4, keys: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """Value, key and query, (2, length, 8): swapped arguments must not go unnoticed."""
    return (
        torch.randn(2, keys, 8, dtype=torch.float64),
        torch.randn(2, keys, 8, dtype=torch.float64),
        torch.randn(2, queries, 8, dtype=torch.float64),
    )


def tutorials_twins(dropout: float = 0.0) -> tuple[TutorialBlock, TransformerBlock]:
    """The tutorial's block and ours with its weights, in float64."""
    torch.manual_seed(0)
    theirs = shaken(TutorialBlock(8, 2, dropout, 3)).double()
    ours = TransformerBlock(8, 2, dropout, 3).double()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, ours


def test_the_default_blocks_state_dict_is_the_tutorials_both_ways() -> None:
    theirs, ours = TutorialBlock(8, 2, 0.1, 4), TransformerBlock(8, 2, 0.1, 4)
    assert {name: w.shape for name, w in ours.state_dict().items()} == {
        name: w.shape for name, w in theirs.state_dict().items()
    }
    theirs.load_state_dict(shaken(ours).state_dict(), strict=True)
    x = torch.randn(1, 3, 8)
    torch.testing.assert_close(ours.eval()(x, x, x), theirs.eval()(x, x, x, None))


@pytest.mark.parametrize("masked", [False, True])
def test_the_output_is_the_tutorials(masked: bool) -> None:
    theirs, ours = tutorials_twins()
    inputs = different_inputs(queries=3, keys=5)
    mask = torch.ones(3, 5).tril() if masked else None
    torch.testing.assert_close(ours(*inputs, mask), theirs(*inputs, mask), **EXACT)


def test_dropout_strikes_where_the_tutorials_does() -> None:
    theirs, ours = tutorials_twins(dropout=0.4)
    inputs = different_inputs()
    torch.manual_seed(1)
    expected = theirs(*inputs, None)
    torch.manual_seed(1)
    dropped = ours(*inputs, None)
    torch.testing.assert_close(dropped, expected, **EXACT)
    assert 0.2 < (dropped == 0).double().mean() < 0.6  # the last thing that happens
    kept = ours.eval()(*inputs, None)
    assert (kept == 0).sum() == 0
    torch.testing.assert_close(kept, theirs.eval()(*inputs, None), **EXACT)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_the_stream_is_what_goes_in_and_what_each_sub_layer_leaves(
    norm_order: NormOrder, masked: bool
) -> None:
    torch.manual_seed(0)
    block = TransformerBlock(8, 2, architecture=Architecture(norm_order=norm_order))
    shaken(block.double())
    value, key, query = different_inputs(queries=3, keys=5)
    mask = torch.ones(3, 5).tril() if masked else None
    trace = block.trace(value, key, query, mask)
    before, after_attention, after_feed_forward = trace.stream
    assert before is query
    x = after_attention
    if norm_order == "post":
        attended = block.attention(value, key, query, mask)
        torch.testing.assert_close(x, block.norm1(query + attended), **EXACT)
        expected = block.norm2(x + block.feed_forward(x))
    else:
        norm = block.norm1
        attended = block.attention(norm(value), norm(key), norm(query), mask)
        torch.testing.assert_close(x, query + attended, **EXACT)
        expected = x + block.feed_forward(block.norm2(x))
    torch.testing.assert_close(trace.self_attention.output, attended, **EXACT)
    torch.testing.assert_close(after_feed_forward, expected, **EXACT)
    assert trace.output is after_feed_forward
    assert trace.cross_attention is None
    assert torch.equal(block(value, key, query, mask), trace.output)


@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_a_decoder_blocks_stream_has_a_step_for_the_source_too(norm_order: NormOrder) -> None:
    torch.manual_seed(0)
    config = Config(embed_size=8, heads=2, architecture=Architecture(norm_order=norm_order))
    block = shaken(DecoderBlock(config).double())
    source, _, target = different_inputs(queries=3, keys=5)
    causal, hidden = torch.ones(3, 3).tril(), torch.tensor([True, True, False, True, False])
    trace = block.trace(target, source, causal, hidden)
    x0, x1, x2, x3 = trace.stream
    assert x0 is target
    if norm_order == "post":
        attended = block.attention(x0, x0, x0, causal)
        crossed = block.cross_attention(source, source, x1, hidden)
        expected = [block.norm1(x0 + attended), block.norm2(x1 + crossed)]
        expected.append(block.norm3(x2 + block.feed_forward(x2)))
    else:
        y = block.norm1(x0)
        attended = block.attention(y, y, y, causal)
        # The source is the encoder's output, which has a norm of its own: not normed again.
        crossed = block.cross_attention(source, source, block.norm2(x1), hidden)
        expected = [x0 + attended, x1 + crossed, x2 + block.feed_forward(block.norm3(x2))]
    torch.testing.assert_close((x1, x2, x3), tuple(expected), **EXACT)
    assert trace.cross_attention is not None
    torch.testing.assert_close(trace.self_attention.output, attended, **EXACT)
    torch.testing.assert_close(trace.cross_attention.output, crossed, **EXACT)
    assert trace.cross_attention.weights.shape == (2, 2, 3, 5)
    assert torch.equal(block(target, source, causal, hidden), x3)


@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_positions_act_in_the_self_attention_but_not_between_two_sentences(
    positions: Positions,
) -> None:
    config = Config(embed_size=8, heads=2, architecture=Architecture(positions=positions))
    block = DecoderBlock(config)
    assert block.attention.positions == positions
    assert block.cross_attention.positions == "none"


def test_a_pre_norm_block_drops_out_before_each_addition() -> None:
    """So that the residual stream itself is never dropped: with dropout 1 it passes unchanged."""
    architecture = Architecture(norm_order="pre")
    block = shaken(TransformerBlock(8, 2, dropout=1.0, architecture=architecture).double())
    value, key, query = different_inputs()
    assert torch.equal(block(value, key, query), query)
    config = Config(embed_size=8, heads=2, dropout=1.0, architecture=architecture)
    decoder_block = shaken(DecoderBlock(config).double())
    assert torch.equal(decoder_block(query, value), query)
    assert not torch.equal(decoder_block.eval()(query, value), query)


def test_biases_are_where_the_architecture_has_them() -> None:
    def biases(architecture: Architecture) -> set[str]:
        block = TransformerBlock(8, 2, architecture=architecture)
        return {name.removesuffix(".bias") for name in block.state_dict() if name.endswith("bias")}

    norms, feed_forward = {"norm1", "norm2"}, {"feed_forward.0", "feed_forward.2"}
    projections = {f"attention.{name}" for name in ("queries", "keys", "values")}
    out = {"attention.fc_out"}
    assert biases(Architecture()) == norms | feed_forward | out
    assert biases(BERT) == norms | feed_forward | out | projections
    assert biases(LLAMA) == set()
    assert biases(Architecture(output_bias=False)) == norms | feed_forward
    assert biases(Architecture(feed_forward_bias=False)) == norms | out


def test_a_blocks_attention_has_all_that_the_config_says() -> None:
    architecture = Architecture(
        projection="full",
        scale="none",
        positions="rotary",
        rotary_base=500.0,
        attention_bias=True,
        output_bias=False,
    )
    config = Config(embed_size=16, heads=4, kv_heads=2, temperature=0.5, architecture=architecture)
    attention = build_attention(config)
    assert (attention.embed_size, attention.heads, attention.kv_heads) == (16, 4, 2)
    assert (attention.projection, attention.scale, attention.temperature) == ("full", "none", 0.5)
    assert (attention.positions, attention.rotary_base) == ("rotary", 500.0)
    assert attention.queries.bias is not None
    assert attention.fc_out.bias is None
    block = TransformerBlock(
        16, 4, 0.3, 2.5, kv_heads=2, temperature=0.5, architecture=architecture
    )
    assert repr(block.attention) == repr(attention)
    assert vars(block.attention).keys() == vars(attention).keys()
    assert block.attention.divisor == attention.divisor == 0.5
    assert block.dropout.p == 0.3
    assert block.feed_forward[0].out_features == 40


def test_what_does_not_fit_is_the_attentions_error() -> None:
    with pytest.raises(ValueError, match="that work are 8 and 12"):
        TransformerBlock(10, 4)
    x = torch.zeros(1, 3, 8)
    with pytest.raises(ValueError, match="mask must broadcast to"):
        TransformerBlock(8, 2)(x, x, x, torch.ones(2, 2))
