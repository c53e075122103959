"""The question of a step: what is asked, and what can be said. Before the truth is shown, all of it
is made of the sentence's own words alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from lessons.lesson import Question
from lessons.truth import Answer, Unit
from model.masks import MOST_CELLS_ASIDE, decode_cells
from ui.components import PainterData, mask_painter
from ui.components.picker import PickerColors, PickerRow, word_picker
from ui.controls.let_show import let_show
from ui.controls.presenting import painter_size
from ui.controls.selection import whole_numbers
from ui.lesson.said import MOST, read_said
from ui.lesson.seen import Inquiry
from ui.link.memory import set_values, value_of
from ui.text.i18n import N_, _
from ui.text.markdown import plain, token_text
from viz.theme import theme_of

AT_A_DESK = 1.4  # times as large as in a sidebar: a step has more room
GUESS = "guess"  # the key of the widget of numbers and choices


def said_of(inquiry: Inquiry) -> Any:
    """Return what somebody has said; None where they haven't, or it means nothing here."""
    return read_said(
        value_of("answer"), inquiry.question, inquiry.answer, inquiry.seen, inquiry.sides
    )


def draw_answer(inquiry: Inquiry, *, is_revealed: bool, is_locked: bool, painted: str = "") -> None:
    """Draw what can be said; with the truth among it, once that may be seen.

    Args:
        inquiry: what is asked.
        is_revealed: whether it may be seen.
        is_locked: whether nothing more can be said: the truth was asked for, and may still come.
        painted: what a class has painted, in a sentence.
    """
    said = said_of(inquiry)
    match inquiry.question.kind:
        case "word" | "cell":
            _draw_words(inquiry, said, is_revealed=is_revealed)
        case "number":
            _draw_number(inquiry.answer, said, is_locked=is_locked)
        case "choice":
            _draw_choice(inquiry.question, said, is_locked=is_locked)
        case "paint":
            _draw_painter(inquiry, said, painted)


def _draw_words(inquiry: Inquiry, said: Any, *, is_revealed: bool) -> None:
    theme = theme_of(st.context.theme.type)
    colors = PickerColors(said=theme.query, right=theme.key, ground=theme.ground)
    word_picker(
        _rows(inquiry, said, is_revealed=is_revealed),
        colors,
        {"right": _("right"), "said": _("your answer")},
        key="picker",
        on_pick=_take_pick(inquiry),
    )


def _rows(inquiry: Inquiry, said: Any, *, is_revealed: bool) -> list[PickerRow]:
    right = inquiry.truth.right if is_revealed else None
    keys = [token_text(word) for word in inquiry.seen.keys]
    if inquiry.question.kind == "word":
        return [PickerRow("", keys, said, right)]
    queries = [token_text(word) for word in inquiry.seen.queries]
    chosen = said or _half_said(value_of("answer"))
    if inquiry.answer.asks_heads:
        labels = _("Layer"), _("Head")
        keys, queries = ([str(place) for place in range(count)] for count in inquiry.sides[::-1])
    else:
        labels = _("Who looks (row)"), _("At whom (column)")
    sides = [None, None] if right is None else [[cell[side] for cell in right] for side in (0, 1)]
    return [
        PickerRow(labels[0], queries, chosen[0], sides[0]),
        PickerRow(labels[1], keys, chosen[1], sides[1]),
    ]


def _half_said(text: str) -> tuple[int | None, ...]:
    """The row or the column of a cell of which one is still missing."""
    parts = [*text.split("."), ""][:2]
    return tuple(
        int(part) if part.isascii() and part.isdigit() and len(part) < 6 else None for part in parts
    )


def _take_pick(inquiry: Inquiry) -> Any:
    is_cell = inquiry.question.kind == "cell"

    def take() -> None:
        sent = st.session_state.get("picker", {}).get("pick")
        numbers = whole_numbers(sent, "row", "place")
        if numbers is None or value_of("revealed"):
            return
        row, place = numbers
        if not is_cell and row == 0:
            set_values(answer=str(place))
        elif is_cell and row in (0, 1):
            cell = list(_half_said(value_of("answer")))
            cell[row] = place
            set_values(answer=".".join("" if part is None else str(part) for part in cell))

    return take


LABELS: Mapping[Unit, str] = {
    "": N_("Your answer"),
    "percent": N_("Your answer, in percent"),
    "tokens": N_("Your answer, in tokens"),
    "megabytes": N_("Your answer, in megabytes"),
}


def _draw_number(answer: Answer, said: float | None, *, is_locked: bool) -> None:
    def take() -> None:
        typed = st.session_state[GUESS]
        set_values(answer="" if typed is None else f"{typed:g}")

    shown = None if said is None else said * 100 if answer.is_share else said
    number: Callable[[float], Any] = round if answer.is_whole else float
    value = None if shown is None else number(shown)
    let_show(GUESS, value)
    st.number_input(
        _(LABELS[answer.unit]),
        number(0),
        number(100 if answer.is_share else MOST),
        value=value,
        step=number(1),
        format="%d" if answer.is_whole else "%g",
        key=GUESS,
        placeholder=_("guess"),
        disabled=is_locked,
        on_change=take,
        width=260,
    )


def _draw_choice(question: Question, said: str | None, *, is_locked: bool) -> None:
    def take() -> None:
        set_values(answer=st.session_state[GUESS] or "")

    names: Mapping[str, str] = question.choices
    let_show(GUESS, said)
    st.segmented_control(
        _("Your answer"),
        list(names),
        default=said,
        format_func=lambda name: plain(names[name], 80),
        key=GUESS,
        disabled=is_locked,
        on_change=take,
        label_visibility="collapsed",
    )


def _draw_painter(inquiry: Inquiry, said: np.ndarray | None, painted: str) -> None:
    tokens = [token_text(word) for word in inquiry.seen.queries[:MOST_CELLS_ASIDE]]
    if not tokens:
        return

    def take() -> None:
        sent = st.session_state.get("picker_painter", {}).get("paint")
        try:
            decode_cells(sent if isinstance(sent, str) else "")
        except ValueError:  # a browser can send anything
            return
        if not value_of("revealed"):
            set_values(answer=sent)

    nothing = np.zeros((len(tokens), len(tokens)), dtype=bool)
    mask_painter(
        PainterData(
            tokens=tokens,
            allowed=nothing if said is None else said,
            words={
                "all": _("All"),
                "causal": _("Lower half"),
                "diagonal": _("Diagonal"),
                "invert": _("Invert"),
                "hint": painted or _("Click or drag where you expect much: who looks at whom."),
                "may": _("{query} looks at {key}"),
                "may_not": _("{query} doesn't look at {key}"),
            },
            enlarged=max(AT_A_DESK, painter_size()),
        ),
        key="picker_painter",
        on_paint=take,
    )
