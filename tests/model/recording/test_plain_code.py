"""Fused layers and compiled code, which are run by their plain code and said to be."""

import shutil
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.recording import record
from tests.model.recording.home_made import GPT, tokens

FUSED = "PyTorch has a fused form"
COMPILED = "Compiled code was run as the Python that it was made of"


def encoder(**options: Any) -> nn.TransformerEncoder:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, **{"batch_first": True, **options})
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()


def largest(a: Tensor, b: Tensor) -> float:
    return (a - b).abs().max().item()


@torch.no_grad()
def test_a_fused_encoder_is_recorded_and_differs_by_rounding() -> None:
    model, x = encoder(), torch.randn(2, 5, 8)
    before = model(x)
    with record() as recording:
        meanwhile = model(x)
    assert largest(meanwhile, before) < 1e-5
    assert torch.equal(model(x), before)
    assert [trace.name for trace in recording] == ["layers.0.self_attn", "layers.1.self_attn"]
    (note,) = recording.notes
    assert note.startswith(FUSED)
    assert "TransformerEncoder.layers.0.self_attn, TransformerEncoder.layers.1.self_attn" in note


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@torch.no_grad()
def test_at_padding_a_fused_encoder_gives_zeros_and_the_note_says_so() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model, x = nn.TransformerEncoder(layer, 1).eval(), torch.randn(2, 5, 8)
    padding = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
    before = model(x, src_key_padding_mask=padding)
    with record() as recording:
        meanwhile = model(x, src_key_padding_mask=padding)
    assert largest(meanwhile[~padding], before[~padding]) < 1e-5
    assert before[padding].eq(0).all()
    assert not meanwhile[padding].eq(0).any()
    assert "at padding, where a fused nn.TransformerEncoder gives zeros" in recording.notes[0]
    assert recording[0].weights[0, :, :, 3:].eq(0).all()


@pytest.mark.parametrize(
    ("options", "training", "grad"),
    [
        ({}, True, False),
        ({}, False, True),
        ({"batch_first": False}, False, False),
        ({"nhead": 1}, False, False),
    ],
)
def test_layers_without_a_fused_form_are_bit_for_bit_what_they_were(
    options: dict[str, Any], training: bool, grad: bool
) -> None:
    torch.manual_seed(0)
    made = {"d_model": 8, "nhead": 2, "dim_feedforward": 16, "dropout": 0.0, "batch_first": True}
    model = nn.TransformerEncoderLayer(**{**made, **options}).train(training)
    x = torch.randn(2, 5, 8)
    with torch.set_grad_enabled(grad):
        before = model(x)
        with record() as recording:
            assert torch.equal(model(x), before)
    assert len(recording) == 1
    assert recording.notes == ()


@torch.no_grad()
def test_a_fused_multihead_attention() -> None:
    model, x = nn.MultiheadAttention(8, 2, batch_first=True).eval(), torch.randn(2, 5, 8)
    before, weights = model(x, x, x, average_attn_weights=False)
    with record() as recording:
        meanwhile, _ = model(x, x, x)
    assert largest(meanwhile, before) < 1e-6
    assert largest(recording[0].weights, weights) < 1e-6
    assert recording.notes[0].startswith(FUSED)


@torch.no_grad()
def test_encoder_and_decoder() -> None:
    torch.manual_seed(0)
    model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True).eval()
    with record() as recording:
        model(torch.randn(1, 4, 8), torch.randn(1, 3, 8))
    assert [(trace.name, tuple(trace.weights.shape)) for trace in recording] == [
        ("encoder.layers.0.self_attn", (1, 2, 4, 4)),
        ("decoder.layers.0.self_attn", (1, 2, 3, 3)),
        ("decoder.layers.0.multihead_attn", (1, 2, 3, 4)),
    ]


def compiled(backend: str) -> tuple[Any, list[int]]:
    """A compiled model, and a list that grows by one with each run of a compiled graph."""
    runs: list[int] = []

    def count(graph: Any, inputs: Any) -> Any:
        call = torch._dynamo.lookup_backend(backend)(graph, inputs)

        def run(*args: Any) -> Any:
            runs.append(1)
            return call(*args)

        return run

    torch.manual_seed(0)
    return torch.compile(GPT().eval(), backend=count), runs


BACKENDS = [
    "aot_eager",
    pytest.param(
        "inductor",
        marks=[
            pytest.mark.matrix,
            pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler"),
        ],
    ),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_compiled_code_is_recorded_and_goes_on_afterwards(backend: str) -> None:
    model, runs = compiled(backend)
    x = tokens()
    with torch.no_grad():
        before = model(x)
        count = len(runs)
        assert count > 0
        with record() as recording:
            meanwhile = model(x)
        assert len(runs) == count  # no compiled graph ran
        assert largest(meanwhile, before) < 1e-5
        assert torch.equal(model(x), before)
        assert len(runs) > count
    assert [trace.name for trace in recording] == ["blocks.0.attention", "blocks.1.attention"]
    (note,) = recording.notes
    assert note.startswith(COMPILED)


def test_compiling_within_the_block() -> None:
    model, x = GPT().eval(), tokens()
    before = model(x)
    with record() as recording:
        assert torch.equal(torch.compile(model, backend="aot_eager")(x), before)
    assert len(recording) == 2
    assert recording.notes[0].startswith(COMPILED)


def test_a_compiled_function_and_a_module_compiled_in_place() -> None:
    model, x = GPT(layers=1).eval(), tokens()
    function = torch.compile(lambda tokens: model(tokens) * 2, backend="aot_eager")
    in_place = GPT(layers=1).eval()
    in_place.compile(backend="aot_eager")
    for call in (function, in_place):
        with record() as recording:
            call(x)
        assert [trace.title for trace in recording] == ["GPT.blocks.0.attention"]
        assert recording.notes[0].startswith(COMPILED)


def test_a_stance_that_somebody_has_set_stays() -> None:
    with torch.compiler.set_stance("eager_on_recompile"):
        with record(), record():
            assert torch._dynamo.eval_frame._stance.stance == "force_eager"
        assert torch._dynamo.eval_frame._stance.stance == "eager_on_recompile"


def test_within_compiled_code_it_says_where_to_record() -> None:
    model = GPT(layers=1).eval()

    def forward(x: Tensor) -> Tensor:
        with record():
            return model(x)

    with pytest.raises(RuntimeError, match="around the call of the compiled model"):
        torch.compile(forward, backend="aot_eager")(tokens())
    assert torch._dynamo.eval_frame._stance.stance == "default"
    with record() as recording:
        model(tokens())
    assert len(recording) == 1


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_torchscript_is_not_seen_and_said_not_to_be() -> None:
    from tests.model.recording.home_made import Block, PatchAttention

    scripted = torch.jit.script(PatchAttention())
    model = nn.Sequential(scripted, Block(12, 3))
    x = torch.randn(1, 4, 12)
    before = model(x)
    with record() as recording:
        assert torch.equal(model(x), before)
    assert [trace.name for trace in recording] == ["1.attention"]
    assert recording.notes == ("TorchScript isn't seen: Sequential.0.",)
