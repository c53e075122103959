"""People who watch a training: they open Learn, press Train and look on, in a process of their own.

Run by `bench.learn_load`. It prints "running" once all trainings run, goes on until its standard
input ends, and prints as JSON what was seen, one Seen for each person.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field, replace

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.client import Run, Session
from bench.report import BenchError
from bench.settings import ROOT, App
from model.training.plan import MOST_STEPS
from model.training.recommended import RECOMMENDED
from ui.link.plan_text import PLAN_FIELDS

START_SECONDS = 60.0  # until a training must run
RUNNING = re.compile(r"(\d+) of \d+ .* steps/s")  # what the bar says while one runs
PLAN = replace(RECOMMENDED["induction"], steps=MOST_STEPS)


@dataclass
class Seen:
    """What one person saw from "running" to the end."""

    steps: list[int] = field(default_factory=list)  # what the bar said, at each repaint
    repaints: list[float] = field(default_factory=list)  # seconds each
    exceptions: list[str] = field(default_factory=list)


class LearnSession(Session):
    """A session on Learn: it presses buttons, reads the bar, and repaints when told to."""

    def __init__(self, app: App, port: int) -> None:
        super().__init__(app, port)
        self.bar = ""
        self.repaint_every = 0.0  # seconds; 0 while nothing runs
        self._fragment = ""
        self._buttons: dict[str, str] = {}  # key: id
        self._query = app.query()

    async def press(self, key: str) -> Run:
        """Press a button, and wait for the run that it causes."""
        if key not in self._buttons:
            raise BenchError(f"Learn has no button {key!r}, but {', '.join(self._buttons)}")
        button = self._buttons[key]
        self._states[button] = WidgetState(id=button, trigger_value=True)
        try:
            return await self._rerun(self._query, "")
        finally:
            self._states.pop(button, None)

    async def repaint(self) -> Run:
        """What a browser asks for by itself while a training runs."""
        return await self._rerun(self._query, self._fragment)

    def step(self) -> int | None:
        """At which step the training is; None while none runs."""
        found = RUNNING.search(self.bar)
        return int(found[1]) if found else None

    async def _rerun(self, query: str, fragment: str) -> Run:
        if not fragment:  # of a whole page, everything comes anew
            self.repaint_every, self._buttons = 0.0, {}
        return await super()._rerun(query, fragment)

    def _note(self, message: ForwardMsg, kind: str | None, size: int, run: Run) -> None:
        super()._note(message, kind, size, run)
        if kind == "auto_rerun":
            self.repaint_every = message.auto_rerun.interval
            self._fragment = message.auto_rerun.fragment_id
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string

    def _note_element(self, message: ForwardMsg, size: int, run: Run) -> None:
        super()._note_element(message, size, run)
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "progress":
            self.bar = element.progress.text
        elif kind == "button":
            self._buttons[element.button.id.rpartition("-")[2]] = element.button.id


async def start(port: int, seed: int) -> LearnSession:
    """Open Learn with a long training, and press Train; the training runs when this is back."""
    plan = replace(PLAN, seed=seed)
    parameters = tuple((name, str(getattr(plan, name))) for name in PLAN_FIELDS)
    session = LearnSession(App("Learn", ROOT / "app.py", parameters, page="learn"), port)
    await session.open()
    await session.press("train")
    async with asyncio.timeout(START_SECONDS):
        while session.step() is None:
            await asyncio.sleep(session.repaint_every)
            await session.repaint()
    return session


async def watch(session: LearnSession, stop: asyncio.Event) -> Seen:
    """Look on until told to stop; then pause the training.

    Raises:
        BenchError: if the training has ended before.
    """
    seen = Seen()
    while not stop.is_set():
        begin = time.perf_counter()
        run = await session.repaint()
        step = session.step()
        if step is None or not session.repaint_every:
            raise BenchError(f"the training ended while something was measured: {session.bar!r}")
        seen.steps.append(step)
        seen.repaints.append(run.seconds)
        seen.exceptions += run.exceptions
        await asyncio.sleep(max(0.0, session.repaint_every - (time.perf_counter() - begin)))
    await session.press("pause")
    await session.close()
    return seen


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--port", "--people"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    sessions = await asyncio.gather(*(start(args.port, seed) for seed in range(args.people)))
    stop = asyncio.Event()
    watching = asyncio.gather(*(watch(session, stop) for session in sessions))
    print("running", flush=True)
    reading = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([reading, watching], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    print(json.dumps([asdict(seen) for seen in await watching]))


if __name__ == "__main__":
    asyncio.run(main())
