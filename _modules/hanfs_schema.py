"""
What a site's pillar must look like: every key, its type and range, and the rules between keys.

Data in, sentences out. Nothing is read, run or raised here, whatever the pillar holds; the state
``hanfs.checked`` prints all problems at once, each with the key's full path and what is allowed
there.

How to add a key: one line in the table at the end of its section (`_CLUSTER`, `_STORAGE`, ...),
with one of the checkers above it. A rule between keys goes to `_relations`.

:depends: nothing
"""

from __future__ import annotations

import copy
import difflib
import ipaddress
import posixpath
import re

__virtualname__ = "hanfs_schema"

DEFAULTS = {
    "server_scope": True,
    "cluster_config": {},
    "allow_disruption": False,
    "firewall": {"manage": True},
    "timeouts": {"peer": 600, "storage": 300, "settle": 600},
}
STORAGE_DEFAULTS = {"initialize": False}
EXPORT_DEFAULTS = {"options": ["rw", "sync"]}

_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
_CIB_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_CIB_NAMES = "a name the cluster allows (a letter or _, then letters, digits and _ . -)"
_LVM_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}\Z")
# Names LVM keeps for its own hidden volumes.
_LVM_RESERVED = re.compile(
    r"(snapshot|pvmove)|_(cdata|cmeta|corig|mlog|mimage|pmspare|rimage|rmeta|tdata|tmeta|vdata|vorigin)"
)
_INTERFACE = re.compile(r"[^\s/:]{1,15}\Z")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?\Z")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")
# What the profile calls its resources and group, and its first export unless that has a name.
_TAKEN_NAMES = ("SharedFS", "NFSService", "VIP", "NFSNotify", "nfsresourcegroup")
_FIRST_EXPORT = "NFSExport"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_CLIENT_NAME = re.compile(r"(\*|@?[A-Za-z0-9*?][A-Za-z0-9*?._-]*)\Z")
_SYSTEM_DIRECTORIES = tuple(
    "/ /bin /boot /dev /etc /lib /lib64 /proc /root /run /sbin /sys /tmp /usr /var /var/lib"
    " /var/lib/nfs".split()
)
_TOTEM_NUMBERS = tuple(
    "consensus downcheck fail_recv_const heartbeat_failures_allowed hold join max_messages"
    " max_network_delay merge miss_count_const send_join seqno_unchanged_const token"
    " token_coefficient token_retransmit token_retransmits_before_loss_const window_size".split()
)


def __virtual__():
    return __virtualname__


def problems(site, path="hanfs"):
    """
    Everything that is wrong with a site's pillar.

    site
        The site as it stands in pillar; ``cluster:password`` may have been taken out (see
        ``password_problems``).

    path
        Colon path of the site in pillar, for the messages.

    Returns a list of sentences; empty if the site is right. Never raises, whatever the data.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_schema.problems '{profile: article}' hanfs:sites:athens
    """
    found = []
    _SITE(site, str(path), found.append)
    # The rules between keys look only at parts that are well-formed in themselves.
    if isinstance(site, dict):
        _relations(site, str(path), found.append)
    return list(dict.fromkeys(found))


def tree_problems(beside=None, lookup=None, known_lookup=None):
    """
    Everything that is wrong in the pillar ``hanfs`` outside its sites.

    beside
        Names of the keys beside ``sites`` and ``lookup``; none when the only site stands directly
        under ``hanfs``.

    lookup
        The value of ``hanfs:lookup``.

    known_lookup
        The defaults that ``lookup`` may replace, by name; a replacement has its default's type.

    Returns a list of sentences. Never raises, whatever the data.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_schema.tree_problems '[timeouts]' '{nfs_packges: []}' '{nfs_packages: []}'
    """
    found = []
    for key in beside if isinstance(beside, (list, tuple)) else ():
        if isinstance(key, str) and key in _SITE_KEYS:
            found.append(
                f"hanfs:{key}: not read beside hanfs:sites; move it to hanfs:sites:<site>:{key}"
            )
        else:
            found.append(_unknown_key(key, "hanfs", ("sites", "lookup")))
    known = known_lookup if isinstance(known_lookup, dict) else {}
    if lookup is not None:
        keys = {key: _like(key, value) for key, value in known.items() if isinstance(key, str)}
        _mapping(keys)(lookup, "hanfs:lookup", found.append)
    return found


def _like(key, default):
    """The checker for a value in the place of a default."""
    if isinstance(default, bool):
        return _boolean
    if isinstance(default, list):
        return _list_of(_name, "names", least=0)
    return {"mount_user": _account, "mount_group": _account, "mount_mode": _mode}.get(key, _name)


def password_problems(password, path="hanfs:cluster:password"):
    """
    What is wrong with a cluster password (which never appears in the answer).

    password
        The value found in pillar, None if there is none.

    path
        Its colon path, for the messages.

    Returns a list of sentences.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_schema.password_problems secret
    """
    if password is None:
        return [
            f"{path}: missing. Give the password of the user hacluster (from an encrypted pillar)"
        ]
    found = []
    _password(password, path, found.append)
    return found


def normalise(site):
    """
    A right site with all defaults filled in and one spelling per value.

    site
        A site without problems.

    Returns a new dict: addresses in canonical form, fsid as text, every optional section present.

    CLI Example:

    .. code-block:: bash

        salt-call hanfs_schema.normalise '{...}'
    """
    site = copy.deepcopy(_plain(site))
    for key, value in copy.deepcopy(DEFAULTS).items():
        site[key] = (
            {**value, **(site.get(key) or {})} if isinstance(value, dict) else site.get(key, value)
        )
    site["storage"] = {**STORAGE_DEFAULTS, **site["storage"]}
    cluster = site["cluster"]
    cluster["nodes"] = {
        name: [str(ipaddress.ip_address(address)) for address in addresses]
        for name, addresses in cluster["nodes"].items()
    }
    site["address"]["ip"] = str(ipaddress.ip_address(site["address"]["ip"]))
    site["exports"] = [
        {
            **copy.deepcopy(EXPORT_DEFAULTS),
            **export,
            "fsid": "0" if str(export["fsid"]) == "root" else str(export["fsid"]),
        }
        for export in site["exports"]
    ]
    return site


def _plain(value):
    """The same data in plain dicts and lists (pillar comes as OrderedDict)."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


# --- checkers: each returns a function (value, path, report) --------------------------------------


def _shown(value):
    """A value for a message: short, and never a container's inside."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _text(pattern, allowed):
    def check(value, path, report):
        if not isinstance(value, str) or not pattern.match(value):
            report(f"{path}: {_shown(value)} is not {allowed}")

    return check


def _number(low, high, unit=""):
    def check(value, path, report):
        if not _is_int(value) or not low <= value <= high:
            report(f"{path}: {_shown(value)} is not a whole number from {low} to {high}{unit}")

    return check


def _choice(*allowed):
    def check(value, path, report):
        if not isinstance(value, str) or value not in allowed:
            report(f"{path}: {_shown(value)} is not allowed. Allowed: {', '.join(allowed)}")

    return check


def _boolean(value, path, report):
    if not isinstance(value, bool):
        report(f"{path}: {_shown(value)} is neither true nor false")


def _list_of(check_item, what, least=1, most=1000):
    def check(value, path, report):
        if not isinstance(value, list):
            report(f"{path}: {_shown(value)} is not a list of {what}")
            return
        if not least <= len(value) <= most:
            report(f"{path}: {len(value)} {what} given, {least} to {most} are allowed")
        for number, item in enumerate(value[:most]):
            check_item(item, f"{path}:{number}", report)

    return check


def _mapping(keys, required=()):
    def check(value, path, report):
        if not isinstance(value, dict):
            report(f"{path}: {_shown(value)} is not a mapping with the keys {', '.join(keys)}")
            return
        for key in value:
            if not isinstance(key, str) or key not in keys:
                report(_unknown_key(key, path, keys))
        for key in required:
            if key not in value:
                report(f"{path}:{key}: missing{_HINTS.get(key, '')}")
        for key, check_item in keys.items():
            if key in value:
                check_item(value[key], f"{path}:{key}", report)

    return check


def _unknown_key(key, path, keys):
    close = difflib.get_close_matches(str(key), keys, n=1)
    hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(keys)}"
    return f"{path}:{key}: unknown key, {hint}"


_HINTS = {
    "profile": ". Allowed: article",
    "fencing": (
        ". Fencing is never off silently: while the cluster has no fencing devices, say "
        "`fencing: {enabled: false}`"
    ),
    "fsid": ". Give each exported directory a number of its own (0 for a single one)",
    "enabled": ". Say `enabled: false` while the cluster has no fencing devices",
}


def _ip(value):
    """The address, or None if it is none that a machine can have."""
    if not isinstance(value, str):
        return None
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    unusable = (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
    )
    return None if unusable or "%" in value else address


def _address(value, path, report):
    address = _ip(value)
    if address is None:
        report(f"{path}: {_shown(value)} is not the IP address of a machine")
    elif str(address) != value:
        # It is compared as text with what pcs, corosync.conf and the agents say.
        report(f"{path}: {_shown(value)} must be written {address}")


def _password(value, path, report):
    if not isinstance(value, str) or not value or "\n" in value or "\r" in value or "\0" in value:
        report(f"{path}: must be text, not empty and without line breaks (put it in quotes)")


def _nodes(value, path, report):
    if not isinstance(value, dict):
        report(f"{path}: {_shown(value)} is not a mapping of node names to lists of addresses")
        return
    if not 2 <= len(value) <= 16:
        report(f"{path}: {len(value)} node(s) given, a cluster needs 2 to 16")
    for name, addresses in value.items():
        _text(_HOST, "a host name (as `uname -n` prints it on that machine)")(
            name, f"{path}:{name}", report
        )
        if _ip(name) is not None:
            report(f"{path}:{name}: is an address; the key is the node's host name")
        _list_of(_address, "addresses, one per link", 1, 8)(addresses, f"{path}:{name}", report)


def _absolute(value, path, report):
    plain = isinstance(value, str) and re.match(r"/[^\s\"'\\]*\Z", value)
    if not plain or value.startswith("//") or posixpath.normpath(value) != value:
        report(
            f"{path}: {_shown(value)} is not an absolute path without '..', blanks, quotes or "
            "a slash at the end"
        )


def _mountpoint(value, path, report):
    _absolute(value, path, report)
    if isinstance(value, str) and value in _SYSTEM_DIRECTORIES:
        report(
            f"{path}: {value} belongs to the operating system; take a directory of its own "
            "such as /nfsdata"
        )


def _device(value, path, report):
    _absolute(value, path, report)
    if isinstance(value, str) and not value.startswith("/dev/"):
        report(f"{path}: {_shown(value)} is not below /dev (best is a name from /dev/disk/by-id)")


def _lvm_name(value, path, report):
    _text(_LVM_NAME, "a name for LVM: letters, digits and + _ . - (not first)")(value, path, report)
    if isinstance(value, str) and _LVM_RESERVED.search(value):
        report(f"{path}: {_shown(value)} contains a name that LVM keeps for itself")


def _mode(value, path, report):
    text = str(value) if _is_int(value) else value
    if not isinstance(text, str) or not re.match(r"[0-7]{3,4}\Z", text):
        report(f"{path}: {_shown(value)} is not a mode such as '0755' (put it in quotes)")


def _account(value, path, report):
    if not (_is_int(value) and value >= 0):
        _text(_ACCOUNT, "a user or group")(value, path, report)


def _fsid(value, path, report):
    if _is_int(value) and 0 <= value < 2**32:
        return
    if isinstance(value, str) and (
        re.match(r"(0|[1-9][0-9]{0,9})\Z", value) or value == "root" or _UUID.match(value)
    ):
        return
    report(
        f"{path}: {_shown(value)} is not a whole number from 0 to 4294967295, a UUID or 'root' "
        "(which means 0)"
    )


def _client(value, path, report):
    allowed = "a network (192.168.16.0/24), an address, a host name (with * and ?), @netgroup or *"
    if isinstance(value, str) and "/" in value:
        _client_network(value, path, report)
    elif not isinstance(value, str) or not (_CLIENT_NAME.match(value) or _ip(value)):
        report(f"{path}: {_shown(value)} is not {allowed}")


def _client_network(value, path, report):
    # The agent compares the text with what exportfs prints, so only that spelling will do.
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        report(f"{path}: {_shown(value)} is not a network such as 192.168.16.0/24")
        return
    if str(network) != value:
        report(f"{path}: {_shown(value)} must be written {network}")


def _export_option(value, path, report):
    if not isinstance(value, str) or not re.match(r"[A-Za-z_]+(=[^\s,()\"']+)?\Z", value):
        report(
            f"{path}: {_shown(value)} is not one export option (text such as rw or 'sec=sys', "
            "one per item)"
        )
    elif value.split("=")[0] == "fsid":
        report(f"{path}: the fsid belongs in the export's own key `fsid`")


def _scope(value, path, report):
    if not isinstance(value, bool):
        _text(
            _SCOPE,
            "true (the virtual address), false (none) or a name of letters, digits and . _ : -",
        )(value, path, report)


def _free_mapping(value, path, report):
    if not isinstance(value, dict):
        report(f"{path}: {_shown(value)} is not a mapping")


def _mapping_or_list(value, path, report):
    if not isinstance(value, (dict, list)):
        report(f"{path}: {_shown(value)} is neither a mapping nor a list")


def _name(value, path, report):
    if not isinstance(value, str) or not re.match(r"[^\s\0]+\Z", value):
        report(f"{path}: {_shown(value)} is not a name (text, not empty, without blanks)")


def _cib_name(value, path, report):
    if not isinstance(value, str) or not _CIB_ID.match(value):
        report(f"{path}: {_shown(value)} is not {_CIB_NAMES}")


def _properties(value, path, report):
    _free_mapping(value, path, report)
    for key in value if isinstance(value, dict) else ():
        if key in ("stonith-enabled", "fencing-enabled"):
            report(f"{path}:{key}: say it under fencing: (`fencing: {{enabled: true}}` or false)")


def _named_objects(value, path, report):
    if not isinstance(value, dict):
        report(f"{path}: {_shown(value)} is not a mapping of names")
        return
    for name in value:
        if not isinstance(name, str) or not _CIB_ID.match(name):
            report(f"{path}:{name}: not {_CIB_NAMES}")


# --- the keys -------------------------------------------------------------------------------------

_TOTEM = _mapping(
    {
        **{key: _number(0, 10**7) for key in _TOTEM_NUMBERS},
        "block_unlisted_ips": _choice("yes", "no"),
    }
)
_CLUSTER = _mapping(
    {
        "name": _text(_CLUSTER_NAME, "a cluster name: letters, digits and _ . -, at most 63"),
        "nodes": _nodes,
        "password": _password,
        "totem": _TOTEM,
    },
    required=("name", "nodes"),
)
_STORAGE = _mapping(
    {
        "device": _device,
        "vg": _lvm_name,
        "lv": _lvm_name,
        "fstype": _choice("xfs", "ext4"),
        "mountpoint": _mountpoint,
        "initialize": _boolean,
        "user": _account,
        "group": _account,
        "mode": _mode,
    },
    required=("device", "fstype", "mountpoint"),
)
_EXPORT = _mapping(
    {
        "name": _cib_name,
        "directory": _absolute,
        "clients": _list_of(_client, "clients"),
        "options": _list_of(_export_option, "export options"),
        "fsid": _fsid,
    },
    required=("directory", "clients", "fsid"),
)
_ADDRESS = _mapping(
    {
        "ip": _address,
        "cidr_netmask": _number(1, 128),
        "nic": _text(_INTERFACE, "the name of a network interface"),
    },
    required=("ip", "cidr_netmask"),
)
_FIREWALL = _mapping(
    {
        "manage": _boolean,
        "zone": _text(_WORD, "the name of a firewalld zone"),
        "services": _list_of(_text(_WORD, "the name of a firewalld service"), "services"),
    }
)
_SECONDS = _number(1, 86400, " (seconds)")
_CLUSTER_CONFIG = _mapping(
    {
        "properties": _properties,
        "resource_defaults": _mapping_or_list,
        "op_defaults": _mapping_or_list,
        **dict.fromkeys(("primitives", "groups", "clones", "bundles"), _named_objects),
        "constraints": _free_mapping,
        "fence_levels": _mapping_or_list,
        "nodes": _free_mapping,
        "alerts": _named_objects,
        "tags": _named_objects,
        "acls": _free_mapping,
        "unmanaged": _choice("keep", "purge"),
    }
)
_SITE_KEYS = {
    "profile": _choice("article"),
    "cluster": _CLUSTER,
    "storage": _STORAGE,
    "exports": _list_of(_EXPORT, "exports"),
    "address": _ADDRESS,
    "server_scope": _scope,
    "fencing": _mapping({"enabled": _boolean}, required=("enabled",)),
    "firewall": _FIREWALL,
    "timeouts": _mapping({"peer": _SECONDS, "storage": _SECONDS, "settle": _SECONDS}),
    "cluster_config": _CLUSTER_CONFIG,
    "allow_disruption": _boolean,
}
_SITE = _mapping(
    _SITE_KEYS,
    required=("profile", "cluster", "storage", "exports", "address", "fencing"),
)


# --- rules between keys ---------------------------------------------------------------------------


def _relations(site, path, report):
    nodes = _part(_part(site, "cluster"), "nodes")
    storage = _part(site, "storage")
    address = _part(site, "address")
    exports = site.get("exports")
    exports = (
        [item for item in exports if isinstance(item, dict)] if isinstance(exports, list) else []
    )
    _link_rules(nodes, f"{path}:cluster:nodes", report)
    _virtual_address_rules(address, nodes, f"{path}:address", report)
    if ("vg" in storage) != ("lv" in storage):
        there, missing = ("vg", "lv") if "vg" in storage else ("lv", "vg")
        report(
            f"{path}:storage:{missing}: missing, since {there} is given. Give both, or neither for "
            "a file system straight on the device"
        )
    _export_rules(exports, storage.get("mountpoint"), f"{path}:exports", report)
    _name_rules(site.get("exports"), f"{path}:exports", report)
    _fencing_rules(site, path, report)


def _part(mapping, key):
    value = mapping.get(key)
    return value if isinstance(value, dict) else {}


def _link_rules(nodes, path, report):
    lists = {name: value for name, value in nodes.items() if isinstance(value, list)}
    if len({len(addresses) for addresses in lists.values()}) > 1:
        counts = ", ".join(f"{name} has {len(addresses)}" for name, addresses in lists.items())
        report(f"{path}: every node needs the same number of addresses, one per link ({counts})")
    seen, families = {}, {}
    for name, addresses in lists.items():
        for number, text in enumerate(addresses):
            address = _ip(text)
            if address is None:
                continue
            here = f"{path}:{name}:{number}"
            if address in seen:
                report(
                    f"{here}: {address} is also at {seen[address]}; every address may be given once"
                )
            seen.setdefault(address, here)
            if families.setdefault(number, address.version) != address.version:
                report(f"{here}: link {number} mixes IPv4 and IPv6")


def _virtual_address_rules(address, nodes, path, report):
    ip = _ip(address.get("ip"))
    if ip is None:
        return
    for name, addresses in nodes.items():
        if isinstance(addresses, list) and ip in [_ip(text) for text in addresses]:
            report(
                f"{path}:ip: {ip} is an address of node {name}; the virtual address must be "
                "one of its own"
            )
    bits = address.get("cidr_netmask")
    if not _is_int(bits) or bits < 1:
        return
    if bits > ip.max_prefixlen:
        report(f"{path}:cidr_netmask: {bits} is too long for {ip}, at most {ip.max_prefixlen}")
        return
    network = ipaddress.ip_network(f"{ip}/{bits}", strict=False)
    if ip.version == 4 and bits < 31 and ip in (network.network_address, network.broadcast_address):
        report(f"{path}:ip: {ip} is the network or broadcast address of {network}")


def _export_rules(exports, mountpoint, path, report):
    by_directory, by_fsid, pairs = {}, {}, set()
    for number, export in enumerate(exports):
        here = f"{path}:{number}"
        directory = export.get("directory")
        if not isinstance(directory, str):
            continue
        _directory_rules(directory, mountpoint, here, report)
        _option_rules(export.get("options"), here, report)
        if _is_int(export.get("fsid")) or isinstance(export.get("fsid"), str):
            fsid = "0" if str(export["fsid"]) == "root" else str(export["fsid"]).lower()
            if by_directory.setdefault(directory, fsid) != fsid:
                report(
                    f"{here}:fsid: {directory} has the fsid {by_directory[directory]} already; "
                    "a directory has one"
                )
            if by_fsid.setdefault(fsid, directory) != directory:
                report(
                    f"{here}:fsid: {fsid} is the fsid of {by_fsid[fsid]}; every directory "
                    "needs its own"
                )
        clients = export.get("clients")
        for client in clients if isinstance(clients, list) else []:
            if isinstance(client, str) and (directory, client) in pairs:
                report(f"{here}:clients: {directory} is exported to {client} twice")
            pairs.add((directory, str(client)))


def _name_rules(exports, path, report):
    """Names of resources; NFSExport is the first export's, unless that has a name of its own."""
    taken = {}
    for number, export in enumerate(exports if isinstance(exports, list) else []):
        if not isinstance(export, dict):
            continue
        name = export.get("name", _FIRST_EXPORT if number == 0 else None)
        if not isinstance(name, str):
            continue
        here = f"{path}:{number}:name"
        if name in _TAKEN_NAMES:
            report(f"{here}: {name} is the name of something else in the cluster")
        elif name in taken:
            report(f"{here}: {name} is the name of exports:{taken[name]} already")
        taken.setdefault(name, number)


def _fencing_rules(site, path, report):
    if _part(site, "fencing").get("enabled") is not True:
        return
    primitives = _part(_part(site, "cluster_config"), "primitives").values()
    agents = [item.get("agent") for item in primitives if isinstance(item, dict)]
    if not any(isinstance(agent, str) and agent.startswith("stonith:") for agent in agents):
        report(
            f"{path}:fencing:enabled: true, but cluster_config:primitives has no primitive with an "
            "agent `stonith:...`. Give the fencing devices there, or say `enabled: false`"
        )


def _directory_rules(directory, mountpoint, here, report):
    if not isinstance(mountpoint, str) or mountpoint in _SYSTEM_DIRECTORIES:
        return
    if directory != mountpoint and not directory.startswith(mountpoint + "/"):
        report(
            f"{here}:directory: {directory} is not on the shared file system; it must be "
            f"{mountpoint} or below it"
        )
    state = f"{mountpoint}/nfsinfo"
    if directory == state or directory.startswith(state + "/"):
        report(
            f"{here}:directory: {state} holds the NFS server's own state and is never exported "
            "by itself"
        )


def _option_rules(options, here, report):
    if not isinstance(options, list):
        return
    for one, other in (
        ("rw", "ro"),
        ("sync", "async"),
        ("root_squash", "no_root_squash"),
        ("all_squash", "no_all_squash"),
    ):
        if one in options and other in options:
            report(f"{here}:options: {one} and {other} contradict each other")
