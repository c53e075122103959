"""What a link asks for, made valid before any widget sees it, with a notice for each repair.

Streamlit's own binding of widgets to the URL silently falls back to the default. Here a stranger's
value is replaced by the nearest one that works, and the page says so.
"""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.i18n import _
from ui.options import WORDS, find_option, word
from ui.settings import (
    DEFAULT_TEXT,
    HIGHEST_TEMPERATURE,
    LARGEST_EMBEDDING,
    LARGEST_SEED,
    LOWEST_TEMPERATURE,
    MASKS,
    MAX_CHARACTERS,
    MAX_HEADS,
    MAX_TOKENS,
    POSITIONS,
    PROJECTIONS,
    SCALES,
    SMALLEST_EMBEDDING,
    STAGES,
    TEXT_KEYS,
    TOKENIZERS,
    VIEWS,
    head_choices,
    nearest,
)
from ui.text import verbatim

DEFAULTS: dict[str, Any] = {
    "text": DEFAULT_TEXT,
    "text2": "",
    "text3": "",
    "text4": "",
    "heads": 8,
    "embed_size": 64,
    "mask": "none",
    "projection": "full",
    "scale": "head_dim",
    "temperature": 1.0,
    "tokenizer": "words",
    "positions": "none",
    "seed": 0,
    "stage": "weights",
    "view": "heads",
    "head_scale": False,
    "sentence": 1,
    "head": None,
    "q": None,
    "k": None,
}

# A reader turns a link's text into a value, and a message if it isn't the value asked for.
Reader = Callable[[str, str], tuple[Any, str | None]]


def _option(*options: str) -> Reader:
    def read(key: str, text: str) -> tuple[Any, str | None]:
        option = find_option(text, options)
        if option is not None:
            return option, None
        return DEFAULTS[key], _(
            "The link asks for {key} {text}; there are: {options}. Using {used}."
        ).format(
            key=key,
            text=verbatim(text),
            options=", ".join(map(word, options)),
            used=word(DEFAULTS[key]),
        )

    return read


def _number(low: float, high: float, cast: Callable[[float], float] = round) -> Reader:
    def read(key: str, text: str) -> tuple[Any, str | None]:
        try:
            wanted = float(text)
        except ValueError:
            wanted = math.nan
        if math.isnan(wanted):
            used = DEFAULTS[key]
            said = _("none") if used is None else used
            return used, _(
                "The link asks for {key} {text}, which isn't a number. Using {used}."
            ).format(key=key, text=verbatim(text), used=said)
        value = cast(min(max(wanted, low), high))
        if value == wanted:
            return value, None
        return value, _("The link asks for {key} {text}; using the nearest, {used}.").format(
            key=key, text=verbatim(text), used=value
        )

    return read


def _text(key: str, text: str) -> tuple[Any, str | None]:
    if len(text) <= MAX_CHARACTERS:
        return text, None
    return text[:MAX_CHARACTERS], _(
        "The link's {key} has {count} characters; the first {limit} are used."
    ).format(key=key, count=len(text), limit=MAX_CHARACTERS)


def _flag(key: str, text: str) -> tuple[Any, str | None]:
    if text.strip().lower() in ("true", "1", "false", "0"):
        return text.strip().lower() in ("true", "1"), None
    return DEFAULTS[key], _("The link asks for {key} {text}; using {used}.").format(
        key=key, text=verbatim(text), used=DEFAULTS[key]
    )


READERS: dict[str, Reader] = {
    **dict.fromkeys(TEXT_KEYS, _text),
    "heads": _number(1, MAX_HEADS),
    "embed_size": _number(SMALLEST_EMBEDDING, LARGEST_EMBEDDING),
    "mask": _option(*MASKS),
    "projection": _option(*PROJECTIONS),
    "scale": _option(*SCALES),
    "temperature": _number(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, lambda t: round(t, 2)),
    "tokenizer": _option(*TOKENIZERS),
    "positions": _option(*POSITIONS),
    "seed": _number(0, LARGEST_SEED),
    "stage": _option(*STAGES),
    "view": _option(*VIEWS),
    "head_scale": _flag,
    "sentence": _number(1, len(TEXT_KEYS)),
    "head": _number(0, MAX_HEADS - 1),
    "q": _number(0, MAX_TOKENS - 1),
    "k": _number(0, MAX_TOKENS - 1),
}


def value_of(key: str) -> Any:
    """The current value of a control, before or after its widget exists."""
    return st.session_state.get(key, DEFAULTS[key])


def read_link() -> None:
    """Make what the link asks for valid, once, before any widget sees it.

    If something had to be changed, the URL is written anew and the script starts over: a widget
    that is bound to a parameter trusts it, and some values would stop the page (`seed=1e999`).
    """
    state = st.session_state
    if "_notices" in state:
        return
    state["_notices"] = {}
    asked = {key: st.query_params.get_all(key) for key in READERS if key in st.query_params}
    for key, texts in asked.items():
        state[key], message = READERS[key](key, texts[-1])
        if message:
            notice(key, message)
    out_of_range = state["_notices"].get("heads")
    fit_heads()
    if out_of_range and state["_notices"]["heads"] != out_of_range:  # say both
        notice("heads", f"{out_of_range[1]} {state['_notices']['heads'][1]}")
    fit_sentence(1 + sum(bool(value_of(key).strip()) for key in TEXT_KEYS[1:]))
    changed = False
    for key, texts in asked.items():
        written = _as_written(key, state[key])
        if texts != [written]:
            changed = True
            if state[key] == DEFAULTS[key]:
                del st.query_params[key]
            else:
                st.query_params[key] = written
    if changed:
        st.rerun()


def _as_written(key: str, value: Any) -> str:
    """A control's value as Streamlit writes it into the URL."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if key in TEXT_KEYS else WORDS.get(value, str(value))


def notice(key: str, message: str) -> None:
    """Say why a control has another value than asked for, for as long as it keeps that value."""
    st.session_state.setdefault("_notices", {})[key] = (value_of(key), message)


def fit_heads() -> list[int]:
    """The head counts that can be chosen; the current one is changed if it isn't among them.

    What was wanted is remembered, and comes back when an embedding size allows it.
    """
    state = st.session_state
    embed_size, heads = value_of("embed_size"), value_of("heads")
    choices = head_choices(embed_size)
    wanted, fitted, fitted_to = state.get("_wanted_heads", (heads, heads, None))
    if heads != fitted:  # somebody has chosen since
        wanted = heads
    elif embed_size == fitted_to:
        return choices
    used = wanted if wanted in choices else nearest(wanted, choices)
    state["_wanted_heads"] = (wanted, used, embed_size)
    if used != heads:
        state["heads"] = used
    if used != wanted:
        message = _(
            "{heads} heads don't divide an embedding of {embed_size}; using the nearest, {used}."
        )
        notice("heads", message.format(heads=wanted, embed_size=embed_size, used=used))
    return choices


def fit_sentence(count: int) -> None:
    """Keep the sentence shown among those that there are."""
    asked = value_of("sentence")
    if asked > count:
        st.session_state["sentence"] = count
        message = _("There is no sentence {asked}; showing sentence {used}.")
        notice("sentence", message.format(asked=asked, used=count))


def show_notices() -> None:
    """Show, in one box, the notices whose value is still in force."""
    notices = st.session_state.get("_notices", {})
    for key in [key for key, (value, _message) in notices.items() if value_of(key) != value]:
        del notices[key]
    if notices:
        lines = [message for _value, message in notices.values()]
        st.warning("  \n".join(lines), icon=":material/info:")
