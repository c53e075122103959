"""Processes that end with the one that has started them, however that ended."""

import os
import threading
import time

LOOK_EVERY = 1.0  # seconds between two looks for it


def end_with(parent: int) -> None:
    """End this process within about a second of its parent, whatever it is at.

    A killed server can't tell its workers to end, and they would wait for it: five minutes, or for
    ever. (The kernel of Linux alone could signal the parent's death, and it does so when the
    thread ends that has started the process.)

    Args:
        parent: the process that has started this one.
    """

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY)
        os._exit(1)

    threading.Thread(target=look, name="end with the parent", daemon=True).start()
