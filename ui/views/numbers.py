"""Numbers: statistics of the heads, the stage as a table, and downloads."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd
import streamlit as st

from lab.spreadsheet import to_csv
from model.attention import AttentionTrace
from ui.i18n import _
from ui.options import word
from ui.run import Attention
from ui.settings import BETWEEN_TOKENS, Stage
from ui.stages import FIELDS, value_word
from viz.statistics import head_statistics, tidy

MOST_ROWS = 20_000  # of the table on the page; downloads have all
PIECE = 50_000  # rows of a CSV that are made at once: some megabytes


def show_numbers(attention: Attention, stage: Stage) -> None:
    """Draw the statistics and the table twin of the stage."""
    st.markdown(_("**What each head does**, averaged over the sentence's queries"))
    if attention.real_queries:
        _show_statistics(attention)
        if attention is not attention.whole:
            st.caption(_("Distances count the rows shown, and the first token is the first row."))
    else:
        st.caption(_("This sentence has no tokens of its own."))
    table = stage_table(attention, stage, most=MOST_ROWS)
    count = sum(attention.at(name).field(name).size for name in FIELDS[stage])
    st.markdown(
        _("**{stage}**, number by number").format(stage=word(stage)[0].upper() + word(stage)[1:]),
    )
    if count > MOST_ROWS:
        st.caption(
            _("The first {shown:,} of {all:,} rows; the downloads have them all.").format(
                shown=MOST_ROWS, all=count
            )
        )
    st.dataframe(
        table,
        key="stage_table",
        hide_index=True,
        height=320,
        # 9 significant digits tell any two float32 numbers apart.
        column_config={table.columns[-1]: st.column_config.NumberColumn(format="%.9g")},
    )


def _show_statistics(attention: Attention) -> None:
    number = st.column_config.NumberColumn
    real = attention.real_queries
    weights = attention.field("weights")[:, :real]
    table = head_statistics(weights, attention.allowed[:real])
    if attention.kind == "cross":  # a place in one sentence has no distance from one in another
        table = table.drop(columns=["distance", "itself"])
    st.dataframe(
        table,
        key="statistics_table",
        hide_index=True,
        column_config={
            "head": number(_("head")),
            "entropy": number(
                _("entropy (nats)"),
                format="%.4f",
                help=_("How widely a query spreads its weight: 0 is one key, log(n) is n evenly."),
            ),
            "entropy_share": number(
                _("share of the highest entropy"),
                format="percent",
                help=_("Entropy ÷ log(keys that the query can reach): 100 % is an even spread."),
            ),
            "largest_weight": number(
                _("largest weight"),
                format="%.4f",
                help=_("The weight of each query's favourite key."),
            ),
            "distance": number(
                _("mean distance"),
                format="%.3f",
                help=_("How many positions away a query looks, weighted by its weights."),
            ),
            "first_token": number(
                _("on the first token"),
                format="percent",
                help=_("Weight on position 0, where trained heads often rest (a “sink”)."),
            ),
            "itself": number(
                _("on itself"), format="percent", help=_("Weight on the query's own position.")
            ),
        },
    )


def stage_table(attention: Attention, stage: Stage, *, most: int | None = None) -> pd.DataFrame:
    """A stage as a tidy table of at most so many rows; Q·K·V say in a column which they are."""
    names = FIELDS[stage]
    if len(names) > 1:
        return _field_tables(attention, names, most).head(most)
    table = _field_table(attention, names[0], most).drop(columns="field")
    return table.rename(columns={"value": value_word(stage)})


def stage_csv(attention: Attention, stage: Stage) -> bytes:
    """A stage as CSV, with all rows of `stage_table`."""
    value, names = value_word(stage), FIELDS[stage]
    pieces = _pieces(attention, names)
    if len(names) == 1:
        pieces = (p.drop(columns="field").rename(columns={"value": value}) for p in pieces)
    return _csv(pieces)


def trace_csv(attention: Attention) -> bytes:
    """Every field of one attention's trace as one tidy table, as CSV."""
    return _csv(_pieces(attention.whole, [f.name for f in fields(AttentionTrace)]))


def _csv(pieces: Iterable[pd.DataFrame]) -> bytes:
    file = io.BytesIO()
    for number, piece in enumerate(pieces):
        file.write(to_csv(piece, header=number == 0))
    return file.getvalue()


def _pieces(attention: Attention, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Several fields below each other, as many rows at a time as hold nobody up.

    At the limits there are twelve million, which took gigabytes as one table.
    """
    columns = _field_tables(attention, names, 1).columns
    for name in names:
        count = attention.at(name).field(name).size
        for first in range(0, max(1, count), PIECE):  # an empty field has its line of names
            yield _field_table(attention, name, PIECE, first).reindex(columns=columns)


def _field_tables(
    attention: Attention, names: Sequence[str], most: int | None = None
) -> pd.DataFrame:
    """Several fields below each other; a field is left blank where it has no such dimension."""
    table = pd.concat([_field_table(attention, name, most) for name in names], ignore_index=True)
    positions = table.columns.intersection(["head", "query", "key", "dimension"])
    table = table.astype(dict.fromkeys(positions, "Int64"))  # whole numbers, with blanks
    return table[[*table.columns.drop("value"), "value"]]


def _field_table(
    attention: Attention, name: str, most: int | None = None, first: int = 0
) -> pd.DataFrame:
    attention = attention.at(name)
    tokens = {"query": attention.queries, "key": attention.keys}
    if name in BETWEEN_TOKENS:
        dimensions: tuple[str, ...] = ("head", "query", "key")
    elif name == "output":
        dimensions = ("query", "dimension")
    else:
        who = "key" if name in ("keys", "values") else "query"
        dimensions = ("head", who, "dimension")
    named = {who: tokens[who] for who in dimensions if who in tokens}
    table = tidy(attention.field(name), dimensions, named, "value", first=first, most=most)
    if attention is not attention.whole:  # where tokens are merged or hidden, rows aren't positions
        groups = {"query": attention.query_groups, "key": attention.key_groups}
        for who in groups.keys() & set(dimensions):
            tokens_of = np.array([group[0] for group in groups[who]], dtype=np.int32)
            table[who] = tokens_of[table[who]]
    table.insert(0, "field", name)
    return table
