"""Stand-ins for the resource agents that need a kernel NFS server.

Containers share the machine's kernel, which may have no nfsd and has only one. There
the agents below show the real agents' meta-data and only remember whether they were
started; everything around them (Filesystem, IPaddr2, the cluster) stays real.

The real ones are diverted with dpkg-divert, so that installing resource-agents later
puts them aside too.
"""

from __future__ import annotations

import subprocess

AGENTS = ("nfsserver", "exportfs", "nfsnotify")
DIRECTORY = "/usr/lib/ocf/resource.d/heartbeat"
ASIDE = "/usr/lib/ocf/diverted"

# A file FAIL/AGENT.ACTION makes that action fail with the exit code that the file holds.
STATE = "/run/stand-in"
FAIL = f"{STATE}/fail"
LOG = f"{STATE}/log"

AGENT = f"""\
#!/bin/sh
# Stand-in of the lab for the resource agent of this name.
name=${{0##*/}} action=$1
state={STATE}/$OCF_RESOURCE_INSTANCE
mkdir -p {FAIL}
case $action in
meta-data)
    exec {ASIDE}/$name meta-data
    ;;
start | stop | monitor)
    echo "$action $OCF_RESOURCE_INSTANCE" >>{LOG}
    if [ -s "{FAIL}/$name.$action" ]; then
        echo "the lab makes $action fail" >&2
        exit "$(cat "{FAIL}/$name.$action")"
    fi
    ;;
esac
case $action in
start) touch "$state" ;;
stop) rm -f "$state" ;;
monitor) [ -e "$state" ] || exit 7 ;;
validate-all) ;;
*) exit 3 ;;
esac
exit 0
"""


def put_into(root):
    """Divert the real agents in the root file system ``root`` (a path) and put these there."""
    (root / ASIDE[1:]).mkdir(parents=True, exist_ok=True)
    directory = root / DIRECTORY[1:]
    directory.mkdir(parents=True, exist_ok=True)
    for name in AGENTS:
        subprocess.run(
            ["chroot", str(root), "dpkg-divert", "--local", "--quiet", "--rename",
             "--divert", f"{ASIDE}/{name}", "--add", f"{DIRECTORY}/{name}"],
            check=True,
        )  # fmt: skip
        (directory / name).write_text(AGENT)
        (directory / name).chmod(0o755)
