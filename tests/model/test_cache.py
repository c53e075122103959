"""Folders that are made once, kept, and checked before use."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.pretrained import cache
from model.pretrained.cache import cache_directory, cached_folder, is_whole

FILES = {"a.bin": bytes(range(256)) * 300, "b.json": b'{"b": 1}\n', "empty": b""}


class Maker:
    """Writes the files, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, folder: Path) -> None:
        assert list(folder.iterdir()) == []
        self.times += 1
        for name, content in FILES.items():
            (folder / name).write_bytes(content)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(cache.tempfile, "tempdir", str(temporary))
    return tmp_path / "home"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "SHA256SUMS"}


def left_over(home: Path) -> list[str]:
    """All that there is but the kept folder."""
    temporary = list((home.parent / "temporary").iterdir())
    directory = home / "headlight"
    kept = directory.iterdir() if directory.is_dir() else ()
    return sorted(path.name for path in (*temporary, *kept) if path.name != "things")


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
        with cached_folder("things", make) as folder:
            assert folder == home / "headlight" / "things"
            assert contents(folder) == FILES
            assert is_whole(folder)
    assert make.times == 1
    assert left_over(home) == []


def test_another_name_is_another_folder() -> None:
    make = Maker()
    with cached_folder("one", make) as one, cached_folder("other", make) as other:
        assert one != other
        assert contents(one) == contents(other) == FILES
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
    make = Maker()
    with cached_folder("things", make) as folder:
        pass
    DAMAGES[damage](folder)
    assert not is_whole(folder)
    for _ in range(2):
        with cached_folder("things", make) as folder:
            assert folder == home / "headlight" / "things"
            assert contents(folder) == FILES
            assert is_whole(folder)
    assert make.times == 2
    assert left_over(home) == []


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_a_make_that_fails_leaves_nothing(home: Path, error: type[BaseException]) -> None:
    def make(folder: Path) -> None:
        (folder / "a.bin").write_bytes(b"half of it")
        raise error("in the middle")

    with pytest.raises(error, match="in the middle"), cached_folder("things", make):
        pytest.fail("there is nothing to use")
    assert left_over(home) == []
    assert not (home / "headlight" / "things").exists()


def test_a_damaged_folder_that_can_not_be_made_anew(home: Path) -> None:
    def make(folder: Path) -> None:
        raise ValueError("the source is gone")

    with cached_folder("things", Maker()) as folder:
        pass
    change_a_byte(folder)
    with pytest.raises(ValueError, match="the source is gone"), cached_folder("things", make):
        pytest.fail("there is nothing to use")
    assert not is_whole(folder)
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
    for _ in range(2):
        with cached_folder("things", make) as folder:
            assert folder.parent == home.parent / "temporary"
            assert contents(folder) == FILES
        assert not folder.exists()
    assert left_over(home) == []


def test_a_full_disk_where_it_is_kept(home: Path) -> None:
    make = Maker()

    def make_elsewhere(folder: Path) -> None:
        make(folder)
        if home in folder.parents:
            raise OSError(28, "No space left on device")

    with cached_folder("things", make_elsewhere) as folder:
        assert folder.parent == home.parent / "temporary"
        assert contents(folder) == FILES
    assert make.times == 2
    assert left_over(home) == []


def test_an_error_while_it_is_used_is_not_ours(home: Path) -> None:
    make = Maker()
    with pytest.raises(OSError, match="of the user"), cached_folder("things", make):
        raise OSError("of the user")
    assert make.times == 1
    assert left_over(home) == []


def test_two_at_once(home: Path) -> None:
    """Both find nothing, and both make it: the first one's stays, whoever uses it already."""
    together = threading.Barrier(2, timeout=10)
    used = threading.Event()
    kept = []
    make = Maker()

    def use(first: bool) -> dict[str, bytes]:
        def make_together(folder: Path) -> None:
            together.wait()
            make(folder)
            if not first:
                assert used.wait(10)

        with cached_folder("things", make_together) as folder:
            kept.append((folder.stat().st_ino, is_whole(folder)))
            used.set()
            together.wait()  # until both have it
            kept.append((folder.stat().st_ino, is_whole(folder)))
            return contents(folder)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(use, [True, False])) == [FILES, FILES]
    assert len(kept) == 4
    assert set(kept) == {(kept[0][0], True)}
    assert make.times == 2
    assert left_over(home) == []


def test_many_at_once(home: Path) -> None:
    make = Maker()

    def use(_: int) -> dict[str, bytes]:
        with cached_folder("things", make) as folder:
            return contents(folder)

    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(use, range(8))) == [FILES] * 8
        assert left_over(home) == []
        shutil.rmtree(home)


def test_the_list_is_one_that_others_read() -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum to read the list of hashes")
    with cached_folder("things", Maker()) as folder:
        command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert result.stdout.splitlines() == ["a.bin: OK", "b.json: OK", "empty: OK"]
        change_a_byte(folder)
        assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 1
