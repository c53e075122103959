"""CSV files hold what was measured and typed, and nothing that a spreadsheet would compute."""

import csv
import io

import pandas as pd
import pytest

from lab.spreadsheet import to_csv


def cells(texts: list[str]) -> list[str]:
    """The cells as a reader of CSV finds them, in one column under its name."""
    data = to_csv(pd.DataFrame({"token": texts, "value": 0.5}))
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert rows[0] == ["token", "value"]
    return [row[0] for row in rows[1:]]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+", "-", "--", "@SUM(A1)", "-cat", "+1 2", '=HYPERLINK("http://x","y")', "-1_0",
     "\t=1", "\n=1", "  =1", "＝1", "＋1", "－a", "＠x", "-٣", "=", "-1e", "+-5"],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_would_compute_is_marked_as_text(text: str) -> None:
    assert cells([text]) == [f"'{text}"]


@pytest.mark.parametrize(
    "text", ["-5", "+.5", "-1.25e-3", "+7E2", "5", "cat", "it's", "a=b", "x-y", "'", "¬", "−5", ""]
)
def test_numbers_and_all_other_texts_stay(text: str) -> None:
    assert cells([text]) == [text]


def test_a_line_break_of_any_kind_stays_within_its_cell() -> None:
    typed = ["\r=1", "a\r\n=b", "a\r=b"]
    assert cells(typed) == ["'\r=1", *typed[1:]]


def test_numbers_stay_numbers_below_zero_too() -> None:
    frame = pd.DataFrame({"a": [-1.5, float("-inf")], "b": [-1, 2], "c": [True, False]})
    assert to_csv(frame) == b"a,b,c\n-1.5,-1,true\n-inf,2,false\n"


def test_equal_texts_in_many_rows_are_all_marked() -> None:
    assert cells(["=a", "b", "=a"]) == ["'=a", "b", "'=a"]
