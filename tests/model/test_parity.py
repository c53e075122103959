"""The badge's number: near zero for what the module computed, and not for anything else."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from model.attention import AttentionTrace, Projection, Scale
from model.masks import Mask, build_mask
from model.parity import Parity, compare_with_torch
from model.seeded import embed, random_attention
from tests.matrix import matrix

FORMULATIONS: list[tuple[Projection, Scale]] = [
    ("shared", "embed_size"),
    ("shared", "head_dim"),
    ("full", "embed_size"),
    ("full", "head_dim"),
    ("shared", "none"),
    ("full", "none"),
]
PAPER = ("full", "head_dim")
SENTENCES = [["the", "cat", "sat", "on", "the", "mat"], ["dogs", "do", "not"]]


def computed(
    projection: Projection = "full",
    scale: Scale = "head_dim",
    mask: Tensor | None = None,
    temperature: float = 1.0,
) -> tuple:
    """A module, its trace of two sentences, its two inputs (the same) and its mask."""
    module = random_attention(16, 4, projection=projection, scale=scale, temperature=temperature)
    x = embed(SENTENCES, 16, seed=0)
    return module, module.trace(x, x, x, mask), x, x, mask


def mask_named(name: str) -> Tensor | None:
    if name == "rows of nothing":
        mask = torch.ones(2, 4, 6, 6, dtype=torch.bool)
        mask[0, :, 2], mask[1, 1, 3] = False, False
        return mask
    if name == "all":
        return torch.zeros(1, 1, 6, 6, dtype=torch.bool)
    kind: Mask = name  # type: ignore[assignment]
    return build_mask(kind, [6, 3])


MASKS = ["none", "causal", "padding", "causal_padding", "rows of nothing", "all"]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("projection", "scale"), FORMULATIONS)
def test_a_right_trace_differs_by_rounding_alone(
    projection: Projection, scale: Scale, mask: str
) -> None:
    module, trace, x, _, tensor = computed(projection, scale, mask_named(mask))
    parity = compare_with_torch(module, trace, x, x, tensor)
    assert 0 <= parity.largest < 5e-6
    assert (parity.output is not None) == ((projection, scale) == PAPER)
    assert parity.largest == max(parity.head_outputs, parity.weights, parity.output or 0.0)


def test_a_temperature_is_compared_with_the_fused_kernel_alone() -> None:
    """nn.MultiheadAttention has none: to ask it would show a difference that is no mistake."""
    parity = compare_with_torch(*computed(temperature=0.5))
    assert parity.largest < 5e-6
    assert parity.output is None


def test_an_empty_sentence_has_no_difference() -> None:
    module = random_attention(16, 4)
    x = embed([[]], 16, seed=0)
    assert compare_with_torch(module, module.trace(x, x, x), x, x, None) == Parity(0.0, 0.0, 0.0)


def tampered(trace: AttentionTrace, field: str) -> AttentionTrace:
    """One entry of one field, in the middle, off by 0.5."""
    wrong = getattr(trace, field).clone()
    wrong[(0,) * (wrong.dim() - 2) + (1, 0)] += 0.5
    return dataclasses.replace(trace, **{field: wrong})


@matrix(2, "mask", ["none", "causal", "padding"])
@matrix(2, "field", ["queries", "keys", "values", "weights", "head_outputs"])
@matrix(2, ("projection", "scale"), FORMULATIONS)
def test_one_wrong_number_before_fc_out_is_found_in_every_formulation(
    projection: Projection, scale: Scale, field: str, mask: str
) -> None:
    module, trace, x, _, tensor = computed(projection, scale, mask_named(mask))
    assert compare_with_torch(module, tampered(trace, field), x, x, tensor).largest > 0.01


@pytest.mark.parametrize("mask", ["none", "causal", "padding"])
@pytest.mark.parametrize("field", ["weights", "output"])
def test_a_wrong_weight_or_output_is_found_where_multihead_attention_knows_it(
    field: str, mask: str
) -> None:
    module, trace, x, _, tensor = computed(mask=mask_named(mask))
    parity = compare_with_torch(module, tampered(trace, field), x, x, tensor)
    assert getattr(parity, field) == pytest.approx(0.5, abs=1e-5)
    assert parity.largest > 0.01


def test_a_trace_of_other_weights_or_another_mask_is_found() -> None:
    module, trace, x, _, _ = computed()
    other = random_attention(16, 4, projection="full", scale="head_dim", seed=1)
    assert compare_with_torch(module, other.trace(x, x, x), x, x, None).largest > 0.01
    causal = build_mask("causal", [6, 3])
    assert compare_with_torch(module, trace, x, x, causal).largest > 0.01


def test_swapped_heads_are_found() -> None:
    module, trace, x, _, _ = computed()
    swapped = dataclasses.replace(trace, weights=trace.weights.flip(1))
    assert compare_with_torch(module, swapped, x, x, None).largest > 0.01


def test_a_plausible_mean_where_nothing_may_be_attended_to_is_found() -> None:
    """What a fill of -1e20 would give: uniform weights, and the mean of the values."""
    module, trace, x, _, mask = computed(mask=mask_named("rows of nothing"))
    head_outputs = trace.head_outputs.clone()
    head_outputs[0, :, 2] = trace.values[0].mean(-2)
    wrong = dataclasses.replace(trace, head_outputs=head_outputs)
    assert compare_with_torch(module, wrong, x, x, mask).largest > 0.01


@pytest.mark.parametrize("field", ["weights", "head_outputs", "output"])
def test_not_a_number_is_never_near_zero(field: str) -> None:
    module, trace, x, _, _ = computed()
    broken = getattr(trace, field).clone()
    broken.view(-1)[0] = math.nan
    largest = compare_with_torch(
        module, dataclasses.replace(trace, **{field: broken}), x, x, None
    ).largest
    assert not largest < 0.01


@pytest.mark.parametrize(
    "mask",
    [
        torch.tensor([True, True, False, True, True, True]),
        torch.ones(6, 6).tril(),
        torch.ones(6, 6, dtype=torch.int).tril(),
    ],
    ids=["one dimension", "float", "int"],
)
@pytest.mark.parametrize(("projection", "scale"), [("shared", "embed_size"), PAPER])
def test_every_mask_that_a_module_takes_can_be_compared(
    projection: Projection, scale: Scale, mask: Tensor
) -> None:
    """PyTorch's functions want boolean masks, and add other numbers to the scores."""
    assert compare_with_torch(*computed(projection, scale, mask)).largest < 5e-6
