"""Files that are made to do harm, or that came to some."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from model.errors import CodedValueError
from model.trace_file import read_trace_file
from tests.model.trace_file.files import npy, npz, packed, rows

GOOD = npz(weights=rows(2, 3, 3))


class Harm:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self.path,)


def refused(data: bytes) -> str:
    with pytest.raises(CodedValueError) as refusal:
        read_trace_file(data)
    return str(refusal.value)


def array(shape: object, descr: object, data: bytes = b"", *, fortran: bool = False) -> bytes:
    return packed(weights__npy=npy(shape, descr, data, fortran=fortran))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\0" * 1000, GOOD[:-1], GOOD[:200], b"a,b"])
def test_what_is_no_archive(data: bytes) -> None:
    assert "the file is no .npz, or only a part of one" in refused(data)


def test_a_single_array_does_not_say_what_it_is() -> None:
    file = io.BytesIO()
    np.save(file, rows(2, 3, 3))
    assert "a single array (.npy)" in refused(file.getvalue())


def test_a_zip_of_other_things() -> None:
    assert "the file holds no arrays" in refused(packed(data__pkl=b"x", nested__zip=GOOD))
    assert "the file holds no arrays" in refused(packed())


def test_nothing_is_executed(tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    arrays = np.array([Harm(harm)], dtype=object)
    file = io.BytesIO()
    np.savez(file, weights=arrays)
    assert "Python objects, which could run code" in refused(file.getvalue())
    plain = pickle.dumps(Harm(harm))
    assert "can't be read" in refused(packed(weights__npy=plain))
    assert "Python objects" in refused(array((1,), "|O", plain))
    assert not harm.exists()


@pytest.mark.parametrize(
    ("shape", "descr", "data", "message"),
    [
        ("(2**40, 0)", "<f4", b"", "can't be read"),
        ((2**40, 0), "<f4", b"", "weights is empty: its shape is (1099511627776, 0)"),
        ((0,), "<f4", b"", "weights is empty"),
        ((2**40, 2**40), "<f4", b"1234", "has 4 bytes of numbers: the file is damaged"),
        (f"(0x{'f' * 6000}, 3)", "<f4", b"", "its shape is (2^63, 3)"),
        (f"({'9' * 6000}, 3)", "<f4", b"", "can't be read"),
        ((-1, -1), "<f4", b"1234", "its shape is (-1, -1), but has 4 bytes"),
        ((1, 2), "<f4", b"1234", "has 4 bytes of numbers"),
        ((1,), "<f4", b"12345", "has 5 bytes of numbers"),
        ((1,) * 6, "<f4", b"1234", "weights has 6 dimensions, and may have 5"),
        ((1,), "<c8", b"12345678", "weights is of type complex64, and must be of real numbers"),
        ((1,), "|V2", b"12", "weights is of type |V2"),
        ((1,), "<U1", b"1234", "weights is of type <U1"),
        ((1,), "<M8[s]", b"12345678", "weights is of type datetime64[s]"),
        ((1,), [("a", "<f4")], b"1234", "weights is of type [('a', '<f4')]"),
        ((1,), [("a", "|O")], b"12345678", "Python objects"),
        ((2**40,), "<U0", b"", "weights is of type <U0"),
        ((1,), "nonsense", b"1234", "weights can't be read"),
        ("__import__('os')", "<f4", b"", "weights can't be read"),
        ("[" * 3000, "<f4", b"", "weights can't be read"),
        ("(1,)" + " " * 20_000, "<f4", b"1234", "weights can't be read"),
    ],
)
def test_headers_that_say_anything(shape: object, descr: object, data: bytes, message: str) -> None:
    assert message in refused(array(shape, descr, data))


def test_empty_texts_take_no_memory() -> None:
    data = packed(weights__npy=npy((1, 1), "<f4", b"\0\0\x80?"), tokens__npy=npy((2**40,), "<U0"))
    assert "tokens is empty" in refused(data)


def test_what_are_no_characters() -> None:
    data = packed(
        weights__npy=npy((1, 1), "<f4", b"\0\0\x80?"), tokens__npy=npy((1,), "<U1", b"\xff" * 4)
    )
    assert "tokens holds what are no characters" in refused(data)


@pytest.mark.parametrize("version", [b"\x03\x00", b"\x09\x00", b"\x00\x00"])
def test_versions_that_no_numbers_need(version: bytes) -> None:
    data = npy((1, 1), "<f4", b"\0\0\x80?")
    assert "can't be read" in refused(packed(weights__npy=data[:6] + version + data[8:]))


def test_a_bomb_is_seen_before_it_is_unpacked() -> None:
    bomb = packed(weights__npy=b"\0" * (257 * 2**20))
    assert len(bomb) < 2**20
    assert "when unpacked, and may be 268,435,456" in refused(bomb)
    many = packed(**{f"w{i}__npy": b"\0" * (30 * 2**20) for i in range(9)})
    assert "when unpacked" in refused(many)


def lying(size: int) -> bytes:
    """A file whose weights are said to have another size when unpacked."""
    data = bytearray(packed(weights__npy=npy((1000, 1000), "<f4", b"\0" * 4_000_000)))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(data)


@pytest.mark.parametrize("size", [10, 100, 4_000_000, 2**28 - 1])
def test_a_directory_that_lies(size: int) -> None:
    said = refused(lying(size))
    assert "weights can't be read" in said or "bytes of numbers: the file is damaged" in said


def test_numbers_that_have_changed_on_the_way() -> None:
    data = bytearray(GOOD)
    place = data.index(b"NUMPY") + 140
    data[place] ^= 0xFF
    assert "weights can't be read: the file is damaged" in refused(bytes(data))


def test_two_arrays_of_one_name() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("weights.npy", npy((1, 1), "<f4", b"\0\0\x80?"))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("weights.npy", npy((1, 1), "<f4", b"\0\0\x80?"))
    assert "two arrays called weights" in refused(file.getvalue())


def test_an_encrypted_file() -> None:
    data = bytearray(GOOD)
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "the file is encrypted" in refused(bytes(data))


def test_another_way_of_packing() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("weights.npy", npy((1, 1), "<f4", b"\0\0\x80?"))
    assert "packed in a way that numpy doesn't use" in refused(file.getvalue())


def test_more_arrays_than_anybody_needs() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(4097):
            archive.writestr(f"w{number}.npy", b"")
    assert "more than 4,096 arrays" in refused(file.getvalue())


def test_names_that_are_no_names() -> None:
    hostile = packed(**{"../" + "x" * 200 + "__npy": b"", "weights__npy": b"nothing"})
    assert "weights can't be read" in refused(hostile)
