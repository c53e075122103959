"""Pretrained's switches for tokens: merged to words, hidden, and what becomes of the rest."""

import streamlit as st

from ui.link.memory import value_of
from ui.pages.pretrained.settings import model_kind, special_tokens_in_use
from ui.pages.pretrained.similarity_view import SIMILARITY
from ui.text.explain import explain
from ui.text.i18n import _
from ui.views.heads import HEADS
from ui.views.layers import LAYERS
from ui.views.numbers import NUMBERS
from ui.views.view import View


def draw_tokens(view: View) -> None:
    """Draw how tokens are shown: the switches that change something of what is on the page."""
    has_special, is_special_first = special_tokens_in_use()
    hides_special = has_special and not value_of("special")
    has_first = not (hides_special and is_special_first)
    hides_first = has_first and not value_of("first")
    tokens, weights = _shows_tokens(view), _shows_weights(view)
    drawn = {
        _draw_words: weights or view is SIMILARITY,
        _draw_special: tokens and has_special,
        _draw_first: tokens and has_first,
        _draw_rest: weights and (hides_special or hides_first),
    }
    if any(drawn.values()):
        with st.container(key="tokens", horizontal=True, gap="small"):
            for draw, is_used in drawn.items():
                if is_used:
                    draw()


def has_strip(view: View) -> bool:
    """Whether the sentence stands above the picture as a row of words; for two there is none."""
    is_cross = model_kind() == "encoder-decoder" and value_of("kind") == "cross"
    return view.has_strip and not is_cross


def _shows_tokens(view: View) -> bool:
    """Whether the page shows tokens that can be hidden; Find heads and Similarity read them all."""
    return has_strip(view) or view in (HEADS, LAYERS, NUMBERS)


def _shows_weights(view: View) -> bool:
    """Whether the page shows weights that can be merged and brought to 1."""
    return has_strip(view) or view is NUMBERS or (view in (HEADS, LAYERS) and view.shows_weights())


def _draw_words() -> None:
    st.toggle(
        _("Whole words"),
        value_of("words"),
        key="words",
        help=explain(
            "sub_word",
            more=_(
                "Merges sub-words: weights to a word are summed, from a word averaged. One head, "
                "Cell and all but the weights stay token by token."
            ),
        ),
    )


def _draw_special() -> None:
    st.toggle(
        _("Special tokens"),
        value_of("special"),
        key="special",
        help=explain("special_token"),
    )


def _draw_first() -> None:
    st.toggle(
        _("First token"),
        value_of("first"),
        key="first",
        help=explain(
            "token",
            more=_(
                "What is read first. Heads that find nothing rest on it (an “attention sink”, Xiao "
                "et al., 2024). Of whole words, the first word; One head and Cell show it in any "
                "case."
            ),
        ),
    )


def _draw_rest() -> None:
    st.toggle(
        _("Rows sum to 1 again"),
        value_of("rest"),
        key="rest",
        help=_("Divides what is left of each row by its sum, as if nothing had been hidden."),
    )
