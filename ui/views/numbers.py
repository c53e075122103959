"""Numbers: statistics of the heads, the stage as a table, and downloads."""

import streamlit as st

from ui.choices.options import FIELDS
from ui.components import window_is_tall
from ui.controls.selection import INPUTS, Selection, attention_in
from ui.link.memory import value_of
from ui.runs.run import Attention, Run
from ui.runs.tables import stage_table
from ui.text.descriptions import Description
from ui.text.explain import explain
from ui.text.i18n import N_, _
from ui.text.numbers import whole
from ui.text.option_names import word
from ui.views.view import View
from viz.statistics import head_statistics
from viz.theme import Theme

MOST_ROWS = 20_000  # of the table on the page; downloads have all
HEIGHT, TALL_HEIGHT = 187, 320  # pixels of a table: two stand below one another on a projector
ROW = 35  # ... and of one of its rows


def show_numbers(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw the statistics and the table twin of the stage."""
    attention, stage = attention_in(run, selection), value_of("stage")
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
            _("The first {shown} of {all} rows; the downloads have them all.").format(
                shown=whole(MOST_ROWS), all=whole(count)
            )
        )
    value = table.columns[-1]
    st.dataframe(
        table,
        key="stage_table",
        hide_index=True,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
        # 9 significant digits tell any two float32 numbers apart.
        column_config={
            **_column_names(),
            value: st.column_config.NumberColumn(
                _("value") if value == "value" else value, format="%.9g"
            ),
        },
    )


def _column_names() -> dict[str, str]:
    """Return what the columns of a stage are called on the screen; a file has their identifiers."""
    return {
        "field": _("field"),
        "head": _("head"),
        "query": _("query"),
        "query_token": _("token of the query"),
        "key": _("key"),
        "key_token": _("token of the key"),
        "dimension": _("dimension"),
    }


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
        height="auto" if window_is_tall() else min(HEIGHT, ROW * (1 + len(table)) + 2),
        column_config={
            "head": number(_("head")),
            "entropy": number(
                _("entropy (nats)"),
                format="%.4f",
                help=explain("entropy", "nats"),
            ),
            "entropy_share": number(
                _("share of the highest entropy"),
                format="percent",
                help=explain("entropy", more=_("Divided by log(keys that the query can reach).")),
            ),
            "largest_weight": number(
                _("largest weight"),
                format="%.4f",
                help=explain("weight", more=_("Of each query's favourite key.")),
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


DESCRIPTION = Description(
    N_("Numbers: what each head does on average, and below, every number of the stage."),
    "",
    ("head", "entropy", "nats", "weight", "query", "key", "value", "token", "energy", "score",
     "head_output", "output"),
)  # fmt: skip
NUMBERS = View("numbers", show_numbers, lambda: DESCRIPTION, switch="stage", inputs=INPUTS)
