"""
One site of the NFS service, seen from one of its nodes: check it, compile it, say whether it is
healthy.

``check``
    Is the site in pillar right, and does it fit this machine? Reads only.

``description``
    What the cluster must look like; the input of ``pcs.configured``.

``health``
    Does the service run as it should, on exactly one node?

The parts: ``hanfs_schema`` (pillar), ``hanfs_model`` (compiler), ``hanfs_storage`` (disk),
``hanfs_net`` (network), ``hanfs_health`` (verdict).

:depends: nothing to load; pcs, pacemaker and corosync for ``health``
"""

from __future__ import annotations

import os
import re
from xml.etree import ElementTree

import salt.utils.data
import salt.utils.path
from salt.exceptions import (
    CommandExecutionError,
    SaltInvocationError,
    TimedProcTimeoutError,
)

__virtualname__ = "hanfs"

PCSD_PORT = 2224
_TIMEOUT = 120
# Read instead of asking cibadmin: a run with nothing to do stays cheap. Who is not in there is
# asked for in the running cluster.
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
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


def description(site):
    """
    The description of a site's cluster.

    site
        The site as it stands in pillar.

    Returns the description that ``cib.plan`` and ``pcs.configured`` take. Raises
    SaltInvocationError if the site is wrong.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.description "$(salt-call --out=json ...)"
    """
    return __salt__["hanfs_model.description"](_normal(site))


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


def _normal(site):
    found = __salt__["hanfs_schema.problems"](site, "site")
    if found:
        raise SaltInvocationError("\n".join(found))
    return __salt__["hanfs_schema.normalise"](site)


# --- check ----------------------------------------------------------------------------------------


def check(site, path="hanfs", password_pillar=None):
    """
    Check a site's pillar, and if that is right whether it fits this machine. Reads only (and asks
    the network, by ARP, who has the virtual address).

    site
        The site as it stands in pillar; ``cluster:password`` may have been taken out.

    path
        Colon path of the site in pillar, for the messages.

    password_pillar
        Colon path of the cluster password in pillar; default ``<path>:cluster:password``.

    Returns ``{"problems": [...], "notes": [...]}``, lists of sentences; the machine is only looked
    at if the pillar is right.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.check '{...}' hanfs:sites:athens
    """
    found = __salt__["hanfs_schema.problems"](site, path)
    password_pillar = password_pillar or f"{path}:cluster:password"
    password = salt.utils.data.traverse_dict_and_list(__pillar__, password_pillar)
    found += __salt__["hanfs_schema.password_problems"](password, password_pillar)
    if found:
        return {"problems": list(dict.fromkeys(found)), "notes": []}
    site = __salt__["hanfs_schema.normalise"](site)
    member = __salt__["pcs.member_of"]() is not None
    local = __salt__["hanfs_net.addresses"]()
    report = {"problems": [], "notes": []}
    _check_node(site, path, member, local, report)
    _check_cluster(site, path, report)
    _check_names(site, path, report)
    _check_device(site, path, member, report)
    _check_fstab(site, path, report)
    _check_virtual_address(site, path, member, local, report)
    return report


def _check_node(site, path, member, local, report):
    nodes, own = site["cluster"]["nodes"], own_name()
    if own not in nodes:
        report["problems"].append(
            f"{path}:cluster:nodes: this machine is {own} (uname -n), which is not among "
            f"{', '.join(nodes)}"
        )
    elif not member:
        here = {entry["ip"] for entry in local}
        for address in nodes[own]:
            if address not in here:
                report["problems"].append(
                    f"{path}:cluster:nodes:{own}: {address} is not an address of this machine"
                )


def _check_cluster(site, path, report):
    live = __salt__["pcs.corosync_conf"]()
    if live is None or live["stub"]:
        return
    wanted = site["cluster"]
    if live["cluster_name"] != wanted["name"]:
        report["problems"].append(
            f"{path}:cluster:name: this machine is in the cluster {live['cluster_name']}, not "
            f"in {wanted['name']}; "
            "it is left as it is"
        )
    elif not _same_nodes(live["nodes"], wanted["nodes"]):
        report["problems"].append(
            f"{path}:cluster:nodes: the cluster {wanted['name']} exists with "
            f"{_shown_nodes(live['nodes'])}; the nodes and "
            "addresses of an existing cluster are not changed"
        )


def _same_nodes(live, wanted):
    if set(live) != set(wanted):
        return False
    # corosync 2 has names where corosync 3 has addresses: those say nothing about addresses.
    return all(
        found == wanted[name] for name, found in live.items() if all(map(_is_address, found))
    )


def _is_address(text):
    return re.match(r"[0-9.]+\Z|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\Z", text) is not None


def _shown_nodes(nodes):
    return ", ".join(f"{name} ({', '.join(addresses)})" for name, addresses in nodes.items())


def _check_names(site, path, report):
    for name in site["cluster"]["nodes"]:
        found = __salt__["hanfs_net.resolve"](name)
        if not found:
            report["problems"].append(
                f"{path}:cluster:nodes:{name}: this machine cannot resolve the name (DNS, or a "
                "line in /etc/hosts)"
            )
        elif name != own_name() and all(ip.startswith("127.") or ip == "::1" for ip in found):
            report["problems"].append(
                f"{path}:cluster:nodes:{name}: the name resolves to this machine itself "
                f"({found[0]})"
            )
    virtual = site["address"]["ip"]
    # sm-notify sends a name, never an address, and fails without one: nfs-utils,
    # utils/statd/sm-notify.c, "it is an error".
    if not __salt__["hanfs_net.name_of"](virtual):
        report["problems"].append(
            f"{path}:address:ip: {virtual} has no host name on this machine, and NFSNotify cannot "
            f"start without one: give it one in DNS, or by a line '{virtual} NAME' in /etc/hosts"
        )


def _check_device(site, path, member, report):
    storage = site["storage"]
    here = f"{path}:storage:device"
    if member:
        # Storage that exists already is storage_ready's to judge; here it only has to be attached.
        if not os.path.exists(storage["device"]):
            report["problems"].append(f"{here}: the device {storage['device']} is not there")
        return
    creates = next(iter(site["cluster"]["nodes"])) == own_name()
    try:
        facts = __salt__["hanfs_storage.inspect"](
            storage, site["cluster"]["name"], storage["initialize"] and creates
        )
        decision = __salt__["hanfs_storage_rules.decide"](
            facts, storage, storage["initialize"], creates
        )
    except CommandExecutionError as err:
        # On the other nodes it may be the first one's work that gets in the way.
        report["problems" if creates else "notes"].append(f"{here}: {err}")
        return
    if decision["verdict"] == "refuse":
        report["problems"].append(f"{here}: {decision['why']}")
    elif decision["verdict"] == "unlisted":
        # The run itself lets LVM see it, and looks again before it makes anything.
        report["notes"].append(f"{here}: {decision['why']}")


def _check_fstab(site, path, report):
    """Nothing but the cluster mounts the shared file system, on members too, at boot above all."""
    try:
        entries = __salt__["hanfs_storage.fstab"](site["storage"])
    except CommandExecutionError as err:
        report["problems"].append(f"{path}:storage: {err}")
        return
    for entry in entries:
        told = __salt__["hanfs_storage_rules.fstab_told"](entry)
        report["notes" if entry["by_hand"] else "problems"].append(f"{path}:storage: {told}")


def _check_virtual_address(site, path, member, local, report):
    ip, nic = site["address"]["ip"], site["address"].get("nic")
    here = f"{path}:address:ip"
    if nic and not os.path.exists(f"/sys/class/net/{nic}"):
        report["problems"].append(f"{path}:address:nic: this machine has no interface {nic}")
        return
    interface = nic or __salt__["hanfs_net.interface_for"](ip, local)
    if interface is None:
        networks = ", ".join(sorted({entry["network"] for entry in local})) or "none"
        report["problems"].append(
            f"{here}: {ip} is in none of this machine's networks ({networks}); take an address "
            "of one of them or name the "
            "interface in `nic`"
        )
        return
    if ip in {entry["ip"] for entry in local}:
        if not member:
            report["problems"].append(
                f"{here}: {ip} is set on this machine already, outside a cluster"
            )
        return
    if member and _saved_configuration_has(ip):
        return
    if ":" in ip:
        report["notes"].append(f"Whether {ip} is free was not checked (IPv6)")
        return
    try:
        owner = __salt__["hanfs_net.answered_by"](ip, interface)
    except CommandExecutionError as err:
        report["notes"].append(f"Whether {ip} is free could not be checked: {err}")
        return
    # Asked in this order there is no race: the cluster knows the address before it brings it up.
    if owner and not (member and _cluster_has_address(ip)):
        report["problems"].append(f"{here}: {ip} is answered already by another machine ({owner})")


def _saved_configuration_has(ip):
    """Whether the cluster's configuration, as Pacemaker keeps it on disk, has this address."""
    try:
        tree = ElementTree.parse(CIB_FILE)
    except (OSError, ElementTree.ParseError):
        return False
    pairs = tree.iterfind(".//primitive/instance_attributes/nvpair")
    return any(pair.get("name") == "ip" and pair.get("value") == ip for pair in pairs)


def _cluster_has_address(ip):
    """Whether the live cluster has this address; one that cannot be asked counts as yes."""
    try:
        primitives = __salt__["cib.query"]().get("primitives", {})
    except CommandExecutionError:
        return True
    return any(str((item.get("attributes") or {}).get("ip")) == ip for item in primitives.values())


# --- reachability of the peers --------------------------------------------------------------------


def foreign_mounts(site):
    """
    Where this node has the shared file system mounted outside the cluster. Reads the kernel's
    table of mounts only, so it can be asked on every run.

    site
        The site as it stands in pillar.

    Returns a list of sentences.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs.foreign_mounts '{...}'
    """
    storage = _normal(site)["storage"]
    volume = __salt__["hanfs_model.filesystem_device"](storage)
    return [
        __salt__["hanfs_storage_rules.foreign_mount_told"](device, mount)
        for device in dict.fromkeys([volume, storage["device"]])
        for mount in __salt__["hanfs_storage_rules.foreign_mounts"](
            __salt__["hanfs_storage.mounts"](device), os.path.realpath(storage["mountpoint"])
        )
    ]


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
    site = _normal(site)
    nodes, own = site["cluster"]["nodes"], own_name()
    found = []
    for mount in __salt__["hanfs_storage.mounts"](
        __salt__["hanfs_model.filesystem_device"](site["storage"])
    ):
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
    site = _normal(site)
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
    own, storage, ip = own_name(), site["storage"], site["address"]["ip"]
    if own not in site["cluster"]["nodes"]:
        return []
    device = __salt__["hanfs_model.filesystem_device"](storage)
    mounted = [mount["directory"] for mount in __salt__["hanfs_storage.mounts"](device)]
    has_address = ip in {entry["ip"] for entry in __salt__["hanfs_net.addresses"]()}
    if active == own:
        found = (
            []
            if storage["mountpoint"] in mounted
            else [f"{device} is not mounted on {storage['mountpoint']} of this node"]
        )
        return found + ([] if has_address else [f"this node does not have the address {ip}"])
    where = f"the cluster has it on {active}" if active else "the cluster has it nowhere"
    found = [f"{device} is mounted on {mounted[0]} of this node, but {where}"] if mounted else []
    return found + ([f"this node has the address {ip}, but {where}"] if has_address else [])


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
