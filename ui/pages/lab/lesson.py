"""What lessons do on the Lab: ask what a forward pass costs, from the formulas that are shown."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from lab.cost import Measured
from lessons.answers import ANSWERS
from lessons.costs import Costs
from model.config import Config
from model.cost import crossover, key_value_cache
from model.cost_parts import part_costs
from ui.controls.presenting import design_width, is_presented
from ui.frame.teaching import Teaching, Wait
from ui.jobs.cost_job import CostRun, describe_progress, lengths_around
from ui.lesson.picture import BARS_OF_STEP, BESIDE
from ui.lesson.picture import CONTROLS as CONTROLS_ROW
from ui.link.lesson import place_shown
from ui.link.memory import value_of
from ui.pages.lab.controls import COST_CONTROLS
from ui.pages.lab.cost_runs import cost_run, start_cost_run
from ui.pages.lab.cost_view import CHART, compared, draw_chart, draw_measure, show_picture
from ui.text.errors import describe_error
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain
from ui.text.numbers import whole

BESIDE_WIDTH, BESIDE_HEIGHT = 700, 400  # design pixels of the picture beside a question


def configuration() -> Config:
    """Return what a question is about: of several configurations the first one.

    Raises:
        ValueError: if another view is chosen, or no configuration can be made; says why.
    """
    if value_of("view") != "cost":
        raise ValueError(_("of this page, a lesson can show the view cost alone"))
    configs, problems = compared()
    if not configs:
        raise ValueError(" ".join(problems).rstrip("."))
    return configs[0]


def costs(run: Any = None) -> Costs:
    """Return what a forward pass costs, from the formulas.

    Args:
        run: none, on this page.
    """
    config, tokens = configuration(), value_of("tokens")
    now, twice = (
        {part.name: part.multiply_adds.value for part in part_costs(config, length)}
        for length in (tokens, 2 * tokens)
    )
    (energy,) = (part for part in part_costs(config, tokens) if part.name == "energy")
    cache = key_value_cache(config, tokens)
    return Costs(
        tokens=tokens,
        embed_size=config.embed_size,
        multiply_adds={str(name): amount for name, amount in now.items() if amount},
        of_twice={str(name): amount for name, amount in twice.items() if amount},
        overtakes=crossover(config, whole=True),
        map_bytes=energy.bytes.value,
        map_formula=energy.bytes.formula,
        cache_bytes=cache.value,
        cache_formula=cache.formula,
    )


def describe() -> str:
    """Return what is computed: the sizes, which are no answer."""
    config = configuration()
    layers = ngettext("{count} layer", "{count} layers", config.layers)
    heads = ngettext("{count} head", "{count} heads", config.heads)
    return _("{tokens} tokens · embedding size {size} · {layers} · {heads}").format(
        tokens=whole(value_of("tokens")),
        size=whole(config.embed_size),
        layers=layers.format(count=config.layers),
        heads=heads.format(count=config.heads),
    )


def show(is_wide: bool) -> None:
    """Draw the costs over the length: beside a question predicted alone, else measured, too."""
    configuration()
    configs, problems = compared()
    for problem in problems:
        st.warning(problem, icon=":material/info:")
    run = _run()
    if is_presented():
        _present(configs, run.results if run is not None and is_wide else (), is_wide=is_wide)
    elif is_wide:
        show_picture(configs, run.results if run else ())
    else:
        show_picture(configs, (), width=BESIDE_WIDTH, height=BESIDE_HEIGHT)


def _present(configs: tuple[Config, ...], results: Sequence[Measured], *, is_wide: bool) -> None:
    """Draw the same for a class: beside a question the one panel that it is about."""
    if is_wide:
        draw_chart(configs, results, width=design_width(), bars=BARS_OF_STEP + CONTROLS_ROW)
        return
    place = place_shown()
    question = None if place is None else place.step.question
    is_memory = question is not None and ANSWERS[question.answer].unit == "megabytes"
    draw_chart(
        configs,
        results,
        width=design_width(BESIDE),
        bars=BARS_OF_STEP,
        only="right" if is_memory else "left",
    )


def wait() -> Wait | None:
    """Return how far a measurement is, in a step that asks nothing: no answer depends on it."""
    place, run = place_shown(), _run()
    if run is None or place is None or place.step.question is not None:
        return None
    if run.is_active:
        return Wait(describe_progress(run), len(run.results) / run.total)
    if run.error:
        again = partial(start_cost_run, run.configs, run.lengths)
        return Wait("", problem=plain(describe_error(run.error, _), 400), again=again)
    return None


def _run() -> CostRun | None:
    """What was measured of what is shown."""
    return cost_run(compared()[0], lengths_around(value_of("tokens")))


def draw_measuring() -> None:
    """Draw the button that measures, while nothing is measured."""
    run = _run()
    if run is None or not run.is_active:
        draw_measure(compared()[0], lengths_around(value_of("tokens")))


CONTROLS = {**COST_CONTROLS, "measure": draw_measuring}
TEACHING = Teaching(
    wait=wait,
    asks_of=("tokens", "cost_embeddings", "cost_heads", "cost_layers"),
    numbers=costs,
    describe=describe,
    show=show,
    steady=(CHART,),
)
