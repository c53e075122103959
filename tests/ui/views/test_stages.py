"""From a run to pictures: the tiles of a stage, a sentence about them, and what a click means."""

import numpy as np
import pytest

from tests.defaults import run_of
from ui.choices.options import BETWEEN_TOKENS, STAGES, Stage
from ui.views.stages import cell_at, describe, stage_tiles
from viz.theme import LIGHT
from viz.tiles import draw_tiles, grid_of

TEXT = "the cat saw the dog"
LONG = " ".join(f"w{i}" for i in range(300))


@pytest.mark.parametrize("stage", STAGES)
def test_tiles_have_a_label_for_every_row_and_column(stage: Stage) -> None:
    attention = run_of(TEXT).attention()
    tiles = stage_tiles(attention, stage)
    count, rows, columns = tiles.values.shape
    assert (len(tiles.names), len(tiles.rows), len(tiles.columns)) == (count, rows, columns)
    assert tiles.values.dtype == np.float32
    assert draw_tiles(tiles, LIGHT).data[0].name == tiles.names[0]  # and the drawing is valid


def test_queries_keys_and_values_stand_side_by_side_with_gaps() -> None:
    run = run_of("a b", heads=2, embed_size=32)
    tiles = stage_tiles(run.attention(), "qkv")
    assert tiles.values.shape == (2, 2, 3 * 16 + 2 * 2)
    assert tiles.columns.full[0] == "Q, dimension 0"
    assert tiles.columns.full[16:18] == ("", "")
    assert tiles.columns.full[18] == "K, dimension 0"
    assert tiles.columns.full[-1] == "V, dimension 15"
    assert [name for name in tiles.columns.short if name] == ["Q", "K", "V"]
    gaps = [i for i, label in enumerate(tiles.columns.full) if not label]
    assert np.isnan(tiles.values[:, :, gaps]).all()
    assert np.isfinite(np.delete(tiles.values, gaps, axis=2)).all()


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("stage", STAGES)
def test_a_click_on_any_cell_finds_the_number_that_the_cell_shows(stage: Stage, tall: bool) -> None:
    run = run_of(LONG, heads=8, embed_size=16, mask="causal")
    attention = run.attention()
    tiles = stage_tiles(attention, stage, tall=tall)
    grid = grid_of(tiles)
    if stage == "energy" and not tall:
        assert grid.pooled_rows > 1
    drawn = [np.asarray(trace.z) for trace in draw_tiles(tiles, LIGHT).data]
    random = np.random.default_rng(0)
    for _ in range(60):
        tile = int(random.integers(len(drawn)))
        row, column = (int(random.integers(n)) for n in drawn[tile].shape)
        found = cell_at(attention, tiles, stage, tile, row, column)
        assert found is not None
        query = int(found["q"])
        assert found.get("head") == (None if stage == "output" else tile)
        assert query // grid.pooled_rows == row
        there = tiles.values[tile, query]
        if stage in ("energy", "scores", "weights", "weighted_values", "projected_values"):
            assert found["view"] == "cell"
            key = int(found["k"])
            assert key // grid.pooled_columns == column
            np.testing.assert_equal(there[key], drawn[tile][row, column])
        else:
            assert found["view"] == "head"
            assert "k" not in found
            assert np.isnan(drawn[tile][row, column]) or drawn[tile][row, column] in there


@pytest.mark.parametrize("stage", STAGES)
def test_a_click_beside_the_cells_finds_nothing(stage: Stage) -> None:
    attention = run_of(TEXT).attention()
    tiles = stage_tiles(attention, stage)
    count, rows, columns = tiles.values.shape
    outside = [(-1, 0, 0), (count, 0, 0), (0, -1, 0), (0, rows, 0), (0, 0, -1), (0, 0, columns)]
    for place in outside:
        assert cell_at(attention, tiles, stage, *place) is None
    assert cell_at(attention, tiles, stage, count - 1, rows - 1, columns - 1) is not None


def test_a_picture_is_described_by_its_numbers_before_pooling() -> None:
    run = run_of(LONG, heads=2, embed_size=16)
    energy = run.attention().field("energy")
    furthest = np.unravel_index(np.abs(energy).argmax(), energy.shape)
    head, query, key = map(int, furthest)
    assert describe(stage_tiles(run.attention(), "energy")) == (
        f"energy q·k in 2 pictures of 300 × 300 cells, from {energy.min():.3g} to "
        f"{energy.max():.3g}. Furthest from zero: {energy[furthest]:.3g}, in Head {head}, "
        f"query w{query} (position {query}), key w{key} (position {key})."
    )


def test_a_picture_is_described_in_the_tokens_own_letters() -> None:
    # People who hear it don't read the chart's markup.
    said = describe(stage_tiles(run_of("<b>", heads=1).attention(), "weights"))
    assert "query <b> (position 0), key <b> (position 0)." in said


@pytest.mark.parametrize("stage", BETWEEN_TOKENS)
def test_tiles_carry_the_numbers_of_their_heads_for_where_names_are_too_long(stage: Stage) -> None:
    tiles = stage_tiles(run_of("a b", heads=4).attention(), stage)
    assert list(tiles.names) == ["Head 0", "Head 1", "Head 2", "Head 3"]
    assert tiles.short_names == ["0", "1", "2", "3"]
