"""What the Lab has measured as pages: its charts, without the app."""

from collections.abc import Callable, Sequence
from functools import partial

from model.config import Config
from ui.controls.popover import draw_popover
from ui.frame.page_download import draw_page_download, link_of_page
from ui.jobs.cost_job import CostRun, lengths_around
from ui.jobs.sweep_queue import Ticket
from ui.link.memory import value_of
from ui.pages.lab import cost_view, learning_view, mechanism_view
from ui.pages.lab.cost_parts_view import cost_words
from ui.pages.lab.cost_runs import cost_run
from ui.pages.lab.grids import varying
from ui.pages.lab.pictures import Chosen, lines_of, map_of, measured
from ui.pages.lab.sentences import learning_sentence
from ui.runs.page_file import pictures_page, without_markdown
from ui.text.i18n import _
from viz.cost import draw_cost
from viz.page import Picture
from viz.sweep_dots import draw_dots
from viz.sweep_maps import draw_map
from viz.sweep_parts import TALL_HEIGHT
from viz.sweeps import draw_lines


def draw_sweep_page(ticket: Ticket) -> None:
    """Draw the button that saves a sweep's charts as a page, as far as it has come by then."""
    link, make = link_of_page(), partial(_learning_page, ticket)
    if ticket.grid.kind != "learning":
        make = partial(_mechanism_page, ticket, mechanism_view.picture_in_use(ticket.grid))
    about = _("Measured on this server.")
    draw_page_download(partial(_page, make, link, about), f"lab_{ticket.grid.kind}")


def draw_cost_downloads() -> None:
    """Draw what can be saved of the costs."""
    draw_popover(_("Download"), _draw_cost_page, key="download_popover", icon=":material/download:")


def _draw_cost_page() -> None:
    """The button that saves the costs as a page, with what is measured by then."""
    configs, _problems = cost_view.compared()
    tokens = value_of("tokens")
    run = cost_run(configs, lengths_around(tokens))
    said = cost_view.say_cost(configs, run.results if run else ()) if configs else ""
    make = partial(_cost_pictures, configs, run, tokens, said)
    is_measured = run is not None and cost_view.is_measured(run.results)
    about = _("Predicted, and measured on this server.") if is_measured else _("Predicted.")
    draw_page_download(partial(_page, make, link_of_page(), about), "lab_cost")


def _page(make: Callable[[], list[Picture]], link: str, about: str) -> str:
    pictures = make()
    notes = [] if pictures else [_("Nothing has been measured yet.")]
    return pictures_page(_("Lab"), pictures, link=link, about=about, notices=notes)


def _mechanism_page(ticket: Ticket, chosen: Chosen) -> list[Picture]:
    frame = measured(ticket)
    if frame.empty:
        return []
    said = mechanism_view.found_sentence(frame, ticket, chosen)
    height = mechanism_view.TALL_HEIGHT
    if chosen.picture == "heatmap":
        shown, _left_out = map_of(frame, ticket.grid, chosen, height)
        return [Picture("", partial(draw_map, shown), without_markdown(said))]
    lines, _left_out = lines_of(frame, ticket.grid, chosen, height)
    return [Picture("", partial(draw_lines, lines), without_markdown(said))]


def _learning_page(ticket: Ticket) -> list[Picture]:
    frame, grid = ticket.frame(), ticket.grid
    axes = varying(grid) or ["heads"]
    groups = learning_view.groups_of(ticket.results, axes)[: learning_view.MOST_CURVES]
    if not learning_view.have_learnt(groups):
        return []
    planned = () if ticket.state == "finished" else grid.points().valid
    said = learning_sentence(frame, axes, planned)
    curves = learning_view.curves_of(groups, grid, TALL_HEIGHT)
    dots = learning_view.dots_of(groups, TALL_HEIGHT)
    return [
        Picture(_("Accuracy"), partial(draw_lines, curves), without_markdown(said)),
        Picture(_("Steps to 95 %"), partial(draw_dots, dots), without_markdown(said)),
    ]


def _cost_pictures(
    configs: Sequence[Config], run: CostRun | None, tokens: int, said: str
) -> list[Picture]:
    if not configs:
        return []
    found = run.results if run else ()
    costs = [cost_view.cost_of(config, i, tokens, found) for i, config in enumerate(configs)]
    draw = partial(
        draw_cost,
        costs,
        left="seconds" if cost_view.is_measured(found) else "multiply_adds",
        words=cost_words(),
        height=cost_view.HEIGHT,
    )
    return [Picture("", draw, without_markdown(said))]
