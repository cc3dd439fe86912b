"""Waiting on conditions, with a deadline, and saying what was last seen."""

import time


def wait_until(look, timeout, what, interval=0.5):
    """Call ``look()`` until it returns ``(True, ...)``; return its second value.

    ``look`` returns a pair: whether the condition holds, and what it saw. After
    ``timeout`` seconds a TimeoutError names ``what`` and the last thing seen.
    """
    deadline = time.monotonic() + timeout
    while True:
        done, seen = look()
        if done:
            return seen
        if time.monotonic() >= deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}; last seen: {seen}")
        time.sleep(interval)
