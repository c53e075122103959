"""What a class has answered, beside what is true."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from lessons.answers import is_right
from ui.lesson.facts import amount_text
from ui.lesson.said import read_said
from ui.lesson.seen import Inquiry
from ui.text.i18n import _, ngettext
from ui.text.markdown import token_text
from ui.text.numbers import percent

MOST_ROWS = 7  # answers, the most frequent ones: a step has room for no more
MOST_LETTERS = 40  # of an answer


@dataclass(frozen=True)
class Votes:
    """What was answered, each with how many have given it; the most frequent first."""

    values: Sequence[tuple[Any, int]]

    @property
    def count(self) -> int:
        """How many have answered."""
        return sum(count for _value, count in self.values)


def read_votes(inquiry: Inquiry, votes: Counter[str]) -> Votes:
    """Return what answers mean, as links hold them; what means nothing here is left out.

    They are strangers' texts.
    """
    counts: Counter[Any] = Counter()
    values: dict[Any, Any] = {}
    for text, count in votes.items():
        value = read_said(text, inquiry.question, inquiry.answer, inquiry.seen, inquiry.sides)
        if value is not None:
            name = value.tobytes() if isinstance(value, np.ndarray) else value
            values[name] = value
            counts[name] += count
    # Those that are as frequent stand in the order of what they say, on all screens.
    order = sorted(counts, key=lambda name: (-counts[name], name))
    return Votes([(values[name], counts[name]) for name in order])


def show_votes(inquiry: Inquiry, votes: Counter[str]) -> None:
    """Draw how many have answered what, and what of it is right."""
    read = read_votes(inquiry, votes)
    said = ngettext("{count} answer from the class", "{count} answers from the class", read.count)
    with st.container(key="votes", gap="xsmall"):
        st.caption(said.format(count=read.count))
        if read.count and inquiry.question.kind == "paint":
            st.html(_painted(inquiry, read))
        elif read.count:
            st.html(_bars(inquiry, read))


def _bars(inquiry: Inquiry, votes: Votes) -> str:
    """A table of the answers, each with a bar as long as it is frequent."""
    name_of, rows = _namer(inquiry), []
    shown, is_said = votes.values[:MOST_ROWS], False
    for value, count in shown:
        right = is_right(inquiry.answer, inquiry.truth, value)
        is_said = is_said or right
        rows.append(_row(name_of(value), count, votes.count, is_right=right))
    if not is_said and inquiry.truth.right:
        right = inquiry.truth.right[0]
        given = dict(votes.values).get(right, 0)
        shown = [*shown, (right, given)]
        rows.append(_row(name_of(right), given, votes.count, is_right=True))
    if others := votes.count - sum(count for _value, count in shown):
        rows.append(_row(_("others"), others, votes.count, is_right=False))
    return f'<table class="votes"><tbody>{"".join(rows)}</tbody></table>'


def _row(name: str, count: int, of: int, *, is_right: bool) -> str:
    """A row; what is right is told by a sign, by its letters and by its colour."""
    share = count / of
    said = escape(name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…")
    mark = f'<span title="{escape(_("right"))}"> ✓</span>' if is_right else ""
    return (
        f'<tr{" class=right" if is_right else ""}><th scope="row">{said}{mark}</th>'
        f'<td class="bar"><div style="width: {100 * share:.1f}%"></div></td>'
        f"<td>{count}</td><td>{escape(percent(share))}</td></tr>"
    )


def _painted(inquiry: Inquiry, votes: Votes) -> str:
    """A grid of how many have painted each cell; those that are right have a frame."""
    dark = np.asarray(inquiry.truth.right[0], dtype=bool)
    size = min(len(dark), *(len(value) for value, _count in votes.values))
    shares = sum(value[:size, :size] * count for value, count in votes.values) / votes.count
    words = [escape(token_text(word)) for word in inquiry.seen.queries[:size]]
    rows = []
    for row in range(size):
        cells = "".join(
            f'<td{" class=right" if dark[row, column] else ""} title="{escape(percent(share))}">'
            f'<div style="opacity: {share:.2f}"></div></td>'
            for column, share in enumerate(shares[row])
        )
        rows.append(f'<tr><th scope="row">{words[row]}</th>{cells}</tr>')
    said = escape(_("The darker, the more have painted a cell; a frame: it is right."))
    return (
        f'<table class="votes painted"><caption>{said}</caption>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _namer(inquiry: Inquiry) -> Callable[[Any], str]:
    """What an answer is called."""
    keys = [token_text(word) for word in inquiry.seen.keys]
    queries = [token_text(word) for word in inquiry.seen.queries]
    match inquiry.question.kind:
        case "word":
            return lambda place: keys[place]
        case "cell" if inquiry.answer.asks_heads:
            return lambda cell: _("layer {layer}, head {head}").format(layer=cell[0], head=cell[1])
        case "cell":
            return lambda cell: f"{queries[cell[0]]} → {keys[cell[1]]}"
        case "choice":
            return lambda name: inquiry.question.choices[name]
        case _ if inquiry.answer.is_share:
            return percent
        case _:
            return lambda value: amount_text(inquiry, value)
