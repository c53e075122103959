"""nn.Transformer, given the same weights and masks, computes the same as ours."""

from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from model.config import Activation, Config, NormOrder
from model.masks import causal_mask, padding_mask
from model.transformer import Transformer
from tests.matrix import matrix
from tests.model.helpers import in_our_names, shaken, torchs_architecture

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}
SIZE, HEADS, HIDDEN = 12, 3, 20
SOURCE_LENGTHS, TARGET_LENGTHS = [5, 3], [4, 2]


@cache
def twins(
    norm_order: NormOrder, activation: Activation, dtype: torch.dtype, layers: int = 2
) -> tuple[nn.Transformer, Transformer]:
    """PyTorch's transformer, and ours with its weights."""
    torch.manual_seed(0)
    options = {
        "d_model": SIZE,
        "nhead": HEADS,
        "dim_feedforward": HIDDEN,
        "activation": activation,
        "batch_first": True,
        "norm_first": norm_order == "pre",
        "dtype": dtype,
    }
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**options),
        layers,
        nn.LayerNorm(SIZE, dtype=dtype),
        enable_nested_tensor=False,  # it would leave the padding out of the output
    )
    theirs = nn.Transformer(num_decoder_layers=layers, custom_encoder=encoder, **options)
    shaken(theirs.eval())
    config = Config(
        embed_size=SIZE,
        heads=HEADS,
        layers=layers,
        forward_expansion=HIDDEN / SIZE,
        architecture=torchs_architecture(norm_order, activation),
    )
    ours = Transformer(config).to(dtype).eval()
    ours.load_state_dict(in_our_names(theirs.state_dict()), strict=True)
    return theirs, ours


def sentences(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return torch.randn(2, 5, SIZE, dtype=dtype), torch.randn(2, 4, SIZE, dtype=dtype)


@matrix(1, "dtype", TOLERANCES)
@matrix(1, "padded", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_a_transformer_is_torchs(
    norm_order: NormOrder, activation: Activation, causal: bool, padded: bool, dtype: torch.dtype
) -> None:
    theirs, ours = twins(norm_order, activation, dtype)
    torch.manual_seed(1)
    source, target = sentences(dtype)
    # PyTorch takes the causal mask and the padding apart, True = may not attend.
    future = ~causal_mask(4, 4)[0, 0] if causal else None
    source_padding = padding_mask(SOURCE_LENGTHS, 5) if padded else None
    target_padding = padding_mask(TARGET_LENGTHS, 4) if padded else None
    expected = theirs(
        source,
        target,
        tgt_mask=future,
        src_key_padding_mask=None if source_padding is None else ~source_padding[:, 0, 0],
        tgt_key_padding_mask=None if target_padding is None else ~target_padding[:, 0, 0],
        memory_key_padding_mask=None if source_padding is None else ~source_padding[:, 0, 0],
    )
    target_mask = target_padding
    if causal:
        target_mask = causal_mask(4, 4) & (True if target_padding is None else target_padding)
    output = ours(source, target, source_padding, target_mask)
    torch.testing.assert_close(output, expected, rtol=0, atol=TOLERANCES[dtype])


def test_no_mask_is_ignored() -> None:
    """Each of the three changes the output, or the equality above would say little."""
    _, ours = twins("post", "relu", torch.float64)
    torch.manual_seed(1)
    source, target = sentences(torch.float64)
    padding, causal = padding_mask(SOURCE_LENGTHS, 5), causal_mask(4, 4)
    everything = torch.ones(1, 1, 1, 5)
    plain = ours(source, target)
    for masks in (
        (padding, None, everything),
        (None, causal, None),
        (None, None, padding),
    ):
        assert (ours(source, target, *masks) - plain).abs().max() > 0.001


@given(
    seed=st.integers(0, 1000),
    norm_order=st.sampled_from(["post", "pre"]),
    layers=st.integers(1, 3),
    s=st.integers(1, 6),
    t=st.integers(1, 6),
)
def test_three_random_masks_of_any_lengths_mask_the_same(
    seed: int, norm_order: NormOrder, layers: int, s: int, t: int
) -> None:
    theirs, ours = twins(norm_order, "gelu", torch.float64, layers)
    torch.manual_seed(seed)
    source = torch.randn(2, s, SIZE, dtype=torch.float64)
    target = torch.randn(2, t, SIZE, dtype=torch.float64)
    masks = [torch.rand(2, HEADS, *shape) < 0.5 for shape in ((s, s), (t, t), (t, s))]
    for mask in masks:
        mask[..., 0] = True  # PyTorch has NaN where a row has no key
    expected = theirs(source, target, *[~mask.flatten(0, 1) for mask in masks])
    torch.testing.assert_close(ours(source, target, *masks), expected, rtol=0, atol=1e-12)
