"""What is chosen is framed in every picture, and nothing else is."""

import pytest

from tests.ui.helpers import chart, link, open_app, open_pair, send
from tests.ui.pages.learn.helpers import open_learn
from tests.ui.pages.pretrained.helpers import needs_minilm, open_trained
from tests.ui.views.helpers import SIDES, framed_columns, framed_rows, framed_tiles
from ui.choices.options import BETWEEN_TOKENS, STAGES, Stage
from ui.views.marks import place_of

TEXT = "the cat saw the dog"
FOUR = {"text": TEXT, "heads": 4, "embed_size": 32}


@pytest.mark.parametrize("stage", STAGES)
def test_a_chosen_query_key_and_head_are_framed_in_each_stage(stage: Stage) -> None:
    figure = chart(open_app(link(**FOUR, stage=stage, q=3, k=1, head=2)))
    tiles = 1 if stage == "output" else 4
    assert framed_rows(figure) == [3] * tiles
    assert framed_columns(figure) == ([1] * tiles if stage in BETWEEN_TOKENS else [])
    assert framed_tiles(figure) == ([] if stage == "output" else [2])


@pytest.mark.parametrize(
    ("chosen", "rows", "columns", "tiles"),
    [
        ({}, [], [], []),
        ({"q": 0}, [0] * 4, [], []),
        ({"k": 4}, [], [4] * 4, []),
        ({"head": 0}, [], [], [0]),
        ({"heads": 1, "embed_size": 8, "head": 0}, [], [], []),  # there is no other
    ],
)
def test_only_what_is_chosen_is_framed(
    chosen: dict[str, int], rows: list[int], columns: list[int], tiles: list[int]
) -> None:
    figure = chart(open_app(link(**{**FOUR, **chosen})))
    assert (framed_rows(figure), framed_columns(figure)) == (rows, columns)
    assert framed_tiles(figure) == tiles


def test_a_click_on_a_word_frames_its_row_in_every_head() -> None:
    page = open_app(link(**FOUR))
    send(page, "strip", "pick", 2)
    assert framed_rows(chart(page)) == [2] * 4
    send(page, "strip", "pick", -1)  # the same word again
    assert framed_rows(chart(page)) == []


def test_side_by_side_words_are_framed_wherever_they_ask_and_are_looked_at() -> None:
    # A query of cross-attention is a word of the target, a key one of the source.
    page = open_pair(link(text=TEXT, text2="der Kater sah", view="kinds", kind="cross", q=1, k=4))
    kinds = {
        kind: chart(page, f"{kind}_chart") for kind in ("encoder_self", "decoder_self", "cross")
    }
    assert {kind: set(framed_rows(figure)) for kind, figure in kinds.items()} == {
        "encoder_self": set(),
        "decoder_self": {1},
        "cross": {1},
    }
    assert {kind: set(framed_columns(figure)) for kind, figure in kinds.items()} == {
        "encoder_self": {4},
        "decoder_self": set(),
        "cross": {4},
    }


def test_queries_beside_another_sentences_keys_are_not_framed_with_them() -> None:
    page = open_pair(
        link(text=TEXT, text2="der Kater sah", view="heads", kind="cross", stage="qkv", q=1)
    )
    assert framed_rows(chart(page)) == []


@pytest.mark.parametrize(
    ("overview", "tile"), [("mean_heads", 1), ("rollout", 1), ("mean_layers", 2)]
)
def test_means_frame_the_layer_or_the_head_and_the_query(overview: str, tile: int) -> None:
    chosen = {"layers": 3, "layer": 1, "head": 2, "q": 3, "k": 0}
    figure = chart(
        open_app(link(**FOUR, view="layers", overview=overview, **chosen)), "layers_chart"
    )
    assert framed_tiles(figure) == [tile]
    assert set(framed_rows(figure)) == {3}
    assert set(framed_columns(figure)) == {0}


@pytest.mark.parametrize(("head", "across"), [(None, 4), (2, 1)])
def test_the_layer_or_its_head_is_framed_among_all_heads(head: int | None, across: int) -> None:
    chosen = {} if head is None else {"head": head}
    page = open_app(link(**FOUR, view="layers", layers=3, layer=1, **chosen))
    layout = chart(page, "layers_chart")["layout"]
    (shape,) = layout["shapes"]
    left, top, right, bottom = _parts(shape["path"])
    # Four thumbnails across and three down: a frame around one of them is about a part as large.
    assert right - left == pytest.approx(across / 4, abs=0.02)
    assert left == pytest.approx((head or 0) / 4, abs=0.02)
    assert (top, bottom) == pytest.approx((2 / 3, 1 / 3), abs=0.02)


def _parts(path: str) -> tuple[float, float, float, float]:
    """A framed box as parts of the picture: left, top, right, bottom, from the lower left."""
    ((left, top, right, bottom),) = SIDES.findall(path)
    return float(left), float(top), float(right), float(bottom)


def test_heads_of_a_training_frame_what_is_chosen() -> None:
    page = open_learn(layers=2, heads=2, embed_size=16, head=1, layer=1, q=2, k=5)
    figure = chart(page, "learn_chart")
    assert framed_tiles(figure) == [3]  # two layers of two heads each
    assert framed_rows(figure) == [2] * 4
    assert framed_columns(figure) == [5] * 4
    only = open_learn(layers=1, heads=1, embed_size=16, head=0)
    assert framed_tiles(chart(only, "learn_chart")) == []  # there is no other


def test_a_cell_of_a_comparison_is_framed_on_both_sides_and_in_their_difference() -> None:
    page = open_app("all_heads=true", path="compare")
    charts = ("compare_a", "compare_b", "compare_difference")
    assert [framed_rows(chart(page, key)) for key in charts] == [[], [], []]
    send(page, "chart_clicks", "cell", {"chart": "compare_b", "tile": 5, "row": 7, "column": 1})
    for key in charts:  # one pair, alone
        assert framed_rows(chart(page, key)) == [7]
        assert framed_columns(chart(page, key)) == [1]
    assert dict(page.query_params) == {"view": "head", "head": "5", "q": "7", "k": "1"}
    # A click on another cell of the pair stays with it; on the same one it frames none.
    cell = {"chart": "compare_difference", "tile": 0, "row": 2, "column": 3}
    send(page, "chart_clicks", "cell", cell)
    assert dict(page.query_params) == {"view": "head", "head": "5", "q": "2", "k": "3"}
    send(page, "chart_clicks", "cell", cell)
    assert dict(page.query_params) == {"view": "head", "head": "5"}
    assert framed_rows(chart(page, "compare_a")) == []


def test_a_comparison_of_sentences_frames_a_word_where_there_is_one() -> None:
    page = open_app(
        link(a="explore?text=a+b+c", b="explore?text=a", one_text="false", q=2), path="compare"
    )
    assert set(framed_rows(chart(page, "compare_a"))) == {2}
    assert framed_rows(chart(page, "compare_b")) == []


@needs_minilm
def test_a_piece_of_a_merged_word_frames_the_word_and_a_hidden_one_nothing() -> None:
    # [CLS] token ##ization splits ...: the second piece belongs to the second row.
    text = "Tokenization splits words"
    page = open_trained(text=text, layer=1, q=2, words="true")
    assert set(framed_rows(chart(page))) == {1}
    page = open_trained(text=text, layer=1, q=2, words="true", special="false")
    assert set(framed_rows(chart(page))) == {0}
    assert framed_rows(chart(open_trained(text=text, layer=1, q=0, special="false"))) == []


@pytest.mark.parametrize(
    ("token", "place"), [(None, None), (0, None), (1, 0), (2, 1), (3, 1), (4, None)]
)
def test_the_place_of_a_token_among_merged_and_hidden_ones(
    token: int | None, place: int | None
) -> None:
    assert place_of([[1], [2, 3]], token) == place
