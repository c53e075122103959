"""The Lab without a browser: opens it, runs its sweeps, and makes results by hand."""

from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from lab.grid import Grid
from lab.results import Result
from tests.patience import LONG
from tests.ui.helpers import checked, link, open_app, own
from ui.jobs.sweep_queue import Ticket, line
from ui.pages.lab.memory import LabMemory

TINY: dict[str, object] = {"text": "a b c", "head_counts": "1, 2", "embed_sizes": "8", "seeds": 2}


def open_lab(query: str = "", **parameters: object) -> AppTest:
    """The Lab, as this link opens it."""
    return open_app("&".join(filter(None, [query, link(**parameters)])), path="lab")


def tickets(page: AppTest) -> list[Ticket]:
    """What was run on this page, or is."""
    return list(own(page, LabMemory).tickets.values())


def press(page: AppTest, key: str) -> AppTest:
    next(each for each in page.button if each.key == key).click()
    return checked(page.run())


def buttons(page: AppTest) -> dict[str, bool]:
    """The buttons beside the bar, and whether they can be pressed."""
    keys = ("run", "cancel", "run_here", "measure")
    return {each.key: not each.disabled for each in page.button if each.key in keys}


def finish(page: AppTest) -> AppTest:
    """Wait until nothing of the page's runs any more, and show it."""
    for ticket in tickets(page):
        if not line().wait(ticket, LONG):
            ticket.cancel()  # or it holds up all that follow
            pytest.fail(f"it doesn't end: {ticket.progress}")
    return checked(page.run())


def run(page: AppTest) -> AppTest:
    """Press Run, and wait for the end."""
    return finish(press(page, "run"))


def progress(page: AppTest) -> str:
    """What the bar says."""
    (bar,) = page.get("progress")
    return str(bar.proto.text)


def markdowns(page: AppTest) -> list[str]:
    return [str(each.value) for each in page.markdown]


def captions(page: AppTest) -> list[str]:
    return [str(each.value) for each in page.caption if not each.proto.help]


def errors(page: AppTest) -> list[str]:
    return [str(box.value) for box in page.error]


def page_links(page: AppTest) -> list[tuple[str, str]]:
    """What the links to other pages say, and their query."""
    return [(each.proto.label, each.proto.query_string) for each in page.get("page_link")]


def click(page: AppTest, chart: str, place: int) -> AppTest:
    """Click the point of a chart that belongs to this place of the grid."""
    element = next(each for each in page.get("plotly_chart") if each.key == chart)
    selected = (
        f'{{"selection": {{"points": [{{"customdata": {place}}}], "point_indices": [0], '
        f'"box": [], "lasso": []}}}}'
    )
    states = page._tree.get_widget_states()
    states.widgets.append(WidgetState(id=element.proto.id, string_value=selected))
    return checked(page._run(states))


def pick(page: AppTest, key: str, value: Any) -> AppTest:
    """Choose in a control whose value the page keeps itself."""
    kinds = (page.selectbox, page.segmented_control, page.pills)
    for widget in (each for widgets in kinds for each in widgets):
        if widget.key == f"pick_{key}":
            widget.set_value(value)
            return checked(page.run())
    raise KeyError(key)


def measured(grid: Grid, metrics: list[dict[str, Any] | None]) -> Ticket:
    """A sweep that is over, with these results in the grid's order; None for one that failed."""
    ticket = Ticket(grid)
    points = grid.points().valid
    ticket.sweep._results = [
        Result(point, found, "" if found else "the loss isn't finite", index=index)
        for index, (point, found) in enumerate(zip(points, metrics, strict=True))
    ]
    ticket.sweep.state = "finished"
    return ticket


def shared(page: AppTest) -> dict[str, str]:
    """The parameters in the page's address."""
    parameters = page.query_params
    return {key: v if isinstance(v, str) else v[-1] for key, v in parameters.items()}
