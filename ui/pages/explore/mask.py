"""The mask: its kind, its size, and a grid to paint one's own."""

import numpy as np
import streamlit as st

from model.masks import MOST_CELLS_ASIDE, Mask, custom_mask, decode_cells, encode_cells
from ui.choices.limits import MAX_SPAN
from ui.choices.options import MASKS
from ui.choices.sizes import WITH_SPAN, can_look_ahead
from ui.components import PainterData, mask_painter
from ui.controls.presenting import painter_size
from ui.controls.random_settings import segments
from ui.link.memory import default_of, set_values, value_of
from ui.runs.random_weights import RandomRun
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.markdown import token_text


def draw_mask() -> None:
    """Draw the kind of mask, and the number that some kinds have."""
    segments(
        _("Mask"),
        MASKS,
        key="mask",
        help=explain(
            "mask",
            "causal",
            more=_(
                "Padding: no looking at the filling of short sentences. "
                "Window: only the nearest words. Prefix: causal, but everybody sees the first "
                "words. Every n-th: only the word itself, and those n, 2n, 3n ... steps away. "
                "Custom: paint it. The last four hide the padding too."
            ),
        ),
    )
    mask: Mask = value_of("mask")
    if mask in WITH_SPAN:
        _draw_span()
    if can_look_ahead(mask, value_of("span")):
        _draw_look_ahead()


def _draw_look_ahead() -> None:
    st.toggle(_("Look ahead as well"), value_of("look_ahead"), key="look_ahead")


def _draw_span() -> None:
    st.number_input(
        {
            "prefix": _("Words that everybody sees"),
            "strided": _("n: one of how many words"),
        }.get(value_of("mask"), _window_label()),
        1,
        MAX_SPAN,
        value=default_of("span"),
        key="span",
    )


def _window_label() -> str:
    if value_of("look_ahead"):
        return _("Words on each side, itself included")
    return _("Words in the window, itself included")


def draw_painter(run: RandomRun, sentence: int) -> None:
    """Draw the grid on which a custom mask is painted, for the first tokens of a sentence."""
    length = run.source.lengths[sentence]
    tokens = run.source.tokens[sentence][: min(length, MOST_CELLS_ASIDE)]
    if not tokens:  # written to in any case, or typing couldn't write here later
        st.empty()
        return
    mask_painter(
        PainterData(
            tokens=[token_text(token) for token in tokens],
            allowed=painted(len(tokens)),
            words={
                "all": _("All"),
                "causal": _("Causal"),
                "diagonal": _("Diagonal"),
                "invert": _("Invert"),
                "hint": _("Click or drag to paint who may attend to whom."),
                "may": _("{query} may attend to {key}"),
                "may_not": _("{query} may not attend to {key}"),
            },
            enlarged=painter_size(),
        ),
        key="painter",
        on_paint=take_paint,
    )
    if length > MOST_CELLS_ASIDE:
        st.caption(
            _(
                "The first {most} words can be painted. Beyond them the mask goes on as it looks: "
                "causal where nothing painted looks ahead, else open."
            ).format(most=MOST_CELLS_ASIDE)
        )


def painted(size: int) -> np.ndarray:
    """Return the painted mask on a grid of this size."""
    return custom_mask(value_of("cells"), size)[0, 0].numpy()


def take_paint() -> None:
    """Keep the mask that the painter sent, and what lies beyond a shorter sentence's part of it."""
    sent = st.session_state.get("painter", {}).get("paint")
    try:
        stroke = decode_cells(sent if isinstance(sent, str) else "")
    except ValueError:  # a browser can send anything
        return
    size = len(stroke)
    if value_of("cells"):
        size = max(size, len(decode_cells(value_of("cells"))))
    cells = painted(size)
    cells[: len(stroke), : len(stroke)] = stroke
    set_values(cells=encode_cells(cells))
