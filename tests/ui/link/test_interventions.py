"""Interventions as links hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.interventions import Edge, Pattern, PlacedCut, PlacedWeight
from ui.link.interventions import (
    PARAMETERS,
    read_cuts,
    read_heads,
    read_patterns,
    read_weights,
    write_cuts,
    write_heads,
    write_patterns,
    write_weights,
)

SMALL = st.integers(0, 40)
LAYER_AND_HEAD = st.one_of(
    st.just((None, None)), st.tuples(SMALL, st.none()), st.tuples(SMALL, SMALL)
)


@pytest.mark.parametrize(
    ("written", "cut"),
    [
        ("13.2", PlacedCut(13, 2)),
        ("13.2.9", PlacedCut(13, 2, 9)),
        ("13.2.9.4", PlacedCut(13, 2, 9, 4)),
        ("13.2.-.-.1", PlacedCut(13, 2, sentence=1)),
        ("13.2.9.-.1", PlacedCut(13, 2, 9, sentence=1)),
    ],
)
def test_a_cut_names_its_edge_and_then_what_it_is_cut_in(written: str, cut: PlacedCut) -> None:
    assert read_cuts(written) == (cut,)
    assert write_cuts([cut]) == written


def test_weights_are_in_percent_and_patterns_by_name() -> None:
    assert read_weights("13.2.9.4.80,1.0.0.0.5.1") == (
        PlacedWeight(13, 2, 9, 4, 0.8),
        PlacedWeight(1, 0, 0, 0, 0.05, 1),
    )
    assert read_patterns("9.4.uniform,0.1.other.1") == (
        Pattern(9, 4, "uniform"),
        Pattern(0, 1, "other", sentence=1),
    )
    # Two cells aside, of which the second query sees the first key: 0010 and four zeros.
    painted = Pattern(9, 4, "painted", (Edge(1, 0),))
    assert read_patterns("9.4.painted.0.2.IA") == (painted,)
    assert write_patterns([painted]) == "9.4.painted.0.2.IA"


@given(
    heads=st.lists(st.tuples(SMALL, SMALL), unique=True, max_size=3),
    cuts=st.lists(st.tuples(SMALL, SMALL, LAYER_AND_HEAD, st.integers(0, 3)), max_size=3),
    weights=st.lists(
        st.tuples(SMALL, SMALL, SMALL, SMALL, st.integers(0, 100), st.integers(0, 3)), max_size=3
    ),
    cells=st.lists(st.tuples(st.integers(0, 23), st.integers(0, 23)), unique=True, max_size=9),
)
def test_what_is_written_is_read(
    heads: list[tuple[int, int]],
    cuts: list[tuple[int, int, tuple[int | None, int | None], int]],
    weights: list[tuple[int, int, int, int, int, int]],
    cells: list[tuple[int, int]],
) -> None:
    assert read_heads(write_heads(heads)) == tuple(heads)
    placed = tuple(PlacedCut(q, k, *where, s) for q, k, where, s in cuts)
    assert read_cuts(write_cuts(placed)) == placed
    set_by_hand = tuple(PlacedWeight(*w[:4], w[4] / 100, w[5]) for w in weights)
    assert read_weights(write_weights(set_by_hand)) == set_by_hand
    painted = tuple(Edge(*cell) for cell in sorted(cells))
    patterns = (Pattern(1, 2, "painted", painted, 1), Pattern(3, 4, "kept"))
    assert read_patterns(write_patterns(patterns)) == patterns


@given(key=st.sampled_from([key for key in PARAMETERS if key != "from_text"]), text=st.text())
def test_any_text_is_read_as_something_that_reads_alike(key: str, text: str) -> None:
    parameter = PARAMETERS[key]
    value, _ = parameter.read(key, text)
    assert parameter.read(key, value) == (value, None)


def test_of_too_many_the_first_are_used_and_of_equals_one() -> None:
    many = ",".join(f"1.0.{place}" for place in range(70))
    value, said = PARAMETERS["cut"].read("cut", many)
    assert value == many[: many.index(",1.0.64")]
    assert said == "The link's cut has 70 entries; the first 64 are used."
    assert PARAMETERS["cut"].read("cut", "1.0,1.0,01.0") == ("1.0", None)
