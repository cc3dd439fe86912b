"""
One site of the NFS service, seen from one of its nodes: check it, compile it, say whether it is
healthy.

``check``
    Is the site in pillar right, and does it fit this machine? Reads only.

``description``
    What the cluster must look like; the input of ``pcs.configured``.

``health``
    Does the service run as it should, on exactly one node?

The parts: ``hanfs_check`` (that function), ``hanfs_schema`` (pillar), ``hanfs_model`` (compiler),
``hanfs_storage`` (disk), ``hanfs_net`` (network), ``hanfs_health`` (verdict).

:depends: nothing to load; pcs, pacemaker and corosync for ``health``
"""

from __future__ import annotations

import os

import salt.utils.path
from salt.exceptions import (
    CommandExecutionError,
    SaltInvocationError,
    TimedProcTimeoutError,
)

__virtualname__ = "hanfs"

PCSD_PORT = 2224
_TIMEOUT = 120
FENCING_WARNING = (
    "WARNING: fencing is disabled (fencing: {enabled: false}). Failover after a crash is "
    "unsafe: the file system may end up "
    "mounted on both nodes and be destroyed, and a resource that fails to stop blocks the service."
)


def __virtual__():
    return __virtualname__


def own_name():
    """
    This machine's node name, as the cluster sees it (``uname -n``).

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.own_name
    """
    return os.uname().nodename


def description(site, path="hanfs"):
    """
    The description of a site's cluster.

    site
        The site as it stands in pillar.

    path
        Colon path of the site in pillar, where the secrets of fencing devices are looked up.

    Returns the description that ``cib.plan`` and ``pcs.configured`` take. Raises
    SaltInvocationError if the site is wrong.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.description "$(salt-call --out=json ...)"
    """
    return __salt__["hanfs_model.description"](normal(site, path))


def warnings(site):
    """
    What every run has to say aloud about a site.

    site
        The site as it stands in pillar.

    Returns a list of sentences.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.warnings '{fencing: {enabled: false}}'
    """
    return [] if site["fencing"]["enabled"] else [FENCING_WARNING]


def normal(site, path="hanfs"):
    """
    A site with all its defaults, ``hanfs_schema.normalise``.

    site
        The site as it stands in pillar.

    path
        Colon path of the site in pillar.

    Raises SaltInvocationError with everything that is wrong with it.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.normal '{...}' hanfs:sites:athens
    """
    found = __salt__["hanfs_schema.problems"](site, path)
    if found:
        raise SaltInvocationError("\n".join(found))
    return __salt__["hanfs_schema.normalise"](site, path)


# --- reachability of the peers --------------------------------------------------------------------


def foreign_mounts(site):
    """
    Where this node has a shared file system mounted outside the cluster. Reads the kernel's table
    of mounts only, so it can be asked on every run.

    site
        The site as it stands in pillar.

    Returns a list of sentences.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.foreign_mounts '{...}'
    """
    found = []
    for storage in normal(site)["file_systems"]:
        mountpoint = os.path.realpath(storage["mountpoint"])
        for device in [__salt__["hanfs_model.filesystem_device"](storage), storage["device"]]:
            mounts = __salt__["hanfs_storage.mounts"](device)
            for mount in __salt__["hanfs_storage_rules.foreign_mounts"](mounts, mountpoint):
                found.append(__salt__["hanfs_storage_rules.foreign_mount_told"](device, mount))
    return list(dict.fromkeys(found))


def unready(site):
    """
    What still keeps the nodes from forming a cluster, seen from this node: peers whose pcsd does
    not answer on a link, or the shared file system mounted here.

    site
        The site as it stands in pillar.

    Returns a list of sentences.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.unready '{...}'
    """
    site = normal(site)
    nodes, own = site["cluster"]["nodes"], own_name()
    found = []
    for storage in site["file_systems"]:
        device = __salt__["hanfs_model.filesystem_device"](storage)
        for mount in __salt__["hanfs_storage.mounts"](device):
            found.append(
                f"the shared file system is mounted on {mount['directory']} of this node, outside "
                "the cluster: unmount it"
            )
    for name, addresses in nodes.items():
        if name == own:
            continue
        for link, (source, target) in enumerate(zip(nodes.get(own, []), addresses)):
            wrong = __salt__["hanfs_net.connects"](source, target, PCSD_PORT)
            if wrong:
                found.append(
                    f"{name} does not answer on link {link}, {source} to {target} port "
                    f"{PCSD_PORT} (pcsd): {wrong}"
                )
    return found


def nfs_state_is_shared():
    """
    Whether the NFS server's state directory on this node is the cluster's: the resource agent binds
    a directory of the shared file system over ``/var/lib/nfs`` before it starts the server, and
    takes it away after it has stopped it.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.nfs_state_is_shared
    """
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        mounts = [line.split() for line in table]
    return any(fields[4] == "/var/lib/nfs" and fields[3] != "/" for fields in mounts)


# --- health ---------------------------------------------------------------------------------------


def health(site):
    """
    Whether the service runs as it should. Two of the cluster's own commands at most: one crm_mon,
    one corosync-cfgtool.

    site
        The site as it stands in pillar.

    Returns ``{"healthy": bool, "problems": [...], "notes": [...], "active_node": name or None,
    "busy": bool}``; ``busy`` says that the cluster is still doing something about it. Raises
    CommandExecutionError if the cluster does not run here.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.health '{...}'
    """
    site = normal(site)
    status = __salt__["pcs.status"]()
    wanted = __salt__["hanfs_model.description"](site)
    links = len(next(iter(site["cluster"]["nodes"].values())))
    report = __salt__["hanfs_health.judge"](site, wanted, status)
    report["problems"] += __salt__["hanfs_health.link_problems"](_links(), links)
    report["problems"] += _local_problems(site, report["active_node"])
    report["healthy"] = not report["problems"]
    return report


def _local_problems(site, active):
    """Compare what the cluster says with what this machine has."""
    own = own_name()
    if own not in site["cluster"]["nodes"]:
        return []
    where = f"the cluster has it on {active}" if active else "the cluster has it nowhere"
    where = None if active == own else where
    found = [_mount_problem(item, where) for item in site["file_systems"]]
    here = {entry["ip"] for entry in __salt__["hanfs_net.addresses"]()}
    for address in site["addresses"]:
        ip = address["ip"]
        if where is None and ip not in here:
            found.append(f"this node does not have the address {ip}")
        elif where and ip in here:
            found.append(f"this node has the address {ip}, but {where}")
    return [problem for problem in found if problem]


def _mount_problem(storage, elsewhere):
    """``elsewhere``: where the cluster has the service, None if it is here."""
    device = __salt__["hanfs_model.filesystem_device"](storage)
    mounted = [mount["directory"] for mount in __salt__["hanfs_storage.mounts"](device)]
    if elsewhere is None:
        if storage["mountpoint"] in mounted:
            return None
        return f"{device} is not mounted on {storage['mountpoint']} of this node"
    return f"{device} is mounted on {mounted[0]} of this node, but {elsewhere}" if mounted else None


def _links():
    if not salt.utils.path.which("corosync-cfgtool"):
        raise CommandExecutionError("corosync-cfgtool is not installed (package corosync)")
    late = f"corosync-cfgtool -s did not end within {_TIMEOUT} s: look at corosync on this node"
    try:
        result = __salt__["cmd.run_all"](
            ["corosync-cfgtool", "-s"],
            python_shell=False,
            ignore_retcode=True,
            output_loglevel="quiet",
            env={"LC_ALL": "C"},
            timeout=_TIMEOUT,
        )
    except TimedProcTimeoutError as err:
        raise CommandExecutionError(late) from err
    if result["retcode"] == 1 and "Timed out" in result["stdout"]:
        raise CommandExecutionError(late)
    return result["stdout"]
