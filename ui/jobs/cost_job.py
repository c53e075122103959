"""Costs that are measured for a page, in their turn with its sweeps."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Condition, Event, Thread

from lab.cost import MOST_TOKENS, Measured, MeasureError, measure
from model.config import Config
from model.errors import CodedText
from model.reasons import coded_reason
from ui.jobs.sweep_queue import ENDS_WITHIN, State, Waiting, line
from ui.text.i18n import _
from ui.text.numbers import decimal

LENGTHS = (64, 128, 256, 512, 1024, 2048)  # tokens

Measure = Callable[..., Generator[Measured, None, None]]


class CostRun(Waiting):
    """Forward passes of some configurations at some lengths, measured in another process."""

    def __init__(
        self,
        configs: tuple[Config, ...],
        lengths: tuple[int, ...],
        is_wanted: Callable[[], bool] = lambda: True,
        *,
        measured_by: Measure = measure,
    ) -> None:
        super().__init__(is_wanted)
        self.configs = configs
        self.lengths = lengths
        self.results: tuple[Measured, ...] = ()
        self.error: CodedText | str = ""  # why it failed
        self.seconds = 0.0  # that it took
        self._measured_by = measured_by
        self._stop = Event()
        self._state: State = "waiting"
        self._changed = Condition()

    @property
    def total(self) -> int:
        """How many results there will be."""
        return len(self.configs) * len(self.lengths)

    @property
    def state(self) -> State:
        """Where it is."""
        return "cancelled" if self._state == "waiting" and self.is_over else self._state

    def work(self) -> None:
        """Measure until the end, or until nobody wants it any more."""
        self._state, began = "running", time.monotonic()
        thread = Thread(target=self._measure, daemon=True)
        thread.start()
        if not self.wait_while_wanted(self._has_ended):
            self.is_cancelled = True
            self._state = "cancelled"
            self._stop.set()
            thread.join(ENDS_WITHIN)
        self.seconds = time.monotonic() - began

    def _has_ended(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self.is_active, seconds)

    def _measure(self) -> None:
        state: State = "finished"
        try:
            with closing(self._measured_by(self.configs, self.lengths, stop=self._stop)) as results:
                for result in results:
                    self.results = (*self.results, result)
                    if self.is_cancelled:
                        state = "cancelled"
                        break
        except (MeasureError, ValueError, OSError) as error:
            state, self.error = "failed", coded_reason(error)
        with self._changed:
            if self.is_active:
                self._state = state
            self._changed.notify_all()


def lengths_around(tokens: int) -> tuple[int, ...]:
    """Return the lengths that are measured: doublings, and the one that is asked about."""
    return tuple(sorted({*LENGTHS, min(tokens, MOST_TOKENS)}))


def describe_progress(run: CostRun | None) -> str:
    """Return how far it is."""
    if run is None:
        return _("Not measured yet")
    count = _("{done} of {total} passes").format(done=len(run.results), total=run.total)
    match run.state:
        case "waiting":
            place = line().place(run)
            return (
                _("Waiting: {count} before yours").format(count=place) if place else _("Starting …")
            )
        case "running":
            return _("{count}, in a process of its own on this machine").format(count=count)
        case "cancelled":
            return _("{count}, cancelled").format(count=count)
    return _("{count} · {seconds} s").format(count=count, seconds=decimal(run.seconds, 1))
