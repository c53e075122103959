"""A against B: heads side by side with their difference, one pair, divergences, numbers."""

from dataclasses import replace

import streamlit as st

from lab.spreadsheet import to_csv
from ui.choices.options import CompareView, Stage
from ui.components import window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.presenting import fit_to_window
from ui.link.memory import value_of
from ui.pages.compare.compute import comparison_shown
from ui.pages.compare.patching_view import CLICKABLE as PATCHING
from ui.pages.compare.patching_view import show_patching
from ui.pages.compare.tiles import (
    difference_tiles,
    divergence_tiles,
)
from ui.runs.comparison import Comparison
from ui.runs.run import Attention
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.numbers import percent
from ui.views.advice import show_chart_advice
from ui.views.few_heads import most_telling, only
from ui.views.heads import show_tiles
from ui.views.marks import mark_tokens
from ui.views.stages import attention_tiles, cell_at
from ui.views.view import Chart, Choice, Place
from viz.heatmap import limit_of
from viz.theme import Theme
from viz.tiles import Tiles
from viz.tiles_grid import WIDTH
from viz.weight_scale import LINEAR, WeightScale

CHARTS = ("compare_a", "compare_b", "compare_difference")
DIVERGENCE = "compare_divergence"
# Design pixels of a chart's plot: three stand on a projector, or on a larger screen.
BARS = 12.0  # what stands above and below a pair for a class, in heights of a text
NARROW, HEIGHT, TALL_HEIGHT = 180, 332, 540


def show_comparison(comparison: Comparison, view: CompareView, stage: Stage, theme: Theme) -> None:
    """Draw the view of two attentions."""
    if view == "numbers":
        _show_table(comparison)
    elif view == "patching":
        show_patching(theme)
    elif view == "divergence":
        _show_divergence(comparison, theme)
    else:
        _show_side_by_side(comparison, stage, theme)


def show_pair(comparison: Comparison, stage: Stage, theme: Theme) -> None:
    """Draw the chosen pair of heads, A beside B, as large as a presenter's window has room for."""
    pair = comparison.pairs[min(value_of("head"), len(comparison.pairs) - 1)]
    with st.container(key="compare"):
        places = st.columns(2, gap="small")
    attentions = (comparison.a, comparison.b)
    every = [attention_tiles(attention, stage) for attention in attentions]
    limit = max(limit_of(tiles.values) for tiles in every)
    for place, tiles, attention, head, chart, side in zip(
        places, every, attentions, pair, CHARTS[:2], ("A", "B"), strict=True
    ):
        one = replace(
            only(tiles, [head]),
            names=[f"{side} · {tiles.names[head]}"],
            limit=limit,
            scale=_scale(stage),
            color_bar=side == "B",
            writes=percent if stage == "weights" else None,
        )
        with place:
            fitting = fit_to_window(one, theme, bars=BARS, across=0.48)
            show_tiles(_marked(fitting, attention), chart, theme)


def show_alone(attention: Attention, chart: str, stage: Stage, theme: Theme) -> None:
    """Draw one side, where the other has nothing to show."""
    tiles = attention_tiles(attention, stage, height=_height(), width=WIDTH)
    show_tiles(_marked(replace(tiles, scale=_scale(stage)), attention), chart, theme)


def _marked(tiles: Tiles, attention: Attention) -> Tiles:
    """The tiles with the chosen query and key marked, where this sentence has them."""
    return mark_tokens(tiles, attention, value_of("q"), value_of("k"))


def _scale(stage: Stage) -> WeightScale:
    """The scale of A and of B; their difference, which is signed, keeps one of its own."""
    return weight_scale() if stage == "weights" else LINEAR


def _height() -> int:
    return TALL_HEIGHT if window_is_tall() else HEIGHT


def _show_side_by_side(comparison: Comparison, stage: Stage, theme: Theme) -> None:
    """A, B and their difference, for the pairs shown; A and B on one colour scale."""
    a, b, *difference = _pictures(comparison, stage)
    limit = max(limit_of(a.values), limit_of(b.values))
    scale = _scale(stage)
    a = replace(a, limit=limit, scale=scale, color_bar=False)
    b = replace(b, limit=limit, scale=scale)
    tiles = [
        _marked(a, comparison.a),
        _marked(b, comparison.b),
        *(_marked(each, comparison.a) for each in difference),
    ]
    titles = [
        _describe_a(comparison),
        _("**B**, on A's colour scale"),
        _("**B − A**: orange where B has more"),
    ][: len(tiles)]
    with st.container(key="compare"):
        places = st.columns([10, 12.4, 12.4][: len(tiles)], gap="small")
    for place, title, each, key in zip(places, titles, tiles, CHARTS, strict=False):
        with place:
            st.markdown(title)
            show_tiles(each, key, theme)
    show_chart_advice()


def _describe_a(comparison: Comparison) -> str:
    """What the first chart is, and which heads it and the others show."""
    shown, count = _pairs_shown(comparison), len(comparison.pairs)
    if _shows_pair() or len(shown) == count:
        return _("**A**")
    return _("**A**: the {few} of {count} heads that differ most").format(
        few=len(shown), count=count
    )


def _pairs_shown(comparison: Comparison) -> tuple[int, ...]:
    """The pairs that are drawn: the chosen one, those that differ most, or all."""
    if _shows_pair() and comparison.pairs:
        return (min(value_of("head"), len(comparison.pairs) - 1),)
    return most_telling(comparison.distances)


def _pictures(comparison: Comparison, stage: Stage) -> list[Tiles]:
    """A, B and, where they have one shape, their difference; for the pairs shown.

    All heads of both sides where those are all pairs: some may be in none.
    """
    sizes = {"height": _height(), "width": NARROW}
    tiles = [attention_tiles(side, stage, **sizes) for side in (comparison.a, comparison.b)]
    if comparison.has_one_shape and comparison.pairs:
        tiles.append(difference_tiles(comparison, stage, **sizes))
    shown = _pairs_shown(comparison)
    if not shown or not (_shows_pair() or len(shown) < len(comparison.pairs)):
        return tiles
    heads = [[comparison.pairs[pair][side] for pair in shown] for side in (0, 1)]
    return [only(each, which) for each, which in zip(tiles, [*heads, shown], strict=False)]


def _show_divergence(comparison: Comparison, theme: Theme) -> None:
    if not (comparison.has_one_shape and comparison.pairs):
        return  # the notes say why
    tiles = divergence_tiles(comparison, height=_height(), width=WIDTH)
    if value_of("q") is not None and value_of("q") < comparison.real_queries:
        tiles = replace(tiles, marked_row=value_of("q"))
    show_tiles(tiles, DIVERGENCE, theme)
    st.caption(
        _(
            "How different a query's weights are in A and in B: 0 nats where they are the same, "
            "0.693 (log 2) where they share no key (Lin, 1991)."
        )
    )


def _show_table(comparison: Comparison) -> None:
    table = comparison.table()
    measures = (
        ("entropy", _("entropy (nats)")),
        ("entropy_share", _("share of the highest entropy")),
        ("largest_weight", _("largest weight")),
        ("distance", _("mean distance")),
        ("first_token", _("on the first token")),
        ("itself", _("on itself")),
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        key="comparison_table",
        hide_index=True,
        column_config={
            "side": st.column_config.TextColumn(_("side")),
            "head": number(_("head")),
            "head_a": number(_("head of A")),
            "head_b": number(_("head of B")),
            "divergence": number(
                _("divergence (nats)"),
                format="%.4f",
                help=explain("divergence", "nats", more=_("Mean over the rows.")),
            ),
            "largest_divergence": number(_("of the row that moved most"), format="%.4f"),
            **{name: number(title, format="%.3f") for name, title in measures},
            **{
                f"{name}_{side}": number(f"{title}, {side.upper()}", format="%.3f")
                for name, title in measures
                for side in "ab"
            },
        },
    )
    st.download_button(
        _("This table (CSV)"),
        to_csv(table),
        "headlight_comparison.csv",
        "text/csv",
        key="download_comparison",
        icon=":material/download:",
        on_click="ignore",
    )


def behind_tile(chart: str, tile: int) -> Choice:
    """Return what to show after a click on a tile: the pair that its head belongs to."""
    comparison = comparison_shown()
    return None if comparison is None else _pair_of(comparison, chart, tile)


def behind_cell(chart: str, place: Place) -> Choice:
    """Return what to show after a click on a cell: its pair, with its query and key marked.

    Those that are marked already are so no longer.
    """
    comparison, stage = comparison_shown(), value_of("stage")
    choice = None if comparison is None else _pair_of(comparison, chart, place[0])
    if comparison is None or choice is None:
        return None
    shown = _pictures(comparison, stage)
    at = CHARTS.index(chart)
    cell = cell_at((comparison.a, comparison.b, comparison.a)[at], shown[at], stage, *place)
    if cell is None:
        return None
    marks: dict[str, int | str | None] = {"q": cell["q"], "k": cell["k"]}
    if _shows_pair() and all(value_of(key) == token for key, token in marks.items()):
        marks = dict.fromkeys(marks)
    return {**choice, **marks}


def _shows_pair() -> bool:
    """Whether a tile is the chosen pair's, and not one of all heads'."""
    return bool(value_of("view") == "head")


def _pair_of(comparison: Comparison, chart: str, tile: int) -> Choice:
    shown = _pairs_shown(comparison)
    if chart == CHARTS[2] or _shows_pair() or len(shown) < len(comparison.pairs):
        found = [shown[tile]] if 0 <= tile < len(shown) else []
    else:
        side = CHARTS.index(chart)
        found = [i for i, pair in enumerate(comparison.pairs) if pair[side] == tile]
    return {"view": "head", "head": found[0]} if found else None


def _clickable(chart: str) -> Chart:
    return Chart(
        chart,
        behind_cell=lambda run, selection, place: behind_cell(chart, place),
        behind_name=lambda run, selection, tile: behind_tile(chart, tile),
    )


CLICKABLE = (*map(_clickable, CHARTS), *PATCHING)
