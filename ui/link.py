"""What a link asks for, made valid before any widget sees it, with a notice for each repair.

Streamlit's own binding of widgets to the URL silently falls back to the default. Here a stranger's
value is replaced by the nearest one that works, and the page says so.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import get_session_state

from model.pretrained.base import ModelUnavailableError
from model.training.plan import MOST_HEADS
from ui.compute import word_vectors
from ui.error_text import describe_error
from ui.i18n import _
from ui.lab_parameters import CHOICES, LISTS
from ui.options import WORDS
from ui.parameters import KEPT, MODEL_PAGES, OPENING, PAGES, PLAN_FIELDS, plan_text
from ui.readers import Parameter
from ui.settings import (
    DEFAULT_TEXT,
    MAX_HEADS,
    POSITIONS,
    TEXT_KEYS,
    VECTORS,
    fits_rotary,
    head_choices,
    layer_choices,
    nearest,
)
from ui.stories import STORIES

MISSING = object()  # None is a value: nothing chosen
WITHOUT_WIDGET = ("cells", "added", "removed", "kept", "at", "weights", "a", "b")
# What isn't one of the options' identifiers.
TYPED = (*TEXT_KEYS, "other", *LISTS, *CHOICES, *WITHOUT_WIDGET)

_as_if: ContextVar[tuple[str, Mapping[str, Any]] | None] = ContextVar("as_if", default=None)


@contextmanager
def as_if(page: str, chosen: Mapping[str, Any]) -> Iterator[None]:
    """Let everything be as if another page were shown, with nothing chosen there but this."""
    before = _as_if.set((page, chosen))
    try:
        yield
    finally:
        _as_if.reset(before)


def current_page() -> str:
    """The name of the page that is shown, or is looked at as if it were."""
    other = _as_if.get()
    page: str = st.session_state["_page"] if other is None else other[0]
    return page


def parameters() -> dict[str, Parameter]:
    """The parameters of the current page."""
    return PAGES[current_page()]


def default_of(key: str) -> Any:
    """What a control of this page has, unless a link or a person says otherwise."""
    return parameters()[key].default


def value_of(key: str) -> Any:
    """The current value of a control, before or after its widget exists."""
    other = _as_if.get()
    value = (st.session_state if other is None else other[1]).get(key, MISSING)
    return default_of(key) if value is MISSING else value


def read_link(page: str) -> None:
    """Make what the link asks for valid, once a visit, before any widget sees it.

    If something had to be changed, the URL is written anew and the script starts over: a widget
    that is bound to a parameter trusts it, and some values would stop the page (`seed=1e999`).
    """
    state = st.session_state
    repairs = state.pop("_repairs", [])
    if state.get("_page") == page:
        if _went_back():
            _reread()
        for each in repairs:
            _correct(each.key, each.used)
            if each.message:
                notice(each.key, each.message, each.wanted)
        return
    left, state["_page"] = state.get("_page"), page
    state["_notices"] = {}
    state.pop("_wanted_layer", None)  # another page's layers are of something else
    if left:
        _bring_along(left)
    asked = _asked()
    if "added" in asked:
        state.pop("_written_after", None)  # it goes with the link's own text
    is_first = not asked and page not in state.get("_visited", {})
    if is_first and page in OPENING and value_of("text") == DEFAULT_TEXT:
        state.update(OPENING[page])
    for key, text in asked.items():
        state[key], message = parameters()[key].read(key, text)
        if message and not _went_back():  # nobody asks for what the browser remembers
            notice(key, message)
    _fit_all(FITTED[page])
    if _write_link() or left:  # after a page's change, Streamlit would prefer what it remembers
        st.rerun()


def fit_link(fits: Mapping[str, Callable[[], Any]]) -> None:
    """Bring values within what has become known since the link was read, as read_link does."""
    _fit_all(fits)
    if _write_link():
        st.rerun()


def _correct(key: str, value: int | None) -> None:
    """Let a number field and its parameter in the address have another value.

    Streamlit does so itself with a value that is set before its widget, but not after a run that
    was broken off, and refuses to have a bound parameter written.
    """
    st.session_state[key] = value
    with get_session_state().query_params() as written:
        if value == default_of(key):
            written.remove_param(key)
        else:
            written.set_corrected_value(key, value, "int_value")


def _fit_all(fits: Mapping[str, Callable[[], Any]]) -> None:
    notices = st.session_state["_notices"]
    for key, fit in fits.items():
        out_of_range = notices.get(key)
        fit()
        if out_of_range and notices[key] != out_of_range:  # say both
            notice(key, f"{out_of_range[1]} {notices[key][1]}")


def _asked() -> dict[str, str]:
    """What the address asks this page for; of a repeated parameter, the last counts.

    Where somebody comes back in the browser's history, st.query_params leaves out what the other
    page's widgets were bound to, so the address itself is read. (On a link to another page, it
    would still be the address of the page that is left.)
    """
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    if _went_back():
        query = parse_qs(get_script_run_ctx().query_string, keep_blank_values=True)
    return {key: query[key][-1] for key in parameters() if key in query}


def _reread() -> None:
    """Read the whole address again, after somebody went back or forward on this page.

    Streamlit would bring back each widget's own value, but too late for what is computed before
    its widget, not what no widget keeps, and the default where a link has an option's identifier.
    """
    asked = _asked()
    for key, parameter in parameters().items():
        st.session_state.pop(f"_wanted_{key}", None)  # it is what the address has
        st.session_state[key] = parameter.default
        if key in asked:
            st.session_state[key], _message = parameter.read(key, asked[key])
    st.session_state.pop("_written_after", None)  # what the address has added goes with its text
    _fit_all(FITTED[st.session_state["_page"]])
    st.rerun()  # in this run widgets would still prefer the address, and write what they prefer


def _went_back() -> bool:
    """Whether the page is shown because somebody went back or forward in the browser's history."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def _write_link() -> bool:
    """Write what is chosen into the address, in one go; whether that changed anything."""
    chosen = {key: value_of(key) for key in parameters()}
    wanted = {
        key: [as_written(key, value)] for key, value in chosen.items() if value != default_of(key)
    }
    now = {key: st.query_params.get_all(key) for key in st.query_params}
    others = {key: values for key, values in now.items() if key not in chosen}
    if now == {**others, **wanted}:
        return False
    st.query_params.from_dict({**others, **wanted})
    return True


def remember(*keys: str) -> None:
    """Remember what the page shows, or only these controls, for when it is come back to."""
    state = st.session_state
    visited = state.setdefault("_visited", {}).setdefault(state["_page"], {})
    visited.update({key: value_of(key) for key in keys or parameters()})


def left_on(page: str) -> dict[str, Any]:
    """What a page that is just left has shown.

    It may have been left so soon after a choice that its script never came to remember it; then
    Streamlit has what the browser sent, at least until another page's widgets are there.
    """
    state = st.session_state
    visited: dict[str, Any] = state.setdefault("_visited", {}).setdefault(page, {})
    visited.update({key: state[key] for key in PAGES[page] if key in state})
    return visited


def _bring_along(left: str) -> None:
    """Begin a page as it was left, with the model of the page before.

    Streamlit takes neither a page's values nor its URL along, but may leave single values behind.
    """
    state = st.session_state
    before = left_on(left)
    visited: dict[str, dict[str, Any]] = state["_visited"]
    model = {}
    if {left, state["_page"]} <= MODEL_PAGES:  # elsewhere, sizes mean something else
        model = {key: value for key, value in before.items() if key in KEPT}
    known = {**visited.get(state["_page"], {}), **model}
    for key in {key for page in PAGES.values() for key in page}:
        state.pop(key, None)
    state.update({key: known[key] for key in parameters() if key in known})


def as_written(key: str, value: Any) -> str:
    """A control's value as Streamlit writes it into the URL."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return WORDS.get(value, str(value)) if key not in TYPED else str(value)


def keep(key: str, value: Any) -> None:
    """Keep a value that no widget keeps, here and in the link."""
    st.session_state[key] = value
    if value == default_of(key):
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = as_written(key, value)


def keep_undrawn(*keys: str) -> None:
    """Keep the values of controls that aren't drawn, here and in the link.

    What was drawn in the run before is still bound, and refuses to be written: Streamlit takes it
    out of the link when this run ends, and the next run writes it again.
    """
    for key in keys:
        with suppress(StreamlitAPIException):
            keep(key, value_of(key))


def notice(key: str, message: str, asked: Any = MISSING) -> None:
    """Say why a control has another value than asked for, for as long as it keeps that value.

    If the link had asked for more still, so that `asked` is a repaired value itself, say both.
    """
    notices = st.session_state.setdefault("_notices", {})
    value, said = notices.get(key, (None, ""))
    if said and value == asked:
        message = f"{said} {message}"
    notices[key] = (value_of(key), message)


def fit_heads(most: int = MAX_HEADS) -> list[int]:
    """The head counts that can be chosen; the current one is changed if it isn't among them."""
    embed_size = value_of("embed_size")
    choices = [count for count in head_choices(embed_size) if count <= most]
    wanted, used = _fit("heads", choices)
    if used != wanted:
        message = _(
            "{heads} heads don't divide an embedding of {embed_size}; using the nearest, {used}."
        )
        notice("heads", message.format(heads=wanted, embed_size=embed_size, used=used))
    return choices


def fit_learnt_heads() -> list[int]:
    """As fit_heads, on Learn, which has room for fewer."""
    return fit_heads(MOST_HEADS)


def fit_layers() -> list[int]:
    """The layer counts that can be chosen; the current one is changed if it isn't among them."""
    embed_size = value_of("embed_size")
    choices = layer_choices(embed_size, pair=current_page() == "encoder-decoder")
    wanted, used = _fit("layers", choices)
    if used != wanted:
        message = _(
            "{layers} layers with an embedding of {embed_size} have more weights than the server "
            "keeps; using {used}, the most that fit."
        )
        notice("layers", message.format(layers=wanted, embed_size=embed_size, used=used))
    return choices


def fit_positions() -> None:
    """Turn rotary positions off where a head's size doesn't fall into pairs."""
    fits = fits_rotary(value_of("embed_size"), value_of("heads"))
    choices = [scheme for scheme in POSITIONS if fits or scheme != "rotary"]
    wanted, used = _fit("positions", choices, "none")
    if used != wanted:
        notice("positions", without_rotary(value_of("embed_size"), value_of("heads")))


def without_rotary(embed_size: int, heads: int) -> str:
    """Return why rotary positions are off."""
    return _(
        "Rotary positions turn pairs of numbers, and a head has {size} here, an odd count: "
        "positions are off."
    ).format(size=embed_size // heads)


def fit_vectors() -> None:
    """Take hashed word vectors where MiniLM's can't be used."""
    problem = ""
    if "minilm" in (value_of("vectors"), st.session_state.get("_wanted_vectors", ("",))[0]):
        problem = without_vectors()
    wanted, used = _fit("vectors", [v for v in VECTORS if not problem or v == "hashed"], "hashed")
    if used != wanted:
        notice("vectors", problem)


def without_vectors() -> str:
    """Return why MiniLM's word vectors can't be used; empty if they can."""
    try:
        word_vectors()
    except ModelUnavailableError as error:
        return f"{describe_error(error, _)} {_('Using hashed word vectors.')}"
    return ""


def _fit(key: str, choices: list[Any], otherwise: str | None = None) -> tuple[Any, Any]:
    """Bring a control's value among its choices: what was wanted, and what is used.

    What was wanted is remembered, and comes back when it is among them. As long as neither the
    value nor the choices change, there is nothing to do or to say. Of numbers the nearest is used
    instead, of words `otherwise`.
    """
    state = st.session_state
    value = value_of(key)
    wanted, fitted, fitted_to = state.get(f"_wanted_{key}", (value, value, None))
    if value != fitted:  # somebody has chosen since
        wanted = value
    elif choices == fitted_to:
        return value, value
    used = wanted
    if wanted not in choices:
        used = otherwise or nearest(wanted, choices)
    state[f"_wanted_{key}"] = (wanted, used, choices)
    if used != value:
        state[key] = used
    return wanted, used


def count_sentences() -> int:
    """How many sentences, or pairs, there are; blank ones count only in the first place."""
    if st.session_state.get("_model_kind", "encoder") != "encoder" and "model" in parameters():
        return 1  # a decoder writes on with one text
    if asks_together() and st.session_state.get("_reads_pairs", True):
        return 1
    blank = [not value_of(key).strip() for key in TEXT_KEYS if key in parameters()]
    if current_page() == "encoder-decoder":
        return 1 if all(blank[2:]) else 2
    return 1 + blank[1:].count(False)


def asks_together() -> bool:
    """Whether two sentences are to be read in one pass, by a model that can."""
    return bool(
        "together" in parameters()
        and value_of("together")
        and value_of("text2").strip()
        and value_of("view") != "similarity"
    )


def fit_sentence() -> None:
    """Keep the sentence shown among those that there are."""
    asked, count = value_of("sentence"), count_sentences()
    if asked > count:
        st.session_state["sentence"] = count
        message = _("There is no sentence {asked}; showing sentence {used}.")
        notice("sentence", message.format(asked=asked, used=count))


def fit_layer() -> None:
    """Keep the layer shown among those that there are."""
    fit_layer_to(value_of("layers"))


def fit_layer_to(count: int) -> None:
    """Keep the layer shown among so many; the one that was wanted comes back with more."""
    wanted, used = _fit("layer", list(range(count)))
    if used != wanted:
        message = _("There is no layer {asked}; showing the last one, layer {used}.")
        notice("layer", message.format(asked=wanted, used=used))


def show_notices() -> None:
    """Show, in one box, the notices whose value is still in force."""
    notices = st.session_state.get("_notices", {})
    for key in [key for key, (value, _message) in notices.items() if value_of(key) != value]:
        del notices[key]
    if notices:
        lines = [message for _value, message in notices.values()]
        st.warning("  \n".join(lines), icon=":material/info:")


def fit_weights() -> None:
    """Fall back to random weights where a link asks for what was trained on somebody's page."""
    if value_of("weights") != "learnt":
        return
    state = st.session_state
    model = state.get("_carried")
    if model is not None and model.home == state["_page"]:
        if "text" not in _asked():
            state["text"] = model.text
    else:
        state["weights"] = "random"
        message = _(
            "The link shows weights that were trained on another page, which a link doesn't hold; "
            "showing random ones. Train on Learn, and open them from there."
        )
        notice("weights", message)


def fit_story() -> None:
    """Let a story's link, that says nothing else, open its two plans; and no story be of others."""
    story = value_of("story")
    if story is None:
        return
    kept, shown = STORIES[story].plans()
    if not {*PLAN_FIELDS, "kept"} & _asked().keys():
        state = st.session_state
        state.update({name: getattr(shown, name) for name in PLAN_FIELDS}, kept=plan_text(kept))
    elif value_of("task") != shown.task:
        st.session_state["story"] = None


_RANDOM = {
    "weights": fit_weights,
    "heads": fit_heads,
    "positions": fit_positions,
    "vectors": fit_vectors,
    "layers": fit_layers,
    "layer": fit_layer,
    "sentence": fit_sentence,
}
FITTED: dict[str, dict[str, Callable[[], Any]]] = {
    "explore": _RANDOM,
    "encoder-decoder": _RANDOM,
    "pretrained": {"sentence": fit_sentence},  # the rest when the model is known: see fit_link
    "learn": {"story": fit_story, "heads": fit_learnt_heads, "layer": fit_layer},
    "compare": {},
    "lab": {},
}
