"""The controls of one side of a comparison: those of its page, which write into the side's link."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from model.pretrained.base import reads_pairs
from model.tasks import TASKS
from model.training.plan import MOST_HEADS, MOST_LAYERS
from model.training.recommended import RECOMMENDED
from ui.comparison_words import WEIGHTS
from ui.controls import BOUND, TYPING_PAUSE, segments
from ui.i18n import _
from ui.link import default_of, value_of
from ui.mask_controls import can_look_ahead
from ui.models import is_loaded, is_unusable, model_choices, model_of
from ui.options import word
from ui.parameters import PLAN_FIELDS, SIDES
from ui.settings import (
    ACTIVATIONS,
    HIGHEST_TEMPERATURE,
    KINDS,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LEARN_EMBEDDINGS,
    LEARN_RATES,
    LEARN_STEPS,
    LOWEST_TEMPERATURE,
    MASKS,
    MAX_CHARACTERS,
    MAX_SPAN,
    MAX_TRAINED_LAYERS,
    NORM_ORDERS,
    PAIR_MASKS,
    POSITIONS,
    PROJECTIONS,
    SCALES,
    SMALLEST_EMBEDDING,
    TOKENIZERS,
    VECTORS,
    head_choices,
    layer_choices,
)
from ui.sides import LETTERS, Letter, Side, layers_of_side, put, side_of
from ui.widgets import let_show

LABELS = {
    "text": _("Sentence"),
    "text2": _("Target"),
    "heads": _("Heads"),
    "embed_size": _("Embedding"),
    "layers": _("Layers"),
    "layer": _("Layer shown"),
    "kind": _("Attention"),
    "mask": _("Mask"),
    "span": _("Span"),
    "look_ahead": _("Looks ahead"),
    "projection": _("Projection"),
    "scale": _("Scale"),
    "temperature": _("Temperature"),
    "tokenizer": _("Tokens"),
    "vectors": _("Word vectors"),
    "positions": _("Positions"),
    "norm_order": _("Norm"),
    "activation": _("Feed-forward"),
    "seed": _("Seed"),
    "model": _("Model"),
    "together": _("Read both together"),
    "task": _("Task"),
    "learning_rate": _("Learning rate"),
    "steps": _("Steps"),
}
# What stands side by side; below the line, what is in the popover.
ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "explore": (
        ("heads", "embed_size"),
        ("scale", "mask"),
        ("span", "look_ahead"),
        ("positions", "seed"),
        ("layers", "layer"),
    ),
    "encoder-decoder": (
        ("text2",),
        ("heads", "embed_size"),
        ("scale", "mask"),
        ("kind", "positions"),
        ("layers", "layer"),
    ),
    "pretrained": (("model",), ("text2",), ("together",), ("layer", "kind")),
    "learn": (
        ("task",),
        ("heads", "embed_size"),
        ("positions", "scale"),
        ("learning_rate", "steps"),
        ("layers", "layer"),
        ("seed", "kind"),
    ),
}
MORE: dict[str, tuple[tuple[str, ...], ...]] = {
    "explore": (
        ("projection", "temperature"),
        ("tokenizer", "vectors"),
        ("norm_order", "activation"),
    ),
    "encoder-decoder": (
        ("projection", "temperature"),
        ("tokenizer", "vectors"),
        ("norm_order", "activation"),
        ("seed",),
    ),
}
WITH_SPAN = ("window", "prefix", "strided")
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


def draw_sides() -> None:
    """Which side is changed, its controls, and what exchanges the two."""
    _draw_which()
    letter: Letter = value_of("side")
    side, _messages = side_of(letter)
    _select(letter, "page", _("Weights"), SIDES, side.page, WEIGHTS.__getitem__)
    _draw_text(letter, side)
    for row in ROWS[side.page]:
        _draw_row(letter, side, row)
    if side.page in MORE:
        with st.popover(_("More"), icon=":material/tune:", width="stretch"):
            for row in MORE[side.page]:
                _draw_row(letter, side, row)
    st.page_link(
        st.session_state["_pages"][side.page],
        label=_("Open {side} on its page").format(side=letter.upper()),
        icon=":material/open_in_new:",
        query_params=side.as_link(),
    )


def _draw_which() -> None:
    segments(_("These controls change"), LETTERS, key="side")
    left, right = st.columns(2, gap="small")
    with left:
        st.button(
            _("Swap"), key="swap", icon=":material/swap_horiz:", on_click=_swap, width="stretch"
        )
    with right:
        other = "a" if value_of("side") == "b" else "b"
        st.button(
            _("Copy {other}").format(other=other.upper()),
            key="as_other",
            icon=":material/content_copy:",
            on_click=lambda: put(value_of("side"), side_of(other)[0]),
            width="stretch",
            help=_("Make both sides the same, to change one thing from there."),
        )


def _swap() -> None:
    a, b = side_of("a")[0], side_of("b")[0]
    put("a", b)
    put("b", a)


def _draw_text(letter: Letter, side: Side) -> None:
    key = f"{letter}_text"
    let_show(key, side.value("text"))

    def take() -> None:
        _take(letter, "text", st.session_state[key])
        other: Letter = "a" if letter == "b" else "b"
        if value_of("one_text") and _reads_sentences(letter) and _reads_sentences(other):
            put(other, side_of(other)[0].replaced(text=st.session_state[key]))

    st.text_input(
        LABELS["text"] if side.page != "learn" else _("Input"),
        side.value("text"),
        key=key,
        live=TYPING_PAUSE,
        max_chars=MAX_CHARACTERS,
        placeholder=_("Type a sentence") if side.page != "learn" else _("the task's own example"),
        on_change=take,
    )
    if all(map(_reads_sentences, LETTERS)):
        a, b = (side_of(each)[0].value("text") for each in LETTERS)
        if a != b:  # a link's: typing on one side must not overwrite the other
            let_show("one_text", False)
        st.toggle(
            _("The same for A and B"),
            default_of("one_text"),
            key="one_text",
            bind=BOUND,
            on_change=lambda: _share_text(letter),
        )


def _reads_sentences(letter: Letter) -> bool:
    return side_of(letter)[0].page != "learn"


def _share_text(letter: Letter) -> None:
    if value_of("one_text"):
        text = side_of(letter)[0].value("text")
        for each in LETTERS:
            put(each, side_of(each)[0].replaced(text=text))


def _draw_row(letter: Letter, side: Side, row: Sequence[str]) -> None:
    keys = [key for key in row if _is_used(side, key)]
    for place, key in zip(st.columns(len(keys), gap="small") if keys else [], keys, strict=True):
        with place:
            _draw(letter, side, key)


def _is_used(side: Side, key: str) -> bool:
    """Whether a control says anything, with the others as they are."""
    match key:
        case "span":
            return side.value("mask") in WITH_SPAN
        case "look_ahead":
            return can_look_ahead(side.value("mask"), side.value("span"))
        case "layer" if side.page == "pretrained":
            return not is_unusable(side.value("model"))
        case "layer":
            return bool(side.value("layers") > 1)
        case "kind" if side.page == "learn":
            return TASKS[side.value("task")].kind == "encoder-decoder"
        case "text2" | "together" if _has_pair(side):
            return True
        case "kind" | "text2" | "together" if side.page == "pretrained":
            return key != "together" and _model_kind(side) == "encoder-decoder"
    return True


def _has_pair(side: Side) -> bool:
    """Whether a side has two sentences that its model can read together."""
    if side.page != "pretrained" or not side.value("text2").strip():
        return False
    choice = side.value("model")
    return is_loaded(choice) and reads_pairs(model_of(choice))


def _model_kind(side: Side) -> str | None:
    choice = side.value("model")
    return model_of(choice).kind if is_loaded(choice) else None


def _draw(letter: Letter, side: Side, key: str) -> None:
    name, value = f"{letter}_{key}", side.value(key)

    def take() -> None:
        _take(letter, key, st.session_state[name])

    let_show(name, value)
    if key == "embed_size" and side.page != "learn":
        st.number_input(
            LABELS[key],
            SMALLEST_EMBEDDING,
            LARGEST_EMBEDDING,
            value,
            step=8,
            key=name,
            on_change=take,
        )
    elif key in NUMBERS:
        least, most, step = NUMBERS[key]
        st.number_input(LABELS[key], least, most, value, step=step, key=name, on_change=take)
    elif key in ("look_ahead", "together"):
        st.toggle(LABELS[key], value, key=name, on_change=take)
    elif key == "text2":
        st.text_input(
            _("Second sentence") if _has_pair(side) else LABELS[key],
            value,
            key=name,
            live=TYPING_PAUSE,
            max_chars=MAX_CHARACTERS,
            on_change=take,
        )
    else:
        _select(letter, key, LABELS[key], _choices(side, key), value, _shown)


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
        key=name,
        on_change=lambda: _take(letter, key, st.session_state[name]),
    )


def _shown(value: Any) -> str:
    return word(value) if isinstance(value, str) else f"{value:g}"


def _choices(side: Side, key: str) -> Sequence[Any]:
    if key in OPTIONS:
        return OPTIONS[key]
    learn = side.page == "learn"
    match key:
        case "heads":
            most = MOST_HEADS if learn else side.value("embed_size")
            return [heads for heads in head_choices(side.value("embed_size")) if heads <= most]
        case "layers" if learn:
            return range(1, MOST_LAYERS + 1)
        case "layers":
            pair = side.page == "encoder-decoder"
            return layer_choices(side.value("embed_size"), pair=pair)
        case "layer" if side.page == "pretrained":
            return range(layers_of_side(side) or MAX_TRAINED_LAYERS)
        case "layer":
            return range(side.value("layers"))
        case "mask" if side.page == "encoder-decoder":
            return PAIR_MASKS
        case "mask":
            return [mask for mask in MASKS if mask != "custom"]  # there is no painter here
        case "model":
            return model_choices()
        case "learning_rate":
            return LEARN_RATES
        case "steps":
            return LEARN_STEPS
        case _:
            return LEARN_EMBEDDINGS


def _take(letter: Letter, key: str, value: Any) -> None:
    """A control was changed."""
    side = side_of(letter)[0]
    if key == "page":
        put(letter, _moved(side, value))
    elif key == "task":  # begin with what solves it
        plan = RECOMMENDED[value]
        put(letter, Side.of("learn", {name: getattr(plan, name) for name in PLAN_FIELDS}))
    else:
        put(letter, side.replaced(**{key: value}))


def _moved(side: Side, page: str) -> Side:
    """The side with other weights, and all else that both kinds have; a task has its own."""
    if "learn" in (side.page, page):
        return Side.of(page, {})
    chosen = {key: value for key, value in side.chosen.items() if key not in ("mask", "layer")}
    return Side.of(page, chosen)
