"""What attention costs: parts with their formulas, predicted, and measured on this machine."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from lab.cost import Measured, cost_table
from model.config import PAPER, Config
from model.cost import FRESH_FROM, Rates, crossover, key_value_cache, peak_memory, predict_seconds
from model.cost_parts import part_costs
from ui.controls.presenting import design_width, draw_to_room
from ui.frame.description import draw_description
from ui.frame.failures import told_in_place
from ui.frame.history import live
from ui.frame.pictures import tell_weights
from ui.jobs.cost_job import CostRun, describe_progress, lengths_around
from ui.link.memory import value_of
from ui.link.notices import show_notices
from ui.pages.lab.controls import draw_view
from ui.pages.lab.cost_parts_view import cost_words, show_parts
from ui.pages.lab.cost_runs import cancel_cost_run, cost_run, start_cost_run
from ui.pages.lab.grids import values_of
from ui.pages.lab.memory import lab_memory
from ui.pages.lab.sentences import cost_sentences, crossover_sentence
from ui.pages.lab.words import DESCRIPTIONS
from ui.text.errors import describe_error
from ui.text.i18n import _
from ui.text.markdown import plain
from ui.text.numbers import whole
from ui.views.heads import PLOTLY_CONFIG
from viz.cost import WIDTH, Cost, draw_cost
from viz.quantities import size_text
from viz.theme import theme_of

CHART = "cost_chart"
HEIGHT, TALL_HEIGHT = 430, 640  # pixels
BARS = 9.9  # what stands below it for a class, in heights of a text
POINTS = 40  # of a predicted line
REPAINT_EVERY = 0.4  # seconds, while something is measured
ATTENTION = ("projections", "energy", "weighted_sum", "output")


def show_cost() -> None:
    """Show what is compared, how much it costs, and a button to measure it."""
    configs, problems = compared()
    lengths = lengths_around(value_of("tokens"))
    run = cost_run(configs, lengths)
    lab_memory().running = running = run is not None and run.is_active
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="experiment"):
        draw_view()
        if running:
            st.button(_("Cancel"), key="cancel", icon=":material/stop:", on_click=cancel_cost_run)
        else:
            draw_measure(configs, lengths)
        progress_place = st.container()
    draw_description(DESCRIPTIONS["cost"])
    show_notices()
    for problem in problems:
        st.warning(problem, icon=":material/info:")
    if not configs:
        return
    follow = live(_follow, run_every=REPAINT_EVERY if running else None)
    follow(progress_place, configs, run)
    with st.expander(_("What each part costs")), told_in_place():
        show_parts(configs)


def present_cost() -> None:
    """Show how much it costs as a picture, with what is to be said of it below."""
    configs, problems = compared()
    run = cost_run(configs, lengths_around(value_of("tokens")))
    lab_memory().running = running = run is not None and run.is_active
    picture, said = st.container(), st.container(key="say", gap="xsmall")
    with said:
        show_notices()
        for problem in problems:
            st.warning(problem, icon=":material/info:")
    if configs:
        follow = live(_follow_for_a_class, run_every=REPAINT_EVERY if running else None)
        follow(picture, said, configs, run)


def _follow_for_a_class(
    picture: Any, said: Any, configs: Sequence[Config], run: CostRun | None
) -> None:
    if (run is not None and run.is_active) != lab_memory().running:
        st.rerun()
    results = run.results if run else ()
    with picture, told_in_place():
        draw_chart(configs, results, width=design_width())
    with said, told_in_place():
        st.markdown(say_cost(configs, results))


def draw_measure(configs: tuple[Config, ...], lengths: tuple[int, ...]) -> None:
    """Draw the button that measures configurations at these lengths."""
    st.button(
        _("Measure on this machine"),
        key="measure",
        icon=":material/timer:",
        type="primary",
        disabled=not configs,
        on_click=partial(start_cost_run, configs, lengths),
    )


def compared() -> tuple[tuple[Config, ...], list[str]]:
    """Return the configurations to compare, and why others can't be."""
    made, problems = [], []
    heads, layers = value_of("cost_heads"), value_of("cost_layers")
    for size in values_of("cost_embeddings"):
        try:
            made.append(Config(embed_size=size, heads=heads, layers=layers, architecture=PAPER))
        except ValueError as error:
            reason = plain(describe_error(error, _), 300)
            problems.append(_("Not compared: {reason}.").format(reason=reason))
    if not made and not problems:
        problems.append(_("There is no embedding size to compute the cost of."))
    return tuple(made), problems


def _follow(progress_place: Any, configs: Sequence[Config], run: CostRun | None) -> None:
    """What follows from how far the measurement is."""
    if (run is not None and run.is_active) != lab_memory().running:
        st.rerun()  # it has ended: another button
    results = run.results if run else ()
    with progress_place:
        st.progress(len(results) / run.total if run else 0.0, describe_progress(run))
    if run is not None and run.error:
        st.error(plain(describe_error(run.error, _), 400), icon=":material/error:")
    with told_in_place():
        show_picture(configs, results)


def show_picture(
    configs: Sequence[Config],
    results: Sequence[Measured],
    *,
    width: int = WIDTH,
    height: int | None = None,
) -> None:
    """Say what the cost is in a sentence, and draw it over the length.

    Args:
        configs: what is compared.
        results: what was measured of it.
        width: of the figure, design pixels.
        height: of the figure, pixels; None for what the page has room for.
    """
    st.markdown(say_cost(configs, results))
    draw_chart(configs, results, width=width, height=height)
    if is_measured(results):
        st.caption(
            _(
                "Predicted from how fast this machine multiplies and moves memory. Where a pass "
                "needs more than {size}, the system gives it new memory each time: the step."
            ).format(size=size_text(FRESH_FROM))
        )
    left_out = sorted({describe_error(r.left_out, _) for r in results if r.left_out})
    if left_out:
        st.caption(_("Not measured: {reasons}").format(reasons=plain("; ".join(left_out), 300)))


def say_cost(configs: Sequence[Config], results: Sequence[Measured]) -> str:
    """Return what the cost is, in sentences."""
    tokens = value_of("tokens")
    tables = [cost_table(config, tokens) for config in configs]
    said = [*cost_sentences(configs, tables, tokens, results), crossover_sentence(configs)]
    if value_of("decoder"):
        said.append(_cache_sentence(configs, tokens))
    return " ".join(said)


def is_measured(results: Sequence[Measured]) -> bool:
    """Whether anything was measured, and not all left out."""
    return any(result.seconds is not None for result in results)


def draw_chart(
    configs: Sequence[Config],
    results: Sequence[Measured],
    *,
    width: int = WIDTH,
    height: int | None = None,
    bars: float = BARS,
    only: Literal["left", "right"] | None = None,
) -> None:
    """Draw time or multiply-adds, and memory, over the length.

    Args:
        configs: what is compared.
        results: what was measured of it.
        width: of the figure, design pixels.
        height: of the figure, pixels; None for what the page has room for.
        bars: what stands above and below it for a class, in heights of a text.
        only: which of the two panels; None for both.
    """
    costs = [cost_of(config, i, value_of("tokens"), results) for i, config in enumerate(configs)]
    if is_measured(results):
        tell_weights(_("times were measured on the server, with random weights"))
    else:
        tell_weights(_("computed by formulas; nothing was measured"))

    def draw(pixels: int) -> go.Figure:
        return draw_cost(
            costs,
            theme_of(st.context.theme.type),
            left="seconds" if is_measured(results) else "multiply_adds",
            words=cost_words(),
            width=width,
            height=pixels,
            only=only,
        )

    st.plotly_chart(
        draw_to_room(draw, height or HEIGHT, height or TALL_HEIGHT, bars=bars),
        key=CHART,
        theme=None,
        config=PLOTLY_CONFIG,
        alt=_("Cost of a forward pass over its length, and the memory that it needs"),
    )


def cost_of(config: Config, index: int, tokens: int, results: Sequence[Measured]) -> Cost:
    """Return what the figure shows of one configuration."""
    longest = max(4 * tokens, 4096, int(2 * crossover(config)))
    lengths = np.unique(np.geomspace(64, longest, POINTS).astype(int))
    attention, feed_forward, peak = _predicted(config, tuple(lengths.tolist()))
    seconds = np.full(len(lengths), np.nan)
    if results:
        seconds = _predicted_seconds(config, tuple(lengths.tolist()), results[0].rates)
    mine = [r for r in results if r.config_index == index and r.seconds is not None]
    meeting = crossover(config, whole=True)
    return Cost(
        name=f"E = {config.embed_size}",
        tokens=lengths,
        attention=attention,
        feed_forward=feed_forward,
        seconds=seconds,
        peak_bytes=peak,
        measured_tokens=np.array([r.tokens for r in mine], int),
        measured_seconds=np.array([r.seconds for r in mine], float),
        measured_bytes=np.array([r.peak_bytes for r in mine], float),
        crossover=meeting,
        # The line's colour says of which configuration.
        crossover_label=_("attention overtakes at {tokens}").format(tokens=whole(meeting)),
    )


@lru_cache(maxsize=64)  # formulas are slow to evaluate, and asked for with each repaint
def _predicted(config: Config, lengths: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Multiply-adds of attention and of the feed-forward, and the peak memory, at each length."""
    attention, feed_forward = [], []
    for length in lengths:
        parts = {str(part.name): part.multiply_adds.value for part in part_costs(config, length)}
        attention.append(sum(parts[name] for name in ATTENTION))
        feed_forward.append(parts["feed_forward"])
    peak = [peak_memory(config, length).value for length in lengths]
    return np.array(attention, float), np.array(feed_forward, float), np.array(peak, float)


@lru_cache(maxsize=64)
def _predicted_seconds(config: Config, lengths: tuple[int, ...], rates: Rates) -> np.ndarray:
    return np.array([predict_seconds(config, length, rates) for length in lengths])


def _cache_sentence(configs: Sequence[Config], tokens: int) -> str:
    """What a decoder keeps of the tokens before."""
    said = [
        _("{size} with E = {embed}").format(
            size=size_text(key_value_cache(config, tokens).value), embed=config.embed_size
        )
        for config in configs
    ]
    return _("The KV cache of {tokens} tokens, {formula} bytes, takes {said}.").format(
        tokens=whole(tokens),
        formula=key_value_cache(configs[0], tokens).formula,
        said=", ".join(said),
    )
