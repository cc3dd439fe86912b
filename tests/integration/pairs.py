"""Pairs of nodes with minions, gone when they are not needed any more."""

from __future__ import annotations

import contextlib
import time

from tests.lab.pair import NAMES, Pair


@contextlib.contextmanager
def pairs(master):
    """
    Gives a function that makes a fresh pair: ``make(kind, names, minion)``; all are removed after.

    Two pairs of the same names cannot be there at once. A fixture that is made anew for each of
    its parameters takes this, and not a fixture that lives as long as the module.
    """
    made = []

    def make(kind="installed", names=NAMES, minion=True):
        pair = Pair(kind=kind, names=names, minion=minion)
        made.append(pair)
        began = time.time()
        pair.start()
        if minion:
            master.wait_for(pair, since=began)
        return pair

    try:
        yield make
    finally:
        for pair in made:
            pair.remove()
