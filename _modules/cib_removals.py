"""
Removal of resources: those that are ours no longer, and the groups that are empty without them.
"""

from __future__ import annotations


def compare(plan):
    """
    Add the removal of primitives and groups to a plan; returns the ids that will be gone.

    plan
        The plan of ``cib_plan``, with what is wanted compared already.
    """
    primitives = [n for n in plan.leaving("primitives") if _removable(plan, n)]
    groups, emptied = [], []
    leaving = set(primitives)
    leaving |= {m for wanted in plan.want["groups"].values() for m in wanted["members"]}
    ours = set(plan.leaving("groups"))
    for name, found in plan.live["groups"].items():
        if name in plan.want["groups"]:
            continue
        if set(found["members"]) <= leaving:
            emptied.append(name)
        elif name in ours:
            strangers = plan.strangers("primitives", found["members"])
            if strangers:
                plan.notes.append(
                    f"the group {name} stays: {', '.join(strangers)} in it was made by others"
                )
            else:
                groups.append(name)
    for kind, names in (("groups", groups + emptied), ("primitives", primitives)):
        for name in names:
            plan.add(
                kind, name, "remove", True, {"old": plan.told(plan.live[kind][name]), "new": None}
            )
    return {*primitives, *groups, *emptied}


def _removable(plan, name):
    found = plan.live["primitives"][name]
    if found["container_type"] in ("resources", "group"):
        return True
    plan.problems.append(
        f"primitives:{name}: is no longer described, but it is inside the "
        f"{found['container_type']} {found['container']}, which must be removed first"
    )
    return False
