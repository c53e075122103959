"""Lines for the log about what strangers do, who could fill it."""

import time

from streamlit.logger import get_logger

SECONDS = 10.0  # between two lines of one kind


class SeldomLogger:
    """Log one kind of event at most every few seconds, and count what went unsaid."""

    def __init__(self, name: str) -> None:
        self._logger = get_logger(name)
        self._next = 0.0
        self._unsaid = 0

    def warning(self, message: str, *arguments: object) -> None:
        """Log a line, or count it if there has just been one."""
        now = time.monotonic()
        if now < self._next:
            self._unsaid += 1
            return
        if self._unsaid:
            message += f" ({self._unsaid} more since the last such line)"
        self._next, self._unsaid = now + SECONDS, 0
        self._logger.warning(message, *arguments)
