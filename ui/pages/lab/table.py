"""A sweep's results as a table, and as files."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from lab.results import columns_of, to_parquet
from lab.spreadsheet import to_csv
from ui.controls.popover import draw_popover
from ui.jobs.sweep_queue import Ticket
from ui.pages.lab.words import METRIC_TERMS
from ui.text.explain import PARAMETER_TERMS, explain
from ui.text.i18n import _, in_this_language

MOST_ROWS = 5000  # on the page: as many as a sweep has at most


def show_table(ticket: Ticket, *, height: int = 260) -> None:
    """Show every measurement: its parameters, what came out, and why if nothing did."""
    frame = ticket.frame()
    hidden = [name for name in ("text", "corpus") if name in frame]  # the same in each row
    columns = columns_of(ticket.grid.kind)
    st.dataframe(
        frame.drop(columns=hidden),
        key="sweep_table",
        hide_index=True,
        height=height,
        column_config={
            name: st.column_config.Column(
                f"{name} ({_(columns[name].unit)})" if columns[name].unit else name,
                help=explain(*_terms_of(name), more=_(columns[name].description)),
            )
            for name in frame.columns
            if name not in hidden
        },
    )


def _terms_of(column: str) -> tuple[str, ...]:
    return METRIC_TERMS.get(column) or PARAMETER_TERMS.get(column, ())


def draw_downloads(ticket: Ticket | None, draw_page: Callable[[Ticket], None]) -> None:
    """Draw the table as files, made when they are asked for, from what there is then.

    Args:
        ticket: of the sweep; None where there is none.
        draw_page: draws the button that saves its charts.
    """
    draw_popover(
        _("Download"),
        partial(_draw_files, ticket, draw_page),
        key="download_popover",
        icon=":material/download:",
        disabled=ticket is None,
    )


def _draw_files(ticket: Ticket | None, draw_page: Callable[[Ticket], None]) -> None:
    if ticket is not None:
        draw_page(ticket)
        name = f"headlight_{ticket.grid.kind}"
        st.download_button(
            _("All measurements (CSV)"),
            in_this_language(lambda: to_csv(ticket.frame())),
            f"{name}.csv",
            "text/csv",
            key="download_csv",
            on_click="ignore",
        )
        st.download_button(
            _("All measurements (Parquet, with units)"),
            in_this_language(lambda: to_parquet(ticket.frame())),
            f"{name}.parquet",
            "application/vnd.apache.parquet",
            key="download_parquet",
            on_click="ignore",
        )
