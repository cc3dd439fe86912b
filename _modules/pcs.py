"""
The cluster layer through the ``pcs`` command

Hosts and their authentication, setting a cluster up, starting and stopping it, standby, the
password of pcs's account, and the cluster's state as data. What is configured *in* the cluster
(resources, constraints, properties) is the business of the module ``cib``.

How pcs 0.9, 0.10, 0.11 and 0.12 differ is told by the capability ids that pcs itself prints, asked
once per run; ``pcs_argv`` is the only place that knows what follows from them. Files are understood
by ``pcs_files``, crm_mon's XML by ``pcs_status``; ``pcs_stub`` removes Debian's one-node cluster,
``pcs_setup`` completes a setup that was cut off.

The module always loads: ``pcs`` may be installed later in the same run. On Salt 3006 and 3007 it
takes the place of the built-in module of this name and keeps its functions' arguments.

:depends: pcs 0.9.161 or newer; crm_mon (package pacemaker or pacemaker-cli-utils)
"""

import ctypes
import os
import re
import socket
import time

import salt.utils.data
import salt.utils.files
import salt.utils.path
from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "pcs"

COROSYNC_CONF = "/etc/corosync/corosync.conf"
KNOWN_HOSTS = "/var/lib/pcsd/known-hosts"
TOKENS = "/var/lib/pcsd/tokens"
PCSD_PORT = 2224
CONNECT_TIMEOUT = 3
LONGEST_PAUSE = 30
MASK = "XXX-REDACTED-XXX"
# Seconds until a command that does not end is stopped: it would hold up the minion for ever. pcs
# itself gives up on a node after 60; setting up, destroying and starting wait for services.
LIMIT = 300
LIMIT_CRM_MON = 120
LIMIT_SERVICES = 900


class _Endless(CommandExecutionError):
    """A command that did not end."""


def __virtual__():
    return __virtualname__


# --- running pcs ---------------------------------------------------------------------------------


def _run(argv, stdin=None, ok=(0,), limit=LIMIT):
    """
    Run one command and return its result; the only place here where a process is started.
    A command that has not ended after ``limit`` seconds is stopped, which is an error.

    Standard input is never the terminal, where pcs would stop and ask. Backslashes in ``stdin``
    stay what they are, or a password with one would be changed on its way.
    """
    try:
        result = __salt__["cmd.run_all"](
            argv,
            stdin="" if stdin is None else stdin,
            stdin_raw_newlines=True,
            python_shell=False,
            ignore_retcode=True,
            output_loglevel="quiet",
            env={"LC_ALL": "C"},
            timeout=limit,
        )
    except CommandExecutionError:
        # Salt's own message may hold standard input.
        raise CommandExecutionError(
            f"{argv[0]} cannot be run: is its package installed on this node?"
        ) from None
    # Salt answers with exit code 1 and a sentence of its own, which repeats the command.
    if result["retcode"] == 1 and re.search(
        rf"{re.escape(argv[0])}.* : Timed out after {limit} seconds$", result["stdout"], re.DOTALL
    ):
        raise _Endless(f"{' '.join(argv[:3])}: did not end within {limit} seconds and was stopped")
    if result["retcode"] not in ok:
        said = _said(result) or f"exit code {result['retcode']}"
        raise CommandExecutionError(f"{' '.join(argv[:3])}: {said}")
    return result


def _said(result):
    """What a command printed; pcs 0.10 and older print errors on either stream."""
    return "\n".join(text for text in (result["stderr"], result["stdout"]) if text).strip()


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


def _argv(kind, *args):
    """An argument list spelled for the installed pcs."""
    return __salt__[f"pcs_argv.{kind}"](version()["capabilities"], *args)


# --- arguments ------------------------------------------------------------------------------------


def _no_force(extra_args):
    """``--force`` makes `cluster setup` destroy a running cluster on every host named."""
    extra = list(extra_args or [])
    if "--force" in extra:
        raise SaltInvocationError(
            "--force is not passed on: it destroys clusters; run 'pcs cluster destroy' by hand "
            "on the node whose cluster may go"
        )
    return extra


def _checked_nodes(nodes):
    """``{name: [addresses]}`` from that, from ``{name: address}`` or from a list of names."""
    if isinstance(nodes, (list, tuple)):
        nodes = {name: [] for name in nodes}
    if not isinstance(nodes, dict) or not nodes:
        raise SaltInvocationError("nodes must be a dictionary of names and lists of addresses")
    checked = {}
    for name, addresses in nodes.items():
        addresses = [addresses] if isinstance(addresses, str) else addresses
        good = isinstance(addresses, (list, tuple)) and all(
            isinstance(a, str) and a for a in addresses
        )
        # a name with a leading dash or with '=' would be an option to pcs
        if not isinstance(name, str) or not re.match(r"[^-=\s][^=\s]*$", name) or not good:
            raise SaltInvocationError(
                f"nodes: {name!r} must be a node's name with a list of addresses (strings)"
            )
        checked[name] = list(addresses)
    return checked


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

    Returns None when the file is not there, else ``{"cluster_name": str,
    "nodes": {name: [addresses]}, "totem": {...}, "transport": str or None, "stub": bool}``;
    ``stub`` is true for the one-node cluster that Debian's package starts.

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


# --- hosts ---------------------------------------------------------------------------------------


def _secret(password, password_pillar):
    """The password itself; what is wrong with it is said without it."""
    where = "password"
    if password is None and password_pillar:
        where = f"pillar {password_pillar}"
        password = salt.utils.data.traverse_dict_and_list(__pillar__, password_pillar, None)
    if password is None:
        raise SaltInvocationError(f"{where} is not set")
    if not isinstance(password, str):
        raise SaltInvocationError(f"{where} must be a string: put it in quotes")
    if not password or "\n" in password or "\r" in password or "\0" in password:
        raise SaltInvocationError(f"{where} must be one line of text and not empty")
    return password


def hosts_authorized(nodes):
    """
    Ask pcs whether it may talk to the pcsd of each node.

    nodes
        Names, or a dictionary with them as keys.

    Returns ``{name: True or pcs's words for what is wrong}``.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.hosts_authorized '[nfs-server1, nfs-server2]'
    """
    names = list(_checked_nodes(nodes))
    # 2: somebody is not online, which the output tells better
    output = _run(["pcs", "status", "pcsd", *names], ok=(0, 2))["stdout"]
    said = dict.fromkeys(names, "no answer from pcs")
    for line in output.splitlines():
        # pcs 0.9 may add a name in brackets
        match = re.match(r"\s*(\S+?)(?: \(.*\))?: (.+?)\s*$", line)
        if match and match.group(1) in said:
            said[match.group(1)] = True if match.group(2) == "Online" else match.group(2)
    return said


def host_auth(nodes, password=None, password_pillar=None, username="hacluster", timeout=60):
    """
    Let this node's pcs talk to the pcsd of all nodes. The password goes by standard input.

    Tried again until the deadline: another node may still be installing, or may not have its
    password yet. Reachability is tested by a plain connection before pcs is asked.

    nodes
        ``{name: [addresses]}``; always all members of the cluster. The first address is used.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    username
        pcs's account.

    timeout
        Seconds.

    Returns True. Raises CommandExecutionError that says for each node what was wrong last.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.host_auth '{nfs-server1: [10.10.10.11], nfs-server2: [10.10.10.12]}' \\
            password_pillar=hanfs:cluster:password
    """
    nodes = _checked_nodes(nodes)
    secret = _secret(password, password_pillar)
    deadline = time.monotonic() + timeout
    pause = 1
    while True:
        try:
            trouble = _silent(nodes) or _authenticate(nodes, secret, username, password_pillar)
        except _Endless as err:
            trouble = [str(err)]
        if not trouble:
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            raise CommandExecutionError(
                f"not authenticated within {timeout} seconds: {'; '.join(trouble)}"
            )
        time.sleep(max(0.0, min(pause, left)))
        pause = min(pause * 2, LONGEST_PAUSE)


def _silent(nodes):
    """A sentence for each node whose pcsd does not take a connection."""
    sentences = []
    for name, addresses in nodes.items():
        address = addresses[0] if addresses else name
        try:
            socket.create_connection((address, PCSD_PORT), timeout=CONNECT_TIMEOUT).close()
        except OSError:
            sentences.append(f"no answer from {name} ({address}:{PCSD_PORT})")
    return sentences


def _authenticate(nodes, secret, username, password_pillar):
    """One try; sentences about what went wrong, empty when pcs confirms all hosts."""
    argv = _argv("auth", nodes, username)
    said = _said(_run(argv, stdin=secret + "\n", ok=range(256))).replace(secret, MASK)
    sentences = [
        _refusal(name, username, password_pillar)
        for name in nodes
        if re.search(rf"(^|\s){re.escape(name)}: Username and/or password is incorrect", said)
    ]
    if sentences:
        return sentences
    # 'Authorized' alone proves nothing: in a cluster that pcs cannot synchronise it stores none.
    for name, answer in hosts_authorized(nodes).items():
        if answer is not True:
            sentences.append(f"pcs says of {name}: {answer}")
    if sentences:
        sentences.append(f"pcs's own words: {said or 'none'}")
    return sentences


def _refusal(name, username, password_pillar):
    sentence = f"{name} refused {username}'s password"
    if password_pillar:
        return f"{sentence} (pillar {password_pillar})"
    return sentence


# --- the cluster ---------------------------------------------------------------------------------


def cluster_setup(
    nodes, pcsclustername="pcscluster", extra_args=None, totem=None, transport=None, links=None
):
    """
    Set a cluster up on all nodes, without starting or enabling it.

    nodes
        ``{name: [addresses]}``, or a list of names that resolve. One link per address.

    pcsclustername
        The cluster's name.

    extra_args
        More arguments for pcs; ``--force`` is refused.

    totem
        Options of corosync's totem section, ``{"token": 10000}``.

    transport
        knet (pcs's default), udpu or udp.

    links
        List of dictionaries with options per link, in the order of addresses.

    Returns True. Raises CommandExecutionError with pcs's words; an existing cluster on any node
    is such a case and stays untouched.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_setup '{nfs-server1: [10.10.10.11]}' pcsclustername=nfs
    """
    extra = _no_force(extra_args)
    nodes = _checked_nodes(nodes)
    if not isinstance(pcsclustername, str) or not re.match(r"[^-\s]\S*$", pcsclustername):
        raise SaltInvocationError("the cluster's name must be a word")
    argv = _argv("setup", pcsclustername, nodes, totem, transport, links)
    _run(argv + extra, limit=LIMIT_SERVICES)
    return True


def conf_text_of(node):
    """
    Another node's corosync.conf, asked of the pcsd there; None when it has none or does not
    answer. Raises CommandExecutionError when pcs here does not come back.

    node
        Name of an authenticated host.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server2' pcs.conf_text_of nfs-server1
    """
    result = _run(["pcs", "cluster", "corosync", *_targets([node])], ok=range(256))
    if result["retcode"] or not result["stdout"].strip():
        return None
    return result["stdout"].rstrip() + "\n"


def cluster_start(nodes=None, wait=None):
    """
    Start the cluster here, or on the nodes named.

    nodes
        List of names, ``--all`` for every member, None for this node.

    wait
        Seconds to wait until the nodes have started; None does not wait.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_start wait=120
    """
    argv = ["pcs", "cluster", "start", *_targets(nodes)]
    if wait is None:
        _run(argv, limit=LIMIT_SERVICES)
    else:
        _run([*argv, f"--wait={int(wait)}"], limit=LIMIT_SERVICES + int(wait))
    return True


def cluster_stop(nodes=None):
    """
    Stop the cluster here, or on the nodes named (``--all`` for every member).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_stop
    """
    _run(["pcs", "cluster", "stop", *_targets(nodes)], limit=LIMIT_SERVICES)
    return True


def cluster_enable(nodes=None):
    """
    Start the cluster at boot, here or on the nodes named (``--all`` for every member).

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_enable
    """
    _run(["pcs", "cluster", "enable", *_targets(nodes)])
    return True


def _targets(nodes):
    if nodes is None:
        return []
    if nodes == "--all":
        return ["--all"]
    return list(_checked_nodes([nodes] if isinstance(nodes, str) else nodes))


def cluster_destroy(extra_args=None):
    """
    Destroy the cluster on this node: services stopped, configuration gone for good.

    extra_args
        More arguments for pcs, in practice ``--all``; ``--force`` is refused.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.cluster_destroy
    """
    _run(["pcs", "cluster", "destroy", *_no_force(extra_args)], limit=LIMIT_SERVICES)
    return True


def cluster_node_add(node, extra_args=None, addresses=None):
    """
    Add a node to this node's cluster.

    node
        Name of an authenticated host.

    extra_args
        More arguments for pcs, such as ``--enable`` and ``--start``; ``--force`` is refused.

    addresses
        The node's addresses, one per link; what the host was authenticated by if not given.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.cluster_node_add nfs-server3 addresses='[10.10.10.13]'
    """
    ((name, checked),) = _checked_nodes({node: addresses or []}).items()
    _run(_argv("node_add", name, checked) + _no_force(extra_args), limit=LIMIT_SERVICES)
    return True


def node_standby(node):
    """
    Let a node run no resources; what it runs moves away.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_standby nfs-server1
    """
    _run(["pcs", "node", "standby", *_targets([node])])
    return True


def node_unstandby(node):
    """
    Let a node run resources again.

    node
        Its name.

    CLI Example:

    .. code-block:: bash

        salt 'nfs-server1' pcs.node_unstandby nfs-server1
    """
    _run(["pcs", "node", "unstandby", *_targets([node])])
    return True


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
         "maintenance_mode": bool, "stonith_enabled": bool, "fence_history": [{...}]}

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
            raise CommandExecutionError(f"crm_mon: {_said(result) or 'no output'}")
    return __salt__["pcs_status.parse"](result["stdout"])


# --- the password of pcs's account ---------------------------------------------------------------


def password_matches(name="hacluster", password=None, password_pillar=None):
    """
    Whether an account has this password. No process is started.

    name
        The account.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    Returns a bool; None when there is no such account.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.password_matches hacluster password_pillar=hanfs:cluster:password
    """
    secret = _secret(password, password_pillar)
    entry = __salt__["shadow.info"](name)
    if not entry.get("name"):
        return None
    stored = entry.get("passwd") or ""
    # no password, or locked
    if not stored or stored[0] in "!*":
        return False
    return _crypt(secret, stored) == stored


def _crypt(secret, stored):
    """
    crypt(3) of the system: Python's own is gone in 3.13, and passlib, which Salt would use then,
    does not know yescrypt, the default on Debian.
    """
    for library in ("libcrypt.so.1", "libcrypt.so.2"):
        try:
            function = ctypes.CDLL(library).crypt
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        hashed = function(secret.encode("utf-8"), stored.encode("utf-8"))
        return hashed.decode("utf-8") if hashed else None
    raise CommandExecutionError("libcrypt is not on this node: passwords cannot be compared")


def set_password(name="hacluster", password=None, password_pillar=None):
    """
    Set an account's password with ``chpasswd``, by standard input, and look again.

    name
        The account.

    password, password_pillar
        The password, or the place in pillar (keys joined by colons) where it is.

    Returns True. Raises CommandExecutionError when there is no such account or it did not work.

    CLI Example:

    .. code-block:: bash

        salt '*' pcs.set_password hacluster password_pillar=hanfs:cluster:password
    """
    secret = _secret(password, password_pillar)
    if not re.match(r"[a-z_][a-z0-9_-]*\$?$", str(name)):
        raise SaltInvocationError(f"{name!r} is not the name of an account")
    if password_matches(name, secret) is None:
        raise CommandExecutionError(f"there is no account {name}: is pcs installed?")
    result = _run(["chpasswd"], stdin=f"{name}:{secret}\n", ok=range(256))
    if result["retcode"]:
        said = _said(result).replace(secret, MASK)
        raise CommandExecutionError(f"chpasswd for {name}: {said}")
    if not password_matches(name, secret):
        raise CommandExecutionError(f"{name}'s password is not the new one after chpasswd")
    return True
