"""
Waiting on a condition, with a deadline that says what it saw last
"""

import time

from salt.exceptions import CommandExecutionError


def __virtual__():
    return True


def until(timeout, what, look, longest=2):
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

    CLI Example:

    .. code-block:: bash

        # for other modules; a function cannot be given on a command line
        salt '*' sys.doc pcs_wait.until
    """
    deadline = time.monotonic() + timeout
    pause = 1
    while True:
        done, seen = look()
        if done:
            return seen
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandExecutionError(f"{what} within {timeout} seconds; last seen: {seen}")
        time.sleep(min(pause, left))
        pause = min(pause * 2, longest)
