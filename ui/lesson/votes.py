"""What a class has answered, beside what is true."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from lessons.answers import agreement, is_right
from ui.controls.presenting import is_presented
from ui.lesson.facts import amount_text
from ui.lesson.said import read_said
from ui.lesson.seen import Inquiry
from ui.text.i18n import _, ngettext
from ui.text.markdown import token_text
from ui.text.numbers import percent

MOST_ROWS = 7  # answers, the most frequent ones: a step has room for no more
MOST_LETTERS = 40  # of an answer
MOST_IN_A_LINE, LETTERS_IN_A_LINE = 3, 18  # for a class


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
    if is_presented():  # where a step leaves room for no more than a line
        if inquiry.question.kind != "paint":  # which says it below the painting
            st.html(f'<p class="votes">{_summary(inquiry, read)}</p>')
        return
    said = ngettext("{count} answer from the class", "{count} answers from the class", read.count)
    with st.container(key="votes", gap="xsmall"):
        st.caption(said.format(count=read.count))
        if read.count and inquiry.question.kind == "paint":
            st.html(_painted(inquiry, read))
        elif read.count:
            st.html(_bars(inquiry, read))


def describe_paintings(inquiry: Inquiry, votes: Counter[str]) -> str:
    """Return how near the class's paintings come to the right one, in a sentence."""
    read = read_votes(inquiry, votes)
    if not read.count:
        return _("no answers")
    dark = inquiry.truth.right[0]
    agreed = sum(agreement(painted, dark) * count for painted, count in read.values)
    return ngettext(
        "{count} answer: {share} of its cells, or of the right ones, are in both.",
        "{count} answers: on average, {share} of their cells, or of the right ones, are in both.",
        read.count,
    ).format(count=read.count, share=percent(agreed / read.count))


def _shown(inquiry: Inquiry, votes: Votes, most: int) -> list[tuple[str, int, bool]]:
    """What is shown of the answers: each one's name, how many have given it, and if it is right.

    The most frequent, what is right in any case, and all others together.
    """
    name_of, found = _namer(inquiry), []
    for value, count in votes.values[:most]:
        right = is_right(inquiry.answer, inquiry.truth, value)
        found.append((name_of(value), count, right))
    if inquiry.truth.right and not any(right for _name, _count, right in found):
        right = inquiry.truth.right[0]
        found.append((name_of(right), dict(votes.values).get(right, 0), True))
    if others := votes.count - sum(count for _name, count, _right in found):
        found.append((_("others"), others, False))
    return found


def _summary(inquiry: Inquiry, votes: Votes) -> str:
    """The same in a line: each answer on a ground that is as long as it is frequent."""
    said = ngettext("{count} answer:", "{count} answers:", votes.count).format(count=votes.count)
    if not votes.count:
        return escape(_("no answers"))
    return f"{escape(said)} " + " ".join(
        f'<span style="--share: {100 * count / votes.count:.0f}%"'
        f"{' class=right' if right else ''}>{escape(_short(name))}{' ✓' if right else ''}"
        f" <b>{count}</b></span>"
        for name, count, right in _shown(inquiry, votes, MOST_IN_A_LINE)
    )


def _short(name: str) -> str:
    return name if len(name) <= LETTERS_IN_A_LINE else f"{name[: LETTERS_IN_A_LINE - 1]}…"


def _bars(inquiry: Inquiry, votes: Votes) -> str:
    """A table of the answers, each with a bar as long as it is frequent."""
    rows = [
        _row(name, count, votes.count, is_right=right)
        for name, count, right in _shown(inquiry, votes, MOST_ROWS)
    ]
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
