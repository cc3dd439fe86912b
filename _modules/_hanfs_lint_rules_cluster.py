"""
Findings 1xx: what the cluster will be asked to do.
"""

from __future__ import annotations

import _hanfs_lint_plan
from _cib_values import Data

_PACEMAKER = "https://clusterlabs.org/projects/pacemaker/doc/2.1/Pacemaker_Explained/html/"
CODES: dict[str, Data] = {
    "HANFS103": {
        "severity": "warning",
        "title": "The service moves back when a node returns",
        "why": "Without stickiness a returning node may get the service back: a second outage",
        "cure": "pillar {path}:cluster_config:resource_defaults:resource-stickiness: 1000",
        "source": _PACEMAKER + "resources.html",
    },
    "HANFS104": {
        "severity": "error",
        "title": "A failed stop is taken for a stop",
        "why": "The other node then starts what still runs here: the file system is mounted twice",
        "cure": "pillar {path}:cluster_config:primitives: no on-fail at this stop (the default is"
        " right)",
        "source": _PACEMAKER + "operations.html",
    },
    "HANFS105": {
        "severity": "warning",
        "title": "A failure is ignored",
        "why": "The cluster sees it and does nothing about it: clients hang until somebody looks",
        "cure": "pillar {path}:cluster_config:primitives: no on-fail at this operation",
        "source": _PACEMAKER + "operations.html",
    },
    "HANFS106": {
        "severity": "warning",
        "title": "Nothing says after how many failures the service moves",
        "why": "By default a resource that keeps failing is restarted on the same node for ever",
        "cure": "pillar {path}:cluster_config:resource_defaults:migration-threshold: 3",
        "source": _PACEMAKER + "resources.html",
    },
    "HANFS107": {
        "severity": "info",
        "title": "Failures are never forgotten",
        "why": "After the threshold a node is closed to the service until somebody cleans up",
        "cure": "pillar {path}:cluster_config:resource_defaults:failure-timeout: 10min",
        "source": _PACEMAKER + "resources.html",
    },
    "HANFS108": {
        "severity": "error",
        "title": "A partition without quorum goes on",
        "why": "Both halves of a divided cluster run the service on the same disk",
        "cure": "pillar {path}:cluster_config:properties: take no-quorum-policy out",
        "source": _PACEMAKER + "cluster-options.html",
    },
    "HANFS109": {
        "severity": "warning",
        "title": "Disruption is allowed on every run",
        "why": "A run may restart or stop resources while an operator is at work; it is meant for"
        " one run, on its command line",
        "cure": "take allow_disruption out of pillar {path}",
        "source": "pillar.example",
    },
    "HANFS110": {
        "severity": "warning",
        "title": "Pillar keeps the cluster from working",
        "why": "That is an operator's word for an hour; in pillar it holds on every run",
        "cure": "take it out of pillar {path}:cluster_config:properties; say it with pcs",
        "source": _PACEMAKER + "cluster-options.html",
    },
    "HANFS111": {
        "severity": "error",
        "title": "Anybody can guess the cluster's password",
        "why": "Who knows hacluster's password can run anything on the nodes as root",
        "cure": "pillar {path}:cluster:password, from an encrypted pillar",
        "source": "pillar.example",
    },
    "HANFS112": {
        "severity": "warning",
        "title": "A move or ban is still in force",
        "why": "It keeps the service from a node, also when the other one fails",
        "cure": "pcs resource clear RESOURCE, once the work it was for is done",
        "source": "https://github.com/ClusterLabs/pcs/issues/697",
    },
    "HANFS113": {
        "severity": "error",
        "title": "Storage starts after what needs it",
        "why": "Volume group, file system and NFS server must start in this order; nfsd may hold"
        " a file system that came later, or export the directory under it",
        "cure": "pillar {path}:cluster_config:groups and constraints",
        "source": "https://github.com/davidvossel/phd/blob/master/doc/presentations/nfs-ap-overview.pdf",
    },
    "HANFS114": {
        "severity": "error",
        "title": "The address is there before the exports",
        "why": "A client that reaches an NFS server without its export gets ESTALE, a hard error;"
        " an address that is not there yet only makes it wait",
        "cure": "pillar {path}:cluster_config:groups and constraints: exports before the address",
        "source": "https://github.com/ClusterLabs/resource-agents (heartbeat/exportfs)",
    },
    "HANFS115": {
        "severity": "warning",
        "title": "A pair that has no quorum when one node is gone",
        "why": "Without two_node (or a quorum device) one of two nodes is no majority: when"
        " either fails, the service stops on the other one as well",
        "cure": "quorum: two_node: 1 in /etc/corosync/corosync.conf on both nodes, or a quorum"
        " device (docs/cluster-life.md)",
        "source": "votequorum(5)",
    },
    "HANFS116": {
        "severity": "error",
        "title": "The NFS server is cloned",
        "why": "Two servers would share one state directory; the agent forbids it",
        "cure": "pillar {path}:cluster_config:clones",
        "source": "https://github.com/ClusterLabs/resource-agents (heartbeat/nfsserver)",
    },
    "HANFS117": {
        "severity": "error",
        "title": "There is more than one NFS server",
        "why": "A node runs one kernel NFS server: two resources start and stop the same one",
        "cure": "pillar {path}:cluster_config:primitives; several exports and addresses share one",
        "source": "https://github.com/LINBIT/linbit-documentation (UG9/en/linstor-gateway.adoc)",
    },
    "HANFS118": {
        "severity": "warning",
        "title": "A node that boots alone does not wait for its peer",
        "why": "While the links are down each node that starts fences the other one and takes the"
        " service over, in turn",
        "cure": "take wait_for_all: 0 out of /etc/corosync/corosync.conf (two_node implies 1)",
        "source": "votequorum(5)",
    },
    "HANFS119": {
        "severity": "info",
        "title": "An order constraint orders nothing",
        "why": "A set with one member says what comes after nothing; it has no effect, whatever"
        " it was meant for",
        "cure": "take it out of pillar {path}:cluster_config:constraints:order",
        "source": _PACEMAKER + "constraints.html",
    },
}
_KEEPING = ("maintenance-mode", "stop-all-resources")


def _no_stickiness(site, plan, facts):
    if plan["resource_defaults"].get("resource-stickiness") in (None, "", 0, "0"):
        yield "resource-stickiness is not set"


def _operations(plan):
    for name, item in plan["primitives"].items():
        for operation, entries in item["operations"].items():
            for entry in entries:
                yield name, operation, entry


def _stop_failure_ignored(site, plan, facts):
    for name, operation, entry in _operations(plan):
        # 'stop' and 'restart' would try the same again and believe it.
        if operation == "stop" and entry.get("on-fail") in ("ignore", "stop", "restart", "standby"):
            yield f"{name} has on-fail={entry['on-fail']} for its stop"
    if plan["op_defaults"].get("on-fail") == "ignore":
        yield "op_defaults has on-fail=ignore, for stops, too"


def _failure_ignored(site, plan, facts):
    for name, operation, entry in _operations(plan):
        if operation != "stop" and entry.get("on-fail") == "ignore":
            yield f"{name} has on-fail=ignore for its {operation}"


def _unset(key):
    def rule(site, plan, facts):
        if plan["resource_defaults"].get(key) in (None, "", "INFINITY", 0, "0"):
            yield f"{key} is not set"

    return rule


def _no_quorum(site, plan, facts):
    if str(plan["properties"].get("no-quorum-policy")) == "ignore":
        yield "no-quorum-policy is ignore"


def _disruption_allowed(site, plan, facts):
    if site.get("allow_disruption"):
        yield "allow_disruption is true in pillar"


def _kept_from_working(site, plan, facts):
    is_true = _hanfs_lint_plan.is_true
    for key in _KEEPING:
        if is_true(plan["properties"].get(key)):
            yield f"{key} is true in cluster_config"
    if str(plan["properties"].get("enable-startup-probes", "true")).lower() == "false":
        yield "enable-startup-probes is false in cluster_config"


def _example_password(site, plan, facts):
    if facts.get("password_is_example"):
        yield "cluster:password is from an example, or the first that anybody tries"


def _left_over(site, plan, facts):
    names = (facts["cib"] or {}).get("left_over") or []
    if names:
        yield f"the cluster has {', '.join(names)}"


def _storage_order(site, plan, facts):
    chain = [
        _hanfs_lint_plan.with_agent(plan, agent)
        for agent in ("LVM-activate", "Filesystem", "nfsserver")
    ]
    for earlier, later in zip(chain, chain[1:]):
        for first in earlier:
            for then in later:
                if _hanfs_lint_plan.starts_before(plan, then, first):
                    yield f"{then} starts before {first}"


def _address_first(site, plan, facts):
    for address in _hanfs_lint_plan.with_agent(plan, "IPaddr2"):
        early = [
            export
            for export in _hanfs_lint_plan.with_agent(plan, "exportfs")
            if _hanfs_lint_plan.starts_before(plan, address, export)
        ]
        if early:
            yield f"{address} starts before {', '.join(early)}"


def _cloned(site, plan, facts):
    servers = _hanfs_lint_plan.with_agent(plan, "nfsserver")
    for clone, resource in plan["clones"].items():
        inside = [name for name in servers if resource in (name, plan["group"].get(name))]
        if inside:
            yield f"{clone} is a clone of {', '.join(inside)}"


def _several_servers(site, plan, facts):
    servers = list(_hanfs_lint_plan.with_agent(plan, "nfsserver"))
    if len(servers) > 1:
        yield f"{' and '.join(servers)} are NFS servers"


def _no_two_node(site, plan, facts):
    quorum = facts["quorum"]
    pair = len(site["cluster"]["nodes"]) == 2
    if pair and quorum is not None and not facts["quorum_device"]:
        if str(quorum.get("two_node", "0")) != "1":
            yield "two_node is not set in corosync.conf"


def _no_waiting(site, plan, facts):
    quorum = facts["quorum"] or {}
    if str(quorum.get("wait_for_all", "1")) == "0" and not facts["quorum_device"]:
        yield "wait_for_all is 0 in corosync.conf"


def _orders_nothing(site, plan, facts):
    for names in plan["lonely_sets"]:
        yield f"a set has only {', '.join(names) or 'nothing'}"


RULES = {
    "HANFS103": _no_stickiness,
    "HANFS104": _stop_failure_ignored,
    "HANFS105": _failure_ignored,
    "HANFS106": _unset("migration-threshold"),
    "HANFS107": _unset("failure-timeout"),
    "HANFS108": _no_quorum,
    "HANFS109": _disruption_allowed,
    "HANFS110": _kept_from_working,
    "HANFS111": _example_password,
    "HANFS112": _left_over,
    "HANFS113": _storage_order,
    "HANFS114": _address_first,
    "HANFS115": _no_two_node,
    "HANFS116": _cloned,
    "HANFS117": _several_servers,
    "HANFS118": _no_waiting,
    "HANFS119": _orders_nothing,
}
