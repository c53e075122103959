"""The Lab's controls: which values are tried, with how many seeds, and what is looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from lab.ranges import MOST_SEEDS
from model.tasks import TASKS
from model.training.plan import MOST_STEPS
from ui.choices.limits import MAX_CHARACTERS, MAX_SPAN
from ui.choices.options import TOKENIZERS
from ui.controls.let_show import let_show
from ui.controls.popover import draw_popover
from ui.controls.random_settings import draw_temperature
from ui.controls.reset import draw_reset, resettable
from ui.link.memory import choose, default_of, value_of
from ui.pages.lab.parameters import (
    CHOICES,
    COST,
    LAB_VIEWS,
    LEARNING,
    LISTS,
    LONGEST_TEXT,
    MECHANISM,
    MOST_LIST_TEXT,
    chosen,
)
from ui.pages.lab.presets import QUESTIONS, choose_preset
from ui.pages.lab.words import (
    CONTROL_TERMS,
    SCALE_WORDS,
    named_in,
)
from ui.text.explain import explain
from ui.text.i18n import _
from ui.text.markdown import verbatim
from ui.text.option_names import word
from ui.text.task_goals import GOALS

Named = Callable[[Any], str]


def draw_presets(on_choose: Callable[[], None]) -> None:
    """Draw the questions that one click answers."""

    def take(name: str) -> None:
        choose_preset(name)
        on_choose()

    with st.container(horizontal=True, gap="small", key="presets"):
        for name, question in QUESTIONS.items():
            st.button(
                _(question),
                key=f"preset_{name}",
                icon=":material/help:",
                on_click=take,
                args=[name],
            )


def draw_view() -> str:
    """Draw the choice of the kind of experiment, and return it."""
    view: str = st.segmented_control(
        _("View"),
        LAB_VIEWS,
        default=value_of("view"),
        required=True,
        format_func=word,
        key="view",
        label_visibility="collapsed",
    )
    return view


def draw_sentence() -> None:
    """Draw the field of the sentence that a mechanism is measured on, once it is typed."""
    st.text_input(
        _("Sentence"),
        value_of("text"),
        key="text",
        max_chars=MAX_CHARACTERS,
        placeholder=_("Type a sentence"),
    )


def draw_settings() -> None:
    """Draw the controls of the view."""
    {"mechanism": _mechanism, "learning": _learning, "cost": _cost}[value_of("view")]()


def draw_rest() -> None:
    """Draw the rest of a mechanism's controls, in a popover."""
    if value_of("view") == "mechanism":
        draw_popover(_("More"), _rest, key="more_popover", icon=":material/tune:")


def draw_first_settings() -> None:
    """Draw Reset: of the kind of experiment that is shown."""
    parameters = {"mechanism": MECHANISM, "learning": LEARNING, "cost": COST}[value_of("view")]
    first = resettable()
    draw_reset({key: first[key] for key in parameters if key in first})


def _mechanism() -> None:
    left, right = st.columns(2, gap="small")
    with left:
        _numbers(_("Heads"), "head_counts")
    with right:
        _count(_("Seeds"), "seeds", MOST_SEEDS, _(
            "So often each combination is measured, with other random weights and vectors."
        ))  # fmt: skip
    _numbers(_("Embedding sizes"), "embed_sizes")
    _several(_("Scale"), "scales", named_in(SCALE_WORDS))
    _several(_("Positions"), "schemes")
    _several(_("Mask"), "masks")
    _several(_("Projection"), "projections")


def _rest() -> None:
    pick_one(_("Tokens"), "tokenizer", TOKENIZERS, word)
    draw_temperature()
    _count(_("Span"), "span", MAX_SPAN, _("Of a window, a prefix, or every n-th key."))


def _learning() -> None:
    pick_one(_("Task"), "task", tuple(TASKS), word)
    st.caption(_(GOALS[value_of("task")]))
    left, right = st.columns(2, gap="small")
    with left:
        _numbers(_("Heads"), "learn_heads")
        _numbers(_("Layers"), "learn_layers")
        _count(_("Steps"), "steps", MOST_STEPS, _(
            "Here of 64 new examples each."
        ))  # fmt: skip
    with right:
        _numbers(_("Embedding"), "learn_embeddings")
        _numbers(_("Learning rates"), "learn_rates")
        _count(_("Seeds"), "learn_seeds", MOST_SEEDS, _(
            "So often each combination is trained, with other first weights and examples."
        ))  # fmt: skip
    _several(_("Positions"), "learn_schemes")
    _several(_("Scale"), "learn_scales", named_in(SCALE_WORDS))


def _cost() -> None:
    COST_CONTROLS["cost_embeddings"]()
    left, right = st.columns(2, gap="small")
    with left:
        COST_CONTROLS["cost_heads"]()
    with right:
        COST_CONTROLS["cost_layers"]()
    COST_CONTROLS["tokens"]()
    st.toggle(
        _("Decoder"),
        value=value_of("decoder"),
        key="decoder",
        help=explain(
            "key",
            "value",
            more=_("It writes token after token, and keeps the keys and values of those before."),
        ),
    )


def _numbers(label: str, key: str, help: str = "") -> None:
    """A list of numbers to type; what isn't understood is said, and the rest is used."""
    accepted = LISTS[key]
    st.text_input(
        label,
        value_of(key),
        key=key,
        max_chars=MOST_LIST_TEXT,
        help=explain(
            *CONTROL_TERMS[key],
            more=help
            or _("Numbers with commas between them: {limits}.").format(limits=accepted.limits),
        ),
    )
    used, refused = accepted.read(value_of(key))
    if refused:
        st.caption(
            _(":red[Not used: {parts}.] Possible are {limits}; {most} of them.").format(
                parts=", ".join(verbatim(part, 12) for part in refused[:4]),
                limits=accepted.limits,
                most=accepted.most,
            )
        )
    elif not used:
        st.caption(_(":red[At least one number is needed] ({limits}).").format(
            limits=accepted.limits
        ))  # fmt: skip


def _count(label: str, key: str, most: int, help: str = "") -> None:
    said = explain(*CONTROL_TERMS.get(key, ()), more=help)
    st.number_input(label, 1, most, value=default_of(key), key=key, help=said)


# Of the view cost, by the names of their parameters.
COST_CONTROLS: Mapping[str, Callable[[], None]] = {
    "cost_embeddings": lambda: _numbers(
        _("Embedding sizes"), "cost_embeddings", _("Up to three, which are compared.")
    ),
    "cost_heads": lambda: _count(_("Heads"), "cost_heads", 128),
    "cost_layers": lambda: _count(_("Layers"), "cost_layers", 128),
    "tokens": lambda: _count(_("Tokens"), "tokens", LONGEST_TEXT),
}


def _several(label: str, key: str, named: Named = word) -> None:
    """Some of the options, at least one; the link has them with commas between them."""
    widget = f"pick_{key}"

    def take() -> None:
        picked = st.session_state[widget]
        if picked:
            used = ",".join(option for option in CHOICES[key] if option in picked)
            choose(f"{key} {used}", **{key: used})

    now = list(chosen(value_of(key)))
    if set(st.session_state.get(widget, ())) != set(now):  # they are in the order of the clicks
        let_show(widget, now)
    st.pills(
        label,
        CHOICES[key],
        default=now,
        selection_mode="multi",
        format_func=named,
        key=widget,
        on_change=take,
        help=explain(*CONTROL_TERMS[key]),
    )


def pick_one(
    label: str,
    key: str,
    options: Sequence[str],
    named: Named,
    *,
    automatic: str = "",
    terms: Sequence[str] = (),
) -> None:
    """Draw the choice of one option.

    Args:
        label, key: of the choice.
        options: that there are, and how each is `named`.
        automatic: what is used where none is chosen.
        terms: of the glossary that the chosen one needs.
    """
    widget = f"pick_{key}"

    def take() -> None:
        choose(f"{key} {st.session_state[widget]}", **{key: st.session_state[widget]})

    value = value_of(key)
    let_show(widget, value)
    st.selectbox(
        label,
        options,
        index=options.index(value) if value in options else None,
        format_func=named,
        key=widget,
        on_change=take,
        placeholder=automatic,
        help=explain(*terms, *CONTROL_TERMS.get(key, ())) or None,
    )
