"""Pretrained's switches for tokens: merged to words, hidden, and what becomes of the rest."""

import streamlit as st

from ui.controls import BOUND, draw_kept
from ui.i18n import _
from ui.link import default_of, value_of
from ui.state import special_tokens_in_use

WITH_STRIP = ("heads", "head", "cell", "layers", "next", "numbers")


def draw_tokens() -> None:
    """Draw how tokens are shown: the switches that change something of what is on the page."""
    has_special, is_special_first = special_tokens_in_use()
    hides_special = has_special and not value_of("special")
    has_first = not (hides_special and is_special_first)
    hides_first = has_first and not value_of("first")
    tokens, weights = _shows_tokens(), _shows_weights()
    with st.container(key="tokens", horizontal=True, gap="small"):
        draw_kept(_draw_words, "words", weights or value_of("view") == "similarity", "words")
        draw_kept(_draw_special, "special", tokens and has_special, "special")
        draw_kept(_draw_first, "first", tokens and has_first, "first")
        draw_kept(_draw_rest, "rest", weights and (hides_special or hides_first), "rest")


def has_strip() -> bool:
    """Whether the sentence stands above the picture as a row of words; for two there is none."""
    is_cross = st.session_state.get("_model_kind") == "encoder-decoder" and (
        value_of("kind") == "cross"
    )
    return value_of("view") in WITH_STRIP and not is_cross


def _shows_tokens() -> bool:
    """Whether the page shows tokens that can be hidden; Find heads and Similarity read them all."""
    return has_strip() or value_of("view") in ("heads", "layers", "numbers")


def _shows_weights() -> bool:
    """Whether the page shows weights that can be merged and brought to 1."""
    return (
        has_strip()
        or value_of("view") == "numbers"
        or (value_of("view") == "heads" and value_of("stage") == "weights")
        or (value_of("view") == "layers" and value_of("overview") != "stream")
    )


def _draw_words() -> None:
    st.toggle(
        _("Whole words"),
        default_of("words"),
        key="words",
        bind=BOUND,
        help=_(
            "Merges sub-words: weights to a word are summed, from a word averaged. One head, "
            "Cell and all but the weights stay token by token."
        ),
    )


def _draw_special() -> None:
    st.toggle(
        _("Special tokens"),
        default_of("special"),
        key="special",
        bind=BOUND,
        help=_("[CLS], [SEP] and the like, which no one typed. Many heads rest on them."),
    )


def _draw_first() -> None:
    st.toggle(
        _("First token"),
        default_of("first"),
        key="first",
        bind=BOUND,
        help=_(
            "What is read first. Heads that find nothing rest on it (an “attention sink”, Xiao et "
            "al., 2024). Of whole words, the first word; One head and Cell show it in any case."
        ),
    )


def _draw_rest() -> None:
    st.toggle(
        _("Rows sum to 1 again"),
        default_of("rest"),
        key="rest",
        bind=BOUND,
        help=_("Divides what is left of each row by its sum, as if nothing had been hidden."),
    )
