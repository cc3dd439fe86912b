"""
Nodes: their attributes and utilization. Standby and maintenance are an operator's intent.
"""

from __future__ import annotations

INTENT = ("standby", "maintenance")


def check(check, kind, path, value):
    found = check.mapping(path, value)
    if found:
        check.problem(path, "not managed yet")
    return {}


def read(cib, kind):
    found = {}
    for node in cib.section("nodes"):
        sets = cib.plain_sets(node, "instance_attributes")
        found[node.get("uname")] = {"attributes": cib.values(sets)}
    return found


def compare(plan, kind):
    for node, found in plan.live[kind].items():
        for name in INTENT:
            if __salt__["cib_meaning.boolean"](found["attributes"].get(name)):
                plan.intent.append(f"node {node} is in {name}: left as it is")


def describe(live, kind):
    return {}
