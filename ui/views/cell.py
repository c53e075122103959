"""The cell inspector: one weight, as arithmetic that a pencil can follow."""

import numpy as np
import streamlit as st

from ui.controls.selection import INPUTS, Selection, attention_in
from ui.runs.run import Attention, ModuleRun, Run
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import verbatim
from ui.views.divisor import divisor_text
from ui.views.heads import PLOTLY_CONFIG
from ui.views.stages import where
from ui.views.view import View
from viz.inspector import CellArithmetic, cell_arithmetic, draw_products
from viz.theme import Theme

DIGITS = 4  # significant, that are seen
ALL_DIGITS = 9  # ... and on hover: what tells any two float32 numbers apart


def show_cell(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw the products and the steps for the chosen head, query and key."""
    attention = attention_in(run, selection).whole
    head, query, key = selection.head or 0, selection.query or 0, selection.key or 0
    biases = attention.biases
    cell = cell_arithmetic(
        attention.field("queries")[head, query],
        attention.field("keys")[head],
        key,
        attention.facts.divisor,
        _allowed(attention, head, query),
        None if biases is None else biases[head, query],
    )
    weight = float(attention.field("weights")[head, query, key])
    st.markdown(
        _(
            "**How much does query {q} {q_token} attend to key {k} {k_token}, in head "
            "{head}{where}?** "
            "Choose others with Head, Query and Key above, or click a cell in All heads."
        ).format(
            q=query,
            q_token=verbatim(attention.queries[query]),
            k=key,
            k_token=verbatim(attention.keys[key]),
            head=head,
            where=where(attention),
        )
    )
    left, right = st.columns([9, 11], gap="medium")
    with left:
        st.plotly_chart(
            draw_products(cell, theme, dimension=_("dimension"), product=_("product q·k")),
            key="products_chart",
            theme=None,
            config=PLOTLY_CONFIG,
            alt=_(
                "{count} products of query and key, one a dimension, from {low:.3g} to {high:.3g}; "
                "their sum is {energy:.6g}."
            ).format(
                count=len(cell.products),
                low=cell.products.min(),
                high=cell.products.max(),
                energy=cell.energy,
            ),
        )
    with right, st.container(key="arithmetic"):
        # Numbers and our own words alone.
        st.markdown(_steps(attention, cell, weight, theme), unsafe_allow_html=True)
        if attention.has_other_weights(head):
            st.caption(_("The module's weights of this head were put in by hand."))


def _allowed(attention: Attention, head: int, query: int) -> np.ndarray:
    """Return which keys a query may attend to in a head, (K,) booleans."""
    if attention.change is None:
        keys: np.ndarray = attention.allowed[query]
        return keys
    scores: np.ndarray = attention.field("scores")[head, query]
    return scores > -np.inf


def _steps(attention: Attention, cell: CellArithmetic, weight: float, theme: Theme) -> str:
    """The arithmetic as a table: what is done, and what comes out."""
    divisor = divisor_text(attention.facts, latex=True)
    rows = [
        (_("energy: sum of the {n} products").format(n=len(cell.products)),
         rf"\sum_d {{\color{{{theme.query}}}q_d}} {{\color{{{theme.key}}}k_d}}",
         _number(cell.energy)),
        (_("divisor"), divisor, _number(cell.divisor)),
        *_score(attention, cell),
        (_("mask"), "", _("may attend") if cell.allowed else _("masked: score becomes −∞")),
        (_("largest score in the row"), "m", _number(cell.largest)),
        (_("exponential"), "e^{s-m}", _number(cell.exponential)),
        (_("denominator: over the row"), r"\sum_j e^{s_j-m}", _number(cell.denominator)),
        (_("**weight**: exponential ÷ denominator"), "", f"**{_number(cell.weight)}**"),
        (_("the module's weight (float32)"), "", f"**{_number(weight)}**"),
    ]  # fmt: skip
    titles = (_("step"), _("formula"), _("number"))
    lines = [f"| {' | '.join(titles)} |", "|:--|:-:|--:|"]
    lines += [f"| {what} | {f'${how}$' if how else ''} | {result} |" for what, how, result in rows]
    difference = _("Worked out in float64; differs from the module by {d:.1e}.").format(
        d=abs(cell.weight - weight)
    )
    return "\n".join(lines) + f"\n\n{difference}"


def _score(attention: Attention, cell: CellArithmetic) -> list[tuple[str, str, str]]:
    if attention.biases is None:
        return [(_("score: energy ÷ divisor"), "s", _number(cell.score))]
    return [
        (_bias_word(attention), "b", _number(cell.bias)),
        (_("score: energy ÷ divisor + b"), "s", _number(cell.score)),
    ]


def _bias_word(attention: Attention) -> str:
    if isinstance(attention.run, ModuleRun):  # where nothing else adds to the scores
        return _("ALiBi: −slope × distance")
    return _("what the model adds")


def _number(value: float) -> str:
    """A number in a few digits, which tells the others when it is pointed at."""
    value += 0.0  # no negative zero
    if value == float("-inf"):
        return "−∞"
    few, every = (f"{value:.{digits}g}".replace("-", "−") for digits in (DIGITS, ALL_DIGITS))
    return few if few == every else f'<span title="{every}">{few}</span>'


DESCRIPTION = Description(
    N_("Cell: one weight, worked out from one :q[query] and one :k[key], as with a pencil."),
    "exp(s) ÷ Σ exp(s)",
    ("weight", "query", "key", "energy", "scale", "score", "mask", "softmax", "head"),
)
CELL = View("cell", show_cell, lambda: DESCRIPTION, required=INPUTS, inputs=INPUTS)
