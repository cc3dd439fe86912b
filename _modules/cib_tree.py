"""
The tree of resources: primitives stand in groups, clones and bundles, groups stand in clones.

What the kinds that hold other resources have in common. A resource that is described and held by
nothing in the description may still stand in a clone that somebody made by hand: it stays there.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

# Which kinds of resources a kind may hold, and what one of a kind is called.
HOLDS = {
    "groups": ("primitives",),
    "clones": ("primitives", "groups"),
    "bundles": ("primitives",),
}
WORDS = {"primitives": "primitive", "groups": "group", "clones": "clone", "bundles": "bundle"}
_KINDS = {"group": "groups", "clone": "clones", "master": "clones", "bundle": "bundles"}
_RESOURCES = ("primitive", "group", "clone", "master", "bundle")


# The description ---------------------------------------------------------------------------------


def held(kind, one):
    """
    Return the ids of the resources that a group, clone or bundle holds.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_tree.held groups '{"members": ["A", "B"]}'
    """
    if kind == "groups":
        return list(one["members"])
    return [one["resource"]] if kind in HOLDS and one.get("resource") else []


def holders(want):
    """
    Return where each resource is described to stand, ``{id: (kind, id of the holder)}``.

    want
        A description as :py:func:`cib_describe.normalise` returns it.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_tree.holders '{"groups": {"g": {"members": ["A"]}}}'
    """
    found = {}
    for kind in HOLDS:
        for name, one in want.get(kind, {}).items():
            for member in held(kind, one):
                found.setdefault(member, (kind, name))
    return found


def check(check, want):
    """
    Check that ids are unique and that each resource stands in one place that can hold it.

    Returns ``{member: group}`` and ``{id: where it is described}``.
    """
    taken = _check_ids(check, want)
    place, groups = {}, {}
    for kind in HOLDS:
        for name, one in want[kind].items():
            path = f"{kind}:{name}:" + ("members" if kind == "groups" else "resource")
            for member in held(kind, one):
                _check_member(check, want, path, kind, member)
                if member in place:
                    check.problem(path, f"{member} is already in the {place[member]}")
                place.setdefault(member, f"{WORDS[kind]} {name}")
                if kind == "groups":
                    groups.setdefault(member, name)
    return groups, taken


def _check_ids(check, want):
    taken = {}
    for kind in WORDS:
        for name, one in want[kind].items():
            if name in taken:
                check.problem(f"{kind}:{name}", f"the id is also a {WORDS[taken[name]]}'s")
            taken.setdefault(name, kind)
            for part in ("ports", "storage") if kind == "bundles" else ():
                for index, entry in enumerate(one[part]):
                    here, inner = f"{kind}:{name}:{part}:{index}", entry.get("id")
                    if inner in taken:
                        check.problem(f"{here}:id", f"the id is already used in {taken[inner]}")
                    elif inner:
                        taken[inner] = here
    return taken


def _check_member(check, want, path, kind, member):
    for other, word in WORDS.items():
        if member not in want[other] or other in HOLDS[kind]:
            continue
        itself = " itself" if other == kind else ""
        check.problem(path, f"{member} is a {word}{itself}")


# The comparison ----------------------------------------------------------------------------------


def may_hold(plan, path, kind, name, member):
    """
    Whether a group, clone or bundle can get what it is described to hold; else a problem is added.

    path
        Where the description says so.

    kind, name, member
        The holder's kind and id, and the id of the resource.
    """
    allowed = HOLDS[kind]
    known = next((plan.live[one][member] for one in allowed if member in plan.live[one]), None)
    if not any(member in plan.want[one] for one in allowed):
        if known is None or any(member in plan.leaving(one) for one in allowed):
            words = " or ".join(WORDS[one] for one in allowed)
            plan.problems.append(f"{path}: there is no {words} {member}")
            return False
    tag, holder = (known or {}).get("inside") or (None, None)
    other = _KINDS.get(tag)
    if other in (None, "groups") or holder == name:
        return True
    if holder in plan.want[other] or holder in plan.leaving(other):
        return True
    plan.problems.append(
        f"{path}: {member} is inside the {WORDS[other]} {holder}, which is not described"
    )
    return False


def around(plan, name):
    """
    Return the clone or bundle that a resource will stand in, also by its group; None for none.

    plan, name
        The plan of ``cib_plan`` with all resources compared, and the resource's id.
    """
    place = plan.holders.get(name)
    if place is None:
        found = plan.live["primitives"].get(name) or plan.live["groups"].get(name) or {}
        tag, holder = found.get("inside") or (None, None)
        kind = _KINDS.get(tag)
        if kind is None or holder in plan.gone or holder in plan.want[kind]:
            return None
        place = kind, holder
    kind, holder = place
    return around(plan, holder) if kind == "groups" else holder


# The XML -----------------------------------------------------------------------------------------


def inside(element):
    """
    Return what stands around a resource as ``[element name, id]``; None for nothing.

    element
        The XML element around it.
    """
    return [element.tag, element.get("id")] if element.tag in _RESOURCES else None


def release(cib, holder, elements):
    """
    Take resources out of their holder: they stand for themselves, right after it.

    cib, holder, elements
        The parsed configuration and its XML elements.
    """
    resources = cib.section("resources")
    top = next(child for child in resources if holder in child.iter())
    for element in reversed(elements):
        holder.remove(element)
        resources.insert(list(resources).index(top) + 1, element)


def hold(cib, holder, name, last=False):
    """
    Put the one resource of a clone or bundle into it; another one that it held stands after it.

    cib, holder
        The parsed configuration and the holder's XML element.

    name
        The resource's id; None leaves the holder empty.

    last
        Whether it comes after what else is in there, not before it.
    """
    inner = cib.by_id[name] if name else None
    others = [one for one in holder if one.tag in _RESOURCES and one is not inner]
    release(cib, holder, others)
    if inner is not None and inner not in list(holder):
        cib.detach(inner)
        holder.insert(len(holder) if last else 0, inner)


def new_holder(cib, tag, name, inner):
    """
    Return a new element for a clone or bundle, in the place of the resource that it will hold.

    cib
        The parsed configuration.

    tag, name, inner
        The element's name, its id, and the id of the resource, if any.
    """
    resources, element = cib.section("resources"), ET.Element(tag, {"id": name})
    inner = cib.by_id.get(inner)
    place = len(resources)
    for index, child in enumerate(resources):
        if inner is not None and inner in child.iter():
            place = index if child is inner else index + 1
    resources.insert(place, element)
    cib.taken.add(name)
    cib.by_id[name] = element
    return element
