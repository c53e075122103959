"""What a recording says of itself."""

import doctest
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import flex_attention

import model.recording as package
from model.recording import record
from model.trace_file import read_trace_file
from tests.model.recording.home_made import (
    GPT,
    CrossAttention,
    LinearAttention,
    PatchAttention,
    tokens,
)


def test_the_example_of_the_package() -> None:
    assert doctest.testmod(package) == doctest.TestResults(failed=0, attempted=7)


def test_attention_that_is_none_of_pytorch_s_is_said_to_be_unseen() -> None:
    with record() as recording:
        LinearAttention()(torch.randn(1, 3, 4))
    assert recording.traces == ()
    assert recording.difference is None
    (note,) = recording.notes
    assert note.startswith("No attention was seen: in this thread, nothing called scaled_dot")
    assert "softmax" not in note


def test_other_kernels_are_named() -> None:
    x = torch.randn(1, 1, 2, 4)
    with record() as recording:
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(x, x, x)
    assert recording.notes[0].startswith(
        "1 call of _scaled_dot_product_flash_attention_for_cpu not recorded"
    )


@pytest.mark.filterwarnings("ignore:flex_attention called without")
def test_flex_attention_is_named() -> None:
    x = torch.randn(1, 1, 2, 4)
    with record() as recording:
        flex_attention(x, x, x)
    assert "1 call of flex_attention not recorded: its form isn't known here." in recording.notes


def test_a_difference_that_rounding_does_not_explain_is_said() -> None:
    class Wrong(torch.overrides.TorchFunctionMode):
        """Gives other numbers than the function that was called, as a faulty kernel would."""

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            return result + 0.01 if func is F.scaled_dot_product_attention else result

    with Wrong(), record() as recording:
        PatchAttention()(torch.randn(1, 3, 12))
    assert recording.difference == pytest.approx(0.01, rel=1e-3)
    (note,) = recording.notes
    assert note.startswith("PatchAttention: what the model got differs")
    assert "1.0e-02; rounding explains" in note


def test_weights_that_the_model_got_are_compared_too() -> None:
    class Wrong(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func is not F.multi_head_attention_forward:
                return result
            return result[0], result[1] + 0.25

    model, x = nn.MultiheadAttention(4, 2), torch.randn(3, 1, 4)
    for average in (True, False):
        with Wrong(), record() as recording:
            model(x, x, x, average_attn_weights=average)
        assert recording.difference == pytest.approx(0.25, rel=1e-3)


def test_a_sequence_of_traces_with_a_summary() -> None:
    model = GPT()
    with record() as recording:
        model(tokens())
        assert len(recording.traces) == 2  # while it is being recorded, too
    assert len(recording) == 2
    assert list(recording) == list(recording.traces)
    assert recording[-1] is recording.traces[1]
    summary = repr(recording).splitlines()
    assert summary[0] == "Recording of 2 attentions"
    assert summary[1].startswith("   0  GPT.blocks.0.attention  2×4×6×6  difference ")


def test_a_summary_with_dropout_and_notes() -> None:
    with record() as recording:
        nn.MultiheadAttention(4, 2, dropout=0.5)(*[torch.randn(3, 1, 4)] * 3)
    assert repr(recording).endswith("MultiheadAttention  1×2×3×3  not compared")


def test_saved_as_a_file(tmp_path: Path) -> None:
    with record() as recording:
        GPT()(tokens(batch=1))
    path = tmp_path / "gpt.npz"
    recording.save(path, tokens=list("abcdef"))
    with np.load(path, allow_pickle=False) as file:
        for name in ("queries", "keys", "values", "energy", "scores", "weights", "head_outputs"):
            expected = np.stack([getattr(trace, name).numpy() for trace in recording])
            assert np.array_equal(file[name], expected), name
        assert file["tokens"].ravel().tolist() == list("abcdef")
        assert file["names"].tolist() == ["GPT.blocks.0.attention", "GPT.blocks.1.attention"]
        config = json.loads(str(file["config"]))
    assert config["divisors"] == [2.0, 2.0]
    assert config["recorded"][0]["is_causal"]
    assert config["recorded"][0]["function"] == "scaled_dot_product_attention"


def test_a_saved_file_is_read_again(tmp_path: Path) -> None:
    models = [CrossAttention(), nn.MultiheadAttention(12, 2, batch_first=True)]
    x, memory = torch.randn(2, 3, 12), torch.randn(2, 5, 12)
    mask = torch.tensor([[False, True, True], [False, False, True], [False] * 3])
    with record() as recording:
        models[0](x, memory)
        models[1](x, x, x, attn_mask=mask)
    recording.save(tmp_path / "two.npz")
    read = read_trace_file(tmp_path / "two.npz")
    layers = {layer.name: layer for of_kind in read.layers.values() for layer in of_kind}
    assert layers.keys() == {trace.title for trace in recording}
    for trace in recording:
        assert torch.equal(layers[trace.title].weights, trace.weights)


def test_nothing_to_save_says_why(tmp_path: Path) -> None:
    with record() as recording:
        LinearAttention()(torch.randn(1, 3, 4))
    with pytest.raises(ValueError, match=r"nothing to save\. No attention was seen"):
        recording.save(tmp_path / "none.npz")
    assert not (tmp_path / "none.npz").exists()
