"""Links to what is shown: what of it isn't a page's default, or a lesson's, as texts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ui.link.audience import CARRIED
from ui.link.language import as_parameter
from ui.link.lesson import step_values
from ui.link.memory import memory, value_of
from ui.link.page import UNCHOSEN, Linked


def link_to_this(**otherwise: Any) -> str:
    """Return a link to what is shown, from its page's name on, such as "explore?heads=4".

    Args:
        otherwise: what is to be otherwise there. To be called where `write_address` may be.
    """
    return _link_with(as_parameter(), otherwise)


def link_for_class(**otherwise: Any) -> str:
    """Return the same for those who follow, without what is everybody's own: see link_to_this."""
    own = {"present": False, "notes": False, "answer": ""}
    return _link_with({}, {**own, **otherwise})


def _link_with(beside: Mapping[str, str], otherwise: Mapping[str, Any]) -> str:
    page = memory().page
    chosen = what_is_chosen(page, {**memory().values, **otherwise})
    if not chosen.keys() - set(CARRIED):  # then the page would choose some of it by itself
        chosen |= {key: as_written(value_of(key)) for key in list(page.opening())[:1]}
    query = urlencode([*beside.items(), *chosen.items()])
    return f"{page.name}?{query}" if query else page.name


def what_is_chosen(page: Linked, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what of these values has to be in a link to a page."""
    chosen_by_step = step_values(page, values)  # which follows from the link's lesson and step
    return {
        key: as_written(values[key])
        for key, parameter in page.parameters.items()
        if key in values and values[key] != chosen_by_step.get(key, parameter.default)
    }


def as_written(value: Any) -> str:
    """Return a value as links hold it: a number, an identifier, or a person's own text."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value is UNCHOSEN:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
