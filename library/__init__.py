"""See attention being computed, in a notebook or a script.

    >>> import headlight
    >>> headlight.__version__.count(".")
    2

Installed as `headlight`; the app of the same name lies beside it in its checkout and isn't part of
the package. `headlight.model` is the mathematics, in PyTorch alone, and `headlight.viz` the
figures, NumPy arrays in.
"""

from .attention_page import AttentionPage
from .model.recording import RecordedAttention, Recording, record
from .model.version import VERSION as __version__
from .showing import show
from .tracing import TracedText, trace

__all__ = [
    "AttentionPage",
    "RecordedAttention",
    "Recording",
    "TracedText",
    "__version__",
    "record",
    "show",
    "trace",
]
