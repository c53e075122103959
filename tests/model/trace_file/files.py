"""Files of attention as anybody's numpy makes them."""

import io
import zipfile

import numpy as np

from model.trace_file import TraceFile, read_trace_file

TOKENS = ["the", "cat", "sat"]


def npz(**arrays: object) -> bytes:
    """The bytes of a file with these arrays."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def read(**arrays: object) -> TraceFile:
    """What is read of a file with these arrays."""
    return read_trace_file(npz(**arrays))


def rows(*shape: int) -> np.ndarray:
    """Weights at random whose rows sum to 1."""
    values = np.random.default_rng(0).random(shape, dtype=np.float32)
    return values / values.sum(-1, keepdims=True)


def vectors(*shape: int, seed: int = 0) -> np.ndarray:
    """Vectors at random."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def said(file: TraceFile) -> list[str]:
    """The codes of what is said of a file."""
    return [notice.code.removeprefix("trace_file.") for notice in file.notices]


def npy(shape: object, descr: object, data: bytes = b"", *, fortran: bool = False) -> bytes:
    """An array's file with a header that says anything."""
    header = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def packed(**members: bytes) -> bytes:
    """A zip with these members, whatever is in them; __ in a name stands for a dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return file.getvalue()
