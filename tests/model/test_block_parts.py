"""A block's norms and feed-forwards: by hand, and against their papers' formulas."""

import math

import pytest
import torch
from torch import Tensor, nn

from model.block import GatedFeedForward, build_feed_forward, build_norm
from model.config import Activation, Architecture, Config, Norm
from tests.model.helpers import shaken

EXACT = {"rtol": 0.0, "atol": 1e-12}  # float64


def test_layer_norm_by_hand() -> None:
    # (1, 3): mean 2, variance ((-1)² + 1²) / 2 = 1; with epsilon 3: divided by sqrt(1 + 3) = 2.
    norm = build_norm(Config(embed_size=2, heads=1, architecture=Architecture(norm_eps=3.0)))
    assert isinstance(norm, nn.LayerNorm)
    assert norm(torch.tensor([1.0, 3.0])).tolist() == [-0.5, 0.5]


def test_rms_norm_by_hand() -> None:
    # (3, 4): mean square 12.5, root 3.5355339; nothing is subtracted, and there is no shift.
    norm = build_norm(Config(embed_size=2, heads=1, architecture=Architecture(norm="rms")))
    assert list(norm.state_dict()) == ["weight"]
    expected = pytest.approx([0.8485281, 1.1313708], abs=1e-6)
    assert norm(torch.tensor([3.0, 4.0])).tolist() == expected
    with_epsilon = Architecture(norm="rms", norm_eps=3.5)  # 12.5 + 3.5 = 4²
    norm = build_norm(Config(embed_size=2, heads=1, architecture=with_epsilon))
    assert norm(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([0.75, 1])


@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_a_norm_is_the_formula_of_its_paper(norm: Norm) -> None:
    torch.manual_seed(0)
    architecture = Architecture(norm=norm, norm_eps=0.01)
    module = shaken(build_norm(Config(embed_size=6, heads=1, architecture=architecture)).double())
    x = 1 + torch.randn(2, 3, 6, dtype=torch.float64)
    if norm == "rms":
        expected = x / (x.square().mean(-1, keepdim=True) + 0.01).sqrt() * module.weight
    else:
        centred = x - x.mean(-1, keepdim=True)
        spread = (centred.square().mean(-1, keepdim=True) + 0.01).sqrt()
        expected = centred / spread * module.weight + module.bias
    torch.testing.assert_close(module(x), expected, **EXACT)


def test_a_gate_by_hand() -> None:
    # E = 1, hidden 2: gate (2x, -x), up (x, 3x), down (a + b). For x = 1: SiLU(2) = 2 / (1 + e^-2)
    # = 1.7615942 and SiLU(-1) = -1 / (1 + e) = -0.2689414; 1.7615942 · 1 - 0.2689414 · 3.
    architecture = Architecture(gated=True, activation="silu", feed_forward_bias=False)
    config = Config(embed_size=1, heads=1, forward_expansion=2, architecture=architecture)
    module = GatedFeedForward(config)
    weights = {
        "gate.weight": torch.tensor([[2.0], [-1.0]]),
        "up.weight": torch.tensor([[1.0], [3.0]]),
        "down.weight": torch.tensor([[1.0, 1.0]]),
    }
    module.load_state_dict(weights, strict=True)  # no biases
    assert module(torch.tensor([1.0])).item() == pytest.approx(0.9547700, abs=1e-6)


FUNCTIONS = {
    "relu": lambda x: x.clamp(min=0),
    "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,  # exact, not the tanh of GPT-2
    "silu": lambda x: x / (1 + torch.exp(-x)),
}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
def test_a_feed_forward_is_its_formula(activation: Activation, gated: bool, bias: bool) -> None:
    torch.manual_seed(0)
    architecture = Architecture(activation=activation, gated=gated, feed_forward_bias=bias)
    config = Config(embed_size=6, heads=1, forward_expansion=2.5, architecture=architecture)
    module = shaken(build_feed_forward(config).double())
    x = torch.randn(2, 3, 6, dtype=torch.float64)
    act = FUNCTIONS[activation]
    weights = list(module.state_dict().values())
    assert len(weights) == (3 if gated else 2) * (2 if bias else 1)

    def linear(x: Tensor) -> Tensor:
        y = x @ weights.pop(0).T
        return y + weights.pop(0) if bias else y

    if gated:
        gate, up = linear(x), linear(x)
        expected = linear(act(gate) * up)
    else:
        expected = linear(act(linear(x)))
    torch.testing.assert_close(module(x), expected, **EXACT)
    assert weights == []
