"""How much may be uploaded, and what becomes of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.patience import wait_until
from tests.servers import Server, directly
from tests.ui.server.visitor import PATIENCE, Visitor, allowing, upload
from ui.server.uploads import LARGEST_OF_ATTENTION, MOST_FILES, MOST_OF_A_SESSION, MOST_OF_ALL

LARGEST = b"x" * (5 * 2**20 - 1000)  # with its frame, what .streamlit/config.toml allows
HUGE = 100 * 2**20


def kept_bytes(numbers: str) -> float:
    """What the server keeps of uploads, in all, as its owner is told."""
    with directly.open(numbers, timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    (found,) = [line for line in lines if line.startswith("headlight_upload_bytes ")]
    return float(found.split()[-1])


@contextmanager
def upload_begun(server: Server, session: str, size: int) -> Iterator[HTTPConnection]:
    """A file of which the server has heard so far how large it is to be."""
    netloc = urlsplit(server.url).netloc
    with closing(HTTPConnection(netloc, timeout=PATIENCE)) as connection:
        connection.putrequest("PUT", f"/_stcore/upload_file/{session}/late")
        connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
        connection.putheader("Content-Length", str(size))
        for name, value in allowing(server).items():
            connection.putheader(name, value)
        connection.endheaders()
        yield connection


def test_a_session_keeps_so_many_bytes_and_no_more(server: Server, visitor: Visitor) -> None:
    for number in range(4):
        assert visitor.upload(LARGEST, f"file {number}".replace(" ", "-")) == 204
    assert 5 * len(LARGEST) > MOST_OF_A_SESSION
    assert visitor.upload(LARGEST, "one-more") == 413
    assert visitor.upload(LARGEST, "file-0") == 204  # in place of the first
    with upload_begun(server, visitor.session, len(LARGEST)) as late:
        assert late.getresponse().status == 413  # of which nothing has come yet


def test_a_session_keeps_so_many_files_and_no_more(visitor: Visitor) -> None:
    for number in range(MOST_FILES):
        assert visitor.upload(b"", f"empty-{number}") == 204
    assert visitor.upload(b"", "one-more") == 413
    assert visitor.upload(b"not empty", "empty-0") == 204


def test_what_is_on_its_way_counts(server: Server, visitor: Visitor) -> None:
    with upload_begun(server, visitor.session, 5 * 2**20):
        for number in range(3):
            assert visitor.upload(LARGEST, f"file-{number}") == 204
        assert visitor.upload(LARGEST, "one-more") == 413


def test_a_file_that_is_too_large_is_refused_before_it_comes(
    server: Server, visitor: Visitor
) -> None:
    with upload_begun(server, visitor.session, HUGE) as late:
        assert late.getresponse().status == 413


def test_a_file_larger_than_usual_is_refused_where_nobody_asked_for_one(visitor: Visitor) -> None:
    assert visitor.upload(b"x" * (5 * 2**20 + 1)) == 413


def test_a_large_file_is_let_in_where_the_page_asks_for_one(server: Server) -> None:
    with Visitor(server) as visitor:
        visitor.run(page_name="pretrained", query_string="from_file=true")
        large = b"x" * LARGEST_OF_ATTENTION
        assert visitor.upload(large, "large") == 204
        assert visitor.upload(large, "large") == 204  # in place of the first
        assert visitor.upload(large, "another") == 413
        with upload_begun(server, visitor.session, 34 * 2**20) as late:
            assert late.getresponse().status == 413


@pytest.mark.parametrize("session", ["nobody", "00000000-0000-0000-0000-000000000000"])
def test_nothing_is_kept_for_nobody(server: Server, session: str) -> None:
    assert upload(server, session, b"for nobody") == 400


def event_loops(server: Server) -> int:
    """How many the server has: one for its sockets, and one for each session that it keeps."""
    handles = Path(f"/proc/{server.pid}/fd").iterdir()
    return sum(os.readlink(handle) == "anon_inode:[eventpoll]" for handle in handles)


@pytest.mark.matrix
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_session_has_is_given_back_when_it_goes(server: Server, numbers: str) -> None:
    with Visitor(server) as visitor:
        visitor.run()
        session = visitor.session
        with upload_begun(server, session, len(frame := framed(b"late"))) as late:
            late.send(frame[:10])
            assert visitor.upload(LARGEST) == 204  # and so the one before has been let in
            assert kept_bytes(numbers) >= len(LARGEST)
            visitor.leave()
            wait_until(lambda: event_loops(server) == 1)
            assert upload(server, session, b"too late") == 400
            late.send(frame[10:])
            answer = late.getresponse()
            assert (answer.status, answer.read()) == (204, b"")  # it was allowed when it began
    wait_until(lambda: kept_bytes(numbers) == 0)


def framed(data: bytes) -> bytes:
    head = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="late"\r\n\r\n'
    return head + data + b"\r\n--edge--\r\n"


def test_there_is_room_for_a_class() -> None:
    assert MOST_OF_ALL >= 30 * 5 * 2**20
