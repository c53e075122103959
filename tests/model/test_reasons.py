"""What errors say, without the server's folders."""

import pytest

from model.errors import CodedText, CodedValueError
from model.reasons import coded_reason, one_line, reason_of, without_folders


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "No such file or directory: '/srv/app/.venv/lib/model.safetensors'",
            "No such file or directory: 'model.safetensors'",
        ),
        ("can't open /home/ada/models/bert/config.json, sorry", "can't open config.json, sorry"),
        ("/opt/a/b.py:17: wrong", "b.py:17: wrong"),
        ("in '/srv/my models/of bert/'", "in 'of bert'"),
        ('File "/usr/lib/python3.11/json/__init__.py", line 3', 'File "__init__.py", line 3'),
        ("~/.cache/headlight/x is full", "x is full"),
        ("'C:\\Users\\ada\\x.bin' is broken", "'x.bin' is broken"),
        ("(/a/b/c)", "(c)"),
        ("/a/b/", "b"),
        ("in '/'", "in '…'"),
        # These are no paths of the server's.
        ("see https://example.org/docs/models for more", None),
        ("google-bert/bert-base-uncased isn't here", None),
        ("queries and/or keys, 3 / 4 of them", None),
        ("expected (2, 3), got (3, 2)", None),
        ("file:model.safetensors", None),
    ],
)
def test_folders_are_left_out(text: str, expected: str | None) -> None:
    assert without_folders(text) == (text if expected is None else expected)


def test_an_error_without_a_word_has_its_name() -> None:
    assert reason_of(KeyError()) == "KeyError"
    assert reason_of(OSError(2, "No such file", "/srv/x/y")) == "[Errno 2] No such file: 'y'"


def test_a_reason_is_one_line_of_so_many_characters() -> None:
    assert reason_of(ValueError("two\n  lines")) == "two lines"
    assert without_folders("x" * 301) == "x" * 299 + "…"
    assert without_folders("x" * 300) == "x" * 300
    assert without_folders("abc", 2) == "a…"


def test_long_texts_are_read_in_no_time() -> None:
    """Each of these would take hours, were the pattern tried from every letter to every end."""
    for text in ("/" * 50_000, "/a" * 50_000, "'/a" * 50_000, '"/' + "a/" * 50_000):
        without_folders(text)


def test_the_log_has_the_folders_too() -> None:
    error = OSError("can't open\n /srv/models/x.bin")
    assert one_line(error) == "can't open /srv/models/x.bin"
    assert reason_of(error) == "can't open x.bin"
    assert one_line(ValueError("x" * 301)) == "x" * 299 + "…"
    assert one_line(KeyError()) == "KeyError"


def test_our_own_errors_stay_what_can_be_translated() -> None:
    error = CodedValueError("code", "in {folder}", folder="/srv/models/bert")
    assert coded_reason(error) == CodedText("code", "in {folder}", folder="/srv/models/bert")
    assert coded_reason(ValueError("in /srv/models/bert")) == "in bert"
    assert coded_reason(ValueError("a b c"), 3) == "a …"
