"""One head: the matrix equation with all its terms."""

import numpy as np
import streamlit as st

from ui.compute import Run
from ui.header import divisor_text
from ui.i18n import _
from ui.selection import Selection
from ui.stages import field
from viz.equation import Matrix, draw_equation
from viz.labels import dimension_labels, token_labels
from viz.theme import Theme


def show_head(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw Q × Kᵀ → energy → scores → weights × V → output for the chosen head."""
    head = selection.head or 0
    divisor = divisor_text(run, latex=True)
    st.markdown(
        _("**Head {head}** of {heads}, D = {size}. {hint}").format(
            head=head,
            heads=run.settings.heads,
            size=run.module.head_dim,
            hint=_("Choose a query (a word above, or its number) to follow its row.")
            if selection.query is None
            else _("The row of query {query} is framed throughout.").format(query=selection.query),
        )
    )
    formulas = (
        "Q = X W_Q",
        "K^\\top = (X W_K)^\\top",
        "E = Q K^\\top",
        f"S = E / {divisor}" + ("" if run.mask is None else " + M"),
        "A = \\mathrm{softmax}(S)",
        "V = X W_V",
        "O = A V",
    )
    with st.container(key="formulas"):
        for column, formula in zip(st.columns(len(formulas), gap="small"), formulas, strict=True):
            column.markdown(f"${formula}$")
    terms = _terms(run, selection, head)
    st.plotly_chart(
        draw_equation(terms, theme),
        key="head_chart",
        theme=None,
        config={"displayModeBar": False},
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


def _terms(run: Run, selection: Selection, head: int) -> list[Matrix]:
    def of(name: str) -> np.ndarray:
        return field(run, name, selection.sentence)[head]

    tokens = token_labels(run.tokens[selection.sentence])
    dimensions = dimension_labels(run.module.head_dim)
    length, size = f"L = {run.length}", f"D = {run.module.head_dim}"
    masked = ~run.allowed(selection.sentence)
    row = selection.query

    def by_dimension(name: str, title: str, sign: str, row: int | None) -> Matrix:
        return Matrix(of(name), title, tokens, dimensions, length, size, sign, row=row)

    def by_token(name: str, title: str, sign: str, masks: bool) -> Matrix:
        values = np.where(masked, np.float32("nan"), of(name)) if masks else of(name)
        return Matrix(
            values,
            title,
            tokens,
            tokens,
            length,
            length,
            sign,
            diverging=name != "weights",
            masked=masked if masks else None,
            row=row,
        )

    return [
        by_dimension("queries", _("Q"), "×", row),
        Matrix(of("keys").T, _("Kᵀ"), dimensions, tokens, size, length, "="),
        by_token("energy", _("energy"), "→", masks=False),
        by_token("scores", _("scores"), "→", masks=True),
        by_token("weights", _("weights"), "×", masks=True),
        by_dimension("values", _("V"), "=", None),
        by_dimension("head_outputs", _("output"), "", row),
    ]
