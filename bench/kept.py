"""What a trace keeps alive, against what its tensors need."""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace

import torch
from torch import Tensor

from bench.attention import THREADS, from_child, memory_mb
from bench.report import Row
from bench.settings import Options
from model.config import LLAMA, PAPER, Config
from model.transformer import Encoder, Transformer

TARGET = 1.001
MB = 2**20


@dataclass(frozen=True)
class Case:
    """A model and the lengths of what it reads: one for an encoder, two with a decoder."""

    name: str
    config: Config
    lengths: tuple[int, ...]

    def model(self) -> Encoder | Transformer:
        return (Encoder if len(self.lengths) == 1 else Transformer)(self.config).eval()

    def inputs(self, lengths: tuple[int, ...]) -> list[Tensor]:
        """A batch of one, of vectors."""
        return [torch.randn(1, length, self.config.embed_size) for length in lengths]

    def __str__(self) -> str:
        tokens = " and ".join(map(str, self.lengths))
        size, heads = self.config.embed_size, self.config.heads
        return (
            f"{self.name}, {self.config.layers} layers, {tokens} tokens, embedding {size}, "
            f"{heads} heads"
        )


BARE = replace(PAPER, positions="none")
GROUPED = Config(embed_size=256, heads=8, kv_heads=2, layers=6, architecture=LLAMA)
CASES = (
    Case("encoder", Config(embed_size=256, heads=8, layers=6, architecture=BARE), (128,)),
    Case("encoder and decoder", Config(embed_size=256, heads=8, layers=6, architecture=PAPER),
         (128, 96)),
    Case("Llama's, 2 key/value heads", GROUPED, (128,)),
)  # fmt: skip
LARGE = Case("encoder", Config(embed_size=512, heads=8, layers=2, architecture=BARE), (2048,))


def tensors_in(value: object) -> Iterator[Tensor]:
    """All tensors that a trace holds, in dataclasses and tuples of any depth."""
    if isinstance(value, Tensor):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from tensors_in(item)
    elif value is not None:
        raise TypeError(f"a trace holds a {type(value).__name__}")


def storages(tensors: Iterable[Tensor]) -> dict[int, int]:
    """The bytes of each distinct storage, by its address."""
    of = (tensor.untyped_storage() for tensor in tensors)
    return {storage.data_ptr(): storage.nbytes() for storage in of}


def kept_bytes(trace: object, apart: Iterable[Tensor]) -> int:
    """What a trace keeps alive, without the storages of the tensors `apart`."""
    elsewhere = storages(apart)
    return sum(
        size for place, size in storages(tensors_in(trace)).items() if place not in elsewhere
    )


def needed_bytes(trace: object, apart: Iterable[Tensor]) -> int:
    """What a trace's numbers need, each tensor counted once however many fields it is in."""
    elsewhere = storages(apart)
    sizes = {
        (tensor.data_ptr(), tensor.shape, tensor.stride()): tensor.numel() * tensor.element_size()
        for tensor in tensors_in(trace)
        if tensor.untyped_storage().data_ptr() not in elsewhere
    }
    return sum(sizes.values())


def trace_of(case: Case) -> tuple[object, list[Tensor]]:
    """A trace, and what isn't counted: the inputs and the weights."""
    model, inputs = case.model(), case.inputs(case.lengths)
    with torch.inference_mode():
        return model.trace(*inputs), [*inputs, *model.state_dict().values()]


def row(case: Case) -> Row:
    """The storages of one trace against its tensors."""
    trace, apart = trace_of(case)
    kept, needed = kept_bytes(trace, apart), needed_bytes(trace, apart)
    return Row(
        "kept", f"storages, {case}", f"{kept / MB:.2f} MB", f"{needed / MB:.2f} MB needed",
        kept / needed, TARGET, 0, f"{kept} and {needed} bytes, without weights and inputs",
    )  # fmt: skip


def resident_mb(case: Case) -> float:
    """Resident memory that one call leaves behind while its trace lives, in MB.

    A tiny call first loads what any call needs.
    """
    torch.set_num_threads(THREADS)
    model, inputs = case.model(), case.inputs(case.lengths)
    with torch.inference_mode():
        model.trace(*case.inputs((4,) * len(inputs)))
        before = memory_mb("VmRSS")
        trace = model.trace(*inputs)
        after = memory_mb("VmRSS")
        del trace
    return after - before


def resident_row(case: Case) -> Row:
    """The same from outside; for information, since an allocator may keep what it got back."""
    kept = statistics.median(from_child("bench.kept") for _ in range(3))
    needed = needed_bytes(*trace_of(case)) / MB
    return Row(
        "kept", f"resident memory, {case}", f"{kept:.1f} MB", f"{needed:.1f} MB needed",
        kept / needed, None, 0,
        "resident memory after the call above that before it, a fresh process each, median of 3",
    )  # fmt: skip


def measure(options: Options) -> list[Row]:
    """The storages of each case, and the resident memory of a large one."""
    return [*map(row, (*CASES, LARGE)), resident_row(LARGE)]


if __name__ == "__main__":
    print(resident_mb(LARGE))
