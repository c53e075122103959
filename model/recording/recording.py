"""What has been recorded, and what is to be said about it."""

import math
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ..trace_file import write_trace_file
from .trace import RecordedAttention

SHOWN = 3  # names in a note, before the rest is counted


@dataclass
class Seen:
    """All that was noticed while recording; who records writes it, and Recording tells it."""

    traces: list[RecordedAttention] = field(default_factory=list)
    fused: dict[str, None] = field(default_factory=dict)  # titles, as an ordered set
    compiled: dict[str, None] = field(default_factory=dict)
    scripted: dict[str, None] = field(default_factory=dict)
    unrecorded: Counter[str] = field(default_factory=Counter)  # how often, by reason
    others: Counter[str] = field(default_factory=Counter)  # functions that may be attention too
    softmax: int = 0  # calls of it

    def add(self, trace: RecordedAttention, *, is_fused: bool, is_compiled: bool) -> None:
        """Take an attention, and whether it is run otherwise when nobody records."""
        self.traces.append(trace)
        if is_fused:
            self.fused[trace.title] = None
        if is_compiled:
            self.compiled[trace.title] = None

    def add_other(self, name: str) -> None:
        """Take the name of a function that isn't recorded."""
        if "attention" in name:
            self.others[name] += 1
        elif "softmax" in name:
            self.softmax += 1


class Recording:
    """The attentions that were computed while it recorded, in the order of the calls."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    @property
    def traces(self) -> tuple[RecordedAttention, ...]:
        """Return the attentions so far."""
        return tuple(self._seen.traces)

    def __len__(self) -> int:
        return len(self._seen.traces)

    def __iter__(self) -> Iterator[RecordedAttention]:
        return iter(self.traces)

    def __getitem__(self, index: int) -> RecordedAttention:
        return self._seen.traces[index]

    @property
    def difference(self) -> float | None:
        """Return the largest difference of all that could be compared; None if none could."""
        compared = [trace.difference for trace in self._seen.traces if trace.difference is not None]
        return max(compared, default=None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what somebody should know about it, a sentence or two each."""
        missing = (*self._missing(),)
        nothing = () if self.traces or missing else (self._why_nothing(),)
        return (*nothing, *self._plainly(), *missing)

    def save(
        self,
        file: str | os.PathLike[str] | BinaryIO,
        *,
        tokens: Sequence[str] | Sequence[Sequence[str]] | None = None,
        key_tokens: Sequence[str] | Sequence[Sequence[str]] | None = None,
    ) -> None:
        """Write all traces as an .npz that Headlight opens; see model.trace_file for its arrays.

        Args:
            file: a path, or an open file.
            tokens: of the queries, one sentence or B of them.
            key_tokens: of the keys, where these are others.

        Raises:
            ValueError: if there is no trace; the message says why.
        """
        if not self.traces:
            raise ValueError(f"there is nothing to save. {' '.join(self.notes)}")
        write_trace_file(
            file,
            self.traces,
            tokens=tokens,
            key_tokens=key_tokens,
            names=[trace.title for trace in self.traces],
            config={"recorded": [_facts(trace) for trace in self.traces], "notes": self.notes},
        )

    def _why_nothing(self) -> str:
        nothing = (
            "No attention was seen: in this thread, nothing called scaled_dot_product_attention "
            "or nn.MultiheadAttention."
        )
        if not self._seen.softmax:
            return f"{nothing} Other threads, TorchScript and other kernels aren't seen."
        return (
            f"{nothing} softmax was seen ({_calls(self._seen.softmax)}): the model may compute "
            "attention by code of its own. Models of transformers call PyTorch's when they are "
            'loaded with attn_implementation="sdpa", where they can.'
        )

    def _plainly(self) -> Iterator[str]:
        """Yield what is run otherwise when nobody records."""
        if self._seen.fused:
            yield (
                "PyTorch has a fused form, which shows nothing, and whose plain code was run "
                f"instead: {_some(self._seen.fused)}. Outputs can differ by rounding, and at "
                "padding, where a fused nn.TransformerEncoder gives zeros."
            )
        if self._seen.compiled:
            yield (
                "Compiled code was run as the Python that it was made of: "
                f"{_some(self._seen.compiled)}. Outputs can differ by rounding."
            )

    def _missing(self) -> Iterator[str]:
        """Yield what isn't in the traces, and what shouldn't be trusted in them."""
        if self._seen.scripted:
            yield f"TorchScript isn't seen: {_some(self._seen.scripted)}."
        for reason, count in self._seen.unrecorded.items():
            yield f"{_calls(count)} not recorded: {reason}."
        for name, count in self._seen.others.items():
            yield f"{_calls(count)} of {name} not recorded: its form isn't known here."
        for trace in self.traces:
            if trace.difference is not None and trace.difference > trace.rounding:
                yield (
                    f"{trace.title}: what the model got differs from the explicit computation by "
                    f"{trace.difference:.1e}; rounding explains {trace.rounding:.1e} at most."
                )

    def __repr__(self) -> str:
        lines = [f"Recording of {len(self)} attentions"]
        lines += [f"{number:4}  {trace!r}" for number, trace in enumerate(self.traces)]
        return "\n".join([*lines, *(f"- {note}" for note in self.notes)])


def _facts(trace: RecordedAttention) -> dict[str, Any]:
    """Return what a file's arrays don't say of a trace, as JSON takes it."""
    is_number = trace.difference is not None and math.isfinite(trace.difference)
    return {
        "module": trace.module,
        "function": trace.function,
        "kv_heads": trace.kv_heads,
        "is_causal": trace.is_causal,
        "dropout": trace.dropout,
        "dtype": str(trace.dtype).removeprefix("torch."),
        "difference": trace.difference if is_number else None,
        "unchecked": trace.unchecked,
    }


def _some(titles: dict[str, None]) -> str:
    """Return the first titles, and how many more there are."""
    shown = ", ".join(list(titles)[:SHOWN])
    more = len(titles) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"
