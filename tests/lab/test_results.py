"""Tables: order, columns, groups, and files that are read back."""

import io
import math

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lab.points import Kind, MechanismPoint
from lab.results import METRICS, Result, columns_of, summary, table, to_parquet
from lab.spreadsheet import to_csv
from tests.lab.helpers import learning, mechanism


def frame_of(values: dict[tuple[int, int], float | None]) -> pd.DataFrame:
    """A table of heads, seed and score spread; None failed. The last row came first."""
    results = [
        Result(
            MechanismPoint(text='=a, "b"\nc', heads=heads, embed_size=8, seed=seed),
            None if value is None else {"score_spread": value, "head_similarity": math.nan},
            "" if value is not None else "out of memory",
            index=index,
        )
        for index, ((heads, seed), value) in enumerate(values.items())
    ]
    return table(reversed(results))


FRAME = frame_of({(1, 0): 1.0, (1, 1): 4.0, (2, 0): 3.0, (2, 1): None})


def test_a_table_has_the_grids_order_and_all_columns() -> None:
    assert list(FRAME.columns) == list(columns_of("mechanism"))
    assert FRAME[["heads", "seed"]].to_numpy().tolist() == [[1, 0], [1, 1], [2, 0], [2, 1]]
    assert FRAME["score_spread"].tolist()[:3] == [1.0, 4.0, 3.0]
    assert FRAME.loc[3, list(METRICS["mechanism"])].isna().all()
    assert FRAME["failure"].tolist() == ["", "", "", "out of memory"]


def test_groups_leave_out_what_failed() -> None:
    found = summary(FRAME, ["heads"])
    assert found["heads"].tolist() == [1, 2]
    assert found["score_spread_mean"].tolist() == [2.5, 3.0]
    assert found["score_spread_std"].tolist()[0] == pytest.approx(math.sqrt(4.5))
    assert math.isnan(found["score_spread_std"].tolist()[1])  # of one value
    assert found["score_spread_count"].tolist() == [2, 1]
    assert found["head_similarity_count"].tolist() == [0, 0]


@pytest.mark.parametrize("kind", ["mechanism", "learning"])
def test_no_results_are_an_empty_table(kind: Kind) -> None:
    frame = table([], kind)
    assert list(frame.columns) == list(columns_of(kind))
    assert summary(frame, ["heads"]).empty
    assert to_csv(frame).decode().count("\n") == 1
    assert pd.read_parquet(io.BytesIO(to_parquet(frame))).shape == frame.shape


def test_csv_is_read_back() -> None:
    found = pd.read_csv(
        io.BytesIO(to_csv(FRAME)), keep_default_na=False, na_values={"score_spread": ""}
    )
    assert found["text"].tolist() == ['\'=a, "b"\nc'] * 4  # marked: it isn't to be computed
    assert found["score_spread"].tolist()[:3] == [1.0, 4.0, 3.0]
    assert found["failure"].tolist() == ["", "", "", "out of memory"]


def test_a_lone_surrogate_does_not_stop_a_download() -> None:
    result = Result(MechanismPoint(text="a\ud800", heads=1, embed_size=8), {"score_spread": 1.0})
    assert b"a?" in to_csv(table([result]))
    assert to_parquet(table([result]))


def test_parquet_has_units_and_descriptions() -> None:
    file = to_parquet(FRAME)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(file)), FRAME)
    schema = pq.read_schema(io.BytesIO(file))
    for name, column in columns_of("mechanism").items():
        assert schema.field(name).metadata == {
            b"unit": column.unit.encode(), b"description": column.description.encode(),
        }  # fmt: skip
    point = learning().points().valid[0]
    learnt = pq.read_schema(io.BytesIO(to_parquet(table([Result(point, None, "no")]))))
    assert learnt.field("seconds").metadata[b"unit"] == b"s"


def test_a_table_of_something_else_has_no_descriptions() -> None:
    schema = pq.read_schema(io.BytesIO(to_parquet(pd.DataFrame({"parameters": [1]}))))
    assert schema.field("parameters").metadata is None


def test_every_parameter_and_metric_is_described() -> None:
    for grid in (mechanism(), learning()):
        point = grid.points().valid[0]
        frame = table([Result(point, None, "failed")])
        assert list(frame.columns) == list(columns_of(grid.kind))
        assert frame.loc[0, "heads"] == point.heads
    for kind in METRICS:
        assert all(column.description for column in columns_of(kind).values())
