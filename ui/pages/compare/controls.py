"""The controls of one side of a comparison: those of its page, which write into the side's link."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from model.tasks import TASKS
from ui.choices.limits import (
    HIGHEST_TEMPERATURE,
    LARGEST_SEED,
    LOWEST_TEMPERATURE,
    MAX_SPAN,
)
from ui.choices.options import (
    ACTIVATIONS,
    KINDS,
    NORM_ORDERS,
    POSITIONS,
    PROJECTIONS,
    SCALES,
    TOKENIZERS,
    VECTORS,
)
from ui.controls.let_show import let_show
from ui.controls.popover import draw_popover
from ui.controls.random_settings import segments
from ui.controls.reset import draw_reset, resettable
from ui.frame.page import draw_link
from ui.link.memory import choose, session, value_of
from ui.link.side import Side
from ui.pages.compare.comparable import COMPARABLE, comparable
from ui.pages.compare.comparable_page import Comparable
from ui.pages.compare.examples import draw_pairs
from ui.pages.compare.side import (
    LETTERS,
    Letter,
    other_than,
    put,
    put_gradually,
    read_side,
    side_of,
)
from ui.pages.compare.texts import draw_one_text
from ui.text.explain import explain_parameter
from ui.text.i18n import N_, _
from ui.text.option_names import word

LABELS = {
    "heads": N_("Heads"),
    "embed_size": N_("Embedding"),
    "layers": N_("Layers"),
    "layer": N_("Layer shown"),
    "kind": N_("Attention"),
    "mask": N_("Mask"),
    "span": N_("Span"),
    "look_ahead": N_("Looks ahead"),
    "projection": N_("Projection"),
    "scale": N_("Scale"),
    "temperature": N_("Temperature"),
    "tokenizer": N_("Tokens"),
    "vectors": N_("Word vectors"),
    "positions": N_("Positions"),
    "norm_order": N_("Norm"),
    "activation": N_("Feed-forward"),
    "seed": N_("Seed"),
    "model": N_("Model"),
    "together": N_("Read both together"),
    "from_file": N_("From the opened file"),
    "task": N_("Task"),
    "learning_rate": N_("Learning rate"),
    "steps": N_("Steps"),
}
OPTIONS: dict[str, Sequence[str]] = {
    "projection": PROJECTIONS,
    "scale": SCALES,
    "tokenizer": TOKENIZERS,
    "vectors": VECTORS,
    "positions": POSITIONS,
    "norm_order": NORM_ORDERS,
    "activation": ACTIVATIONS,
    "kind": KINDS,
    "task": list(TASKS),
}
NUMBERS: dict[str, tuple[float, float, float]] = {  # least, most, step
    "span": (1, MAX_SPAN, 1),
    "temperature": (LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 0.1),
    "seed": (0, LARGEST_SEED, 1),
}
TYPED = (*NUMBERS, "embed_size")  # the others are chosen from a list, at once


def draw_sides() -> None:
    """Draw which side is changed, its controls, and what exchanges the two."""
    draw_pairs()
    _draw_which()
    letter: Letter = value_of("side")
    side, _messages = side_of(letter)
    kind = comparable(side)
    _select(letter, "page", _("Weights"), list(COMPARABLE), side.page.name, _weights)
    draw_one_text(letter)
    for row in kind.rows:
        _draw_row(letter, side, row)
    with st.container(horizontal=True, gap="small"):
        if kind.more:

            def draw_more() -> None:
                for row in kind.more:
                    _draw_row(letter, side, row)

            draw_popover(_("More"), draw_more, key="more_popover", icon=":material/tune:")
        draw_reset(_first_settings(), take=_reset)
    draw_link(
        side.page.name,
        _("Open {side} on its page").format(side=letter.upper()),
        query=side.as_link(),
    )


def _first_settings() -> dict[str, Any]:
    """Both sides and their pictures as they are at first, with the sentences that are there."""
    first = resettable()
    for letter in LETTERS:
        now, at_first = side_of(letter)[0], read_side(first[letter])[0]
        if comparable(now).reads_sentences(now):
            at_first = at_first.replaced(text=now.value("text"))
        # A link may write the same side in another way.
        first[letter] = value_of(letter) if now == at_first else at_first.text
    return first


def _reset(action: str, **first: Any) -> None:
    if "a" in first and session().pinned is not None:
        session().pinned = first["a"]
    choose(action, **first)


def _weights(page: str) -> str:
    return _(COMPARABLE[page].weights)


def _draw_which() -> None:
    segments(_("These controls change"), LETTERS, key="side")
    left, right = st.columns(2, gap="small")
    with left:
        st.button(
            _("Swap"), key="swap", icon=":material/swap_horiz:", on_click=_swap, width="stretch"
        )
    with right:
        other = other_than(value_of("side"))
        st.button(
            _("Copy {other}").format(other=other.upper()),
            key="as_other",
            icon=":material/content_copy:",
            on_click=lambda: put("copy", **{value_of("side"): side_of(other)[0]}),
            width="stretch",
            help=_("Make both sides the same, to change one thing from there."),
        )


def _swap() -> None:
    put("swap", a=side_of("b")[0], b=side_of("a")[0])


def _draw_row(letter: Letter, side: Side, row: Sequence[str]) -> None:
    keys = [key for key in row if comparable(side).is_used(side, key)]
    for place, key in zip(st.columns(len(keys), gap="small") if keys else [], keys, strict=True):
        with place:
            _draw(letter, side, key)


def _draw(letter: Letter, side: Side, key: str) -> None:
    name, value = f"{letter}_{key}", side.value(key)

    def take() -> None:
        _take(letter, key, st.session_state[name])

    let_show(name, value)
    numbers = {**NUMBERS, **comparable(side).numbers}
    if key in numbers:
        least, most, step = numbers[key]
        st.number_input(
            _(LABELS[key]),
            least,
            most,
            value,
            step=step,
            key=name,
            on_change=take,
            help=explain_parameter(key),
        )
    elif key in ("look_ahead", "together", "from_file"):
        st.toggle(_(LABELS[key]), value, key=name, on_change=take)
    else:
        options = OPTIONS[key] if key in OPTIONS else comparable(side).choices(side, key)
        _select(letter, key, _(LABELS[key]), options, value, _shown)


def _select(
    letter: Letter, key: str, label: str, options: Sequence[Any], value: Any, shown: Any
) -> None:
    """One of several; a value that isn't among them (a link can have any) is one more."""
    name = f"{letter}_{key}"
    options = options if value in options else [*options, value]
    let_show(name, value)
    st.selectbox(
        label,
        options,
        index=options.index(value),
        format_func=shown,
        placeholder="",
        key=name,
        on_change=lambda: _take(letter, key, st.session_state[name]),
        help=explain_parameter(key),
    )


def _shown(value: Any) -> str:
    return word(value) if isinstance(value, str) else f"{value:g}"


def _take(letter: Letter, key: str, value: Any) -> None:
    """A control was changed."""
    side = side_of(letter)[0]
    if key == "page":
        put(f"page {value}", **{letter: _moved(side, COMPARABLE[value])})
        return
    changed = comparable(side).changed(side, key, value)
    if side.page.parameters[key].is_gradual and key in TYPED:
        put_gradually(**{letter: changed})
    else:
        put(f"{letter} {key} {value}", **{letter: changed})


def _moved(side: Side, kind: Comparable) -> Side:
    """The side with other weights, and all else that both kinds have; a task has its own."""
    anew = Side.of(kind.page, {})
    if not (comparable(side).reads_sentences(side) and kind.reads_sentences(anew)):
        return anew
    chosen = {key: value for key, value in side.chosen.items() if key not in ("mask", "layer")}
    return Side.of(kind.page, chosen)
