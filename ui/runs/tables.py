"""A stage, or a whole trace, as a table and as CSV."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from lab.spreadsheet import to_csv
from model.attention import AttentionTrace
from model.contributions import Contributions
from ui.choices.options import BETWEEN_TOKENS, FIELDS, Stage
from ui.runs.run import Attention
from ui.text.stage_names import value_word
from viz.statistics import tidy

PIECE = 50_000  # rows of a CSV that are made at once: some megabytes


def stage_table(attention: Attention, stage: Stage, *, most: int | None = None) -> pd.DataFrame:
    """Return a stage as a tidy table of at most so many rows; Q·K·V have a column for which."""
    names = FIELDS[stage]
    if len(names) > 1:
        return _field_tables(attention, names, most).iloc[:most]
    table = _field_table(attention, names[0], most).drop(columns="field")
    return table.rename(columns={"value": value_word(stage)})


def stage_csv(attention: Attention, stage: Stage) -> bytes:
    """Return a stage as CSV, with all rows of `stage_table`."""
    value, names = value_word(stage), FIELDS[stage]
    pieces = _pieces(attention, names)
    if len(names) == 1:
        pieces = (p.drop(columns="field").rename(columns={"value": value}) for p in pieces)
    return _csv(pieces)


def trace_csv(attention: Attention) -> bytes:
    """Return every known field of one attention's trace as one tidy table, as CSV."""
    whole = attention.whole
    return _csv(_pieces(whole, [f.name for f in fields(AttentionTrace) if whole.run.knows(f.name)]))


def contributions_csv(found: Contributions) -> bytes:
    """Return what each part of a model adds to a logit, as CSV.

    The last two rows are their sum, and the model's own number.
    """
    layers, heads = found.heads.shape
    rows: list[tuple[str, int | None, int | None, float]]
    rows = [("embedding", None, None, found.embedding)]
    for layer in range(layers):
        rows += [("head", layer, h, float(found.heads[layer, h])) for h in range(heads)]
        rows.append(("attention_bias", layer, None, float(found.attention_biases[layer])))
        rows.append(("feed_forward", layer, None, float(found.feed_forwards[layer])))
    rows += [("constant", None, None, found.constant), ("sum", None, None, found.total)]
    rows.append(("model_logit", None, None, found.logit))
    table = pd.DataFrame(rows, columns=["part", "layer", "head", "logits"])
    return to_csv(table.astype({"layer": "Int64", "head": "Int64"}))


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
