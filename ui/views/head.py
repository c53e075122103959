"""One head: the matrix equation with all its terms."""

import math

import numpy as np
import streamlit as st

from ui.header import divisor_text
from ui.i18n import _
from ui.run import Attention
from ui.selection import Selection
from ui.stages import where
from ui.views.heads import PLOTLY_CONFIG, tell_pooling
from viz.equation import Matrix, draw_equation
from viz.labels import dimension_labels
from viz.theme import Theme


def show_head(attention: Attention, selection: Selection, theme: Theme) -> None:
    """Draw Q × Kᵀ → energy → scores → weights × V → output for the chosen head."""
    attention, head = attention.whole, selection.head or 0
    if attention.kind == "cross":
        reads = _("Y: the target's vectors, X: the encoder's output.")
    else:
        reads = _("X: the vectors that the layer reads.")
    if attention.run.has_identity:
        reads += " " + _("The projections are the identity.")
    if attention.facts.has_bias:  # the formulas have no room for it
        reads += " " + _("Each projection also adds a bias.")
    if attention.facts.kv_heads < attention.facts.heads:
        reads += " " + _("Heads share {count} keys and values.").format(
            count=attention.facts.kv_heads
        )
    hint = _("Choose a query to follow its row.")
    if selection.query is not None:
        hint = _("The row of query {query} is framed throughout.").format(query=selection.query)
    st.markdown(
        _("**Head {head}** of {heads}{where}, D = {size}. {reads} {hint}").format(
            head=head,
            heads=attention.facts.heads,
            where=where(attention),
            size=attention.facts.head_dim,
            reads=reads,
            hint=hint,
        )
    )
    formulas = _formulas(attention, head)
    with st.container(key="formulas"):
        for column, formula in zip(st.columns(len(formulas), gap="small"), formulas, strict=True):
            column.markdown(f"${formula}$")
    terms = _terms(attention, selection, head)
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
            divisor=divisor_text(attention.facts),
            weight=float(np.nanmax(terms[4].values, initial=0.0)),
        ),
    )
    tell_pooling(max((term.block for term in terms), key=math.prod))


def _formulas(attention: Attention, head: int) -> tuple[str, ...]:
    """What each term is, in KaTeX: X is what the layer reads, Y where the queries are another's."""
    facts = attention.facts
    reads = {"K": "X", "V": "X", "Q": "Y" if attention.kind == "cross" else "X"}

    def projected(name: str) -> str:
        group = head if name == "Q" else head * facts.kv_heads // facts.heads
        if attention.run.has_identity:
            product = f"{reads[name]}^{{({head})}}"
        elif facts.projection == "full":  # each head, or group of heads, has columns of its own
            product = f"{reads[name]} W_{name}^{{({group})}}"
        else:  # each head has a part of X, and all share W
            product = f"{reads[name]}^{{({head})}} W_{name}"
        if facts.positions == "rotary" and name != "V":
            return f"\\mathrm{{rot}}({product})"
        return product

    score = f"QK^\\top / {divisor_text(facts, latex=True)}"
    if attention.biases is not None:
        score += " + B"
    if attention.is_masked:
        score += " + M"
    return (
        f"Q = {projected('Q')}",
        f"K = {projected('K')}",
        "QK^\\top",
        f"S = {score}",
        "A = \\mathrm{softmax}(S)",
        f"V = {projected('V')}",
        "A V",
    )


def _terms(attention: Attention, selection: Selection, head: int) -> list[Matrix]:
    def of(name: str) -> np.ndarray:
        return attention.field(name)[head]

    queries = attention.query_labels
    keys = attention.key_labels
    dimensions = dimension_labels(attention.facts.head_dim, dimension=_("dimension"))
    rows, columns = f"L = {len(queries)}", f"L = {len(keys)}"
    if attention.kind == "cross":
        rows, columns = f"T = {len(queries)}", f"S = {len(keys)}"
    size = f"D = {attention.facts.head_dim}"
    masked = ~attention.allowed

    def by_token(name: str, title: str, sign: str, *, masks: bool) -> Matrix:
        return Matrix(
            np.where(masked, np.float32("nan"), of(name)) if masks else of(name),
            title,
            queries,
            keys,
            _("query"),
            _("key"),
            f"{rows} × {columns}",
            sign,
            diverging=name != "weights",
            masked=masked if masks else None,
            masked_text=_("masked"),
            row=selection.query,
        )

    def of_queries(name: str, title: str, sign: str) -> Matrix:
        shape, row = f"{rows} × {size}", selection.query
        return Matrix(of(name), title, queries, dimensions, _("query"), "", shape, sign, row=row)

    shape_of_keys, shape_of_values = f"{size} × {columns}", f"{columns} × {size}"
    return [
        of_queries("queries", _("Q"), "×"),
        Matrix(of("keys").T, _("Kᵀ"), dimensions, keys, "", _("key"), shape_of_keys, "="),
        by_token("energy", _("energy"), "→", masks=False),
        by_token("scores", _("scores"), "→", masks=True),
        by_token("weights", _("weights"), "×", masks=True),
        Matrix(of("values"), _("V"), keys, dimensions, _("key"), "", shape_of_values, "="),
        of_queries("head_outputs", _("output"), ""),
    ]
