"""The equations of somebody else's model: worked out again with its own weights, by name."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.positions import rotate
from model.pretrained.equations import LONGEST, SENTENCES, SHORTEST, probe_ids
from model.pretrained.hugging_face_model import HuggingFaceModel
from model.projections import PROJECTED, Projected, ProjectionEquation
from model.subwords import SubwordTokenizer

pytest.importorskip("transformers")
from tests.matrix import matrix
from tests.model.pretrained.tiny_families import FAMILIES, KINDS, tiny_of
from tests.model.pretrained.tiny_models import IDS, LENGTHS, TARGET_IDS, word_level

EACH, PAIRS, ALL = (0, 1, 2, 3), (0, 0, 1, 1), (0, 0, 0, 0)  # a head's group of columns
Q, K, V = PROJECTED
BASES = {"smollm3": 2_000_000.0}  # of rotary angles; 10000 in the others
Weights = tuple[Tensor, Tensor | None]  # (I, H * D) and (H * D)


@cache
def wrapped(family: str) -> HuggingFaceModel:
    tokenizer = SubwordTokenizer(word_level())
    return HuggingFaceModel(tiny_of(family), tokenizer, family, KINDS[family])


def equation(family: str, name: Projected, layer: int = 0, kind: Any = "encoder_self") -> Any:
    return wrapped(family).attention(kind, layer).equation(name)


# Where each family keeps its attention, and the matrices in it.


def attentions(family: str, model: Any) -> dict[str, list[Any]]:
    """The attention modules by kind."""
    match family:
        case "bert":
            return {"encoder_self": [layer.attention.self for layer in model.encoder.layer]}
        case "gpt2":
            return {"encoder_self": [layer.attn for layer in model.transformer.h]}
        case "gpt-neox":
            return {"encoder_self": [layer.attention for layer in model.gpt_neox.layers]}
        case "opt":
            return {"encoder_self": [layer.self_attn for layer in model.model.decoder.layers]}
        case "t5":
            return {
                "encoder_self": [b.layer[0].SelfAttention for b in model.encoder.block],
                "decoder_self": [b.layer[0].SelfAttention for b in model.decoder.block],
                "cross": [b.layer[1].EncDecAttention for b in model.decoder.block],
            }
        case "bart":
            decoder = model.model.decoder.layers
            return {
                "encoder_self": [layer.self_attn for layer in model.model.encoder.layers],
                "decoder_self": [layer.self_attn for layer in decoder],
                "cross": [layer.encoder_attn for layer in decoder],
            }
    return {"encoder_self": [layer.self_attn for layer in model.model.layers]}


def linears(family: str, attention: Any) -> dict[Projected, nn.Module]:
    match family:
        case "bert":
            return {Q: attention.query, K: attention.key, V: attention.value}
        case "gpt2":
            return dict.fromkeys(PROJECTED, attention.c_attn)
        case "gpt-neox":
            return dict.fromkeys(PROJECTED, attention.query_key_value)
        case "phi3":
            return dict.fromkeys(PROJECTED, attention.qkv_proj)
        case "t5":
            return {Q: attention.q, K: attention.k, V: attention.v}
    return {Q: attention.q_proj, K: attention.k_proj, V: attention.v_proj}


def heads_of(family: str, name: Projected, linear: Any) -> Weights:
    """W and b of the heads of one part, side by side."""
    place = PROJECTED.index(name)
    if family == "gpt2":  # three parts in columns, as a Conv1D has them
        return linear.weight.chunk(3, dim=1)[place], linear.bias.chunk(3)[place]
    if family == "gpt-neox":  # three rows of four for each head
        weight = linear.weight.view(4, 3, 4, 16)[:, place].reshape(16, 16)
        return weight.T, linear.bias.view(4, 3, 4)[:, place].reshape(16)
    if family == "phi3":  # two groups of keys and of values
        return linear.weight.split([16, 8, 8])[place].T, None
    return linear.weight.T, linear.bias


def ran(family: str) -> tuple[Any, dict[tuple[str, int, Projected], Tensor]]:
    """A run, and what each projection read in it."""
    model = wrapped(family)
    read: dict[tuple[str, int, Projected], Tensor] = {}
    handles = []
    for kind, modules in attentions(family, model._model).items():
        for layer, attention in enumerate(modules):
            for name, linear in linears(family, attention).items():

                def note(_: Any, args: Any, at: Any = (kind, layer, name)) -> None:
                    read[at] = args[0].clone()

                handles.append(linear.register_forward_pre_hook(note))
    targets = (TARGET_IDS, [4, 2]) if KINDS[family] == "encoder-decoder" else ()
    result = model.run(IDS, LENGTHS, *targets)
    for handle in handles:
        handle.remove()
    return result, read


def worked_out(
    held: ProjectionEquation, x: Tensor, weights: Weights, size: int, base: float = 10_000.0
) -> Tensor:
    """(B, H, L, D) what the equation says, rotated by our own function."""
    weight, bias = weights
    assert held.has_bias == (bias is not None)
    heads = []
    for group in held.groups:
        columns = slice(group * size, (group + 1) * size)
        p = x @ weight[:, columns] + (0 if bias is None else bias[columns])
        turned = rotate(p[..., : held.rotated], base, "halves") if held.rotated else p[..., :0]
        heads.append(held.factor * torch.cat([turned, p[..., held.rotated :]], dim=-1))
    return torch.stack(heads, dim=1)


@matrix(
    3,
    "family",
    ["bert", "gpt2", "gpt-neox", "opt", "llama", "qwen2", "phi3", "smollm3", "t5", "bart"],
)
def test_an_equation_gives_the_numbers_that_are_shown(family: str) -> None:
    result, read = ran(family)
    for kind, modules in attentions(family, wrapped(family)._model).items():
        for layer, attention in enumerate(modules):
            trace = getattr(result.trace, kind)[layer]
            for name, linear in linears(family, attention).items():
                held = equation(family, name, layer, kind)
                assert held is not None, (kind, layer, name)
                x, weights = read[kind, layer, name], heads_of(family, name, linear)
                shown = getattr(trace, name)
                wanted = worked_out(held, x, weights, shown.shape[-1], BASES.get(family, 1e4))
                torch.testing.assert_close(shown, wanted, rtol=1e-4, atol=1e-5)
            of_keys = read[kind, layer, K]
            assert torch.equal(read[kind, layer, V], of_keys)
            wanted = result.trace.encoder_output if kind == "cross" else read[kind, layer, Q]
            assert torch.equal(of_keys, wanted)


@pytest.mark.parametrize("family", ["qwen3", "gemma3"])
def test_where_queries_and_keys_are_normed_there_is_no_equation_for_them(family: str) -> None:
    result, read = ran(family)
    for layer, attention in enumerate(attentions(family, wrapped(family)._model)["encoder_self"]):
        for name, norm in ((Q, attention.q_norm), (K, attention.k_norm)):
            assert equation(family, name, layer) is None
            x = read["encoder_self", layer, name] @ getattr(attention, f"{name[0]}_proj").weight.T
            x = x.unflatten(-1, (-1, norm.weight.numel()))
            x = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()
            scale = norm.weight if family == "qwen3" else 1 + norm.weight
            lengths = (x * scale).norm(dim=-1).transpose(1, 2)
            if name == K:
                lengths = lengths.repeat_interleave(2, dim=1)
            shown = getattr(result.trace.encoder_self[layer], name)
            torch.testing.assert_close(shown.norm(dim=-1), lengths, rtol=1e-4, atol=1e-5)
        held = equation(family, V, layer)
        assert held == ProjectionEquation(PAIRS, has_bias=False)
        x = read["encoder_self", layer, V]
        shown = worked_out(held, x, (attention.v_proj.weight.T, None), attention.head_dim)
        torch.testing.assert_close(
            shown, result.trace.encoder_self[layer].values, rtol=1e-4, atol=1e-5
        )


@matrix(
    3,
    ("family", "layer", "queries", "keys", "values"),
    [
        # factor, rotated, groups
        ("bert", 0, (1, 0, EACH), (1, 0, EACH), (1, 0, EACH)),
        ("distilbert", 1, (1, 0, EACH), (1, 0, EACH), (1, 0, EACH)),
        ("modernbert", 1, (1, 4, EACH), (1, 4, EACH), (1, 0, EACH)),
        ("gpt-bigcode", 0, (1, 0, EACH), (1, 0, ALL), (1, 0, ALL)),
        ("gpt-neox", 0, (1, 2, EACH), (1, 2, EACH), (1, 0, EACH)),
        ("opt", 1, (0.5, 0, EACH), (1, 0, EACH), (1, 0, EACH)),
        ("llama", 1, (1, 4, EACH), (1, 4, PAIRS), (1, 0, PAIRS)),
        # Peng et al. (2023), "YaRN": 1 + 0.1 ln 4 of queries and of keys
        ("llama-yarn", 0, (1.13863, 4, EACH), (1.13863, 4, PAIRS), (1, 0, PAIRS)),
        ("stablelm", 0, (1, 2, EACH), (1, 2, PAIRS), (1, 0, PAIRS)),
        ("olmo2", 0, None, None, (1, 0, PAIRS)),
        ("cohere2", 0, (1, 4, EACH), (1, 4, PAIRS), (1, 0, PAIRS)),
        ("cohere2", 1, (1, 0, EACH), (1, 0, PAIRS), (1, 0, PAIRS)),
        ("smollm3", 0, (1, 4, EACH), (1, 4, PAIRS), (1, 0, PAIRS)),
        ("smollm3", 1, (1, 0, EACH), (1, 0, PAIRS), (1, 0, PAIRS)),
        ("llama4", 0, (1, 4, EACH), (1, 4, PAIRS), (1, 0, PAIRS)),
        # From the fourth position on, queries grow with it.
        ("llama4", 1, None, (1, 0, PAIRS), (1, 0, PAIRS)),
        ("deepseek", 0, None, None, None),
        ("marian", 0, (1, 0, EACH), (1, 0, EACH), (1, 0, EACH)),
    ],
)
def test_which_equations_hold(
    family: str, layer: int, queries: Any, keys: Any, values: Any
) -> None:
    for name, wanted in ((Q, queries), (K, keys), (V, values)):
        held = equation(family, name, layer)
        found = held and (pytest.approx(held.factor, rel=1e-4), held.rotated, held.groups)
        assert found == wanted, name


def test_biases_are_the_layers_own() -> None:
    assert [equation("bart", name, 0, "cross").has_bias for name in PROJECTED] == [True] * 3
    assert [equation("t5", name, 0, "cross").has_bias for name in PROJECTED] == [False] * 3
    assert [equation("llama", name).has_bias for name in PROJECTED] == [False] * 3
    model = tiny_of("bart")
    model.model.encoder.layers[1].self_attn.k_proj.bias = None
    bart = HuggingFaceModel(model, SubwordTokenizer(word_level()), "bart", "encoder-decoder")
    found = [bart.attention("encoder_self", n).equation(K) for n in range(2)]
    assert [held is not None and held.has_bias for held in found] == [True, False]


def test_divisors_are_the_layers_own() -> None:
    facts = [wrapped("gpt2-inverse").attention("encoder_self", layer) for layer in range(2)]
    assert [each.divisor for each in facts] == pytest.approx([2, 4])
    assert [wrapped("opt").attention("encoder_self", n).divisor for n in range(2)] == [1, 1]
    assert wrapped("gemma3").attention("encoder_self", 0).divisor == pytest.approx(12**0.5)


@pytest.mark.parametrize(
    ("family", "count"),
    [("llama", 2), ("qwen3", 2), ("gpt-bigcode", 1), ("deepseek", 4), ("bert", 4)],
)
def test_shared_keys_and_values_are_counted(family: str, count: int) -> None:
    assert wrapped(family).attention("encoder_self", 1).kv_heads == count


# Models that do something else with what their projections made.


class Changed(nn.Module):
    """A projection, and what else becomes of it before the attention gets it."""

    def __init__(self, linear: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.linear = linear
        self.change = change

    def forward(self, x: Tensor) -> Tensor:
        return self.change(self.linear(x))


def by_position(x: Tensor) -> Tensor:
    return x * torch.linspace(1, 2, x.shape[1])[:, None]


def by_token(x: Tensor) -> Tensor:
    return x * (1 + 0.01 * torch.sin(x.norm(dim=-1, keepdim=True)))


CHANGES: dict[str, tuple[Callable[[Tensor], Tensor], float | None]] = {
    "nothing": (lambda x: x, 1.0),
    "a constant": (lambda x: 0.3 * x, 0.3),
    "another sign": (lambda x: -x, None),
    "a shift": (lambda x: x + 0.01, None),
    "by position": (by_position, None),
    "by token": (by_token, None),
    "the last dimension": (lambda x: x * torch.tensor([1.0] * 15 + [1.01]), None),
    "a norm": (lambda x: F.normalize(x, dim=-1), None),
    "other places": (lambda x: x.roll(1, dims=-1), None),
    "rounding to tenths": (lambda x: (10 * x).round() / 10, None),
    "zero": (lambda x: 0 * x, None),
}


@matrix(2, "change", CHANGES)
@pytest.mark.parametrize("name", ["query", "value"])
def test_what_is_changed_after_its_projection_has_an_equation_only_if_scaled(
    name: str, change: str
) -> None:
    model, (function, factor) = tiny_of("bert"), CHANGES[change]
    attention = model.encoder.layer[1].attention.self
    setattr(attention, name, Changed(getattr(attention, name), function))
    bert = HuggingFaceModel(model, SubwordTokenizer(word_level()), "bert", "encoder")
    part = {"query": Q, "value": V}[name]
    for layer in range(2):
        for other in PROJECTED:
            held = bert.attention("encoder_self", layer).equation(other)
            wanted = factor if (layer, other) == (1, part) else 1.0
            assert (held and held.factor) == (wanted and pytest.approx(wanted)), (layer, other)


def test_a_projection_of_something_else_than_the_others_read_has_no_equation() -> None:
    model = tiny_of("bert")
    attention = model.encoder.layer[0].attention.self
    attention.key = nn.Sequential(nn.LayerNorm(16), attention.key)
    nn.init.normal_(attention.key[0].weight)
    bert = HuggingFaceModel(
        model.requires_grad_(False), SubwordTokenizer(word_level()), "bert", "encoder"
    )
    found = [bert.attention("encoder_self", 0).equation(name) for name in PROJECTED]
    assert [held is None for held in found] == [False, True, False]


def test_a_module_that_is_no_linear_layer_is_none() -> None:
    class Bent(nn.Linear):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input).tanh()

    model = tiny_of("bert")
    attention = model.encoder.layer[0].attention.self
    attention.value = Bent(16, 16).requires_grad_(False)
    bert = HuggingFaceModel(model, SubwordTokenizer(word_level()), "bert", "encoder")
    assert bert.attention("encoder_self", 0).equation(V) is None
    assert bert.attention("encoder_self", 0).equation(Q) is not None


def test_nothing_watches_after_the_probe() -> None:
    model = wrapped("llama")._model
    attention = model.model.layers[0].self_attn
    assert not attention._forward_pre_hooks
    hooks = attention._forward_hooks.values()  # transformers has one of its own
    assert "model.pretrained.equations" not in {hook.__module__ for hook in hooks}


@pytest.mark.parametrize(
    ("longest", "weights", "length"),
    [
        (512, 10_000, LONGEST),
        (32, 10_000, 32),
        (1, 10_000, 1),
        (512, 40_000_000, 33),
        (512, 10**9, SHORTEST),
    ],
)
def test_a_probe_is_as_long_as_the_model_is_quick(longest: int, weights: int, length: int) -> None:
    ids = probe_ids(50, longest, weights)
    assert ids.shape == (SENTENCES, length)
    assert ids.min() >= 0
    assert ids.max() < 50


def test_every_family_is_recorded() -> None:
    assert all(wrapped(family).sizes["encoder_self"].layers >= 2 for family in FAMILIES)
