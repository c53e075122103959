"""What a model trained here says at each place, and whether that is right."""

import json
from collections.abc import Sequence
from html import escape

import streamlit as st

from ui.runs.trained_here import LONGEST_CONTINUATION, TrainedHereRun, continuation
from ui.text.i18n import _
from ui.text.markdown import token_text, verbatim

Row = tuple[str, tuple[str, ...], tuple[str | None, ...] | None]  # name, symbols, what is right


def show_answers(
    run: TrainedHereRun, *, is_over: bool, frames: Sequence[tuple[str, ...]] = ()
) -> None:
    """Show what was read, what the model says at each place, and what is right.

    Args:
        run: the snapshot that is shown.
        is_over: whether nothing more will be learnt.
        frames: what is said at each frame of the figure, which the browser shows while it plays.
    """
    example = run.example
    rows: list[Row] = [(_("reads"), example.inputs, None)]
    if example.source:
        rows.insert(0, (_("source"), example.source, None))
    says: Row = (_("says"), run.answer, example.targets)
    right: Row = (_("right"), tuple(t or "" for t in example.targets), None)
    drawn = [*map(_row, rows), _row(says, "says"), _row(right)]
    steps = json.dumps([_cells(answer, example.targets) for answer in frames], ensure_ascii=False)
    st.html(
        f'<div class="answers" data-steps="{escape(steps)}"><table>{"".join(drawn)}</table></div>'
    )
    if run.settings.plan.task == "characters" and is_over:
        written = verbatim(continuation(run.settings), LONGEST_CONTINUATION)
        st.markdown(
            _("Writes on, always with the most probable character: {text}").format(text=written)
        )


def _row(row: Row, which: str = "") -> str:
    name, symbols, targets = row
    cells = "".join(
        f'<td class="{look}">{escape(text)}</td>' for text, look in _cells(symbols, targets)
    )
    return f'<tr class="{which}"><th>{escape(name)}</th>{cells}</tr>'


def _cells(
    symbols: tuple[str, ...], targets: tuple[str | None, ...] | None
) -> list[tuple[str, str]]:
    """What stands at each place, and how it looks."""
    cells = []
    for i, symbol in enumerate(symbols):
        right = targets[i] if targets else None
        look = "" if targets is None else "unasked" if right is None else "wrong"
        look = "right" if look == "wrong" and right == symbol else look
        text = "" if look == "unasked" else token_text(symbol) if symbol else ""
        cells.append((text, look))
    return cells
