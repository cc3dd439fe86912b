"""
Removal of resources: those that are ours no longer, and what is empty without them.

What stood in a group, clone or bundle that goes, and is to stay, stands for itself then.
"""

from __future__ import annotations

# What holds others before what may hold it.
HOLDERS = ("groups", "clones", "bundles")


def compare(plan):
    """
    Add the removal of resources to a plan; returns the ids that will be gone.

    plan
        The plan of ``cib_plan``, with what is wanted compared already.
    """
    gone = set(plan.leaving("primitives"))
    removed = {"primitives": [name for name in plan.live["primitives"] if name in gone]}
    for kind in HOLDERS:
        leaving = set(plan.leaving(kind))
        removed[kind] = [name for name in plan.live[kind] if _goes(plan, kind, name, leaving, gone)]
        gone |= set(removed[kind])
    for kind in (*HOLDERS, "primitives"):
        module = __salt__["cib_kinds.modules"]()[kind]
        told = __salt__[f"{module}.describe"](plan.live, kind) if removed[kind] else {}
        for name in removed[kind]:
            old = plan.told(told.get(name, plan.live[kind][name]))
            plan.add(kind, name, "remove", True, {"old": old, "new": None})
            plan.note_lost_intent(name, plan.live[kind][name])
    return gone


def _goes(plan, kind, name, leaving, gone):
    if name in plan.want[kind]:
        return False
    held = __salt__["cib_tree.held"](kind, plan.live[kind][name])
    left = [one for one in held if one not in gone and one not in plan.holders]
    if not left and kind != "bundles":
        return True
    if name not in leaving:
        return False
    # What others put into our clone was there before it was cloned.
    strangers = plan.strangers("primitives", left) if kind != "clones" else []
    if strangers:
        word = kind[:-1]
        plan.notes.append(
            f"the {word} {name} stays: {', '.join(strangers)} in it was made by others"
        )
    return not strangers
