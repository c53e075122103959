"""One head: the matrix equation with all its terms."""

import math
from html import unescape

import numpy as np
import streamlit as st

from ui.components import window_is_narrow, window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import INPUTS, Selection, attention_in
from ui.runs.run import Attention, Run
from ui.text.colors import colored_formula
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import verbatim
from ui.text.numbers import percent
from ui.views.divisor import divisor_text
from ui.views.equations import describe_equations, projection_formula
from ui.views.heads import PLOTLY_CONFIG, show_pooling
from ui.views.stages import where
from ui.views.view import View
from viz.chain import draw_chain
from viz.contributions import BARS, Contributions
from viz.equation import HEIGHT, TALL_HEIGHT, Matrix, draw_equation
from viz.labels import AxisLabels, dimension_labels
from viz.theme import Theme
from viz.weight_scale import LINEAR


def show_head(run: Run, selection: Selection, theme: Theme) -> None:
    """Draw Q × Kᵀ → energy → scores → weights × V → output for the chosen head."""
    attention, head = attention_in(run, selection).whole, selection.head or 0
    reads = describe_equations(attention)
    hint = _("Choose a query to follow its row.")
    if selection.query is not None:
        hint = describe_fit(attention, head, selection.query)
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
    for said in _told_of_changes(attention, head):
        st.caption(said)
    made_of = _contributions(attention, head, selection.query)
    terms = _terms(attention, selection, head)
    if window_is_narrow():
        figure = draw_chain(terms, theme, made_of)
    else:
        _show_formulas(attention, head, theme, is_made_of=made_of is not None)
        height = TALL_HEIGHT if window_is_tall() else HEIGHT
        figure = draw_equation(terms, theme, made_of, height=height)
    st.plotly_chart(
        figure,
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
    show_pooling(max((term.block for term in terms), key=math.prod))


def _told_of_changes(attention: Attention, head: int) -> list[str]:
    """Say which of the steps aren't what they would be, since something was changed by hand."""
    said = []
    if attention.has_other_weights(head):
        said.append(_("The weights were put in by hand: they aren't the softmax of the scores."))
    if attention.has_other_output(head):
        said.append(_("The output was put in by hand: it isn't what the weights make of V."))
    return said


def _show_formulas(attention: Attention, head: int, theme: Theme, *, is_made_of: bool) -> None:
    """Say what each term is, above it."""
    formulas, widths = _formulas(attention, head), [1.0] * 7
    if is_made_of:
        formulas, widths = (*formulas, "$A_k \\lVert V_k \\rVert$"), [*widths, BARS]
    with st.container(key="formulas"):
        for column, formula in zip(st.columns(widths, gap="small"), formulas, strict=True):
            column.markdown(_colored(formula, theme))


def _colored(formula: str, theme: Theme) -> str:
    """The formula with its letters in their colours; what is said in words stays as it is."""
    return colored_formula(formula, theme) if formula.startswith("$") else formula


def describe_fit(attention: Attention, head: int, query: int) -> str:
    """Return a sentence on the key that fits a query best."""
    weights = attention.field("weights")[head, query]
    name = verbatim(unescape(attention.query_labels.short[query]))  # repeated words stay apart
    if not weights.any():
        return _("{query} may attend to nothing.").format(query=name)
    key = int(weights.argmax())
    return _("{query} fits best with {key}: score {score:.3g}, weight {weight}.").format(
        query=name,
        key=verbatim(unescape(attention.key_labels.short[key])),
        score=float(attention.field("scores")[head, query, key]),
        weight=percent(float(weights[key]), 0),
    )


def _contributions(attention: Attention, head: int, query: int | None) -> Contributions | None:
    """What the output of a query is made of; None where none is chosen."""
    if query is None:
        return None
    return Contributions(
        weights=attention.field("weights")[head, query],
        lengths=np.linalg.norm(attention.field("values")[head], axis=1),
        keys=attention.key_labels,
        title=_("made of"),
        caption=_("weight ×<br>length of V"),
        key_word=_("key"),
        weight_word=_("weight"),
        length_word=_("length of its value"),
        product_word=_("adds"),
    )


def _formulas(attention: Attention, head: int) -> tuple[str, ...]:
    """What each term is: KaTeX, or in words where no equation holds."""
    score = f"QK^\\top / {divisor_text(attention.facts, latex=True)}"
    if attention.biases is not None:
        score += " + B"
    if attention.is_masked:
        score += " + M"
    return (
        projection_formula(attention, "queries", head),
        projection_formula(attention, "keys", head),
        "$QK^\\top$",
        f"$S = {score}$",
        "$A = \\mathrm{softmax}(S)$",
        projection_formula(attention, "values", head),
        "$A V$",
    )


def _terms(attention: Attention, selection: Selection, head: int) -> list[Matrix]:
    def of(name: str) -> np.ndarray:
        values: np.ndarray = attention.field(name)[head]
        return values

    queries = attention.query_labels
    keys = attention.key_labels
    rows, columns = f"L = {len(queries)}", f"L = {len(keys)}"
    if attention.kind == "cross":
        rows, columns = f"T = {len(queries)}", f"S = {len(keys)}"
    masked = ~attention.allowed

    def dimensions(values: np.ndarray) -> tuple[AxisLabels, str]:
        size = values.shape[-1]  # which may be another for V than for Q and K
        return dimension_labels(size, dimension=_("dimension")), f"D = {size}"

    def by_token(name: str, title: str, sign: str, *, masks: bool) -> Matrix:
        return Matrix(
            np.where(masked | np.isneginf(of(name)), np.float32("nan"), of(name))
            if masks
            else of(name),
            title,
            queries,
            keys,
            _("query"),
            _("key"),
            (rows, columns),
            sign,
            diverging=name != "weights",
            masked=masked if masks else None,
            masked_text=_("masked"),
            row=selection.query,
            scale=weight_scale() if name == "weights" else LINEAR,
        )

    def of_queries(name: str, title: str, sign: str) -> Matrix:
        labels, size = dimensions(of(name))
        shape, row = (rows, size), selection.query
        return Matrix(
            of(name),
            title,
            queries,
            labels,
            _("query"),
            "",
            shape,
            sign,
            row=row,
            concept="query" if name == "queries" else None,
        )

    of_keys, size_of_keys = dimensions(of("keys"))
    of_values, size_of_values = dimensions(of("values"))
    shape_of_keys, shape_of_values = (size_of_keys, columns), (columns, size_of_values)
    return [
        of_queries("queries", _("Q"), "×"),
        Matrix(
            of("keys").T, _("Kᵀ"), of_keys, keys, "", _("key"), shape_of_keys, "=", concept="key"
        ),
        by_token("energy", _("energy"), "→", masks=False),
        by_token("scores", _("scores"), "→", masks=True),
        by_token("weights", _("weights"), "×", masks=True),
        Matrix(
            of("values"),
            _("V"),
            keys,
            of_values,
            _("key"),
            "",
            shape_of_values,
            "=",
            concept="value",
        ),
        of_queries("head_outputs", _("output"), ""),
    ]


DESCRIPTION = Description(
    N_("One head: from :q[queries], :k[keys] and :v[values] to what the head makes of each word."),
    "softmax(:q[Q]·:k[K]ᵀ ÷ √D)·:v[V]",
    (
        "head",
        "query",
        "key",
        "value",
        "energy",
        "score",
        "softmax",
        "weight",
        "output",
        "head_size",
    ),
)
HEAD = View(
    "head",
    show_head,
    lambda: DESCRIPTION,
    required=("head",),
    inputs=INPUTS,
    shows_weights=lambda: True,
)
