"""The two sides of a comparison: a page, and what is chosen on it, wherever it was chosen.

A side is written as the page's own link, `explore?heads=4&scale=none`: whatever a page can show can
be compared, and whatever is compared can be opened on its page.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import streamlit as st

from model.training.plan import MOST_HEADS
from ui.error_text import describe_error
from ui.i18n import _
from ui.link import (
    as_if,
    as_written,
    current_page,
    keep,
    left_on,
    notice,
    parameters,
    value_of,
    without_rotary,
    without_vectors,
)
from ui.models import is_loaded, model_of
from ui.parameters import PLAN_FIELDS, SIDES, compared, read_side
from ui.settings import fits_rotary, head_choices, layer_choices, nearest
from ui.text import plain
from ui.trainings import Carried, carried, is_from_file, plan_in_use

Letter = Literal["a", "b"]
LETTERS: tuple[Letter, ...] = ("a", "b")


@dataclass(frozen=True)
class Side:
    """One of the configurations that are compared."""

    page: str
    chosen: Mapping[str, Any]  # what isn't the page's default, and is about what is computed

    @classmethod
    def of(cls, page: str, values: Mapping[str, Any]) -> "Side":
        """The side that a page shows with these values; others are the page's defaults."""
        chosen = {
            key: values[key]
            for key, parameter in compared(page).items()
            if key in values and values[key] != parameter.default
        }
        return cls(page, chosen)

    @property
    def text(self) -> str:
        """As a link holds it."""
        written = self.as_link()
        return f"{self.page}?{urlencode(written)}" if written else self.page

    def as_link(self) -> dict[str, str]:
        """The parameters of its page's link."""
        return {key: as_written(key, value) for key, value in self.chosen.items()}

    def value(self, key: str) -> Any:
        """What is chosen, or the page's default."""
        return self.chosen.get(key, compared(self.page)[key].default)

    def in_force(self) -> AbstractContextManager[None]:
        """Let everything be as if this side's page were shown."""
        return as_if(self.page, self.chosen)

    def replaced(self, **values: Any) -> "Side":
        """The same with other values."""
        return Side.of(self.page, {**self.chosen, **values})


def side_of(letter: Letter) -> tuple[Side, list[str]]:
    """A side of the comparison that is shown, and what had to be repaired of it."""
    page, chosen, messages = read_side(value_of(letter))
    side, unfit = fitted(Side.of(page, chosen))
    return side, messages + unfit


def fitted(side: Side) -> tuple[Side, list[str]]:
    """The side with sizes that go together, as its page would have them, and what was changed."""
    messages = []

    def fit(key: str, choices: list[int]) -> None:
        nonlocal side
        asked, used = side.value(key), nearest(side.value(key), choices)
        if used != asked:
            side = side.replaced(**{key: used})
            message = _("{key} {asked} doesn't fit the other choices; using the nearest, {used}.")
            messages.append(message.format(key=key, asked=asked, used=used))

    ours = compared(side.page)
    if "embed_size" in ours:
        heads = head_choices(side.value("embed_size"))
        fit("heads", [h for h in heads if side.page != "learn" or h <= MOST_HEADS])
        if side.page != "learn":
            pair = side.page == "encoder-decoder"
            fit("layers", layer_choices(side.value("embed_size"), pair=pair))
            sizes = (side.value("embed_size"), side.value("heads"))
            if side.value("positions") == "rotary" and not fits_rotary(*sizes):
                side = side.replaced(positions="none")
                messages.append(without_rotary(*sizes))
            if side.value("vectors") == "minilm" and (problem := without_vectors()):
                side = side.replaced(vectors="hashed")
                messages.append(problem)
        fit("layer", list(range(side.value("layers"))))
    elif layers := layers_of_side(side):
        fit("layer", list(range(layers)))
    return side, messages


def fit_sides() -> None:
    """Let the link and the controls have what is shown of each side, where they ask for more."""
    changed = False
    for letter in LETTERS:
        side, messages = side_of(letter)
        if messages:
            keep(letter, side.text)
            notice(letter, "  \n".join(f"{letter.upper()}: {message}" for message in messages))
            changed = True
    if changed:
        st.rerun()


def layers_of_side(side: Side) -> int | None:
    """Return how many layers a side's trained model has of the attention that is chosen.

    None where it isn't loaded yet.
    """
    choice = side.value("model")
    if not is_loaded(choice):
        return None
    sizes = model_of(choice).sizes
    return sizes.get(side.value("kind"), sizes["encoder_self"]).layers


def put(letter: Letter, side: Side) -> None:
    """Compare this from now on."""
    keep(letter, fitted(side)[0].text)
    if letter == "a" and "_pinned" in st.session_state:
        st.session_state["_pinned"] = value_of("a")


def side_shown() -> Side:
    """What the current page shows, as a side.

    Raises:
        ValueError: if its weights come from a file, which no link holds; or, on Learn, if what is
            chosen can't be trained.
    """
    model = carried()
    if model is None:
        side = Side.of(current_page(), {key: value_of(key) for key in parameters()})
        from_file = side.page == "learn" and is_from_file(plan_in_use())
    else:
        side, from_file = _carried_side(model), model.from_file
    if from_file:
        raise ValueError(_("These weights come from a file, which a comparison's link can't hold."))
    return side


def _carried_side(model: Carried) -> Side:
    """A model that was trained on Learn and is looked at on another page."""
    plan = {name: getattr(model.plan, name) for name in PLAN_FIELDS}
    which = {key: value_of(key) for key in ("layer", "kind", "text") if key in parameters()}
    return Side.of("learn", {**plan, **which, "at": model.snapshot.step})


def bring_sides() -> None:
    """Let the comparison begin with what was pinned, and with what the page that is left shows.

    To be called before the comparison's link is read, as long as that page is the current one.
    """
    state = st.session_state
    left = state.get("_page")
    if left in (None, "compare") or "_pinned" not in state:
        return
    shown = left_on(left)
    sides = state["_visited"].setdefault("compare", {})
    sides["a"] = state["_pinned"]
    if left in SIDES:
        with as_if(left, shown), suppress(ValueError):  # no link holds it: B is what it was
            sides["b"] = side_shown().text


def draw_pin() -> None:
    """The button that makes what is shown the comparison's A."""
    if current_page() not in SIDES:
        return
    st.button(
        _("Pin as A"),
        key="pin",
        icon=":material/push_pin:",
        on_click=_pin,
        width="stretch",
        help=_("Compare what is shown now with something else: pin it, change it, open Compare."),
    )


def _pin() -> None:
    try:
        st.session_state["_pinned"] = side_shown().text
    except ValueError as error:
        st.toast(plain(describe_error(error, _), 300), icon=":material/error:")
        return
    st.toast(
        _("Pinned as A. Change anything, on any page, and open Compare to see the difference."),
        icon=":material/push_pin:",
    )
