"""The heads of two attentions, their differences and their divergences, as tiles."""

from dataclasses import replace

import numpy as np

from ui.choices.options import FROM_ZERO, Stage
from ui.runs.comparison import Comparison
from ui.text.i18n import _
from ui.text.stage_names import value_word
from ui.views.stages import attention_tiles
from viz.labels import AxisLabels
from viz.tiles import Tiles


def difference_tiles(comparison: Comparison, stage: Stage, *, height: int, width: int) -> Tiles:
    """B - A of each pair; hatched where neither side may look.

    Raises:
        ValueError: if the shapes differ.
    """
    like = attention_tiles(comparison.a, stage, height=height, width=width)
    masked = None
    if stage != "energy":
        a, b = comparison.a.allowed, comparison.b.allowed
        masked = ~(a | b) if stage in FROM_ZERO else ~(a & b)
    values = comparison.difference(stage)
    if masked is not None:
        values = np.where(masked, np.float32("nan"), values)
    return replace(
        like,
        values=values,
        names=comparison.pair_names(),
        short_names=[
            f"A{a}–B{b}" if comparison.are_matched else str(a) for a, b in comparison.pairs
        ],
        masked=masked,
        diverging=True,
        value_title=_("B − A, {what}").format(what=value_word(stage)),
        limit=None,
    )


def divergence_tiles(comparison: Comparison, *, height: int, width: int) -> Tiles:
    """Return the divergence of each row and pair, nats, as one picture: queries down, pairs across.

    Raises:
        ValueError: if the shapes differ.
    """
    real = comparison.real_queries
    names = [f"A{a}–B{b}" if comparison.are_matched else str(a) for a, b in comparison.pairs]
    rows = comparison.a.query_labels
    return Tiles(
        values=comparison.divergences.T[None],
        names=[_("Jensen-Shannon divergence of each row")],
        rows=AxisLabels(rows.short[:real], rows.full[:real]),
        columns=AxisLabels(tuple(names), tuple(comparison.pair_names())),
        row_title=_("query (from)"),
        row_concept="query",
        column_title=_("head of A – head of B") if comparison.are_matched else _("head"),
        value_title=_("divergence (nats)"),
        diverging=False,
        row_word=_("query"),
        column_word=_("heads"),
        height=height,
        width=width,
    )
