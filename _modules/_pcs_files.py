"""
What the files of the cluster layer mean: text in, plain data out, nothing else

corosync.conf, pcs's lists of known hosts, and the CIB that Debian's one-node cluster leaves behind.
The module ``pcs`` does the reading; here is only the understanding, so that it can be tested with
recorded files.
"""

from __future__ import annotations

import hashlib
import json
import re
from xml.etree import ElementTree

from _cib_errors import CommandExecutionError
from _cib_values import Data
from _pcs_arguments import Nodes

# Debian's and Ubuntu's packages start this cluster when corosync is installed.
STUB_NAME = "debian"
STUB_NODES = {"node1": ["127.0.0.1"]}

# What Pacemaker writes by itself into a new CIB; anything else was somebody's decision.
SELF_MADE_PROPERTIES = {
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
}


def corosync_conf(text: str) -> Data:
    """
    The cluster that a ``corosync.conf`` describes.

    text
        Contents of the file.

    Returns ``{"cluster_name": str, "nodes": {name: [addresses]}, "totem": {key: value},
    "transport": str or None, "quorum": {key: value}, "device": {...} or None,
    "links": {number: {key: value}}, "stub": bool}``. A node without ``name`` (pcs 0.9) is called by
    its first address. ``links`` has a number for each address of a node and the values of its
    interface section; ``device`` the quorum device as ``{"model", "model_options", "options",
    "heuristics"}``. ``stub`` is true for the one-node cluster that Debian's package starts.

    Raises CommandExecutionError when the text is not a whole corosync.conf.
    """
    root = _sections(text)
    totem = _values(root, "totem")
    nodes, numbers = {}, []
    for nodelist in root["sections"].get("nodelist", []):
        for node in nodelist["sections"].get("node", []):
            name, rings = _node(node["values"])
            nodes[name] = [address for _, address in rings]
            numbers = [str(number) for number, _ in rings]
    if not nodes:
        raise CommandExecutionError("corosync.conf names no nodes: not pcs's, or half written")
    name = totem.get("cluster_name", "")
    return {
        "cluster_name": name,
        "nodes": nodes,
        "totem": totem,
        "transport": totem.get("transport"),
        "quorum": _values(root, "quorum"),
        "device": _device(root),
        "links": {number: _interface(root, number) for number in numbers},
        "stub": name == STUB_NAME and nodes == STUB_NODES,
    }


def _node(values):
    rings = sorted(
        (int(match.group(1)), value)
        for match, value in ((re.match(r"ring(\d+)_addr$", key), values[key]) for key in values)
        if match
    )
    name = values.get("name") or (rings[0][1] if rings else None)
    if not name:
        raise CommandExecutionError("corosync.conf has a node with neither name nor address")
    return name, rings


def _values(root, name):
    """The values of all sections of a name; the last one wins, as in corosync."""
    values = {}
    for section in root["sections"].get(name, []):
        values.update(section["values"])
    return values


def _interface(root, number):
    """The values of a link's interface section; one without a number is of link 0."""
    values = {}
    for totem in root["sections"].get("totem", []):
        for section in totem["sections"].get("interface", []):
            if section["values"].get("linknumber", "0") == number:
                values.update(section["values"])
    values.pop("linknumber", None)
    return values


def _device(root):
    """The quorum device, None without one."""
    for quorum in root["sections"].get("quorum", []):
        for device in quorum["sections"].get("device", []):
            options = dict(device["values"])
            model = options.pop("model", None)
            return {
                "model": model,
                "model_options": _values(device, model),
                "options": options,
                "heuristics": _values(device, "heuristics"),
            }
    return None


def _sections(text):
    """The braces and ``key: value`` lines of corosync's format as nested dictionaries."""
    root: Data = {"values": {}, "sections": {}}
    path = [root]
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.endswith("{"):
            section: Data = {"values": {}, "sections": {}}
            path[-1]["sections"].setdefault(line[:-1].strip(), []).append(section)
            path.append(section)
        elif line == "}" and len(path) > 1:
            path.pop()
        elif ":" in line:
            key, value = line.split(":", 1)
            path[-1]["values"][key.strip()] = value.strip()
        else:
            raise CommandExecutionError(f"corosync.conf cannot be understood at line {number}")
    if len(path) > 1:
        raise CommandExecutionError("corosync.conf ends in the middle of a section")
    return root


def connected(text: str) -> dict[str, bool]:
    """
    The links of a node, and whether each connects it with all others.

    text
        Output of ``corosync-cmapctl -m stats``.

    Returns ``{number: bool}``, sorted; the node's connection to itself does not count when there
    are others.
    """
    found: dict[str, dict[str, dict[str, bool]]] = {}
    pattern = r"stats\.knet\.node(\d+)\.link(\d+)\.(connected|enabled) \(u8\) = (\d+)"
    for node, link, what, value in re.findall(pattern, text):
        found.setdefault(link, {}).setdefault(node, {})[what] = value == "1"
    return {
        link: all(one.get("connected") for one in nodes.values() if one.get("enabled"))
        for link, nodes in sorted(found.items())
        if any(one.get("enabled") for one in nodes.values())
    }


def token_marks(text: str) -> dict[str, str]:
    """
    A mark of the token of each host: equal for equal tokens, and of no use to get in.

    text
        As for ``known_hosts``.
    """
    try:
        data = json.loads(text)
        tokens = data.get("tokens") or {
            name: host.get("token") for name, host in data.get("known_hosts", {}).items()
        }
        return {
            name: hashlib.sha256(token.encode("utf-8")).hexdigest()
            for name, token in tokens.items()
            if token
        }
    except (ValueError, TypeError, AttributeError) as err:
        raise CommandExecutionError("pcs's list of known hosts cannot be understood") from err


def known_hosts(text: str) -> Nodes:
    """
    The hosts that pcs has tokens for, from pcs's JSON file.

    text
        Contents of ``known-hosts`` (pcs 0.10 and newer) or of ``tokens`` (0.9).

    Returns ``{name: [addresses]}``, never a token. Raises CommandExecutionError when the text is
    not such a file.
    """
    try:
        data = json.loads(text)
        if "tokens" in data:
            return {name: [name] for name, token in data["tokens"].items() if token}
        return {
            name: [destination["addr"] for destination in host.get("dest_list", [])]
            for name, host in data.get("known_hosts", {}).items()
            if host.get("token")
        }
    except (ValueError, TypeError, AttributeError, KeyError) as err:
        # The text holds tokens, so the parser's own message, which may quote it, stays inside.
        raise CommandExecutionError("pcs's list of known hosts cannot be understood") from err


def somebodys_work(cib: str) -> list[str]:
    """
    What a CIB holds that Pacemaker does not write by itself.

    cib
        The CIB as XML text.

    Returns a list of strings such as ``resources: dummy``, empty for the CIB of a cluster that
    nobody has configured. Raises CommandExecutionError when the text is not a CIB.
    """
    try:
        root = ElementTree.fromstring(cib)
    except ElementTree.ParseError as err:
        raise CommandExecutionError("the CIB on disk cannot be understood") from err
    configuration = root.find("configuration")
    if root.tag != "cib" or configuration is None:
        raise CommandExecutionError("the CIB on disk cannot be understood")
    found = []
    for section in configuration:
        if section.tag == "nodes":
            continue
        if section.tag == "crm_config":
            names = sorted(
                {pair.get("name", "") for pair in section.iter("nvpair")} - SELF_MADE_PROPERTIES
            )
        else:
            names = [child.get("id", child.tag) for child in section]
        if names:
            found.append(f"{section.tag}: {', '.join(names)}")
    return found
