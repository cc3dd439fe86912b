"""The article's stage: two servers with one disk, a client, a Salt master that knows the site."""

from __future__ import annotations

from tests.lab import article, machines, paths
from tests.lab.client import Writers, check_server_side
from tests.lab.master import Master

# A kernel without hardware's help starts programs slowly: what a machine of metal does in
# one second may take half a minute, and must not be taken for a failure.
PATIENT_TIMEOUTS = {"peer": 1200, "storage": 600, "settle": 1200}
PATIENT_OPERATIONS = {
    name: {action: {"timeout": "300s"} for action in ("start", "stop", "monitor")}
    for name in article.RESOURCES
}
PATIENT_TOKEN_MS = 20000
MOVE_SECONDS = 900


def changes_for(backend):
    """What of the article's pillar these machines need otherwise, as for ``sites.site``."""
    change = {}
    if not backend.HAS_FIREWALL:
        change["firewall"] = {"manage": False}
    if backend is machines.uml:
        change["timeouts"] = PATIENT_TIMEOUTS
        change["cluster:totem"] = {"token": PATIENT_TOKEN_MS}
        change["cluster_config"] = {
            "primitives": {
                name: {"operations": operations} for name, operations in PATIENT_OPERATIONS.items()
            }
        }
    return change


class Stage:
    """All of it; ``tell`` is called with a sentence at each step."""

    def __init__(self, password, tell):
        self.tell = tell
        self.password = password
        self.venv = paths.TEST_VENV
        self.machines = machines.servers_and_client()
        *self.servers, self.client = self.machines
        self.service = article.Service(self.servers, self.client)
        self.master = None

    def up(self):
        """Boot everything; return when both minions answer the master."""
        pillar = article.pillar(
            self.servers[0].devices[0], self.password, changes_for(machines.backend())
        )
        self.tell(f"booting {', '.join(machine.name for machine in self.machines)}")
        self.master = Master(paths.SCRATCH / "article-master", self.venv, {"*": pillar}).start()
        machines.start_all(self.machines)
        self.tell("waiting for the minions to find their master")
        self.master.wait_for_minions([server.name for server in self.servers], 300)
        self.master.follow_progress(self._progress)
        return self

    def _progress(self, minion, state, result):
        outcome = {True: "ok", None: "would change"}.get(result, "FAILED")
        self.tell(f"{minion}: {state}: {outcome}")

    def apply(self, **options):
        """``salt '*' state.apply hanfs``: the returns by minion."""
        words = [f"{key}={value}" for key, value in options.items()]
        return self.master.salt("*", "state.apply", "hanfs", *words)

    def moves_under_load(self, tell):
        """Move the service and move it back while the client writes; return what it saw."""
        home = self.service.active_node()
        away = next(server.name for server in self.servers if server.name != home)
        with Writers(self.client, article.MOUNT) as writers:
            for source, target in ((home, away), (away, home)):
                writers.wait_until_writing()
                tell(f"moving the service from {source} to {target} (pcs node standby {source})")
                self.service.move_away_from(source, MOVE_SECONDS)
                writers.wait_until_writing()
                tell(f"the client writes again, on {target}")
        return check_server_side(writers.report, self._written())

    def _written(self):
        """What the writers' files hold on the server: the client's own cache proves nothing."""
        server = self.service.nodes[self.service.active_node()]
        return {
            name: server.run(["cat", f"/nfsdata/writers/{name}"]).stdout
            for name in ("append", "locked")
        }

    def down(self):
        """Take down what was started."""
        if self.master:
            self.master.stop()
        for machine in self.machines:
            machine.power_off()
