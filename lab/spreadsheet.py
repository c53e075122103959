"""Tables as CSV files that a spreadsheet can open without running what somebody typed."""

import io
import re

import pandas as pd
import pyarrow as pa
from pyarrow import csv

# What spreadsheets take for the beginning of a formula, in the widths of all keyboards; a tab or a
# line break before it is skipped by some. Source: OWASP, "CSV Injection".
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def to_csv(frame: pd.DataFrame, *, header: bool = True) -> bytes:
    """Return the table as CSV in UTF-8, below a line of names.

    Texts stand in quotes, and what there isn't is empty. A text that a spreadsheet would take for
    a formula gets an apostrophe in front, which tells it that this is text; a text that is a
    number stays, and so does every number.
    """
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    safe = frame.assign(**{name: _harmless_texts(frame[name]) for name in texts})
    file = io.BytesIO()
    # Arrow's writer takes a tenth of pandas' time, and doesn't hold Python's lock.
    rows = pa.Table.from_pandas(safe, preserve_index=False)
    csv.write_csv(rows, file, csv.WriteOptions(include_header=header, quoting_header="none"))
    return file.getvalue()


def _harmless_texts(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return the column with each of its different texts made harmless once."""
    return column.map({text: harmless(text) for text in column.unique()})


def harmless(value: object) -> object:
    """Return a cell's value so that no spreadsheet computes it."""
    if not isinstance(value, str):
        return value
    if FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
