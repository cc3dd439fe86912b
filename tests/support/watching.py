"""Looking at nodes all the time while something is done with them."""

import threading


class Watch:
    """Calls ``look`` every ``pause`` seconds in a thread of its own, until the context ends.

    ``looks`` says how often it did.
    """

    def __init__(self, pause):
        self.looks = 0
        self._pause = pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def look(self):
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _watch(self):
        while not self._end.wait(self._pause):
            self.looks += 1
            self.look()
