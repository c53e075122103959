"""What a page is. Whoever adds one writes such an object, and a line in the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from ui.controls.selection import Selection
from ui.frame.source import Source
from ui.frame.teaching import Teaching
from ui.link.language import as_parameter
from ui.link.memory import current_page, session
from ui.link.page import Linked, Parameter
from ui.text.i18n import N_
from ui.views.view import Chart, View


def _nothing() -> dict[str, Any]:
    return {}


def _no_preparation(page: Linked) -> None:
    pass


def _nothing_to_present() -> None:
    pass


def _is_ready() -> bool:
    return True


@dataclass(frozen=True, eq=False)
class Page:
    """A page: what its link holds, what it shows, and where its numbers come from."""

    name: str  # its path in the address
    title: str
    draw: Callable[[], None]
    parameters: Mapping[str, Parameter]
    # For each value that depends on others, what brings it in line with them, in order.
    fits: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    # What people take along to another page that shares it.
    shared: frozenset[str] = frozenset()
    # What of that has another name here than elsewhere: its name elsewhere, and here.
    called: Mapping[str, str] = field(default_factory=dict)
    # What is chosen where neither a link nor a person has chosen anything yet.
    opening: Callable[[], Mapping[str, Any]] = _nothing
    # Done when somebody comes here, while the page that they leave is still the current one.
    prepare: Callable[[Linked], None] = _no_preparation
    # Loads what it can't do without; whether that is there: if not, why is said in its place.
    get_ready: Callable[[], bool] = _is_ready
    # What a lesson can leave to be touched: what draws each control, by its parameter's name.
    controls: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    # The same of those that are about a run.
    controls_of_run: Mapping[str, Callable[[Any, Selection], None]] = field(default_factory=dict)
    # What lessons can do here beside asking about the attention of a run.
    teaching: Teaching = field(default_factory=Teaching)
    views: tuple[View, ...] = ()
    source: Callable[[], Source[Any, Any]] | None = None
    # The sentences that it reads, by their parameters: what each is called.
    sentences: Mapping[str, str] = field(default_factory=lambda: {"text": N_("Sentence")})
    # Draws it for a class, where it has no run of its own.
    present: Callable[[], None] = _nothing_to_present
    # What a click in one of its own charts opens, where it isn't a view's.
    charts: tuple[Chart, ...] = ()
    has_heading: bool = False  # whether it draws one that is seen; else its title is one, unseen
    is_compared: bool = False  # whether Compare can show it

    @property
    def every_chart(self) -> tuple[Chart, ...]:
        """All charts that can be clicked."""
        return (*self.charts, *(chart for view in self.views for chart in view.charts))


def page_shown() -> Page:
    """Return the page that is shown, or is looked at as if it were."""
    page = current_page()
    assert isinstance(page, Page)  # no others are opened
    return page


def source_shown() -> Source[Any, Any]:
    """Return the source of the numbers of the page that is shown."""
    source = page_shown().source
    assert source is not None  # those without aren't asked
    return source()


def draw_link(
    page: str,
    label: str,
    *,
    query: Mapping[str, str],
    help: str | None = None,
    icon: str = ":material/open_in_new:",
) -> None:
    """Draw a link to another page of the app.

    A link and not a button: st.switch_page would make an entry in the history more.
    """
    st.page_link(
        session().targets[page],
        label=label,
        icon=icon,
        help=help,
        query_params={**as_parameter(), **query},
    )
