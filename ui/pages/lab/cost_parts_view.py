"""What each part of a forward pass costs: a table with the formulas, and bars."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from lab.cost import cost_table
from model.config import Config
from model.cost_parts import part_costs
from ui.link.memory import value_of
from ui.pages.lab.picture_controls import draw_amount
from ui.text.i18n import N_, _
from ui.views.heads import PLOTLY_CONFIG
from viz.cost import Words
from viz.cost_parts import Parts, draw_parts
from viz.theme import theme_of

PARTS_CHART = "parts_chart"
PART_WORDS = {
    "embedding": N_("embedding and positions"),
    "projections": N_("projections Q, K, V"),
    "energy": N_("energy Q·Kᵀ"),
    "softmax": N_("softmax"),
    "weighted_sum": N_("weights × V"),
    "output": N_("output projection"),
    "feed_forward": N_("feed-forward"),
    "norms": N_("norms and residual"),
    "total": N_("total"),
}


def cost_words() -> Words:
    """Return the words of the figures, in the page's language."""
    return Words(
        tokens=_("tokens"),
        time=_("Time of a forward pass"),
        multiply_adds=_("Multiply-adds of a forward pass"),
        memory=_("Most memory held at one time"),
        parameters=_("Parameters"),
        predicted=_("predicted"),
        measured=_("measured"),
        attention=_("attention"),
        feed_forward=_("feed-forward"),
    )


def show_parts(configs: Sequence[Config]) -> None:
    """Show a table of the parts: formula, a number for each configuration, and the ratio."""
    draw_amount()
    amount, tokens = value_of("amount"), value_of("tokens")
    table = parts_table(configs, tokens, amount)
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        key="cost_table",
        hide_index=True,
        height=35 * (len(table) + 1) + 3,
        column_config={
            "part": st.column_config.TextColumn(_("part")),
            "formula": st.column_config.TextColumn(
                _("formula"),
                help=_("L tokens, E embedding size, H heads, D = E / H, N layers, F = 4·E."),
            ),
            **{
                f"E={c.embed_size}": number(f"E = {c.embed_size}", format="localized")
                for c in configs
            },
            "ratio": number(_("ratio"), format="%.2f×", help=_("The last one ÷ the first one.")),
        },
    )
    _draw_parts(configs, tokens)


def _draw_parts(configs: Sequence[Config], tokens: int) -> None:
    """The same as bars: what grows most when a size does."""
    costs = [part_costs(config, tokens) for config in configs]
    counted = [part.name for part in costs[0] if part.multiply_adds.value or part.parameters.value]
    shown = [
        Parts(
            f"E = {config.embed_size}",
            [part.multiply_adds.value for part in parts if part.name in counted],
            [part.parameters.value for part in parts if part.name in counted],
        )
        for config, parts in zip(configs, costs, strict=True)
    ]
    st.plotly_chart(
        draw_parts(
            shown,
            [_(PART_WORDS[name]) for name in counted],
            theme_of(st.context.theme.type),
            words=cost_words(),
        ),
        key=PARTS_CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_("Multiply-adds and parameters of each part, as bars"),
    )


def parts_table(configs: Sequence[Config], tokens: int, amount: str) -> pd.DataFrame:
    """Return a row for each part that costs any of this amount, and the total."""
    tables = [cost_table(config, tokens) for config in configs]
    made = pd.DataFrame(
        {
            "part": [_(PART_WORDS[part]) for part in tables[0]["part"]],
            "formula": tables[0][f"{amount}_formula"],
        }
    )
    for config, table in zip(configs, tables, strict=True):
        made[f"E={config.embed_size}"] = table[amount]
    if len(configs) > 1:
        first, last = tables[0][amount], tables[-1][amount]
        made["ratio"] = last / first.where(first > 0)
    return made[tables[-1][amount] > 0]
