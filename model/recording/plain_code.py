"""What PyTorch runs by fused or compiled code otherwise, and by plain code while it is recorded."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

_lock = threading.Lock()
_recordings = 0  # in all threads
_stance: Any = None  # set by the first of them, for all


@contextmanager
def no_compiled_code() -> Iterator[None]:
    """Let compiled functions run as the Python that they were made of.

    The setting is one of the process. So that recordings in several threads can end in any order,
    the first sets it and the last sets it back.

    Raises:
        RuntimeError: within code that is compiled, where nobody may set it.
    """
    global _recordings, _stance
    with _lock:
        if _recordings == 0:
            try:
                _stance = torch.compiler.set_stance("force_eager")
            except RuntimeError as error:
                raise RuntimeError(
                    "record() can't be used within code that torch.compile has compiled: use it "
                    "around the call of the compiled model"
                ) from error
        _recordings += 1
    try:
        yield
    finally:
        with _lock:
            _recordings -= 1
            if _recordings == 0:
                _stance.__exit__(None, None, None)
                _stance = None


def would_be_fused(running: Sequence[nn.Module], query: Any, key: Any, value: Any) -> bool:
    """Whether an nn.MultiheadAttention that is running, or its layer, has a fused form for this.

    Which of both it would be depends on masks, too; so this can be true where it would be neither.
    Source: the conditions in the documentation of nn.TransformerEncoderLayer.
    """
    module = running[0] if running else None
    if not isinstance(module, nn.MultiheadAttention) or module.training:
        return False
    if torch.is_grad_enabled() and any(x.requires_grad for x in (query, *module.parameters())):
        return False
    return (
        query is key is value
        and query.dim() == 3
        and module.batch_first
        and module.num_heads % 2 == 0
        and module._qkv_same_embed_dim
        and module.in_proj_bias is not None
        and module.bias_k is None
        and not module.add_zero_attn
        and not torch.is_autocast_enabled()
        and torch.backends.mha.get_fastpath_enabled()
    )
