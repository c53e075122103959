"""The leak test: change one word, and see which vectors move."""

import numpy as np
import streamlit as st
import torch

from model.experiments import leak_test
from model.tokens import tokenize
from model.transformer import Encoder
from ui.choices.examples import DEFAULT_OTHER
from ui.choices.limits import MAX_TOKENS, PRODUCTS_OF_A_CELL
from ui.choices.sizes import count_weights, fits_leak_matrix
from ui.components import window_is_tall
from ui.controls.random_settings import sentence_input
from ui.controls.selection import Selection
from ui.link.fitting import index_within, repair
from ui.link.memory import default_of, value_of
from ui.runs.random_weights import RandomRun, vector_of
from ui.runs.word_vectors import use_one_thread
from ui.server.turns import take_turn
from ui.text.i18n import _, ngettext
from ui.text.markdown import verbatim
from ui.text.stage_names import layer_names
from ui.views.heads import show_tiles
from viz.labels import AxisLabels, token_labels
from viz.theme import Theme
from viz.tiles import Tiles

WIDTH, HEIGHT, TALL_HEIGHT = 380, 300, 560  # design pixels of a plot: two stand side by side
MOST_NAMED = 6  # cells of a broken mask that are named


def draw_leak_controls() -> None:
    """Draw the choice of the word that is changed, and into what."""
    st.number_input(
        _("Change word"),
        0,
        MAX_TOKENS - 1,
        value=default_of("changed"),
        step=1,
        key="changed",
        placeholder=_("middle"),
        width=270,
    )
    sentence_input(_("into"), "other", width=240)


def show_leak(run: RandomRun, selection: Selection, theme: Theme) -> None:
    """Draw how far each vector moves, for the changed word by layer and for every word."""
    length = run.source.lengths[selection.sentence]
    if not length:
        st.info(_("There is no word to change in this sentence."))
        return
    no_word = _("There is no word {asked} in this sentence; changing the last one, {used}.")
    repair([index_within("changed", length, no_word)])
    changed = changed_word(run, selection)
    others = tokenize(value_of("other"), run.settings.tokenizer) or [DEFAULT_OTHER]
    other = others[0]
    if len(others) > 1:
        said = _("A word is replaced by one word: only {first} is used.")
        st.caption(said.format(first=verbatim(other)))
    tokens = run.source.tokens[selection.sentence][:length]
    layers, heads = run.settings.layers, run.settings.heads
    everyone = fits_leak_matrix(run.source.length, layers, heads, run.embed_size)
    places = list(range(length)) if everyone else [changed]
    moved = measure(run, selection.sentence, other, places)[:, :, :length]  # (C, layers + 1, L)
    at_last = moved[places.index(changed), -1]
    st.markdown(
        _(
            "Word {place} {token} becomes {other}: {all} of {count} vectors move, {before} of them "
            "before it."
        ).format(
            place=changed,
            token=verbatim(tokens[changed]),
            other=verbatim(other),
            all=np.count_nonzero(at_last),
            count=length,
            before=np.count_nonzero(at_last[:changed]),
        )
    )
    _judge(run, selection, moved, places, tokens)
    labels = token_labels(tokens, _("position"))
    left, right = st.columns(2, gap="medium")
    with left:
        show_tiles(by_layer(moved[places.index(changed)], labels), "leak_layers_chart", theme)
    with right:
        if everyone:
            show_tiles(by_word(moved[:, -1].T, labels), "leak_words_chart", theme)
        else:
            st.caption(_("The sentence is too long to change every word in turn."))


def changed_word(run: RandomRun, selection: Selection) -> int:
    """Return the word that is changed: the chosen one, or the middle one."""
    length, chosen = run.source.lengths[selection.sentence], value_of("changed")
    return min(length // 2 if chosen is None else chosen, length - 1)


@torch.inference_mode()
def measure(run: RandomRun, sentence: int, other: str, places: list[int]) -> np.ndarray:
    """Return how far each vector moves when a word at a place becomes another: (C, S, L)."""
    use_one_thread()
    cells = len(places) * run.maps * run.source.length**2
    products = len(places) * run.source.length * count_weights(run.settings.layers, run.embed_size)
    take_turn(max(cells, products // PRODUCTS_OF_A_CELL))
    vector = vector_of(other, run.settings)
    mask = run.masks["encoder_self"]
    if mask is not None and len(mask) > 1:  # a mask of its own for each sentence
        mask = mask[sentence : sentence + 1]
    replacement = torch.from_numpy(vector.copy())
    assert isinstance(run.model, Encoder)  # Explore's runs have no decoder
    return leak_test(run.model, run.inputs[sentence], replacement, places, mask).numpy()


def _judge(
    run: RandomRun,
    selection: Selection,
    moved: np.ndarray,
    places: list[int],
    tokens: tuple[str, ...],
) -> None:
    """Say whether a word moves anything before it, and which cells of the mask let it."""
    earlier = np.arange(len(tokens)) < np.array(places)[:, None]  # (C, L)
    ahead = np.where(earlier[:, None], moved, 0.0)  # (C, layers + 1, L)
    allowed = run.attention(0, selection.sentence).allowed
    open_cells = np.argwhere(np.triu(allowed[: len(tokens), : len(tokens)], 1))
    if len(tokens) == 1:
        st.info(_("A single word has nothing before it that could move."))
    elif not len(open_cells) and not ahead.any():
        st.success(
            _(
                "**Nothing leaks.** {changed}, no vector before it moves, in any layer: the "
                "largest difference is {largest:g}. A model that predicts the next word under this "
                "mask can't have seen it."
            ).format(changed=_which_words(places), largest=ahead.max(initial=0.0)),
            icon=":material/verified:",
        )
    elif not ahead.any():
        st.warning(
            _("Nothing before a changed word moved this time.") + " " + _looking_ahead(open_cells),
            icon=":material/info:",
        )
    else:
        found = _first_to_move(ahead, places, tokens) + " " + _looking_ahead(open_cells)
        if _means_to_look_ahead(run):
            said = _("**The future is visible, as this kind of mask means it to be.**")
            st.info(f"{said} {found}", icon=":material/visibility:")
        else:
            said = _("**The future leaks.**")
            st.error(f"{said} {found}", icon=":material/error:")


def _first_to_move(ahead: np.ndarray, places: list[int], tokens: tuple[str, ...]) -> str:
    """The largest movement ahead of its time."""
    place, layer, position = np.unravel_index(ahead.argmax(), ahead.shape)
    return _(
        "{changed}, the farthest: word {place} {token} moves word {position} {earlier}, which "
        "comes before it, by {distance:.3g} after layer {layer}."
    ).format(
        changed=_which_words(places),
        place=places[place],
        token=verbatim(tokens[places[place]]),
        position=position,
        earlier=verbatim(tokens[position]),
        distance=ahead.max(),
        layer=layer - 1,
    )


def _which_words(places: list[int]) -> str:
    if len(places) == 1:
        return _("With this word changed")
    return _("With every word changed in turn")


def _looking_ahead(open_cells: np.ndarray) -> str:
    """The cells of the mask that let a query see a later key."""
    named = ", ".join(f"{query} → {key}" for query, key in open_cells[:MOST_NAMED].tolist())
    if len(open_cells) > MOST_NAMED:
        named += " …"
    return ngettext(
        "{count} cell of the mask looks ahead: {cells} (query → key).",
        "{count} cells of the mask look ahead: {cells} (query → key).",
        len(open_cells),
    ).format(count=len(open_cells), cells=named)


def _means_to_look_ahead(run: RandomRun) -> bool:
    settings = run.settings
    return settings.mask in ("none", "padding", "prefix") or (
        settings.look_ahead and settings.mask in ("window", "strided")
    )


def by_layer(moved: np.ndarray, tokens: AxisLabels) -> Tiles:
    """Return how far each position moves at the input and after each layer: (S, L)."""
    steps = (_("input"), *layer_names(len(moved) - 1))
    return Tiles(
        values=moved[None],
        names=[_("That word changes: layer by layer")],
        rows=AxisLabels(steps, steps),
        columns=tokens,
        row_title=_("after"),
        column_title=_("position that moves"),
        value_title=_("distance moved"),
        diverging=False,
        row_word=_("after"),
        column_word=_("position of"),
        width=WIDTH,
        height=_height(),
    )


def by_word(moved: np.ndarray, tokens: AxisLabels) -> Tiles:
    """Return how far each position (row) moves when each word (column) changes, at the end."""
    return Tiles(
        values=moved[None],
        names=[_("Any word changes: after all layers")],
        rows=tokens,
        columns=tokens,
        row_title=_("position that moves"),
        column_title=_("word that changes"),
        value_title=_("distance moved"),
        diverging=False,
        row_word=_("position of"),
        column_word=_("changed"),
        width=WIDTH,
        height=_height(),
    )


def _height() -> int:
    return TALL_HEIGHT if window_is_tall() else HEIGHT
