"""Find heads: what each head of each layer does on this text, and which do it most."""

from dataclasses import replace
from threading import Lock

import streamlit as st
import torch
from cachetools import LRUCache, cached
from torch import Tensor

from model.head_finder import Pattern, head_scores, induction_scores, rank, repeated_words
from model.subwords import SubwordTokenizer
from model.transformer import AttentionKind as Kind
from ui.components import window_is_tall
from ui.controls.colors import weight_scale
from ui.controls.selection import Selection, draw_next_time
from ui.link.memory import choose, value_of
from ui.runs.pretrained import PretrainedRun, PretrainedSettings, compute_pretrained
from ui.runs.run import Run
from ui.runs.subword_display import SubwordSentences
from ui.text.descriptions import Description
from ui.text.i18n import N_, _
from ui.text.markdown import token_text
from ui.text.numbers import decimal
from ui.text.option_names import word
from ui.views.heads import head_map, show_tiles
from ui.views.view import Chart, Choice, Place, View
from viz.theme import Theme
from viz.tiles import Tiles
from viz.weight_scale import LINEAR

CHART = "finder_chart"
WIDTH, HEIGHT, TALL_HEIGHT = 560, 380, 640  # design pixels of the plot
BEST = 8  # heads that are named
REPEATED = 24  # words, twice over: a head that finds the first occurrence has many to choose from
SEED = 0  # of these words


def show_finder(run: PretrainedRun, selection: Selection, theme: Theme) -> None:
    """Draw the pattern's score of every head, and the best of them as buttons."""
    pattern: Pattern = value_of("pattern")
    if selection.kind == "cross":
        st.info(_("These patterns are about attention within a sentence: choose another kind."))
        return
    st.markdown(f"**{word(pattern)[0].upper()}{word(pattern)[1:]}**: {_explained(pattern)}")
    scores, about = pattern_scores(run, selection, pattern)
    if about:
        st.caption(about)
    if not scores.isfinite().any():
        st.info(_("This text is too short to say."))
        return
    left, right = st.columns([7, 3], gap="medium")
    with left:
        scale = LINEAR if pattern == "entropy" else weight_scale()
        show_tiles(replace(finder_tiles(scores, pattern), scale=scale), CHART, theme)
    with right:
        st.markdown(
            _("**Most of all**: click to open")
            if pattern != "entropy"
            else _("**Sharpest**: click to open")
        )
        _draw_ranking(scores, pattern)


def _draw_ranking(scores: Tensor, pattern: Pattern) -> None:
    with st.container(key="ranking", gap="xsmall"):
        for layer, head, score in rank(scores, lowest=pattern == "entropy", most=BEST):
            st.button(
                _("Layer {layer} · head {head}: {score}").format(
                    layer=layer, head=head, score=_number(score, pattern)
                ),
                key=f"found_{layer}_{head}",
                on_click=_open,
                args=(layer, head),
                width="stretch",
            )


def _explained(pattern: Pattern) -> str:
    return {
        "previous": _("the mean weight on the token just before."),
        "next": _("the mean weight on the token just after."),
        "first": _("the mean weight on the first token, where heads rest that find nothing."),
        "same": _("the mean weight on tokens equal to the query's, itself included."),
        "induction": _(
            "on words at random, twice over, the mean weight on the token that followed the same "
            "word the first time (Olsson et al., 2022)."
        ),
        "entropy": _("how evenly queries share out weight, in nats; the sharpest heads first."),
    }[pattern]


def _number(score: float, pattern: Pattern) -> str:
    if pattern == "entropy":
        return decimal(score, 2)
    return _("{number} %").format(number=decimal(100 * score, 1))


def pattern_scores(
    run: PretrainedRun, selection: Selection, pattern: Pattern
) -> tuple[Tensor, str | None]:
    """Return the (layers, H) scores of a pattern, and what is to be said about them."""
    if pattern == "induction":
        return _induction(run, selection.kind)
    side = run.attention(0, selection.sentence, selection.kind).whole.query_side
    assert isinstance(side, SubwordSentences)  # a trained model's are
    own, subwords = side.lengths[selection.sentence], side.subwords[selection.sentence]
    traces = getattr(run.trace, selection.kind)
    weights = [trace.weights[selection.sentence, :, :own, :own] for trace in traces]
    return head_scores(weights, subwords.ids)[pattern], None


def _induction(run: PretrainedRun, kind: Kind) -> tuple[Tensor, str]:
    """Induction is about the stack that is shown, on a text of its own."""
    words = _words(run.settings.model, run.model.tokenizer)
    for count in range(len(words), 1, -1):  # fewer where not so many tokens fit
        text = "".join(f" {word}" for word in words[:count] * 2)
        texts = (text, text) if run.model.kind == "encoder-decoder" else (text,)
        repeated = compute_pretrained(
            PretrainedSettings(run.settings.model, texts, removed=run.settings.removed)
        )
        side = repeated.computed.source if kind == "encoder_self" else repeated.computed.target
        assert side is not None  # decoder attention is asked for only where there is a decoder
        if not repeated.left_out:
            subwords = side.subwords[0]
            start = next((i for i, special in enumerate(subwords.special) if not special), 0)
            weights = [trace.weights[0] for trace in getattr(repeated.trace, kind)]
            said = _("The {count} words, twice over: {words}.").format(
                count=count, words=token_text(" ".join(words[:count]), 400)
            )
            return induction_scores(weights, count, start=start), said
    nothing = torch.full((run.layers_of(kind), run.heads_of(kind)), torch.nan)
    return nothing, _("This model's vocabulary, or its length, has no room for it.")


@cached(LRUCache(8), key=lambda choice, tokenizer: choice, lock=Lock())
def _words(choice: str, tokenizer: SubwordTokenizer) -> list[str]:
    """Return words at random, each of them one of the model's tokens."""
    plain = sorted(set(tokenizer.plain_words()))
    drawn = repeated_words(plain, min(4 * REPEATED, len(plain)), SEED)
    return [w for w in drawn if len(tokenizer.encode(f" {w}", around=False)) == 1][:REPEATED]


def finder_tiles(scores: Tensor, pattern: Pattern) -> Tiles:
    """Return the scores as one tile: a row a layer, a column a head."""
    title = _("entropy (nats)") if pattern == "entropy" else _("mean weight")
    tiles = head_map(scores.numpy(), word(pattern), title, masked_text=_("nothing to say"))
    return replace(tiles, width=WIDTH, height=TALL_HEIGHT if window_is_tall() else HEIGHT)


def _open(layer: int, head: int) -> None:
    choose("found", view="head", layer=layer, head=head)
    draw_next_time()


def behind_cell(run: Run, selection: Selection, place: Place) -> Choice:
    """Return what to show after a click on a score: its head."""
    _tile, layer, head = place
    kind = selection.kind
    if not (0 <= layer < run.layers_of(kind) and 0 <= head < run.heads_of(kind)):
        return None
    return {"view": "head", "layer": layer, "head": head}


DESCRIPTION = Description(
    N_("Find heads: how much each head of each layer does one thing, such as looking back."),
    "",
    ("head", "layer", "weight", "query", "token", "induction", "entropy", "nats"),
)
FINDER = View(
    "finder",
    show_finder,
    lambda: DESCRIPTION,
    charts=(Chart(CHART, behind_cell),),
    switch="pattern",
    picks=False,
    shows_weights=lambda: bool(value_of("pattern") != "entropy"),
    has_strip=False,
)
