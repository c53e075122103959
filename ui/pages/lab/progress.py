"""How far a sweep is, where it runs, what is skipped, and what went wrong."""

from collections import Counter

import streamlit as st

from lab.grid import GridTooLargeError, Points
from lab.sweep import Progress
from ui.jobs.sweep_queue import Ticket, line
from ui.pages.lab.grids import Described, described
from ui.pages.lab.sweeps import active, cancel, start
from ui.text.errors import describe_error
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain
from ui.text.numbers import decimal, whole

TELLING = 20  # a part of all measurements, from which on the time left can be told
MOST_REASONS = 20  # of what is skipped or has failed


def draw_buttons(what: Described, ticket: Ticket | None) -> None:
    """Run and Cancel."""
    running = active()
    if running is not None:
        label = _("Cancel") if running is ticket else _("Cancel the other sweep")
        st.button(label, key="cancel", icon=":material/stop:", on_click=cancel)
    elif ticket is None or ticket.state in ("cancelled", "failed"):
        st.button(
            _("Run") if ticket is None else _("Run again"),
            key="run",
            icon=":material/play_arrow:",
            type="primary",
            disabled=what.points is None or not what.points.valid,
            on_click=run_described,
        )


def run_described(*, here: bool = False) -> None:
    """Run what the controls describe; called by a widget."""
    what = described()
    if what.grid is not None and what.points is not None and what.points.valid:
        start(what.grid, here=here)


def show_progress(what: Described, ticket: Ticket | None) -> None:
    """Show the bar: counts, time left and where it runs, or the place in the line."""
    running = active()
    if ticket is None and running is not None:
        said = _("Another setting is running: {said}").format(said=_said(running))
        st.progress(_share(running), said)
    elif ticket is not None:
        st.progress(_share(ticket), _said(ticket))
    elif what.points is not None:
        st.progress(0.0, _not_run(what.points))
    else:
        st.progress(0.0, _("There is nothing to run."))


def _share(ticket: Ticket) -> float:
    progress = ticket.progress
    return min(1.0, progress.done / progress.total) if progress.total else 0.0


def _not_run(points: Points) -> str:
    if not points.valid:
        return _("No combination works.")
    return ngettext(
        "Not run yet: {count} measurement", "Not run yet: {count} measurements", len(points.valid)
    ).format(count=whole(len(points.valid)))


def _said(ticket: Ticket) -> str:
    progress = ticket.progress
    count = _("{done} of {total}").format(done=whole(progress.done), total=whole(progress.total))
    parts = [count]
    if progress.failed:
        parts.append(_("{count} failed").format(count=progress.failed))
    if progress.cached:
        parts.append(_("{count} from earlier").format(count=whole(progress.cached)))
    match ticket.state:
        case "waiting":
            place = line().place(ticket)
            if place == 0:
                return _("Starting …")
            return ngettext(
                "One sweep runs at a time: {count} is before yours.",
                "One sweep runs at a time: {count} are before yours.",
                place,
            ).format(count=place)
        case "running" if ticket.is_cancelled:
            parts.append(_("ending …"))
        case "running":
            measured = progress.done - progress.cached
            if progress.seconds_left is not None and measured * TELLING >= progress.total:
                parts.append(_("{time} left").format(time=_duration(progress.seconds_left)))
            parts.append(_workers(progress))
        case "cancelled":
            parts.append(_("cancelled"))
        case _:
            parts.append(_("{seconds} s").format(seconds=decimal(progress.seconds, 1)))
            parts.append(_workers(progress))
    return " · ".join(filter(None, parts))


def _workers(progress: Progress) -> str:
    return plain(describe_error(progress.workers, _), 80) if progress.workers else ""


def _duration(seconds: float) -> str:
    if seconds < 100:
        return _("{seconds} s").format(seconds=whole(seconds))
    return _("{minutes} min").format(minutes=whole(seconds / 60))


def show_problems(what: Described, ticket: Ticket | None) -> None:
    """Say why there is nothing to run, and what went wrong."""
    if isinstance(what.problem, GridTooLargeError):
        st.error(
            _("{problem}. Nothing is run.").format(problem=_sentence(what.problem)),
            icon=":material/block:",
        )
    elif what.problem is not None:
        st.error(f"{_sentence(what.problem)}.", icon=":material/error:")
    if ticket is None:
        return
    if ticket.sweep.error:
        st.error(plain(describe_error(ticket.sweep.error, _), 400), icon=":material/error:")
        if ticket.scheduler is not None:
            st.button(
                _("Run on this machine instead"),
                key="run_here",
                icon=":material/computer:",
                type="primary",
                on_click=run_described,
                kwargs={"here": True},
            )
    if problems := ticket.sweep.problems:
        said = " ".join(describe_error(problem, _) for problem in problems)
        st.warning(plain(said, 400), icon=":material/info:")


def _sentence(problem: ValueError) -> str:
    text = describe_error(problem, _)
    return plain(f"{text[:1].upper()}{text[1:]}", 400)


def draw_left_out(what: Described, ticket: Ticket | None) -> None:
    """Draw which combinations are skipped, and which measurements failed, each with its reason."""
    skipped = what.points.skipped if what.points else ()
    failed = [result for result in ticket.results if result.failure] if ticket else []
    parts = []
    if skipped:
        parts.append(_("{count} skipped").format(count=len(skipped)))
    if failed:
        parts.append(_("{count} failed").format(count=len(failed)))
    if not parts:
        return
    with st.popover(" · ".join(parts), icon=":material/rule:"):
        if skipped:
            st.markdown(_("**Combinations that don't work**, and aren't run"))
            reasons = Counter(plain(describe_error(each.reason, _), 200) for each in skipped)
            _list(reasons)
        if failed:
            st.markdown(_("**Measurements that failed**"))
            _list(Counter(plain(describe_error(each.failure, _), 200) for each in failed))


def _list(reasons: Counter[str]) -> None:
    lines = [f"- {count} × {reason}" for reason, count in reasons.most_common(MOST_REASONS)]
    if len(reasons) > MOST_REASONS:
        lines.append(_("- and {count} others").format(count=len(reasons) - MOST_REASONS))
    st.markdown("\n".join(lines))
