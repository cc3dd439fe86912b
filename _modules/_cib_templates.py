"""
Templates, from which other tools than pcs make resources.

No description can have one; those that others made are listed, and go with ``unmanaged: purge``
unless a resource that stays is made from it.
"""

from __future__ import annotations

from typing import Any

from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib


def check(check: Checker, kind: str, path: str, value: Any) -> Any:
    if check.mapping(path, value):
        check.problem(path, "a template cannot be described: describe the resource itself")
    return {}


def read(cib: Cib, kind: str) -> Data:
    resources = cib.section("resources")
    users: Data = {}
    for one in resources.iter("primitive"):
        users.setdefault(one.get("template"), []).append(one.get("id"))
    return {
        one.get("id"): {
            "agent": ":".join(filter(None, map(one.get, ("class", "provider", "type")))),
            "resources": users.get(one.get("id"), []),
        }
        for one in resources.findall("template")
    }


def compare(plan: Plan, kind: str) -> None:
    for name in plan.leaving(kind):
        template = plan.live[kind][name]
        staying = [user for user in template["resources"] if user not in plan.gone]
        if staying:
            plan.notes.append(f"the template {name} stays: {', '.join(staying)} is made from it")
        else:
            plan.add(kind, name, "remove", True, {"old": plan.told(template), "new": None})
    plan.note_others(kind)


def write(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    cib.remove_resource(name)


def describe(live: Data, kind: str) -> Any:
    return {}
