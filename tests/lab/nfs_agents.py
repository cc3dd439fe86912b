"""Both agents of the NFS server on one machine: what each leaves there, and what it costs."""

from __future__ import annotations

from typing import NamedTuple

AGENTS = "/usr/lib/ocf/resource.d/{}/nfsserver"
DIRECTORY = "/root/nfs-{}"
SCOPE = "lab-scope"
ACTIONS = ("start", "monitor", "stop", "monitor")
# What is seen after an action: the state directory, what is mounted over the node's own, which of
# the server's units run, and nfsd itself. Without owners: those of Debian's rpc.statd are its user
# at once, and with the other agent after the formula's next run. Without rpc_pipefs, where older
# versions of that agent mount one that Debian has elsewhere.
LOOK = """\
cd "$1" && find . -xdev -name rpc_pipefs -prune -o -printf '%y %m %P\\n' | sort
awk '$5 == "/var/lib/nfs" { print "bound", $4 }' /proc/self/mountinfo
systemctl is-active nfs-server nfs-mountd nfs-idmapd nfsdcld rpc-statd
head -n 1 /proc/fs/nfsd/threads /proc/fs/nfsd/versions
"""
# Forks of the whole machine, since systemd starts the daemons; and the time.
COUNTED = """\
count() {
    while read -r key value _; do [ "$key" != processes ] || echo "$value"; done </proc/stat
}
before=$(count) began=$(date +%s.%N)
"$0" "$1" >/dev/null 2>&1
code=$?
echo "$code $(($(count) - before)) $(date +%s.%N) $began"
"""


class Done(NamedTuple):
    """One action: its exit code, how many processes the machine started meanwhile, seconds."""

    action: str
    code: int
    processes: int
    seconds: float
    seen: str


def parameters(provider):
    """What the resource of the agent of ``provider`` is given."""
    directory = DIRECTORY.format(provider)
    return {"nfs_shared_infodir": directory, "nfs_server_scope": SCOPE, "nfs_no_notify": "true"}


def played(node, provider):
    """Start, monitor and stop the agent of ``provider`` on ``node``; a list of Done.

    ``node`` must run no NFS server.
    """
    agent, directory = AGENTS.format(provider), DIRECTORY.format(provider)
    node.run(["mkdir", "-p", directory])
    words = [f"OCF_RESKEY_{key}={value}" for key, value in parameters(provider).items()]
    words += ["OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=tried"]
    words += [f"OCF_RESOURCE_PROVIDER={provider}", "OCF_RESOURCE_TYPE=nfsserver"]
    words += ["OCF_RESKEY_CRM_meta_timeout=120000"]
    found = []
    for action in ACTIONS:
        told = node.run(["env", *words, "bash", "-c", COUNTED, agent, action]).stdout.split()
        seen = node.run(["sh", "-c", LOOK, "look", directory], check=False).stdout
        seen = seen.replace(directory, "DIRECTORY")
        code, processes, ended, began = told
        found.append(Done(action, int(code), int(processes), float(ended) - float(began), seen))
    return found
