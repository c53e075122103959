"""Word order: shuffle the words, and see which positional schemes notice."""

from dataclasses import replace
from itertools import count

import streamlit as st
import torch
from torch import Tensor

from model.experiments import OrderTest, order_test
from model.positions import Positions
from model.seeded import hashed_numbers
from model.transformer import TransformerTrace
from ui.choices.limits import LARGEST_SEED, MOST_ENCODERS, PRODUCTS_OF_A_CELL
from ui.choices.options import POSITIONS
from ui.choices.sizes import count_weights, fits_rotary, most_shuffled
from ui.components import window_is_tall
from ui.controls.selection import Selection
from ui.link.memory import default_of, value_of
from ui.runs.random_weights import RandomRun, encoder_of
from ui.runs.word_vectors import use_one_thread
from ui.server.turns import take_turn
from ui.text.i18n import _
from ui.text.markdown import verbatim
from ui.text.option_names import word
from ui.views.heads import PLOTLY_CONFIG, show_tiles
from viz.labels import dimension_labels, token_labels
from viz.offsets import OffsetCurves, draw_offsets, mean_by_offset
from viz.theme import Theme
from viz.tiles import Tiles

# Design pixels of a plot of outputs, two below each other, and pixels of the curves beside them.
WIDTH, HEIGHT, TALL_HEIGHT = 380, 138, 300
ROUNDING = 1e-9  # of float64, for outputs of about 1: what nobody can see
LONGEST_SHOWN = 90  # characters of the shuffled sentence
CURVES_HEIGHT, TALL_CURVES_HEIGHT = 280, 520


def draw_order_controls() -> None:
    """Draw the choice of the shuffle, and whether one word stands everywhere."""
    st.number_input(
        _("Shuffle number"),
        0,
        LARGEST_SEED,
        value=default_of("shuffle"),
        step=1,
        key="shuffle",
        width=300,
    )
    st.toggle(
        _("One word throughout the curves"),
        value_of("same_word"),
        key="same_word",
        help=_(
            "Puts the first word in every place of the curves, so that nothing but positions can "
            "make a difference."
        ),
    )


def show_order(run: RandomRun, selection: Selection, theme: Theme) -> None:
    """Draw the outputs of the sentence and its shuffle, and scores by distance for each scheme."""
    most = most_shuffled(run.settings.layers, run.embed_size)
    length = min(run.source.lengths[selection.sentence], most)
    if length < 2:
        st.info(_("There is nothing to shuffle in a sentence of less than two words."))
        return
    tokens = run.source.tokens[selection.sentence][:length]
    vectors = run.inputs[selection.sentence, :length]
    order = shuffled(length, value_of("shuffle"))
    products = MOST_ENCODERS * length * count_weights(run.settings.layers, run.embed_size)
    take_turn(products // PRODUCTS_OF_A_CELL)
    tests = {scheme: _test(run, scheme, vectors, order) for scheme in schemes(run)}
    chosen = run.settings.positions
    st.markdown(verdict(tests[chosen], chosen, tokens))
    moved = tuple(tokens[i] for i in order)
    left, right = st.columns(2, gap="medium")
    with left:
        _outputs(tests[chosen].outputs, tokens, _("Outputs, as typed"), "typed_chart", theme)
        _outputs(tests[chosen].shuffled, moved, _("Outputs, shuffled"), "shuffled_chart", theme)
    with right:
        _tell_all(tests)
        traces = {scheme: test.trace for scheme, test in tests.items()}
        if value_of("same_word"):
            same = vectors[:1].expand(length, -1)
            traces = {scheme: _trace(run, scheme, same) for scheme in tests}
        _curves(run, selection, traces, theme)
    if run.source.lengths[selection.sentence] > length:
        st.caption(_("Only the first {most} words are used here.").format(most=most))


def schemes(run: RandomRun) -> list[Positions]:
    """Return the positional schemes that fit the heads."""
    fits = fits_rotary(run.embed_size, run.settings.heads)
    return [scheme for scheme in POSITIONS if scheme != "rotary" or fits]


def shuffled(length: int, seed: int) -> list[int]:
    """Return a permutation that moves something, the same everywhere for a seed."""
    if length == 2:
        return [1, 0]
    for attempt in count():
        order: list[int] = hashed_numbers(seed, f"order/{attempt}", length).argsort().tolist()
        # The reversal keeps all distances: what only knows these couldn't tell it.
        if order not in (sorted(order), sorted(order, reverse=True)):
            return order
    raise AssertionError  # of three words, four permutations of six will do


@torch.inference_mode()
def _test(run: RandomRun, scheme: Positions, vectors: Tensor, order: list[int]) -> OrderTest:
    use_one_thread()
    return order_test(encoder_of(replace(run.settings, positions=scheme)), vectors, order)


def verdict(test: OrderTest, scheme: Positions, tokens: tuple[str, ...]) -> str:
    """Say what the shuffle did, by the numbers that came out."""
    shuffled_words = tuple(tokens[i] for i in test.order)
    rounding = ROUNDING * max(1.0, test.outputs.abs().max().item())
    is_rounding = test.largest_difference <= rounding
    if shuffled_words == tokens:
        said = _(
            "**Nothing was shuffled**: equal words changed places. The outputs differ by {d:.1e}."
        )
    elif scheme == "none" and is_rounding:
        said = _(
            "**Without positions, attention can't tell the order.** Shuffled to {words}, the same "
            "rows come out, shuffled; put back in order, they differ by {d:.1e}, which is rounding."
        )
    elif scheme == "none":
        said = _(
            "**Without positions, attention can't tell the order**, and yet, shuffled to {words} "
            "and put back in order, the rows differ by up to {d:.3g}: these layers' softmaxes are "
            "so sharp that they enlarge what rounding leaves, the sixteenth digit of a sum in "
            "another order."
        )
    elif is_rounding:
        said = _(
            "**With positions ({scheme}), and yet this shuffle makes no difference.** Shuffled to "
            "{words}, the same rows come out: {d:.1e} is rounding. A scheme that knows distances "
            "alone can't tell a sentence from its mirror image, or equal words from each other."
        )
    else:
        said = _(
            "**With positions ({scheme}), order counts.** Shuffled to {words}, other rows come "
            "out; put back in order, they differ by up to {d:.3g}."
        )
    no_mask = _("No mask is used here: a causal mask is itself a sense of order.")
    said = said.format(
        words=verbatim(" ".join(shuffled_words), longest=LONGEST_SHOWN),
        scheme=word(scheme),
        d=test.largest_difference,
    )
    return f"{said} {no_mask}"


def _outputs(outputs: Tensor, tokens: tuple[str, ...], title: str, key: str, theme: Theme) -> None:
    tiles = Tiles(
        values=outputs.float().numpy()[None],
        names=[title],
        rows=token_labels(tokens, _("position")),
        columns=dimension_labels(outputs.shape[1], dimension=_("dimension")),
        row_title=_("token"),
        column_title=_("dimension"),
        value_title=_("output"),
        diverging=True,
        row_word=_("token"),
        column_word=_("at"),
        width=WIDTH,
        height=TALL_HEIGHT if window_is_tall() else HEIGHT,
    )
    show_tiles(tiles, key, theme)


def _tell_all(tests: dict[Positions, OrderTest]) -> None:
    """How far the outputs are from the shuffled ones put back, scheme by scheme."""
    st.markdown(
        _("**Largest difference once put back in order**, with each positional scheme")
        + "\n\n"
        + "| "
        + " | ".join(map(word, tests))
        + " |\n"
        + "|:-:" * len(tests)
        + "|\n| "
        + " | ".join(f"{test.largest_difference:.3g}" for test in tests.values())
        + " |"
    )


@torch.inference_mode()
def _trace(run: RandomRun, scheme: Positions, vectors: Tensor) -> TransformerTrace:
    use_one_thread()
    return encoder_of(replace(run.settings, positions=scheme)).trace(vectors[None])


def offset_curves(traces: dict[Positions, TransformerTrace], layer: int) -> OffsetCurves:
    """Return the mean score at each distance between key and query, scheme by scheme."""
    curves = {}
    for scheme, trace in traces.items():
        scores = trace.encoder_self[layer].scores[0].numpy()
        offsets, curves[word(scheme)] = mean_by_offset(scores)
    return OffsetCurves(
        offsets,
        curves,
        offset_title=_("offset: key − query"),
        value_title=_("mean score"),
        zero_text=_("itself"),
        height=TALL_CURVES_HEIGHT if window_is_tall() else CURVES_HEIGHT,
    )


def _curves(
    run: RandomRun, selection: Selection, traces: dict[Positions, TransformerTrace], theme: Theme
) -> None:
    curves = offset_curves(traces, selection.layer)
    st.plotly_chart(
        draw_offsets(curves, theme),
        key="offsets_chart",
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_("Mean score by offset of key and query for {count} positional schemes.").format(
            count=len(curves.curves)
        ),
    )
    st.caption(
        _(
            "Scores are energies ÷ {divisor} and what positions add; layer {layer}, mean over its "
            "heads and all pairs of words at that offset."
        ).format(
            divisor=f"{run.facts('encoder_self', selection.layer).divisor:.4g}",
            layer=selection.layer,
        )
    )
