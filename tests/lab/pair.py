"""Two containers with a disk that both have: what one site of the formula is made of."""

from __future__ import annotations

from tests.lab import paths
from tests.lab.containers import Container
from tests.lab.disk import SharedDisk

NAMES = ("nfs-server1", "nfs-server2")


class Pair:
    """Two fresh nodes and their shared disk; iterating gives the nodes.

    ``kind`` is the root file system (bare or installed), ``names`` the nodes' names (see
    ``network.NUMBERS`` for their addresses), ``minion`` whether Salt minions start on them.
    """

    def __init__(self, kind="installed", names=NAMES, minion=True):
        self.names = tuple(names)
        self.disk = SharedDisk(paths.SCRATCH / f"{'+'.join(names)}.disk")
        self.nodes = []
        try:
            for name in names:
                self.nodes.append(Container(name, kind=kind, shared_disk=self.disk, minion=minion))
        except BaseException:
            self.remove()
            raise

    def __iter__(self):
        return iter(self.nodes)

    def __getitem__(self, key):
        """A node by its place (0 or 1) or by its name."""
        return self.nodes[key] if isinstance(key, int) else self.nodes[self.names.index(key)]

    def start(self):
        """Boot both, at once, and wait until they are up."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait_until_reachable()
        return self

    def remove(self):
        """Leave nothing of it."""
        for node in self.nodes:
            node.remove()
        self.disk.close()
