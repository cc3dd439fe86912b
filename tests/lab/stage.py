"""A stage: two servers on shared disks, a client, a Salt master that knows the site.

What is played on it is a scenario, a module: ``article`` or ``hardened``.
"""

from __future__ import annotations

import shutil
import time

from tests.lab import machines, network, paths
from tests.lab.client import Writers, check_server_side
from tests.lab.master import Master, write_pillar
from tests.lab.power import PowerSwitch

# Agents start many programs, which cost more on a kernel without hardware's help; the article's
# resources have only their agents' own timeouts, some of them ten seconds.
PATIENT_OPERATION = {action: {"timeout": "60s"} for action in ("start", "stop", "monitor")}
# As for servers that are virtual machines: the lab's processors are shared, too.
TOKEN_MS = 10000
MOVE_SECONDS = 300


def changes_for(backend, resources=()):
    """What of a pillar these machines need otherwise, as for ``sites.site``.

    ``resources``: primitives whose operations have the agents' own, short timeouts.
    """
    change = {}
    if not backend.has_firewall():
        change["firewall"] = {"manage": False}
    if backend is machines.uml:
        change["cluster:totem"] = {"token": TOKEN_MS, "consensus": TOKEN_MS * 6 // 5}
        if resources:
            change["cluster_config"] = {
                "primitives": {name: {"operations": PATIENT_OPERATION} for name in resources}
            }
    return change


def _printed():
    """A ``tell`` that prints each sentence with the seconds since now."""
    started = time.monotonic()
    return lambda text: print(f"[{time.monotonic() - started:6.1f} s] {text}", flush=True)


class Stage:
    """All of it, booted for the length of a ``with``; ``tell`` is called at each step.

    ``scenario``: the module that has the pillar and the service, ``change``: what of its pillar is
    otherwise (see ``sites.site``), ``disks`` and ``servers``: see ``machines.servers_and_client``.
    ``switch`` is the lab's power switch, with the same password as the site.
    """

    def __init__(self, scenario, password, tell=None, change=None, disks=None, **servers):
        self.scenario = scenario
        self.tell = tell or _printed()
        self.password = password
        self.venv = paths.TEST_VENV
        self.machines = machines.servers_and_client(disks, **servers)
        *self.servers, self.client = self.machines
        self.service = scenario.service(self.servers, self.client)
        self.switch = PowerSwitch(self.machines, password)
        self.change = {**changes_for(machines.backend(), scenario.IMPATIENT), **(change or {})}
        self.master = None

    @property
    def pillar(self):
        """The pillar as it is now; ``change`` may be changed, see ``write_pillar``."""
        return self.scenario.pillar(self.servers[0].devices, self.password, self.change)

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(self, kind, error, trace):
        self.down()

    def up(self):
        """Boot everything; return when both minions answer the master."""
        self.tell(f"booting {', '.join(machine.name for machine in self.machines)}")
        network.ensure_bridges()
        directory = paths.SCRATCH / f"{self.scenario.__name__.rpartition('.')[2]}-master"
        self.master = Master(directory, self.venv, {"*": self.pillar}).start()
        self.switch.start()
        machines.start_all(self.machines)
        self.tell("waiting for the minions to find their master")
        self.wait_for_minions()
        self.master.follow_progress(self._progress)
        return self

    def wait_for_minions(self):
        self.master.wait_for_minions([server.name for server in self.servers], 300)

    def write_pillar(self, change=None):
        """Give the master the pillar with ``change`` laid over what was changed before."""
        self.change.update(change or {})
        write_pillar(self.master.directory / "pillar", {"*": self.pillar})

    def _progress(self, minion, state, result):
        outcome = {True: "ok", None: "would change"}.get(result, "FAILED")
        self.tell(f"{minion}: {state}: {outcome}")

    def apply(self, **options):
        """``salt '*' state.apply hanfs``: the returns by minion."""
        words = [f"{key}={value}" for key, value in options.items()]
        return self.master.salt("*", "state.apply", "hanfs", *words)

    def writers(self):
        """The three writers on the client, for the length of a ``with``."""
        return Writers(self.client, self.service.mountpoint)

    def moves_under_load(self, tell, moves=2):
        """Move the service so often, each time back, while the client writes: what it saw."""
        with self.writers() as writers:
            for _ in range(moves):
                home = self.service.active_node()
                away = self.service.other_node(home)
                writers.wait_until_writing()
                tell(f"moving the service from {home} to {away} (pcs node standby {home})")
                self.service.move_away_from(home, MOVE_SECONDS)
                writers.wait_until_writing()
                tell(f"the client writes again, on {away}")
        return self.checked(writers.report)

    def checked(self, report):
        """The writers' report, checked against what their files hold on the server.

        The client's own cache would prove nothing.
        """
        server = self.service.nodes[self.service.active_node()]
        directory = f"{self.scenario.SERVED}/writers"
        written = {
            name: server.run(["cat", f"{directory}/{name}"]).stdout for name in ("append", "locked")
        }
        return check_server_side(report, written)

    def down(self):
        """Take down what was started, and leave nothing of it for the next stage."""
        if self.master:
            self.master.stop()
            # It knows the minions' keys; the next machines of that name have others.
            shutil.rmtree(self.master.directory, ignore_errors=True)
        self.switch.stop()
        for machine in self.machines:
            machine.remove()
