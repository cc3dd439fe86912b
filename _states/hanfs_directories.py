"""
The state of the exported directories: ``hanfs.export_directories``

It belongs to the state module hanfs: Salt merges files that have one virtual name.

:depends: the execution modules hanfs and hanfs_directories
"""

from __future__ import annotations

import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "hanfs"

# Seconds between two looks at what another node does.
_PAUSE = 2


def __virtual__():
    return __virtualname__


def export_directories(name, site, path="hanfs", timeout=300):
    """
    The directories that the site exports exist, before anything exports them. The node that has the
    file system mounted by the cluster makes what is missing; the others wait for it. Owner and mode
    of a directory that exists are left alone.

    For a file system that is new the cluster is first configured without what needs these
    directories, so that one node mounts it.

    name
        Free text.

    site
        The site as it stands in pillar, its secrets taken out or not.

    path
        Colon path of the site in pillar.

    timeout
        Seconds to wait for the node that runs the service.

    .. code-block:: yaml

        The exported directories exist:
          hanfs.export_directories:
            - site: {{ hanfs.site | json }}
            - path: {{ hanfs.path }}
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": "They are all there"}
    try:
        normal = __salt__["hanfs.normal"](site, path)
        missing = __salt__["hanfs_directories.missing"](normal)
        if __opts__["test"]:
            return _predicted(ret, missing)
        if missing["elsewhere"]:
            missing = _after_push(ret, normal, site, path, missing)
        _make(ret, missing["here"])
        if ret["result"] and missing["elsewhere"]:
            _wait(ret, normal, time.monotonic() + timeout, timeout)
    except (CommandExecutionError, SaltInvocationError) as err:
        ret["result"] = False
        ret["comment"] = str(err)
    return ret


def _predicted(ret, missing):
    told = []
    if missing["here"]:
        told.append(f"{', '.join(missing['here'])} would be made")
        change = __salt__["hanfs_directories.change"]
        ret["changes"] = {directory: change(about) for directory, about in missing["here"].items()}
    if missing["elsewhere"]:
        told.append(
            f"{', '.join(missing['elsewhere'])} would be made by the node that runs the service, "
            "if missing; a run on it comes first or at the same time"
        )
    if told:
        ret.update(result=None, comment="\n".join(told))
    return ret


def _after_push(ret, normal, site, path, missing):
    """Have a new file system mounted, and look again; unchanged if none is new."""
    description = __salt__["hanfs.description"](site, path)
    live = __salt__["cib.query"]()
    mounts = {
        (item.get("attributes") or {}).get("directory")
        for item in (live.get("primitives") or {}).values()
        if str(item.get("agent")).endswith(":Filesystem")
    }
    needed = {about["file_system"] for about in missing["elsewhere"].values()}
    if needed <= mounts:
        return missing
    known = set(__salt__["hanfs_directories.used"](live).values())
    absent = set(missing["elsewhere"]) | set(missing["here"])
    first = __salt__["hanfs_directories.without"](description, sorted(absent - known))
    done = __states__["pcs.configured"](
        ret["name"],
        wait=normal["timeouts"]["settle"],
        allow_disruption=normal["allow_disruption"],
        **first,
    )
    ret["changes"].update(done["changes"])
    if done["result"] is False:
        raise CommandExecutionError(done["comment"])
    return __salt__["hanfs_directories.missing"](normal)


def _make(ret, directories):
    for directory, about in directories.items():
        change = __salt__["hanfs_directories.make"](directory, about)
        if change:
            ret["changes"][directory] = change
    if directories:
        ret["comment"] = f"{', '.join(directories)} made on this node, which runs the service"


def _wait(ret, normal, deadline, timeout):
    """Until the node that runs the service has made them, which its own push tells."""
    while True:
        missing = __salt__["hanfs_directories.missing"](normal)
        _make(ret, missing["here"])
        known = set(__salt__["hanfs_directories.used"](__salt__["cib.query"]()).values())
        left = [directory for directory in missing["elsewhere"] if directory not in known]
        if not left:
            return
        if time.monotonic() >= deadline:
            raise CommandExecutionError(_in_vain(normal, left, timeout))
        time.sleep(_PAUSE)


def _in_vain(normal, left, timeout):
    core = __salt__["hanfs_model.core"](normal)
    members = __salt__["hanfs_model.description"](normal)["groups"][core]["members"]
    status = __salt__["pcs.status"]()["resources"]
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
