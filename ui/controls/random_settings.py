"""The sidebar: everything that changes the numbers."""

import random
from typing import Literal

import streamlit as st

from ui.choices.limits import (
    HIGHEST_TEMPERATURE,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LOWEST_TEMPERATURE,
    MAX_CHARACTERS,
    MAX_HEADS,
    SMALLEST_EMBEDDING,
)
from ui.choices.options import (
    ACTIVATIONS,
    NORM_ORDERS,
    POSITIONS,
    PRESETS,
    PROJECTIONS,
    SCALES,
    TOKENIZERS,
    VECTORS,
    preset_of,
)
from ui.choices.sizes import nearest
from ui.controls.fits import fit_heads, fit_layer, fit_layers, fit_positions, fit_vectors
from ui.controls.let_show import let_show
from ui.controls.popover import draw_popover
from ui.link.memory import choose, default_of, value_of
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.option_names import word

TYPING_PAUSE = "100ms"  # a rerun takes about as long; shorter would only queue them


def sentence_input(
    label: str,
    key: str,
    *,
    hidden: bool = False,
    width: int | Literal["stretch"] = "stretch",
    placeholder: str = "",
) -> None:
    """Draw a field for a sentence, which is sent while it is typed."""
    st.text_input(
        label,
        value_of(key),
        key=key,
        live=TYPING_PAUSE,
        max_chars=MAX_CHARACTERS,
        label_visibility="collapsed" if hidden else "visible",
        placeholder=placeholder or (label if hidden else _("Type a sentence")),
        width=width,
    )


def draw_sizes() -> None:
    """Heads and embedding size."""
    draw_heads()
    draw_embedding_size()
    fit_positions()


def draw_heads() -> None:
    """Draw how many heads there are."""
    head_counts = fit_heads()
    st.select_slider(
        _("Heads"),
        head_counts,
        value=nearest(value_of("heads"), head_counts),
        key="heads",
        help=explain(
            "head",
            more=_("There are as many as divide the embedding size, up to {most}.").format(
                most=MAX_HEADS
            ),
        ),
    )


def draw_embedding_size() -> None:
    """Draw how large the words' vectors are."""
    st.number_input(
        _("Embedding size"),
        SMALLEST_EMBEDDING,
        LARGEST_EMBEDDING,
        value=default_of("embed_size"),
        step=8,
        key="embed_size",
        help=explain(
            "embedding",
            "head_size",
            more=_("{low} to {high}. A larger embedding extends the smaller one.").format(
                low=SMALLEST_EMBEDDING, high=LARGEST_EMBEDDING
            ),
        ),
    )


def draw_layers(*, pair: bool = False) -> None:
    """Draw how many layers there are, and which of them is shown."""
    counts = fit_layers(pair=pair)
    if len(counts) > 1:  # a slider with one place is none
        st.select_slider(
            _("Layers"),
            counts,
            value=nearest(value_of("layers"), counts),
            key="layers",
            help=explain("layer", more=_("Adding one leaves those before it as they are.")),
        )
    fit_layer()
    if value_of("layers") > 1:
        st.segmented_control(
            _("Layer shown"),
            range(value_of("layers")),
            default=value_of("layer"),
            required=True,
            key="layer",
        )


def draw_more() -> None:
    """Draw the rest in a popover: formulation, positions, block, seed."""
    fit_vectors()
    draw_popover(_("More"), _draw_rest, key="more_popover", icon=":material/tune:")


def _draw_rest() -> None:
    with st.container(key="more"):
        draw_positions()
        _formulation()
        _block()


def segments(
    label: str,
    options: tuple[str, ...],
    *,
    key: str,
    help: str | None = None,
    hidden: bool = False,
) -> str:
    """Draw a segmented control of named options that is in the URL and always has a value."""
    chosen: str = st.segmented_control(
        label,
        options,
        default=value_of(key),
        required=True,
        format_func=word,
        key=key,
        help=help,
        label_visibility="collapsed" if hidden else "visible",
    )
    return chosen


def draw_positions() -> None:
    """Draw what tells words their places."""
    segments(
        _("Positions"),
        POSITIONS,
        key="positions",
        help=explain(
            "positions",
            "sinusoidal",
            "rotary",
            "alibi",
            more=_("Learned ones are added too, and are random here."),
        ),
    )


def draw_scale() -> None:
    """Draw the choice of what energies are divided by."""
    segments(
        _("Scale"),
        SCALES,
        key="scale",
        help=explain("scale", "head_size", more=_("embed_size: the root of E instead of D.")),
    )


def draw_temperature() -> None:
    """Draw the temperature, by which energies are divided once more."""
    st.slider(
        _("Temperature"),
        LOWEST_TEMPERATURE,
        HIGHEST_TEMPERATURE,
        value=value_of("temperature"),
        step=0.1,
        key="temperature",
        help=explain("temperature"),
    )


def draw_seed(more: str) -> None:
    """Draw the seed of all that is random, with what else is said of it."""
    st.number_input(
        _("Seed"),
        0,
        LARGEST_SEED,
        value=default_of("seed"),
        key="seed",
        help=explain("seed", more=more),
    )


def _formulation() -> None:
    let_show("preset", preset_of(value_of("projection"), value_of("scale")))

    def take_preset() -> None:
        preset = st.session_state["preset"]
        if preset:
            projection, scale = PRESETS[preset]
            choose(f"preset {preset}", projection=projection, scale=scale)

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
        help=explain(
            "projection",
            more=_(
                "Full: E×E before the split into heads. Shared: one D×D inside each head. "
                "Identity: none at all: energies are plain dot products of the token vectors."
            ),
        ),
    )
    draw_scale()
    draw_temperature()
    segments(
        _("Tokens"),
        TOKENIZERS,
        key="tokenizer",
        help=explain("token", more=_("Words and punctuation, or characters (graphemes).")),
    )


def _block() -> None:
    def take_seed() -> None:
        choose("new weights", seed=random.randint(0, LARGEST_SEED))

    segments(
        _("Word vectors"),
        VECTORS,
        key="vectors",
        help=explain(
            "embedding",
            more=_(
                "Hashed: numbers that only the word's letters and the seed decide. MiniLM: learnt "
                "from text, similar for words of similar meaning; its first principal axes, so "
                "that a larger embedding extends the smaller one, with zeros beyond 384."
            ),
        ),
    )
    segments(
        _("Norm"),
        NORM_ORDERS,
        key="norm_order",
        help=explain(
            "norm",
            "residual_stream",
            more=_(
                "Post-norm, as in the paper: norm(x + f(x)). Pre-norm, as in most models since: "
                "x + f(norm(x))."
            ),
        ),
    )
    segments(
        _("Feed-forward"),
        ACTIVATIONS,
        key="activation",
        help=explain("feed_forward", more=_("f is the activation between the two.")),
    )
    draw_seed(_("Here: the weights and the token vectors."))
    st.button(_("New random weights"), on_click=take_seed, icon=":material/casino:")
