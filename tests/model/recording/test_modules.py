"""The names of the modules in which an attention was computed."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.recording import Recording, record
from tests.model.recording.home_made import GPT, CausalSelfAttention, CrossAttention, tokens


class Shared(nn.Module):
    """One attention under two names, and a call of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first = self.second = CausalSelfAttention(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(*[self.second(self.first(x))] * 3)


class InAList(nn.Module):
    """Layers that PyTorch doesn't know of."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [CausalSelfAttention(8, 2)]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[0](x)


class Decorated(CausalSelfAttention):
    """Its forward is wrapped by a function, as some libraries' are."""

    @staticmethod
    def wrapped(forward: Callable[[nn.Module, Tensor], Tensor]) -> Callable[..., Tensor]:
        return lambda self, x: forward(self, x)

    forward = wrapped(CausalSelfAttention.forward)


class Around(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Equal(CausalSelfAttention):
    """Compares as equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = nn.Module.__hash__


def places(recording: Recording) -> list[tuple[str, str, str]]:
    return [(trace.root, trace.name, trace.module) for trace in recording]


def test_path_below_the_outermost_module() -> None:
    with record() as recording:
        GPT()(tokens())
    assert places(recording) == [
        ("GPT", "blocks.0.attention", "CausalSelfAttention"),
        ("GPT", "blocks.1.attention", "CausalSelfAttention"),
    ]
    assert recording[1].title == "GPT.blocks.1.attention"


def test_several_models_in_one_block_in_the_order_of_their_calls() -> None:
    x = torch.randn(1, 3, 12)
    gpt, cross, own = GPT(layers=1), CrossAttention(), nn.MultiheadAttention(12, 3)
    with record() as recording:
        cross(x, x)
        gpt(tokens())
        own(x, x, x)
    assert places(recording) == [
        ("CrossAttention", "attention", "MultiheadAttention"),
        ("GPT", "blocks.0.attention", "CausalSelfAttention"),
        ("MultiheadAttention", "", "MultiheadAttention"),
    ]


def test_a_module_that_is_called_twice_and_the_root_s_own_call() -> None:
    with record() as recording:
        Shared()(torch.randn(1, 3, 8))
    assert places(recording) == [
        ("Shared", "first", "CausalSelfAttention"),
        ("Shared", "first", "CausalSelfAttention"),
        ("Shared", "", "Shared"),
    ]


def test_layers_that_no_module_has_registered() -> None:
    with record() as recording:
        Around(InAList())(torch.randn(1, 3, 8))
    assert places(recording) == [("Around", "inner.<CausalSelfAttention>", "CausalSelfAttention")]


def test_a_wrapped_forward_is_one_module() -> None:
    model = InAList()
    model.layers = [Decorated(8, 2)]
    with record() as recording:
        model(torch.randn(1, 3, 8))
    assert places(recording) == [("InAList", "<Decorated>", "Decorated")]


def test_forward_called_by_itself() -> None:
    model = Around(CausalSelfAttention(8, 2))
    x = torch.randn(1, 3, 8)
    with record() as recording:
        model.forward(x)
        model.inner.forward(x)
    assert places(recording) == [
        ("Around", "inner", "CausalSelfAttention"),
        ("CausalSelfAttention", "", "CausalSelfAttention"),
    ]


def test_modules_with_hooks() -> None:
    model = Around(CausalSelfAttention(8, 2))
    for module in model.modules():
        module.register_forward_pre_hook(lambda *_: None)
        module.register_forward_hook(lambda *_: None)
        module.register_full_backward_hook(lambda *_: None)
    with record() as recording:
        model(torch.randn(1, 3, 8, requires_grad=True))
    assert places(recording) == [("Around", "inner", "CausalSelfAttention")]


def test_modules_that_define_equality() -> None:
    with record() as recording:
        nn.Sequential(nn.Identity(), Equal(8, 2))(torch.randn(1, 3, 8))
    assert places(recording) == [("Sequential", "1", "Equal")]


def test_a_block_begun_within_a_forward() -> None:
    found: list[Recording] = []

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = CausalSelfAttention(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            with record() as recording:
                x = self.inner(x)
            found.append(recording)
            return x

    Around(Outer())(torch.randn(1, 3, 8))
    assert places(found[0]) == [("Around", "inner.inner", "CausalSelfAttention")]


def test_a_compiled_model_s_names_are_the_model_s() -> None:
    model = torch.compile(GPT(layers=1), backend="eager")
    with record() as recording:
        model(tokens())
    assert places(recording) == [("GPT", "blocks.0.attention", "CausalSelfAttention")]
