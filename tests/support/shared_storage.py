"""What the storage states do, on machines: one long-lived Salt on each, without a master.

.. code-block:: python

    with Server(machine) as server:
        server.ready(storage)              # the return of what hanfs.storage_ready does
        ready_at_once(servers, storage)    # on all of them at the same time
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from pathlib import Path

from tests.lab import paths
from tests.support.engine import CONFIG, SYSTEM_PATH, TREE, Engine

CREATOR = "nfs-server1"
CLUSTER = "nfs-server-cluster"
COROSYNC = "/etc/corosync/corosync.conf"
# Seconds; a step is a handful of programs, and each takes a while on a machine without hardware.
PATIENCE = 240
AGENT = "/usr/lib/ocf/resource.d/heartbeat/LVM-activate"
HERE = Path(__file__).parent


def _tree():
    """The modules and the worker as an archive, in characters that any terminal lets through."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name in ("_modules", "_states"):
            tar.add(
                paths.REPO / name,
                name,
                filter=lambda item: None if "__pycache__" in item.name else item,
            )
        tar.add(HERE / "storage_step.py", "_modules/storage_step.py")
        tar.add(HERE / "engine_worker.py", "worker.py")
    return base64.b64encode(archive.getvalue()).decode()


def prepare(machine):
    """What the formula's other parts do: a system ID for LVM, and the modules on the minion."""
    machine.run(
        ["sh", "-c", f"rm -rf {TREE} && mkdir -p {TREE} && base64 -d | tar -C {TREE} -xzf -"],
        stdin=_tree(),
    )
    machine.put("/etc/salt/minion.d/engine.conf", json.dumps(CONFIG))
    machine.run(["sed", "-i", "s/^[ \\t#]*system_id_source = .*/system_id_source = \"uname\"/",
                 "/etc/lvm/lvm.conf"])  # fmt: skip
    assert machine.run(["lvm", "systemid"]).stdout.split()[-1] == machine.name
    leave_cluster(machine)


def join_cluster(machine):
    """Make it a member as far as anybody can see in files."""
    machine.put(
        COROSYNC,
        f"totem {{\n    version: 2\n    cluster_name: {CLUSTER}\n}}\n"
        "nodelist {\n    node {\n        ring0_addr: 10.0.0.1\n        name: nfs-server1\n"
        "        nodeid: 1\n    }\n}\n",
    )


def leave_cluster(machine):
    """Undo ``join_cluster``."""
    machine.run(["rm", "-f", COROSYNC])


class Server:
    """A machine with a Salt of its own that runs the storage states."""

    def __init__(self, machine):
        self.machine = machine
        self.name = machine.name
        self.engine = Engine(machine, salt="/opt/salt", path=SYSTEM_PATH)
        self.engine.end(PATIENCE)

    def close(self):
        self.engine.close()

    def begin(self, storage, what="ready", **options):
        """Start on one file system without waiting for it."""
        arguments = {"storage": storage, **options}
        if what == "ready":
            arguments = {
                "creator": CREATOR, "cluster": CLUSTER, "timeout": PATIENCE,
                "protection": "system_id", **arguments,
            }  # fmt: skip
        self.engine.begin(f"storage_step.{what}", **arguments)

    def end(self):
        """Its return."""
        return self.engine.end(2 * PATIENCE)

    def ready(self, storage, **options):
        self.begin(storage, **options)
        return self.end()

    def grown(self, storage, **options):
        self.begin(storage, "grown", **options)
        return self.end()

    def sh(self, script, check=True):
        """Run a shell script there; its standard output."""
        done = self.machine.run(["sh", "-c", script], check=check)
        return done.stdout if check else done

    def active(self):
        """The names of the volumes that it has active."""
        return {
            line.split("\t")[0]
            for line in self.sh("dmsetup ls").splitlines()
            if "\t" in line and not line.startswith("lun")
        }

    def agent(self, action, vg, check=True):
        """What Pacemaker does: run the resource agent."""
        return self.sh(
            f"OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=vg OCF_RESKEY_vgname={vg} "
            f"OCF_RESKEY_vg_access_mode=system_id {AGENT} {action} 2>&1",
            check,
        )


def ready_at_once(servers, storage, **options):
    """The state on all of them at the same time: their returns."""
    for server in servers:
        server.begin(storage, **options)
    return [server.end() for server in servers]
