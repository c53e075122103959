"""An .npz that a stranger made: checked before anything is unpacked, and never executed.

An .npz is a zip of .npy files, each with a short header that says its type and shape. Everything
that either says is looked at before memory is taken for it, and again when the numbers have come.
"""

import io
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import CodedValueError

File = str | os.PathLike[str] | bytes | BinaryIO

MOST_MEMBERS = 4096  # arrays of a file: a hundred layers with all that there is are a thousand
MOST_DIMENSIONS = 5
NUMBERS, TEXTS = "biuf", "USiu"  # kinds of numpy's types; whole numbers may be tokens' ids
MOST_TEXTS = 100_000  # each is an object in memory
MOST_TEXT_BYTES = 32 * 2**20  # an array of texts takes as much for each as for the longest
LONGEST_HEADER = 10_000  # characters of an array's: numpy's own limit
LONGEST_NAME = 60  # characters of a stranger's name in a message
ENTRY = b"PK\x01\x02"  # begins each entry of a zip's directory
SINGLE_ARRAY = b"\x93NUMPY"  # begins an .npy
READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
BROKEN = (  # what zipfile, zlib and numpy raise for something that isn't whole
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(ValueError, TypeError, OverflowError, SyntaxError, RecursionError, MemoryError),
    *(
        tokenize.TokenError,
        NotImplementedError,
        RuntimeError,
        KeyError,
        IndexError,
    ),  # what zipfile says of its own
)


class Archive:
    """The arrays of an .npz, each read when it is asked for.

    Args:
        file: its bytes, its path, or an open file.
        most_bytes: that the file may have.
        most_unpacked_bytes: that all of its arrays together may have, as they are and as float32.

    Raises:
        CodedValueError: if it is no such file, too large, or damaged; says what to do.
    """

    def __init__(self, file: File, *, most_bytes: int, most_unpacked_bytes: int) -> None:
        data = _read(file, most_bytes)
        if len(data) > most_bytes:
            raise CodedValueError(
                "trace_file.too_large",
                "the file has more than {most:,} bytes, the most that can be read: save fewer "
                "layers or sentences, or the weights alone",
                most=most_bytes,
            )
        if data.startswith(SINGLE_ARRAY):
            raise CodedValueError(
                "trace_file.single_array",
                "the file is a single array (.npy), which doesn't say what it is: save it with "
                "numpy.savez(file, weights=..., tokens=...)",
            )
        if data.count(ENTRY) > MOST_MEMBERS:  # looked at before zipfile makes an object of each
            raise CodedValueError(
                "trace_file.many",
                "the file has more than {most:,} arrays, the most that can be read",
                most=MOST_MEMBERS,
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = self._zip.infolist()
        except BROKEN:
            raise CodedValueError(
                "trace_file.no_zip",
                "the file is no .npz, or only a part of one: expected what numpy.savez or "
                "Headlight's Download writes",
            ) from None
        self._left = most_unpacked_bytes  # as float32, over all arrays
        self._members = _members(entries, most_unpacked_bytes)

    @property
    def names(self) -> tuple[str, ...]:
        """What the arrays are called."""
        return tuple(self._members)

    def numbers(self, name: str) -> np.ndarray:
        """Return an array of real numbers or booleans, in the machine's own byte order.

        Raises:
            CodedValueError: if it is of another type, empty or damaged.
        """
        array = self._array(name, NUMBERS)
        self.take(4 * array.size)
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def texts(self, name: str) -> np.ndarray:
        """Return an array of texts, of bytes in UTF-8, or of whole numbers, such as token ids.

        Raises:
            CodedValueError: if it is of another type, empty or damaged.
        """
        return self._array(name, TEXTS)

    def take(self, count: int) -> None:
        """Take so many bytes of those that the numbers may have in memory.

        Raises:
            CodedValueError: if there aren't as many.
        """
        self._left -= count
        if self._left < 0:
            raise CodedValueError(
                "trace_file.too_large_unpacked",
                "the file's arrays are too large, as 32-bit numbers and with what follows from "
                "them: save fewer layers or sentences, or the weights alone",
            )

    def _array(self, name: str, kinds: str) -> np.ndarray:
        member = self._members[name]
        with _damage(name), self._zip.open(member) as stream:
            version = np.lib.format.read_magic(stream)
            shape, is_fortran, dtype = READERS[version](stream, LONGEST_HEADER)
            room = member.file_size - stream.tell()
        _check_header(name, shape, dtype, kinds, room)
        if kinds == TEXTS and (math.prod(shape) > MOST_TEXTS or room > MOST_TEXT_BYTES):
            raise CodedValueError(
                "trace_file.many_texts",
                "{name} holds {count:,} texts in {size:,} bytes, and may hold {most:,} in "
                "{most_bytes:,}",
                name=short(name),
                count=math.prod(shape),
                size=room,
                most=MOST_TEXTS,
                most_bytes=MOST_TEXT_BYTES,
            )
        with _damage(name), self._zip.open(member) as stream:
            data = stream.read(member.file_size + 1)  # which also checks the sum of its bytes
            if len(data) != member.file_size:
                raise EOFError
            array = np.frombuffer(data, dtype, offset=len(data) - room)
            return array.reshape(shape, order="F" if is_fortran else "C")


def _read(file: File, most: int) -> bytes:
    """Return a file's bytes, at most one more than may be."""
    if isinstance(file, bytes):
        return file
    if isinstance(file, str | os.PathLike):
        with Path(file).open("rb") as stream:
            return stream.read(most + 1)
    return file.read(most + 1)


def _members(entries: list[zipfile.ZipInfo], most: int) -> dict[str, zipfile.ZipInfo]:
    """Return the entries that are arrays, by their names, after looking at what all of them say."""
    members: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.filename.removesuffix(".npy")
        if entry.flag_bits & 1:
            raise CodedValueError(
                "trace_file.encrypted",
                "the file is encrypted: save it without a password",
            )
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CodedValueError(
                "trace_file.compression",
                "the file is packed in a way that numpy doesn't use: save it with "
                "numpy.savez_compressed",
            )
        if name in members:
            raise CodedValueError(
                "trace_file.twice", "the file has two arrays called {name}", name=short(name)
            )
        if entry.filename.endswith(".npy"):
            members[name] = entry
    if not members:
        raise CodedValueError(
            "trace_file.no_arrays",
            "the file holds no arrays: expected what numpy.savez or Headlight's Download writes",
        )
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > most:
        raise CodedValueError(
            "trace_file.unpacked",
            "the file is {count:,} bytes when unpacked, and may be {most:,}: save fewer layers or "
            "sentences, or the weights alone",
            count=unpacked,
            most=most,
        )
    return members


def _check_header(
    name: str, shape: tuple[int, ...], dtype: np.dtype, kinds: str, room: int
) -> None:
    """Raise CodedValueError unless an array is of one of these kinds, and as large as it says."""
    if dtype.hasobject:
        raise CodedValueError(
            "trace_file.objects",
            "{name} holds Python objects, which could run code and aren't read: save an array of "
            "numbers, or tokens as numpy.array(tokens, dtype=str)",
            name=short(name),
        )
    if dtype.kind not in kinds:
        if kinds == TEXTS:
            raise CodedValueError(
                "trace_file.no_texts",
                "{name} is of type {dtype}, and must be of texts",
                name=short(name),
                dtype=short(str(dtype)),
            )
        raise CodedValueError(
            "trace_file.no_numbers",
            "{name} is of type {dtype}, and must be of real numbers, such as float32",
            name=short(name),
            dtype=short(str(dtype)),
        )
    if len(shape) > MOST_DIMENSIONS:
        raise CodedValueError(
            "trace_file.dimensions",
            "{name} has {count} dimensions, and may have {most}",
            name=short(name),
            count=len(shape),
            most=MOST_DIMENSIONS,
        )
    if 0 in shape or not dtype.itemsize:
        raise CodedValueError(
            "trace_file.empty",
            "{name} is empty: its shape is {shape}",
            name=short(name),
            shape=shape_text(shape),
        )
    if min(shape, default=1) < 0 or math.prod(shape) * dtype.itemsize != room:
        raise CodedValueError(
            "trace_file.other_size",
            "{name} says that its shape is {shape}, but has {count:,} bytes of numbers: the file "
            "is damaged",
            name=short(name),
            shape=shape_text(shape),
            count=max(0, room),
        )


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Say of whatever goes wrong in reading an array that it is damaged."""
    try:
        yield
    except CodedValueError:
        raise
    except BROKEN:
        raise CodedValueError(
            "trace_file.damaged",
            "{name} can't be read: the file is damaged, or not all of it is there",
            name=short(name),
        ) from None


def short(text: str) -> str:
    """Return a stranger's text such that a message stays a message."""
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape for a message, whatever numbers a stranger has written into it."""
    sizes = (str(size) if abs(size) < 2**63 else "2^63" for size in shape)
    return short(f"({', '.join(sizes)}{',' if len(shape) == 1 else ''})")
