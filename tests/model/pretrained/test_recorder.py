"""The recorder of transformers' attention: against "eager", by hand, and in two threads at once."""

import math
import threading
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.attention import AttentionTrace, attend
from model.interventions import AttentionChange
from model.pretrained.base import ModelUnavailableError
from model.pretrained.recorder import (
    HARMLESS,
    RecordedCall,
    attention_forward,
    build_mask,
    compare_call,
    recording,
    register,
    watch,
)

pytest.importorskip("transformers")
from tests.matrix import matrix
from tests.model.pretrained.tiny_models import (  # after the skip: it needs transformers
    DECODERS,
    HEADS,
    IDS,
    LAYERS,
    LENGTHS,
    NAMES,
    TARGET_LENGTHS,
    WINDOW,
    inputs_of,
    own,
    tiny,
)
from tests.patience import LONG

# The output projection of each attention, in the order in which they are computed.
PROJECTIONS = {
    "bert": [f"encoder.layer.{n}.attention.output.dense" for n in range(LAYERS)],
    "gpt2": [f"transformer.h.{n}.attn.c_proj" for n in range(LAYERS)],
    "llama": [f"model.layers.{n}.self_attn.o_proj" for n in range(LAYERS)],
    "qwen2": [f"model.layers.{n}.self_attn.o_proj" for n in range(LAYERS)],
    "t5": [
        *(f"encoder.block.{n}.layer.0.SelfAttention.o" for n in range(LAYERS)),
        *(
            f"decoder.block.{n}.layer.{place}"
            for n in range(LAYERS)
            for place in ("0.SelfAttention.o", "1.EncDecAttention.o")
        ),
    ],
}


def recorded(name: str, **options: Any) -> tuple[Any, list[RecordedCall], Any]:
    """The model, its calls for the padded batch, and what it returned."""
    model = tiny(name)
    watch(model)
    with recording(**options) as active:
        out = model(**inputs_of(name))
    return model, active.calls, out


def eager_weights(out: Any) -> list[Tensor]:
    """Its attentions in the order in which they are computed."""
    if "decoder_attentions" not in out:
        return list(out.attentions)
    decoder = zip(out.decoder_attentions, out.cross_attentions, strict=True)
    return [*out.encoder_attentions, *(weights for pair in decoder for weights in pair)]


def own_tokens(x: Tensor) -> Tensor:
    """The sentences' own of (B, L or T, ...)."""
    lengths = LENGTHS if x.shape[1] == IDS.shape[1] else TARGET_LENGTHS
    return torch.cat([row[:length] for row, length in zip(x, lengths, strict=True)])


def same_states(out: Any, wanted: Any) -> None:
    for states, expected in zip(hidden_states(out), hidden_states(wanted), strict=True):
        close(own_tokens(states), own_tokens(expected))


def hidden_states(out: Any) -> list[Tensor]:
    if "decoder_hidden_states" in out:
        return [*out.encoder_hidden_states, *out.decoder_hidden_states]
    return list(out.hidden_states)


@matrix(3, "name", NAMES)
def test_weights_and_outputs_are_those_of_eager(name: str) -> None:
    _, calls, out = recorded(name)
    eager = tiny(name, "eager")(**inputs_of(name), output_attentions=True)
    expected = eager_weights(eager)
    assert len(calls) == len(expected) == len(PROJECTIONS[name])
    for call, weights in zip(calls, expected, strict=True):
        # Of padding whose window holds padding alone, eager makes equal weights; here it has none.
        attends = call.trace.weights.sum(dim=-1) > 0
        assert attends[0].all()
        torch.testing.assert_close(call.trace.weights[attends], weights[attends], rtol=0, atol=1e-6)
    same_states(out, eager)
    if name != "bert":
        close(own_tokens(out.logits), own_tokens(eager.logits))


@pytest.mark.parametrize("name", NAMES)
def test_without_a_recording_it_computes_the_same(name: str) -> None:
    model, _, out = recorded(name)
    again = model(**inputs_of(name))
    for states, wanted in zip(hidden_states(again), hidden_states(out), strict=True):
        assert torch.equal(states, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_each_step_follows_from_the_one_before(name: str) -> None:
    model, calls, _ = recorded(name)
    for call, projection in zip(calls, PROJECTIONS[name], strict=True):
        trace = call.trace
        assert trace.queries.shape[1] == trace.keys.shape[1] == trace.values.shape[1] == HEADS
        close(trace.queries @ trace.keys.transpose(-2, -1), trace.energy)
        scores = trace.energy / call.divisor
        if call.bias is not None:
            scores = scores + call.bias
        assert call.allowed is not None
        close(scores.masked_fill(~call.allowed, -math.inf), trace.scores)
        close(torch.softmax(trace.scores, dim=-1).nan_to_num(0.0), trace.weights)
        attends = call.allowed.any(dim=-1).expand(trace.weights.shape[:3])
        close(trace.weights.sum(dim=-1), attends.float())
        close(trace.weights @ trace.values, trace.head_outputs)
        side_by_side = trace.head_outputs.transpose(1, 2).flatten(2)
        close(model.get_submodule(projection)(side_by_side), trace.output)
        parity = compare_call(call, trace)
        assert parity.largest < 5e-6
        assert parity.output is None


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", DECODERS)
def test_the_future_has_no_weight_at_all(name: str) -> None:
    for call in recorded(name)[1]:
        assert not call.trace.weights.triu(1).any()
        assert (call.trace.scores.triu(1)[..., 0, 1:] == -math.inf).all()


def test_padding_has_no_weight_at_all() -> None:
    hidden = own(IDS, LENGTHS)[:, None, None, :] == 0
    for name in ["bert", *DECODERS]:
        for call in recorded(name)[1]:
            assert not call.trace.weights.masked_select(hidden).any()
    for call in recorded("t5")[1][:LAYERS]:
        assert not call.trace.weights.masked_select(hidden).any()


def test_a_window_hides_what_lies_before_it() -> None:
    full, window = (call.trace.weights for call in recorded("qwen2")[1])
    assert (full[0, :, 5, :6] > 0).all()
    assert (window[0, :, 5, 6 - WINDOW : 6] > 0).all()
    assert not window[0, :, 5, : 6 - WINDOW].any()


def test_t5_adds_its_bias_to_every_layer_and_none_across() -> None:
    calls = recorded("t5")[1]
    self_attentions, crosses = [*calls[:3], calls[4]], [calls[3], calls[5]]
    assert all(call.divisor == 1 for call in calls)
    for call in self_attentions:
        assert call.bias is not None
        assert call.bias.abs().max() > 0.1
        assert call.bias.shape[1] == HEADS
    for call in crosses:
        assert call.bias is None or not call.bias.any()
        assert call.trace.weights.shape[2:] == (4, 6)
        assert not call.trace.weights[1, :, :, LENGTHS[1] :].any()
    decoder = calls[2].trace.weights
    assert not decoder.triu(1).any()
    assert not decoder[1, :, :, TARGET_LENGTHS[1] :].any()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_is_what_attend_computes(name: str) -> None:
    for call in recorded(name)[1]:
        trace = call.trace
        steps = attend(
            trace.queries,
            trace.keys,
            trace.values,
            divisor=call.divisor,
            bias=call.bias,
            allowed=call.allowed,
        )
        for field, expected in steps._asdict().items():
            assert torch.equal(getattr(trace, field), expected), field


@pytest.mark.parametrize("name", NAMES)
def test_a_removed_head_is_one_whose_columns_are_zero(name: str) -> None:
    call, head = 1, 2
    removed = AttentionChange(removed=(head,))
    _, calls, out = recorded(name, changes={call: removed})
    assert not calls[call].trace.head_outputs[:, head].any()
    assert calls[call].trace.head_outputs[:, head - 1].any()
    assert compare_call(calls[call], calls[call].trace, removed).largest < 5e-6

    model = tiny(name, "eager")
    projection = model.get_submodule(PROJECTIONS[name][call])
    size = calls[call].trace.values.shape[-1]
    columns = slice(head * size, (head + 1) * size)
    if isinstance(projection, nn.Linear):
        projection.weight[:, columns] = 0
    else:
        projection.weight[columns] = 0  # GPT-2's lie the other way round
    same_states(out, model(**inputs_of(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_fused_run_gives_the_same_and_keeps_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.integrations import sdpa_attention

    fused_calls = []
    forward = sdpa_attention.sdpa_attention_forward

    def counted(*arguments: Any, **named: Any) -> Any:
        fused_calls.append(named)
        return forward(*arguments, **named)

    monkeypatch.setattr(sdpa_attention, "sdpa_attention_forward", counted)
    changes = {0: AttentionChange(removed=(1,)), 1: AttentionChange(removed=(3,))}
    model, calls, out = recorded(name, changes=changes)
    assert not fused_calls
    with recording(changes, fused=True) as active:
        fused = model(**inputs_of(name))
    assert active.calls == []
    assert len(fused_calls) == len(calls)
    same_states(fused, out)


def test_two_threads_at_once_record_each_its_own() -> None:
    model = tiny("llama")
    watch(model)
    both = threading.Barrier(2, timeout=LONG)

    def wait(*_: Any) -> None:
        both.wait()

    # Each waits for the other where its heads are computed and not yet projected.
    for projection in PROJECTIONS["llama"]:
        model.get_submodule(projection).register_forward_pre_hook(wait)
    calls: dict[int, list[RecordedCall]] = {}

    def run(sentence: int) -> None:
        with torch.inference_mode(), recording() as active:
            model(input_ids=IDS[sentence : sentence + 1, : LENGTHS[sentence]], use_cache=False)
        calls[sentence] = active.calls

    threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = recorded("llama")[1]
    for sentence, length in enumerate(LENGTHS):
        assert len(calls[sentence]) == LAYERS
        for call, wanted in zip(calls[sentence], together, strict=True):
            close(call.trace.weights[0], wanted.trace.weights[sentence, :, :length, :length])
            close(call.trace.output[0], wanted.trace.output[sentence, :length])


# One head, one query, two keys: energies 2 and 4.
Q, K, V = torch.tensor([[[[2.0]]]]), torch.tensor([[[[1.0], [2.0]]]]), torch.eye(2)[None, None]


def once(mask: Tensor | None = None, **arguments: Any) -> tuple[Tensor, AttentionTrace]:
    """The heads of the example, and its trace."""
    linear = nn.Linear(2, 2)
    watch(linear)
    with recording() as active:
        heads, _ = attention_forward(linear, Q, K, V, mask, **arguments)
        linear(heads.flatten(2))
    return heads, active.calls[0].trace


def test_one_query_by_hand() -> None:
    heads, trace = once(scaling=0.5)
    assert trace.energy.flatten().tolist() == [2, 4]
    assert trace.scores.flatten().tolist() == [1, 2]
    e = math.e
    assert trace.weights.flatten().tolist() == pytest.approx([1 / (1 + e), e / (1 + e)])
    assert heads.shape == (1, 1, 1, 2)
    assert torch.equal(heads.flatten(), trace.weights.flatten())  # the values are 1 and 0


def test_without_a_scaling_it_is_that_of_the_head_dim() -> None:
    k = torch.eye(4)[None, None]  # the energies are 2, 0, 0 and 0
    _, weights = attention_forward(nn.Identity(), 2 * k[:, :, :1], k, k, None)
    e = math.e ** (2 / math.sqrt(4))
    assert weights is not None
    assert weights.flatten().tolist() == pytest.approx([e / (e + 3), *[1 / (e + 3)] * 3])


@pytest.mark.parametrize(
    "mask",
    [
        torch.tensor([[[[False, True]]]]),
        torch.tensor([[[[torch.finfo(torch.float32).min, 0.0]]]]),
        torch.tensor([[[[-math.inf, 0.0]]]]),
        torch.tensor([[[[torch.finfo(torch.float32).min + 1e33, 0.0]]]]),
    ],
    ids=["boolean", "smallest", "infinite", "smallest with a bias"],
)
def test_a_mask_of_any_kind_hides(mask: Tensor) -> None:
    trace = once(mask, scaling=1.0)[1]
    assert trace.scores.flatten().tolist() == [-math.inf, 4]
    assert trace.weights.flatten().tolist() == [0, 1]


def test_a_bias_in_the_mask_is_added() -> None:
    trace = once(torch.tensor([[[[2.0, 0.0]]]]), scaling=1.0)[1]
    assert trace.scores.flatten().tolist() == [4, 4]
    trace = once(
        torch.tensor([[[[2.0, 0.0]]]]), position_bias=torch.tensor([1.0, 1.0]), scaling=1.0
    )[1]
    assert trace.scores.flatten().tolist() == [5, 5]


def test_a_query_with_nothing_to_attend_to_has_no_weights() -> None:
    heads, trace = once(torch.tensor([[[[False, False]]]]))
    assert trace.weights.flatten().tolist() == [0, 0]
    assert heads.flatten().tolist() == [0, 0]


def test_without_a_mask_is_causal_hides_the_future() -> None:
    q = torch.randn(1, 1, 3, 2, generator=torch.Generator().manual_seed(0))
    causal = attention_forward(nn.Identity(), q, q, q, None, is_causal=True)
    module = nn.Identity()
    module.is_causal = True  # type: ignore[assignment]
    assert torch.equal(attention_forward(module, q, q, q, None)[0], causal[0])
    module.is_causal = False  # type: ignore[assignment]
    free = attention_forward(module, q, q, q, None)
    assert causal[1] is not None
    assert free[1] is not None
    assert not causal[1].triu(1).any()
    assert (free[1] > 0).all()
    expected = F.scaled_dot_product_attention(q, q, q, is_causal=True)
    close(causal[0], expected.transpose(1, 2))


@pytest.mark.parametrize(
    ("name", "value"),
    [("softcap", 30.0), ("s_aux", torch.zeros(1)), ("dropout", 0.1), ("indices", torch.ones(1))],
)
def test_what_would_change_the_numbers_is_refused(name: str, value: object) -> None:
    with pytest.raises(ModelUnavailableError, match=f"isn't supported: .*'{name}'"):
        attention_forward(nn.Identity(), Q, K, V, None, **{name: value})  # type: ignore[arg-type]
    assert attention_forward(nn.Identity(), Q, K, V, None, **{name: None})[0].shape == (1, 1, 1, 2)  # type: ignore[arg-type]


def test_what_changes_nothing_is_let_through() -> None:
    plain = attention_forward(nn.Identity(), Q, K, V, None)[0]
    assert torch.equal(
        attention_forward(nn.Identity(), Q, K, V, None, **dict.fromkeys(HARMLESS, 5))[0], plain
    )


def test_a_gate_before_the_output_projection_is_refused() -> None:
    linear = nn.Linear(2, 2)
    watch(linear)
    with pytest.raises(ModelUnavailableError, match="isn't supported"), recording():  # noqa: PT012
        heads, _ = attention_forward(nn.Identity(), Q, K, V, None)
        linear(heads.flatten(2) * 0.5)


def test_a_gate_that_writes_into_the_heads_is_refused_too() -> None:
    """Of one query, the heads' outputs lie side by side already: nothing copies them by itself."""
    linear = nn.Linear(2, 2)
    watch(linear)
    with pytest.raises(ModelUnavailableError, match="isn't supported"), recording():  # noqa: PT012
        heads, _ = attention_forward(nn.Identity(), Q, K, V, None)
        linear(heads.mul_(0.5).flatten(2))


def test_a_bidirectional_mask_is_never_left_out() -> None:
    register()
    from transformers.masking_utils import bidirectional_mask_function

    arguments = {
        "batch_size": 1,
        "q_length": 2,
        "kv_length": 2,
        "mask_function": bidirectional_mask_function,
        "attention_mask": torch.ones(1, 2, dtype=torch.bool),
        "allow_is_bidirectional_skip": True,
    }
    mask = build_mask(**arguments)
    assert mask is not None
    assert mask.tolist() == [[[[0, 0], [0, 0]]]]
    with recording(fused=True):
        assert build_mask(**arguments) is None
