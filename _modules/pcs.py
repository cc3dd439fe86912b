"""
The cluster layer through the ``pcs`` command

What this node's files say of the cluster, and the cluster's state as data. The rest of ``pcs`` is
in files of one concern each, which Salt's loader takes together: ``pcs_hosts`` (authentication, the
password of pcs's account), ``pcs_cluster`` (set up, start, stop, destroy), ``pcs_nodes`` (members,
standby, maintenance). What is configured *in* the cluster (resources, constraints, properties) is
the business of the module ``cib``.

How pcs 0.9, 0.10, 0.11 and 0.12 differ is told by the capability ids that pcs itself prints, asked
once per run; ``pcs_argv`` is the only place that knows what follows from them. Files are understood
by ``pcs_files``, crm_mon's XML by ``pcs_status``; ``pcs_stub`` removes Debian's one-node cluster,
``pcs_setup`` completes a setup that was cut off.

The module always loads: ``pcs`` may be installed later in the same run. On Salt 3006 and 3007 it
takes the place of the built-in module of this name and keeps its functions' arguments.

:depends: pcs 0.9.161 or newer; crm_mon (package pacemaker or pacemaker-cli-utils)
"""

import os
import time

import salt.utils.files
import salt.utils.path
from salt.exceptions import CommandExecutionError

__virtualname__ = "pcs"

COROSYNC_CONF = "/etc/corosync/corosync.conf"
KNOWN_HOSTS = "/var/lib/pcsd/known-hosts"
TOKENS = "/var/lib/pcsd/tokens"
LIMIT_CRM_MON = 120


def __virtual__():
    return __virtualname__


def _run(*args, **kwargs):
    return __salt__["pcs_run.run"](*args, **kwargs)


def installed():
    """
    Whether the ``pcs`` command is on this node. No process is started.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.installed
    """
    return bool(salt.utils.path.which("pcs"))


def version():
    """
    pcs's version and capabilities, asked once per run.

    Returns ``{"version": "0.11.5", "capabilities": [...]}``. Raises CommandExecutionError when
    pcs is not there or older than 0.9.161.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.version
    """
    if "pcs.version" not in __context__:
        lines = _run(["pcs", "--version", "--full"])["stdout"].splitlines()
        if len(lines) < 2:
            raise CommandExecutionError("pcs is older than 0.9.161 and cannot be used")
        __context__["pcs.version"] = {
            "version": lines[0].strip(),
            "capabilities": lines[1].split(),
        }
    return __context__["pcs.version"]


# --- what the files say --------------------------------------------------------------------------


def _read(path):
    """Contents of a file, or None when it is not there."""
    try:
        with salt.utils.files.fopen(path, "r", encoding="utf-8") as handle:
            return handle.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        raise CommandExecutionError(f"{path} cannot be read: {err}") from err


def corosync_conf():
    """
    The cluster in this node's ``/etc/corosync/corosync.conf``. No process is started.

    Returns None when the file is not there, else what ``pcs_files.corosync_conf`` tells: the
    cluster's name, nodes, links, totem and quorum options, quorum device; ``stub`` is true for the
    one-node cluster that Debian's package starts.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.corosync_conf
    """
    text = _read(COROSYNC_CONF)
    return None if text is None else __salt__["pcs_files.corosync_conf"](text)


def member_of():
    """
    Name of the cluster this node belongs to, or None. Debian's one-node default does not count.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.member_of
    """
    conf = corosync_conf()
    return None if conf is None or conf["stub"] else conf["cluster_name"]


def known_hosts():
    """
    The hosts that pcs on this node holds tokens for: ``{name: [addresses]}``. No process.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.known_hosts
    """
    for path in (KNOWN_HOSTS, TOKENS):
        text = _read(path)
        if text is not None:
            return __salt__["pcs_files.known_hosts"](text)
    return {}


def local_node(nodes):
    """
    Which of ``nodes`` this machine is, by its host name (long or short).

    nodes
        Names of nodes, or a dictionary with them as keys.

    Raises CommandExecutionError when it is none of them.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.local_node '[nfs-server1, nfs-server2]'
    """
    host = os.uname().nodename
    for candidate in (host, host.split(".")[0]):
        if candidate in nodes:
            return candidate
    short = [name for name in nodes if name.split(".")[0] == host]
    if len(short) == 1:
        return short[0]
    raise CommandExecutionError(
        f"this machine is called {host}, which is none of the nodes {', '.join(nodes)}"
    )


def status():
    """
    The cluster's state as this node sees it, from one run of crm_mon.

    Returns

    .. code-block:: python

        {"dc": str or None, "quorum": bool,
         "nodes": {name: {"online", "standby", "standby_onfail", "maintenance", "pending",
                          "unclean"}},
         "resources": {id: {"agent", "group", "clone", "role", "active", "failed", "managed",
                            "blocked", "nodes": [names], "pending": str or None}},
         "failures": [{"resource", "op_key", "node", "exitstatus", "exitreason", "task"}],
         "maintenance_mode": bool, "stonith_enabled": bool, "fence_history": [{...}],
         "attributes": {node: {name: value}}}

    Raises CommandExecutionError when the cluster does not run here or crm_mon is not installed.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.status
    """
    result = _run(["crm_mon", "-1", "--output-as=xml"], ok=range(256), limit=LIMIT_CRM_MON)
    if result["retcode"] and not result["stdout"].lstrip().startswith("<"):
        # Pacemaker before 2.0.3 has only the older form
        result = _run(["crm_mon", "-1", "--as-xml"], ok=range(256), limit=LIMIT_CRM_MON)
        if not result["stdout"].lstrip().startswith("<"):
            said = __salt__["pcs_run.said"](result)
            raise CommandExecutionError(f"crm_mon: {said or 'no output'}")
    found = __salt__["pcs_status.parse"](result["stdout"])
    __context__["pcs.status"] = (time.monotonic(), found)
    return found


def recent_status(age=60):
    """
    The cluster's state as ``status`` has just seen it in this run, without another crm_mon: for
    what does not change within a minute, such as the nodes' attributes.

    age
        Seconds; what is older is asked for anew.

    Returns and raises what ``status`` does.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.recent_status
    """
    seen, found = __context__.get("pcs.status", (None, None))
    if seen is None or not 0 <= time.monotonic() - seen < age:
        return status()
    return found
