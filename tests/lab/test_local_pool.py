"""The processes of this machine."""

import threading
from collections.abc import Callable

from lab.local_pool import LocalPool, changed_files, warm_up
from lab.sweep import Sweep
from tests.lab.helpers import finished, learning


def test_it_says_where_it_runs() -> None:
    assert str(LocalPool(1).workers) == "this process"
    assert str(LocalPool(3).workers) == "3 processes on this machine"


def test_a_process_of_another_version_says_both() -> None:
    assert str(changed_files("bbb", "aaa")) == (
        "Headlight's files have changed since it was started (aaa, now bbb): start it anew."
    )


def test_warm_processes_are_there_for_the_next_sweep(measured_by: Callable[[str], None]) -> None:
    warm_up()
    for thread in threading.enumerate():
        if thread.name == "sweep-warm-up":
            thread.join()
    measured_by("process")
    found = finished(Sweep(learning()))
    assert found.progress.failed == 0
    assert str(found.progress.workers).endswith("processes on this machine")
