"""The sidebar: everything that changes the numbers."""

import random
from collections.abc import Callable
from typing import Literal

import streamlit as st

from ui.i18n import _
from ui.link import (
    default_of,
    fit_heads,
    fit_layer,
    fit_layers,
    fit_positions,
    fit_vectors,
    value_of,
)
from ui.options import word
from ui.settings import (
    ACTIVATIONS,
    EXAMPLES,
    HIGHEST_TEMPERATURE,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LOWEST_TEMPERATURE,
    MAX_CHARACTERS,
    MAX_HEADS,
    NORM_ORDERS,
    POSITIONS,
    PRESETS,
    PROJECTIONS,
    SCALES,
    SMALLEST_EMBEDDING,
    TEXT_KEYS,
    TOKENIZERS,
    VECTORS,
    nearest,
    preset_of,
)

BOUND = "query-params"
TYPING_PAUSE = "100ms"  # a rerun takes about as long; shorter would only queue them

MODEL_KEYS = (  # what the numbers depend on, beside sentences, masks and positions
    "layers",
    "heads",
    "embed_size",
    "projection",
    "scale",
    "temperature",
    "tokenizer",
    "norm_order",
    "activation",
    "seed",
)


def sentence_input(
    label: str,
    key: str,
    *,
    hidden: bool = False,
    width: int | Literal["stretch"] = "stretch",
    placeholder: str = "",
) -> None:
    """A sentence, which is sent while it is typed."""
    st.text_input(
        label,
        default_of(key),
        key=key,
        bind=BOUND,
        live=TYPING_PAUSE,
        max_chars=MAX_CHARACTERS,
        label_visibility="collapsed" if hidden else "visible",
        placeholder=placeholder or (label if hidden else _("Type a sentence")),
        width=width,
    )


def draw_sizes() -> None:
    """Heads and embedding size."""
    heads_place = st.container()
    # First the embedding, on which the heads depend: its widget may bring a value of its own, as
    # when somebody goes back in the browser's history.
    st.number_input(
        _("Embedding size"),
        SMALLEST_EMBEDDING,
        LARGEST_EMBEDDING,
        value=default_of("embed_size"),
        step=8,
        key="embed_size",
        bind=BOUND,
        help=_(
            "Numbers per token, {low} to {high}. A larger embedding extends the smaller one."
        ).format(low=SMALLEST_EMBEDDING, high=LARGEST_EMBEDDING),
    )
    head_counts = fit_heads()
    fit_positions()
    heads_place.select_slider(
        _("Heads"),
        head_counts,
        # What a link without `heads` gets: the widget leaves its default out of the link.
        value=nearest(default_of("heads"), head_counts),
        key="heads",
        bind=BOUND,
        help=_("Head counts that divide the embedding size, up to {most}.").format(most=MAX_HEADS),
    )


def draw_layers() -> None:
    """How many layers, and which of them is shown."""
    counts = fit_layers()
    # A slider with one place is none; it stays on the page to keep its value and its link.
    with st.container(key="layers_used" if len(counts) > 1 else "layers_unused"):
        st.select_slider(
            _("Layers"),
            counts,
            value=nearest(default_of("layers"), counts),
            key="layers",
            bind=BOUND,
            help=_(
                "Blocks of attention and feed-forward, each with its own weights. Adding one "
                "leaves those before it as they are."
            ),
        )
    fit_layer()
    if value_of("layers") > 1:
        st.segmented_control(
            _("Layer shown"),
            range(value_of("layers")),
            default=default_of("layer"),
            required=True,
            key="layer",
            bind=BOUND,
        )


def draw_more() -> None:
    """The rest: formulation, positions, block, seed."""
    with (
        st.popover(_("More"), icon=":material/tune:", width="stretch"),
        st.container(key="more"),
    ):
        _positions()
        left, right = st.columns(2, gap="medium")
        with left:
            _formulation()
        with right:
            _block()


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
        default=default_of(key),
        required=True,
        format_func=word,
        key=key,
        bind=BOUND,
        help=help,
        label_visibility="collapsed" if hidden else "visible",
    )


def draw_kept(
    draw: Callable[[], object],
    name: str,
    used: bool,
    *keys: str,
    width: Literal["content", "stretch"] = "content",
) -> None:
    """Draw controls that only some views have.

    A control that isn't drawn loses its value and its place in the link. So one that was changed
    is drawn out of sight where it isn't used.
    """
    if used or any(value_of(key) != default_of(key) for key in keys):
        with st.container(key=f"{name}_{'used' if used else 'unused'}", width=width):
            draw()


def draw_examples() -> None:
    """Sentences to begin with, and the further sentences of a batch."""

    def take_example() -> None:
        st.session_state.update(EXAMPLES[st.session_state["example"]])
        st.session_state["example"] = None

    left, right = st.columns(2, gap="small")
    with left:
        st.selectbox(
            _("Examples"),
            list(EXAMPLES),
            index=None,
            key="example",
            placeholder=_("Examples"),
            label_visibility="collapsed",
            on_change=take_example,
        )
    with right, st.popover(_("Batch"), icon=":material/add:", width="stretch"):
        for number, key in enumerate(TEXT_KEYS[1:], start=2):
            sentence_input(_("Sentence {number}").format(number=number), key, hidden=True)


def _positions() -> None:
    segments(
        _("Positions"),
        POSITIONS,
        key="positions",
        help=_(
            "Sinusoidal and learned (here: random) vectors are added to the tokens'. Rotary turns "
            "queries and keys by their place. ALiBi lowers the scores of distant keys."
        ),
    )


def draw_scale() -> None:
    """What energies are divided by."""
    segments(
        _("Scale"),
        SCALES,
        key="scale",
        help=_("Scores are energies divided by the square root of this size."),
    )


def draw_seed(help: str) -> None:
    """What is random to look at."""
    st.number_input(
        _("Seed"), 0, LARGEST_SEED, value=default_of("seed"), key="seed", bind=BOUND, help=help
    )


def _formulation() -> None:
    st.session_state["preset"] = preset_of(value_of("projection"), value_of("scale"))

    def take_preset() -> None:
        preset = st.session_state["preset"]
        if preset:
            st.session_state["projection"], st.session_state["scale"] = PRESETS[preset]

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
        help=_(
            "Full: E×E before the split into heads. Shared: one D×D inside each head. Identity: "
            "none at all, so that energies are plain dot products of the token vectors."
        ),
    )
    draw_scale()
    st.slider(
        _("Temperature"),
        LOWEST_TEMPERATURE,
        HIGHEST_TEMPERATURE,
        value=default_of("temperature"),
        step=0.1,
        key="temperature",
        bind=BOUND,
        help=_("Divides the energies once more: below 1 sharpens the weights, above 1 evens them."),
    )
    segments(
        _("Tokens"),
        TOKENIZERS,
        key="tokenizer",
        help=_("Words and punctuation, or single characters (graphemes)."),
    )


def _block() -> None:
    def take_seed() -> None:
        st.session_state["seed"] = random.randint(0, LARGEST_SEED)

    fit_vectors()
    segments(
        _("Word vectors"),
        VECTORS,
        key="vectors",
        help=_(
            "Hashed: numbers that only the word's letters and the seed decide. MiniLM: learnt from "
            "text, similar for words of similar meaning; its first principal axes, so that a "
            "larger embedding extends the smaller one, with zeros beyond 384."
        ),
    )
    segments(
        _("Norm"),
        NORM_ORDERS,
        key="norm_order",
        help=_(
            "Post-norm, as in the paper: norm(x + f(x)). Pre-norm, as in most models since: "
            "x + f(norm(x))."
        ),
    )
    segments(
        _("Feed-forward"),
        ACTIVATIONS,
        key="activation",
        help=_("The activation between the two linear layers that follow each attention."),
    )
    draw_seed(_("The same seed gives the same weights and token vectors, everywhere."))
    st.button(_("New random weights"), on_click=take_seed, icon=":material/casino:")
