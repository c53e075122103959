"""The sidebar: everything that changes the numbers."""

import random

import streamlit as st

from ui.i18n import _
from ui.link import DEFAULTS, fit_heads, value_of
from ui.options import word
from ui.settings import (
    EXAMPLES,
    HIGHEST_TEMPERATURE,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LOWEST_TEMPERATURE,
    MASKS,
    MAX_CHARACTERS,
    MAX_HEADS,
    POSITIONS,
    PRESETS,
    PROJECTIONS,
    SCALES,
    SMALLEST_EMBEDDING,
    TEXT_KEYS,
    TOKENIZERS,
    Settings,
    nearest,
    preset_of,
)

BOUND = "query-params"
TYPING_PAUSE = "100ms"  # a rerun takes about as long; shorter would only queue them


NUMBER_KEYS = (  # what the numbers depend on, beside the sentences
    "heads",
    "embed_size",
    "mask",
    "projection",
    "scale",
    "temperature",
    "tokenizer",
    "positions",
    "seed",
)


def current_settings() -> Settings:
    """What is chosen at this moment."""
    more = (value_of(key) for key in TEXT_KEYS[1:])
    return Settings(
        texts=(value_of("text"), *(text for text in more if text.strip())),
        **{key: value_of(key) for key in NUMBER_KEYS},
    )


def draw_sentence() -> None:
    """The first sentence, which is sent while it is typed."""
    st.text_input(
        _("Sentence"),
        DEFAULTS["text"],
        key="text",
        bind=BOUND,
        live=TYPING_PAUSE,
        max_chars=MAX_CHARACTERS,
        placeholder=_("Type a sentence"),
    )


def draw_controls() -> None:
    """All other controls, in the order of their use."""
    _more_sentences()
    head_counts = fit_heads()
    st.select_slider(
        _("Heads"),
        head_counts,
        # What a link without `heads` gets: the widget leaves its default out of the link.
        value=nearest(DEFAULTS["heads"], head_counts),
        key="heads",
        bind=BOUND,
        help=_("Head counts that divide the embedding size, up to {most}.").format(most=MAX_HEADS),
    )
    st.number_input(
        _("Embedding size"),
        SMALLEST_EMBEDDING,
        LARGEST_EMBEDDING,
        value=DEFAULTS["embed_size"],
        step=8,
        key="embed_size",
        bind=BOUND,
        help=_(
            "Numbers per token, {low} to {high}. A larger embedding extends the smaller one."
        ).format(low=SMALLEST_EMBEDDING, high=LARGEST_EMBEDDING),
    )
    segments(
        _("Mask"),
        MASKS,
        key="mask",
        help=_("Causal: no looking ahead. Padding: no looking at the filling of short sentences."),
    )
    with st.popover(_("More"), icon=":material/tune:", width="stretch"):
        _more()


def segments(
    label: str,
    options: tuple[str, ...],
    *,
    key: str,
    help: str | None = None,
    hidden: bool = False,
) -> str:
    """A segmented control of named options that is in the URL and always has a value."""
    return st.segmented_control(
        label,
        options,
        default=DEFAULTS[key],
        required=True,
        format_func=word,
        key=key,
        bind=BOUND,
        help=help,
        label_visibility="collapsed" if hidden else "visible",
    )


def _more_sentences() -> None:
    def take_example() -> None:
        st.session_state["text"] = EXAMPLES[st.session_state["example"]]
        st.session_state["example"] = None

    st.selectbox(
        _("Examples"),
        list(EXAMPLES),
        index=None,
        key="example",
        placeholder=_("Or pick an example"),
        label_visibility="collapsed",
        on_change=take_example,
    )
    with st.popover(_("More sentences (a batch)"), icon=":material/add:", width="stretch"):
        for number, key in enumerate(TEXT_KEYS[1:], start=2):
            name = _("Sentence {number}").format(number=number)
            st.text_input(
                name,
                key=key,
                bind=BOUND,
                live=TYPING_PAUSE,
                max_chars=MAX_CHARACTERS,
                label_visibility="collapsed",
                placeholder=name,
            )


def _more() -> None:
    st.session_state["preset"] = preset_of(value_of("projection"), value_of("scale"))

    def take_preset() -> None:
        preset = st.session_state["preset"]
        if preset:
            st.session_state["projection"], st.session_state["scale"] = PRESETS[preset]

    def take_seed() -> None:
        st.session_state["seed"] = random.randint(0, LARGEST_SEED)

    st.segmented_control(
        _("Formulation"),
        list(PRESETS),
        key="preset",
        format_func=word,
        on_change=take_preset,
        help=_(
            "Paper: Vaswani et al. (2017), projections before the split, energies divided by √D. "
            "Tutorial: one small projection shared by the heads, energies divided by √E."
        ),
    )
    segments(
        _("Projection"),
        PROJECTIONS,
        key="projection",
        help=_("Full: E×E before the split into heads. Shared: one D×D inside each head."),
    )
    segments(
        _("Scale"),
        SCALES,
        key="scale",
        help=_("Scores are energies divided by the square root of this size."),
    )
    st.slider(
        _("Temperature"),
        LOWEST_TEMPERATURE,
        HIGHEST_TEMPERATURE,
        value=DEFAULTS["temperature"],
        step=0.1,
        key="temperature",
        bind=BOUND,
        help=_("Divides the scores once more: below 1 sharpens the weights, above 1 evens them."),
    )
    segments(
        _("Tokens"),
        TOKENIZERS,
        key="tokenizer",
        help=_("Words and punctuation, or single characters (graphemes)."),
    )
    segments(
        _("Positions"),
        POSITIONS,
        key="positions",
        help=_("Sinusoidal: adds the paper's positional encoding to the token vectors."),
    )
    st.number_input(
        _("Seed"),
        0,
        LARGEST_SEED,
        value=DEFAULTS["seed"],
        key="seed",
        bind=BOUND,
        help=_("The same seed gives the same weights and token vectors, everywhere."),
    )
    st.button(_("New random weights"), on_click=take_seed, icon=":material/casino:")
