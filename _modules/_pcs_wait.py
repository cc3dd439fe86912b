"""
Waiting on a condition, with a deadline that says what it saw last
"""

from __future__ import annotations

import time
from collections.abc import Callable

from _cib_errors import CommandExecutionError


def until(
    timeout: float, what: str, look: Callable[[], tuple[bool, str]], longest: float = 2
) -> str:
    """
    Call ``look`` until it is done.

    timeout
        Seconds.

    what
        Words for the error: what has not happened.

    look
        Function that returns ``(done, what it saw)``. Only other modules can give one.

    longest
        Seconds between two calls at most.

    Returns what was seen. Raises CommandExecutionError with it at the deadline.
    """
    deadline = time.monotonic() + timeout
    pause = 1.0
    while True:
        done, seen = look()
        if done:
            return seen
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandExecutionError(f"{what} within {timeout} seconds; last seen: {seen}")
        time.sleep(min(pause, left))
        pause = min(pause * 2, longest)
