"""Folders that are made once, kept, and checked before use."""

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from safetensors import SafetensorError

from model.pretrained.cache import cache_directory, is_whole, kept_or_made
from tests.patience import LONG

FILES = {"a.bin": bytes(range(256)) * 300, "b.json": b'{"b": 1}\n', "empty": b""}


class Maker:
    """Makes the files' contents, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, bytes]:
        self.times += 1
        return dict(FILES)


def write_files(files: dict[str, bytes], folder: Path) -> None:
    assert list(folder.iterdir()) == []
    for name, content in files.items():
        (folder / name).write_bytes(content)


def get(
    make: Callable[[], dict[str, bytes]],
    *,
    name: str = "things",
    write: Callable[[dict[str, bytes], Path], None] = write_files,
) -> dict[str, bytes]:
    return kept_or_made(name, read=contents, make=make, write=write)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "SHA256SUMS"}


def left_over(home: Path) -> list[str]:
    """All that there is but the kept folder."""
    directory = home / "headlight"
    kept = directory.iterdir() if directory.is_dir() else ()
    return sorted(path.name for path in kept if path.name != "things")


def test_where_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_directory() == home / "headlight"
    monkeypatch.setenv("HOME", str(home / "somebody"))
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("XDG_CACHE_HOME")
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert cache_directory() == home / "somebody" / ".cache" / "headlight"


def test_it_is_made_once(home: Path) -> None:
    make = Maker()
    for _ in range(3):
        assert get(make) == FILES
        assert contents(home / "headlight" / "things") == FILES
        assert is_whole(home / "headlight" / "things")
    assert make.times == 1
    assert left_over(home) == []


def test_another_name_is_another_folder() -> None:
    make = Maker()
    assert get(make, name="one") == get(make, name="other") == FILES
    assert make.times == 2


def change_a_byte(folder: Path) -> None:
    with (folder / "a.bin").open("r+b") as opened:
        opened.seek(70_000)
        byte = opened.read(1)
        opened.seek(70_000)
        opened.write(bytes([byte[0] ^ 1]))


def put_a_directory(folder: Path) -> None:
    (folder / "a.bin").unlink()
    (folder / "a.bin").mkdir()
    (folder / "a.bin" / "inside").write_bytes(b"x")


def forget_a_file(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    (folder / "SHA256SUMS").write_text("".join(lines[1:]))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a byte": change_a_byte,
    "a file that is cut": lambda folder: os.truncate(folder / "a.bin", 70_000),
    "a file that is longer": lambda folder: (folder / "b.json").write_bytes(b'{"b": 1}\n\n'),
    "a missing file": lambda folder: (folder / "empty").unlink(),
    "a directory for a file": put_a_directory,
    "a file that isn't listed": lambda folder: (folder / "c").write_bytes(b""),
    "a list that is cut": forget_a_file,
    "no list": lambda folder: (folder / "SHA256SUMS").unlink(),
    "an empty list": lambda folder: (folder / "SHA256SUMS").write_bytes(b""),
    "a blank list": lambda folder: (folder / "SHA256SUMS").write_bytes(b"\n"),
    "garbage for a list": lambda folder: (folder / "SHA256SUMS").write_bytes(b"garbage\0\n" * 9),
    "no text for a list": lambda folder: (folder / "SHA256SUMS").write_bytes(b"\xff" * 100),
    "a directory for a list": lambda folder: (
        (folder / "SHA256SUMS").unlink(),
        (folder / "SHA256SUMS").mkdir(),
    ),
    "an empty folder": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_made_anew(home: Path, damage: str) -> None:
    make, folder = Maker(), home / "headlight" / "things"
    get(make)
    DAMAGES[damage](folder)
    assert not is_whole(folder)
    for _ in range(2):
        assert get(make) == contents(folder) == FILES
        assert is_whole(folder)
    assert make.times == 2
    assert left_over(home) == []


def test_a_folder_that_goes_while_it_is_read(home: Path) -> None:
    make = Maker()

    def read(folder: Path) -> dict[str, bytes]:
        raise RuntimeError("I/O error: the network home is gone")

    get(make)
    assert kept_or_made("things", read=read, make=make, write=write_files) == FILES
    assert make.times == 2


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_a_make_that_fails_leaves_nothing(home: Path, error: type[BaseException]) -> None:
    def make() -> dict[str, bytes]:
        raise error("in the middle")

    with pytest.raises(error, match="in the middle"):
        get(make)
    assert left_over(home) == []
    assert not (home / "headlight" / "things").exists()


def test_a_damaged_folder_that_can_not_be_made_anew(home: Path) -> None:
    def make() -> dict[str, bytes]:
        raise ValueError("the source is gone")

    get(Maker())
    change_a_byte(home / "headlight" / "things")
    with pytest.raises(ValueError, match="the source is gone"):
        get(make)
    assert not is_whole(home / "headlight" / "things")
    assert left_over(home) == []


def file_for_home(home: Path) -> None:
    home.write_bytes(b"")


def file_for_directory(home: Path) -> None:
    home.mkdir()
    (home / "headlight").write_bytes(b"")


def file_for_folder(home: Path) -> None:
    (home / "headlight").mkdir(parents=True)
    (home / "headlight" / "things").write_bytes(b"")


@pytest.mark.parametrize("block", [file_for_home, file_for_directory, file_for_folder])
def test_where_nothing_can_be_kept(home: Path, block: Callable[[Path], None]) -> None:
    block(home)
    make = Maker()
    assert [get(make), get(make)] == [FILES, FILES]
    assert make.times == 2
    assert left_over(home) == []


def test_nobody_knows_where_to_keep_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert get(Maker()) == FILES


FAILURES = {
    "a full disk": OSError(errno.ENOSPC, "No space left on device"),
    "a full quota": OSError(errno.EDQUOT, "Disk quota exceeded"),
    "a disk that is read alone": OSError(errno.EROFS, "Read-only file system"),
    "no permission": PermissionError(errno.EPERM, "Operation not permitted"),
    "what tokenizers makes of a full disk": Exception("No space left on device (os error 28)"),
    "what safetensors makes of it": SafetensorError("I/O error: No space left on device"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_is_raised_while_files_are_kept_costs_the_keeping_alone(
    home: Path, failure: str
) -> None:
    def write(files: dict[str, bytes], folder: Path) -> None:
        (folder / "a.bin").write_bytes(files["a.bin"][:100])
        raise FAILURES[failure]

    make = Maker()
    assert get(make, write=write) == FILES
    assert make.times == 1
    assert left_over(home) == []
    assert not (home / "headlight" / "things").exists()


@pytest.mark.parametrize("step", ["mkdir", "write_text", "rename", "iterdir"])
def test_each_step_of_keeping_may_fail(
    home: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, step, fail)
    assert get(Maker()) == FILES
    monkeypatch.undo()
    assert [path.name for path in home.glob("headlight/*")] == []


def test_who_stops_the_server_meanwhile_leaves_nothing(home: Path) -> None:
    def write(files: dict[str, bytes], folder: Path) -> None:
        (folder / "a.bin").write_bytes(b"half of it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(Maker(), write=write)
    assert left_over(home) == []


def test_two_at_once(home: Path) -> None:
    """Both find nothing, and both make it: the first one's stays, whoever reads it already."""
    together = threading.Barrier(2, timeout=LONG)
    kept = threading.Event()
    folder = home / "headlight" / "things"
    make = Maker()
    inodes = []

    def use(first: bool) -> dict[str, bytes]:
        def write(files: dict[str, bytes], folder: Path) -> None:
            together.wait()
            write_files(files, folder)
            if not first:
                assert kept.wait(LONG)

        found = get(make, write=write)
        inodes.append((folder.stat().st_ino, is_whole(folder)))
        kept.set()
        return found

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(use, [True, False])) == [FILES, FILES]
    assert set(inodes) == {(inodes[0][0], True)}
    assert make.times == 2
    assert left_over(home) == []


def test_many_at_once(home: Path) -> None:
    make = Maker()
    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _: get(make), range(8))) == [FILES] * 8
        assert left_over(home) == []
        shutil.rmtree(home)


def test_the_list_is_one_that_others_read(home: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum to read the list of hashes")
    get(Maker())
    folder = home / "headlight" / "things"
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["a.bin: OK", "b.json: OK", "empty: OK"]
    change_a_byte(folder)
    assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 1
