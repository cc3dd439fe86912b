"""
The state of the exported directories.
"""

from __future__ import annotations

import time

import _hanfs_directories
import _hanfs_here
import _hanfs_model
import _hanfs_state_agent
import _pcs_cib
import _pcs_node
import _pcs_state_configured
from _cib_errors import CommandExecutionError, SaltInvocationError
from _cib_result import made
from _cib_run import Machine
from _cib_values import Data
from _hanfs_types import RawSite

# Seconds between two looks at what another node does.
_PAUSE = 2


def export_directories(
    machine: Machine, name: str, site: RawSite, path: str = "hanfs", timeout: float = 300
) -> Data:
    """
    The directories that the site exports exist, before anything exports them. The node that has
    the file system mounted by the cluster makes what is missing; the others wait for it. Owner
    and mode of a directory that exists are left alone.
    """
    ret = made(name, comment="They are all there")
    try:
        normal = _hanfs_here.normal(site, path)
        missing = _hanfs_directories.missing(normal)
        if machine.test:
            return _predicted(ret, missing)
        if missing["elsewhere"]:
            missing = _after_push(machine, ret, normal, missing)
        _make(machine, ret, missing["here"])
        if ret["result"] and missing["elsewhere"]:
            _wait(machine, ret, normal, time.monotonic() + timeout, timeout)
    except (CommandExecutionError, SaltInvocationError) as err:
        ret["result"] = False
        ret["comment"] = str(err)
    return ret


def _predicted(ret, missing):
    told = []
    if missing["here"]:
        told.append(f"{', '.join(missing['here'])} would be made")
        change = _hanfs_directories.change
        ret["changes"] = {directory: change(about) for directory, about in missing["here"].items()}
    if missing["elsewhere"]:
        told.append(
            f"{', '.join(missing['elsewhere'])} would be made by the node that runs the service, "
            "if missing; a run on it comes first or at the same time"
        )
    if told:
        ret.update(result=None, comment="\n".join(told))
    return ret


def _after_push(machine, ret, normal, missing):
    """Have a new file system mounted, and look again; unchanged if none is new."""
    live = _pcs_cib.query(machine)
    mounts = {
        (item.get("attributes") or {}).get("directory")
        for item in (live.get("primitives") or {}).values()
        if str(item.get("agent")).endswith(":Filesystem")
    }
    needed = {about["file_system"] for about in missing["elsewhere"].values()}
    if needed <= mounts:
        return missing
    known = set(_hanfs_directories.used(live).values())
    absent = set(missing["elsewhere"]) | set(missing["here"])
    first = _hanfs_state_agent.described(
        machine, normal, lambda whole: _hanfs_directories.without(whole, sorted(absent - known))
    )
    done = _pcs_state_configured.described(
        machine,
        ret["name"],
        first,
        wait=normal["timeouts"]["settle"],
        allow_disruption=normal["allow_disruption"],
    )
    ret["changes"].update(done["changes"])
    if done["result"] is False:
        raise CommandExecutionError(done["comment"])
    return _hanfs_directories.missing(normal)


def _make(machine, ret, directories):
    for directory, about in directories.items():
        change = _hanfs_directories.make(machine, directory, about)
        if change:
            ret["changes"][directory] = change
    if directories:
        ret["comment"] = f"{', '.join(directories)} made on this node, which runs the service"


def _wait(machine, ret, normal, deadline, timeout):
    """Until the node that runs the service has made them, which its own push tells."""
    while True:
        missing = _hanfs_directories.missing(normal)
        _make(machine, ret, missing["here"])
        known = set(_hanfs_directories.used(_pcs_cib.query(machine)).values())
        left = [directory for directory in missing["elsewhere"] if directory not in known]
        if not left:
            return
        if time.monotonic() >= deadline:
            raise CommandExecutionError(_in_vain(machine, normal, left, timeout))
        time.sleep(_PAUSE)


def _in_vain(machine, normal, left, timeout):
    core = _hanfs_model.core(normal)
    members = _hanfs_model.description(normal, machine.grains)["groups"][core]["members"]
    status = _pcs_node.status(machine)["resources"]
    nodes = sorted({node for name in members for node in status.get(name, {}).get("nodes", [])})
    if not nodes:
        return (
            f"{', '.join(left)}: can be made only where the file system is mounted, and the "
            f"service ({core}) runs on no node. Get it to run (pcs status), then run this again"
        )
    return (
        f"{', '.join(left)}: can be made only on the node that runs the service, {nodes[0]}, and "
        f"has not been within {timeout} s. Run the formula there (salt {nodes[0]} state.apply "
        "hanfs), or on all nodes at once"
    )
