"""What came of a sweep, as tables whose columns say what they are."""

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lab.points import Kind, Point, kind_of, parameters_of
from model.errors import CodedText


@dataclass(frozen=True)
class Result:
    """The measurements of a point, or why there are none."""

    point: Point
    metrics: dict[str, Any] | None  # None after a failure
    failure: CodedText | str = ""  # the reason: our own, or what a library says
    cached: bool = False  # whether it was measured in an earlier sweep
    index: int = 0  # the point's place in its grid


@dataclass(frozen=True)
class Column:
    """The content of a column."""

    unit: str  # "" for a number without one
    description: str
    low: float | None = None  # the least value that there can be; None for no bound
    high: float | None = None


PARAMETERS: dict[Kind, dict[str, Column]] = {
    "mechanism": {
        "text": Column("", "The text that attention is computed on"),
        "tokenizer": Column("", "How the text is split: into words or characters"),
        "heads": Column("heads", "Heads of the attention, H", 1),
        "embed_size": Column("numbers", "The size of a token's vector, E", 8),
        "projection": Column(
            "",
            "full: one matrix before the split into heads (paper); shared: one small matrix that "
            "all heads share (tutorial); identity: none",
        ),
        "scale": Column(
            "", "What energies are divided by: the root of head_dim (E / H) or embed_size, or 1"
        ),
        "temperature": Column("", "Divides the energies once more", 0),
        "positions": Column("", "How attention knows where a token stands"),
        "mask": Column("", "Which keys a query may attend to"),
        "span": Column("tokens", "The width of a window, length of a prefix, or step", 1),
        "seed": Column("", "Of the random weights and token vectors", 0),
    },
    "learning": {
        "task": Column("", "What is learnt"),
        "heads": Column("heads", "Heads of each attention, H", 1),
        "embed_size": Column("numbers", "The size of a token's vector, E", 2),
        "layers": Column("layers", "Layers of the stack, of each stack where there are two", 1),
        "positions": Column("", "How attention knows where a token stands"),
        "scale": Column(
            "", "What energies are divided by: the root of head_dim (E / H) or embed_size, or 1"
        ),
        "learning_rate": Column("", "AdamW's", 0),
        "steps": Column("steps", "Updates of the weights, each with 64 new examples", 1),
        "seed": Column("", "Of the first weights and of the examples", 0),
        "corpus": Column("", "The text that characters are learnt from; empty for the app's own"),
    },
}

METRICS: dict[Kind, dict[str, Column]] = {
    "mechanism": {
        "score_spread": Column(
            "", "Standard deviation of what softmax sees, over all cells that aren't masked", 0
        ),
        "energy_spread": Column(
            "", "Standard deviation of q·k before the scale, over all cells that aren't masked", 0
        ),
        "entropy_share": Column(
            "",
            "Entropy of a row over the log of the keys it may attend to: 1 looks at all alike, 0 "
            "at one; mean over rows with two or more such keys, and heads",
            0,
            1,
        ),
        "largest_weight": Column("", "The largest weight of a row; mean over rows and heads", 0, 1),
        "saturated_share": Column(
            "", "The share of rows with a weight above 0.99, where softmax hardly learns", 0, 1
        ),
        "softmax_gradient": Column(
            "", "How far weights move when scores do: the norm of softmax's Jacobian; mean over "
            "rows and heads", 0, 0.5
        ),
        "head_similarity": Column(
            "",
            "1 - Jensen-Shannon divergence / log 2 of two heads' rows, mean over rows and pairs of "
            "heads: 1 if all look at the same; none for one head",
            0,
            1,
        ),
        "effective_rank": Column(
            "",
            "exp of the entropy of the weights' normalised singular values (Roy & Vetterli, 2007); "
            "mean over heads",
            1,
        ),
    },
    "learning": {
        "accuracy": Column("", "The part of held-out answers that are right at the end", 0, 1),
        "loss": Column("nats", "Mean cross-entropy of held-out answers at the end", 0),
        "steps_to_95": Column(
            "steps",
            "The first snapshot's step at which 95 % of held-out answers are right; none if never",
            0,
        ),
        "parameters": Column("weights", "All numbers that are learnt", 1),
        "seconds": Column("s", "How long the training took, where it was run", 0),
    },
}  # fmt: skip

OTHERS = {
    "cached": Column("", "Whether the numbers are from an earlier sweep"),
    "failure": Column("", "Why there are no numbers; empty where there are"),
}


def columns_of(kind: Kind) -> dict[str, Column]:
    """Return all columns of a table, in their order."""
    return PARAMETERS[kind] | METRICS[kind] | OTHERS


def table(results: Iterable[Result], kind: Kind | None = None) -> pd.DataFrame:
    """Return a row for each point, in the grid's order, with columns_of(kind).

    The curves of trainings aren't in it; they are in Result.metrics.

    Args:
        results: of one kind.
        kind: of a table that may be empty; None takes the first result's.
    """
    ordered = sorted(results, key=lambda result: result.index)
    kind = kind or (kind_of(ordered[0].point) if ordered else "mechanism")
    rows = [_row(result, METRICS[kind]) for result in ordered]
    return pd.DataFrame(rows, columns=list(columns_of(kind)))


def summary(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return mean, standard deviation (ddof 1) and count of each metric of each group.

    Args:
        frame: as `table` makes it; rows that failed, and values that there are none of (NaN), are
            left out.
        by: columns, whose equal values make a group.

    Returns:
        The columns of `by`, then three for each metric of the frame: NAME_mean, NAME_std (NaN for
        one value) and NAME_count. Groups are in the order in which the frame has them.
    """
    names = [name for kind in METRICS.values() for name in kind if name in frame.columns]
    good = frame[frame["failure"] == ""]
    groups = good.groupby(list(by), sort=False, dropna=False)[names].agg(["mean", "std", "count"])
    groups.columns = pd.Index(["_".join(pair) for pair in groups.columns.to_flat_index()])
    return groups.reset_index()


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return the table as Parquet; each column's metadata has its `unit` and `description`.

    Columns that aren't of a sweep's have none.
    """
    kinds = [kind for kind, columns in METRICS.items() if set(columns) <= set(frame.columns)]
    known = columns_of(kinds[0]) if kinds else {}
    told = pa.Table.from_pandas(frame, preserve_index=False)
    schema = pa.schema(
        [
            field.with_metadata(
                {"unit": known[field.name].unit, "description": known[field.name].description}
            )
            if field.name in known
            else field
            for field in told.schema
        ],
        metadata=told.schema.metadata,
    )
    file = io.BytesIO()
    pq.write_table(told.cast(schema), file)
    return file.getvalue()


def _row(result: Result, metrics: Iterable[str]) -> dict[str, Any]:
    found = result.metrics or {}
    return {
        **{name: _plain(value) for name, value in parameters_of(result.point).items()},
        **{name: found.get(name, math.nan) for name in metrics},
        "cached": result.cached,
        "failure": str(result.failure),
    }


def _plain(value: Any) -> Any:
    """The value; of a text, what can be written: a stranger's may hold half a character."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
