"""What is written is read again, bit for bit."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from model.attention import AttentionTrace, SelfAttention
from model.trace_file import FIELDS, read_trace_file, write_trace_file
from tests.model.trace_file.files import said

SENTENCES = [["the", "cat", "sat"], ["hi", "<b>"]]


def traces(layers: int, length: int = 3, heads: int = 2) -> list[AttentionTrace]:
    torch.manual_seed(0)
    module = SelfAttention(8, heads, projection="full", scale="head_dim").requires_grad_(False)
    mask = torch.ones(length, length).tril().bool()
    return [module.trace(x, x, x, mask) for x in torch.randn(layers, 2, length, 8)]


def written(layers: list[object], **given: object) -> bytes:
    file = io.BytesIO()
    write_trace_file(file, layers, **given)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("layers", [1, 3])
def test_traces_come_back_in_every_bit(layers: int) -> None:
    every = traces(layers)
    file = read_trace_file(written([*every], tokens=SENTENCES, names=[f"m.{i}" for i in range(3)]))
    assert list(file.layers) == ["encoder_self"]
    assert not file.notices
    for number, (read, trace) in enumerate(zip(file.layers["encoder_self"], every, strict=True)):
        for field in FIELDS:
            assert torch.equal(getattr(read, field), getattr(trace, field)), field
        assert read.name == f"m.{number}"
        assert read.query_tokens == (("the", "cat", "sat"), ("hi", "<b>", ""))
        assert read.query_lengths == read.key_lengths == (3, 2)
        assert read.divisor == 2  # the root of 4, as energies and scores tell
        assert read.allowed is not None
        assert read.allowed.expand(2, 2, 3, 3)[0, 0].tolist() == [
            [True, False, False],
            [True, True, False],
            [True, True, True],
        ]


def test_layers_of_different_shapes_stand_in_arrays_of_their_own() -> None:
    one, other = *traces(1), *traces(1, length=5, heads=4)
    data = written([one, other], tokens=SENTENCES)
    with np.load(io.BytesIO(data)) as arrays:
        assert arrays["layer_0_weights"].shape == (2, 2, 3, 3)
        assert arrays["layer_1_weights"].shape == (2, 4, 5, 5)
    file = read_trace_file(data)
    first, second = file.layers["encoder_self"]
    assert torch.equal(first.weights, one.weights)
    assert torch.equal(second.output, other.output)
    assert said(file) == ["fewer_tokens"]
    assert second.query_tokens[0] == ("the", "cat", "sat", "3", "4")


def test_parts_may_be_anybodys() -> None:
    """Half precision, gradients, mappings, one sentence, masks of some layers alone."""
    weights = torch.tensor([[[1.0, 0.0], [0.25, 0.75]]], dtype=torch.bfloat16, requires_grad=True)
    mask = torch.tensor([[True, False], [True, True]])
    data = written(
        [
            {"weights": weights, "allowed": mask, "divisor": 3.0},
            {"weights": weights.detach().half().numpy(), "divisor": 5.0},
        ],
        tokens=["a", "b"],
        config={"model": "mine"},
    )
    file = read_trace_file(data)
    first, second = file.layers["encoder_self"]
    assert first.weights.tolist() == second.weights.tolist() == [[[[1.0, 0.0], [0.25, 0.75]]]]
    assert (first.divisor, second.divisor) == (3, 5)
    assert first.allowed is not None
    assert first.allowed.squeeze().equal(mask)
    assert second.allowed is None
    assert file.config["model"] == "mine"


def test_groups_of_heads_share_keys() -> None:
    q, k = torch.randn(1, 4, 3, 2), torch.randn(1, 2, 3, 2)
    data = written([{"queries": q, "keys": k, "values": k, "divisor": 7.0}], tokens=["a", "b", "c"])
    (layer,) = read_trace_file(data).layers["encoder_self"]
    assert layer.kv_heads == 2
    assert layer.divisor == 7
    assert layer.keys is not None
    assert torch.equal(layer.keys, k[:, [0, 0, 1, 1]])
    expected = torch.softmax(q @ k[:, [0, 0, 1, 1]].mT / 7, dim=-1)
    torch.testing.assert_close(layer.weights, expected)


def test_keys_may_be_others_than_queries(tmp_path: Path) -> None:
    path = tmp_path / "cross.npz"
    weights = torch.full((1, 2, 2, 4), 0.25)
    write_trace_file(path, [{"weights": weights}], tokens=["x", "y"], key_tokens=list("abcd"))
    file = read_trace_file(path)
    (layer,) = file.layers["cross"]
    assert layer.query_tokens == (("x", "y"),)
    assert layer.key_tokens == (("a", "b", "c", "d"),)
    assert not file.notices


def test_tokens_need_no_order() -> None:
    """Surrogates without a partner can't be sent to anybody."""
    data = written([{"weights": torch.ones(1, 1, 1)}], tokens=["\ud800<script>"])
    (layer,) = read_trace_file(data).layers["encoder_self"]
    assert layer.query_tokens == (("\ufffd<script>",),)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "there are no layers to write: got 0"),
        ([{"values": torch.ones(1, 1, 1)}], "layer 0 has neither weights nor queries and keys"),
    ],
)
def test_nothing_is_not_written(layers: list[object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        written(layers)
