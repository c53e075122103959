"""One head: the matrix equation with all its terms."""

import math

import numpy as np
import streamlit as st

from ui.compute import Run
from ui.header import divisor_text
from ui.i18n import _
from ui.selection import Selection
from ui.stages import field
from ui.views.heads import PLOTLY_CONFIG, tell_pooling
from viz.equation import Matrix, draw_equation
from viz.labels import dimension_labels, token_labels
from viz.theme import Theme


def show_head(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw Q × Kᵀ → energy → scores → weights × V → output for the chosen head."""
    head = selection.head or 0
    hint = _("Choose a query (a word above, or its number) to follow its row.")
    if selection.query is not None:
        hint = _("The row of query {query} is framed throughout.").format(query=selection.query)
    st.markdown(
        _("**Head {head}** of {heads}, D = {size}. {hint}").format(
            head=head, heads=run.settings.heads, size=run.module.head_dim, hint=hint
        )
    )
    formulas = _formulas(run, head)
    with st.container(key="formulas"):
        for column, formula in zip(st.columns(len(formulas), gap="small"), formulas, strict=True):
            column.markdown(f"${formula}$")
    terms = _terms(run, selection, head)
    st.plotly_chart(
        draw_equation(terms, theme),
        key="head_chart",
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_(
            "Head {head} as a matrix equation: queries times transposed keys give the energy; "
            "divided by {divisor} and masked, the scores; their softmax, the weights; times the "
            "values, the head's output. Largest weight {weight:.3g}."
        ).format(
            head=head,
            divisor=divisor_text(run),
            weight=float(np.nanmax(terms[4].values, initial=0.0)),
        ),
    )
    tell_pooling(max((term.block for term in terms), key=math.prod))


def _formulas(run: Run, head: int) -> tuple[str, ...]:
    """What each term is, in KaTeX; h counts the heads."""

    def projected(name: str) -> str:
        if run.settings.projection == "full":  # each head has columns of its own in W
            return f"X W_{name}^{{({head})}}"
        return f"X^{{({head})}} W_{name}"  # each head has a part of X, and all share W

    divided = f"QK^\\top / {divisor_text(run, latex=True)}"
    return (
        f"Q = {projected('Q')}",
        f"K = {projected('K')}",
        "QK^\\top",
        f"S = {divided}" + ("" if run.mask is None else " + M"),
        "A = \\mathrm{softmax}(S)",
        f"V = {projected('V')}",
        "A V",
    )


def _terms(run: Run, selection: Selection, head: int) -> list[Matrix]:
    def of(name: str) -> np.ndarray:
        return field(run, name, selection.sentence)[head]

    tokens = token_labels(run.tokens[selection.sentence], _("position"))
    dimensions = dimension_labels(run.module.head_dim, dimension=_("dimension"))
    length, size = f"L = {run.length}", f"D = {run.module.head_dim}"
    masked = ~run.allowed(selection.sentence)

    def by_dimension(name: str, title: str, sign: str, row: int | None) -> Matrix:
        who = _("key") if name == "values" else _("query")
        return Matrix(
            of(name), title, tokens, dimensions, who, "", f"{length} × {size}", sign, row=row
        )

    def by_token(name: str, title: str, sign: str, *, masks: bool) -> Matrix:
        return Matrix(
            np.where(masked, np.float32("nan"), of(name)) if masks else of(name),
            title,
            tokens,
            tokens,
            _("query"),
            _("key"),
            f"{length} × {length}",
            sign,
            diverging=name != "weights",
            masked=masked if masks else None,
            masked_text=_("masked"),
            row=selection.query,
        )

    return [
        by_dimension("queries", _("Q"), "×", selection.query),
        Matrix(of("keys").T, _("Kᵀ"), dimensions, tokens, "", _("key"), f"{size} × {length}", "="),
        by_token("energy", _("energy"), "→", masks=False),
        by_token("scores", _("scores"), "→", masks=True),
        by_token("weights", _("weights"), "×", masks=True),
        by_dimension("values", _("V"), "=", None),
        by_dimension("head_outputs", _("output"), "", selection.query),
    ]
