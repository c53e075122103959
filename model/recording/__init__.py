"""Record the attention of any PyTorch model while it runs, whatever its code.

    with record() as recording:
        my_model(x)
    recording.traces[0].weights  # (B, H, Q, K) of the first attention

Whatever goes through `F.scaled_dot_product_attention` or `nn.MultiheadAttention` (its function
`F.multi_head_attention_forward`) in the thread that records is seen, and computed once more by the
explicit equation beside it, which is checked against what the model got:

    >>> import torch
    >>> from torch import nn
    >>> attention = nn.MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True)
    >>> x = torch.randn(1, 5, 8)
    >>> with record() as recording:
    ...     output, _ = attention(x, x, x)
    >>> trace = recording.traces[0]
    >>> tuple(trace.weights.shape), trace.kv_heads, trace.difference < 1e-5
    ((1, 2, 5, 5), 2, True)

    interception.py  record: what sees the calls       recording.py   Recording: what has been seen
    calls.py         a call's queries, keys, masks     multihead.py   those of nn.MultiheadAttention
    trace.py         RecordedAttention, and its check  modules.py     which module was running
    plain_code.py    what is fused or compiled otherwise

Not seen: other threads; TorchScript; attention written with matmul and softmax; kernels called by
another name, such as flex_attention or those of flash-attn. `Recording.notes` says what it can.
"""

from .interception import record
from .recording import Recording
from .trace import RecordedAttention

__all__ = ["RecordedAttention", "Recording", "record"]
