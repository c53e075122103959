"""Similarity: two sentences as vectors, and which of their words make them alike."""

from html import unescape

import streamlit as st
import torch
from torch import Tensor

from model.similarity import best_matches, contributions, cosines, similarity
from ui.components import window_is_tall
from ui.controls.selection import Selection
from ui.link.memory import value_of
from ui.runs.pretrained import PretrainedRun
from ui.runs.subword_display import DisplayedSentence, SubwordDisplay
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import verbatim
from ui.text.numbers import decimal
from ui.views.heads import show_tiles
from ui.views.view import View
from viz.theme import Theme
from viz.tiles import Tiles

CHART = "similarity_chart"
WIDTH, HEIGHT, TALL_HEIGHT = 560, 400, 660  # design pixels of the plot
MOST_MATCHES = 10  # pairs of words that are named


def show_similarity(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw how much each pair of tokens adds to the similarity, and name the best matches."""
    if run.model.kind != "encoder":
        st.info(_("This is about sentences as vectors: choose a model that is an encoder."))
        return
    if len(run.source.lengths) < 2:
        st.info(
            _(
                "Type a second sentence on the left, or choose the example “Two sentences”, to see "
                "how similar the two are, and by which words."
            )
        )
        return
    first, second = (_vectors(run, sentence) for sentence in (0, 1))
    st.markdown(
        _(
            "**Similarity {similarity}**: the cosine of the two sentences' vectors, each the "
            "mean of its tokens' last vectors (Reimers & Gurevych, 2019). Below, what each pair of "
            "tokens adds to it, special ones included: the cells' sum is the similarity."
        ).format(similarity=decimal(similarity(first, second), 4))
    )
    if value_of("together"):
        st.caption(_("Here each sentence is read by itself; the other views read both together."))
    rows, columns = sides(run)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        show_tiles(similarity_tiles(first, second, rows, columns), CHART, theme)
    with right:
        st.markdown(_("**Which words match**: each one's nearest by cosine"))
        st.markdown(_matches(first, second, rows, columns))


def _vectors(run: PretrainedRun, sentence: int) -> Tensor:
    """Return the last vectors of a sentence's own tokens, (L, E)."""
    return run.trace.output[sentence, : run.source.lengths[sentence]]


def sides(run: PretrainedRun) -> tuple[DisplayedSentence, DisplayedSentence]:
    """Return the rows and the columns: all tokens of each sentence, merged to words or not."""
    display = SubwordDisplay(merge_words=run.settings.display.merge_words)
    rows, columns = (run.sentences.own(sentence, display) for sentence in (0, 1))
    return rows, columns


def similarity_tiles(
    first: Tensor, second: Tensor, rows: DisplayedSentence, columns: DisplayedSentence
) -> Tiles:
    """Return the contributions as one tile; those of a word are its tokens' sum."""
    matrix = contributions(first, second)
    matrix = torch.stack([matrix[group].sum(0) for group in rows.groups])
    matrix = torch.stack([matrix[:, group].sum(1) for group in columns.groups], dim=1)
    return Tiles(
        values=matrix[None].float().numpy(),
        names=[_("What each pair adds")],
        rows=rows.labels,
        columns=columns.labels,
        row_title=_("sentence 1"),
        column_title=_("sentence 2"),
        value_title=_("adds"),
        diverging=True,
        row_word=_("sentence 1:"),
        column_word=_("sentence 2:"),
        width=WIDTH,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
    )


def _matches(
    first: Tensor, second: Tensor, rows: DisplayedSentence, columns: DisplayedSentence
) -> str:
    """Return the words' best matches as a table, the nearest first."""
    both = [
        torch.stack([vectors[group].mean(0) for group in side.groups])
        for vectors, side in ((first, rows), (second, columns))
    ]
    ordinary = [
        [i for i, group in enumerate(side.groups) if not side.subwords.special[group[0]]]
        for side in (rows, columns)
    ]
    if not all(ordinary):
        return _("One of the sentences has no words.")
    matrix = cosines(*both)[ordinary[0]][:, ordinary[1]]
    names = [
        [unescape(side.labels.short[i]) for i in kept]
        for side, kept in zip((rows, columns), ordinary, strict=True)
    ]
    matches = sorted(best_matches(matrix), key=lambda match: -match[2])
    titles = (_("sentence 1"), _("sentence 2"), _("cosine"))
    lines = [f"| {' | '.join(titles)} |", "|:--|:--|--:|"]
    lines += [
        f"| {_in_table(a)} | {_in_table(b)} | {f'{cosine:.3f}'.replace('-', '−')} |"
        for a, b, cosine in (
            (names[0][i], names[1][j], cosine) for i, j, cosine in matches[:MOST_MATCHES]
        )
    ]
    return "\n".join(lines)


def _in_table(name: str) -> str:
    """Return a word as a cell of a Markdown table, which a bar would end."""
    return verbatim(name).replace("|", r"\|")


DESCRIPTION = Description(
    N_("Similarity: how alike the vectors of two sentences are, and which words make them so."),
    "u·v ÷ (‖u‖·‖v‖)",
    ("embedding", "token", "special_token", "head", "layer"),
)
SIMILARITY = View(
    "similarity",
    show_similarity,
    lambda: DESCRIPTION,
    picks=False,
    picks_sentence=False,
    has_strip=False,
)
