"""What a model trained here says at each place, and whether that is right."""

from html import escape

import streamlit as st

from ui.runs.trained_here import LONGEST_CONTINUATION, TrainedHereRun, continuation
from ui.text.i18n import _
from ui.text.markdown import token_text, verbatim

Row = tuple[str, tuple[str, ...], tuple[str | None, ...] | None]  # name, symbols, what is right


def show_answers(run: TrainedHereRun, *, is_over: bool) -> None:
    """Show what was read, what the model says at each place, and what is right."""
    example = run.example
    rows: list[Row] = [(_("reads"), example.inputs, None)]
    if example.source:
        rows.insert(0, (_("source"), example.source, None))
    rows.append((_("says"), run.answer, example.targets))
    rows.append((_("right"), tuple(t or "" for t in example.targets), None))
    st.html(f'<div class="answers"><table>{"".join(map(_row, rows))}</table></div>')
    if run.settings.plan.task == "characters" and is_over:
        written = verbatim(continuation(run.settings), LONGEST_CONTINUATION)
        st.markdown(
            _("Writes on, always with the most probable character: {text}").format(text=written)
        )


def _row(row: Row) -> str:
    name, symbols, targets = row
    cells = []
    for i, symbol in enumerate(symbols):
        right = targets[i] if targets else None
        look = "" if targets is None else "unasked" if right is None else "wrong"
        look = "right" if look == "wrong" and right == symbol else look
        text = "" if look == "unasked" else token_text(symbol) if symbol else ""
        cells.append(f'<td class="{look}">{escape(text)}</td>')
    return f"<tr><th>{escape(name)}</th>{''.join(cells)}</tr>"
