"""What a recording says of itself."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import flex_attention

from model.recording import record
from tests.model.recording.home_made import GPT, LinearAttention, PatchAttention, tokens


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
    assert recording.notes[1].startswith(
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
