"""What is measured of costs for a page."""

from model.config import Config
from ui.jobs.cost_job import CostRun
from ui.jobs.open_page import page_is_open
from ui.jobs.sweep_queue import line
from ui.pages.lab.memory import lab_memory


def cost_run(configs: tuple[Config, ...], lengths: tuple[int, ...]) -> CostRun | None:
    """Return what was measured of these on this page, or is; None if nothing."""
    run: CostRun | None = lab_memory().cost_run
    return run if run is not None and (run.configs, run.lengths) == (configs, lengths) else None


def start_cost_run(configs: tuple[Config, ...], lengths: tuple[int, ...]) -> None:
    """Measure for this page, instead of what runs."""
    cancel_cost_run()
    run = CostRun(configs, lengths, page_is_open())
    lab_memory().cost_run = run
    line().submit(run)


def cancel_cost_run() -> None:
    """End what is measured for this page."""
    run: CostRun | None = lab_memory().cost_run
    if run is not None and run.is_active:
        run.cancel()
