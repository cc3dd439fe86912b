"""
The tree of resources: primitives stand in groups, clones and bundles, groups stand in clones.

What the kinds that hold other resources have in common. A resource that is described and held by
nothing in the description may still stand in a clone that somebody made by hand: it stays there.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from _cib_checker import Checker
from _cib_values import Data
from _cib_xml import Cib

# Which kinds of resources a kind may hold, and what one of a kind is called.
HOLDS = {
    "groups": ("primitives",),
    "clones": ("primitives", "groups"),
    "bundles": ("primitives",),
}
WORDS = {"primitives": "primitive", "groups": "group", "clones": "clone", "bundles": "bundle"}
_RESOURCES = ("primitive", "group", "clone", "master", "bundle")


# The description ---------------------------------------------------------------------------------


def held(kind: str, one: Data) -> list[str]:
    """Return the ids of the resources that a group, clone or bundle holds."""
    if kind == "groups":
        return list(one["members"])
    return [one["resource"]] if kind in HOLDS and one.get("resource") else []


def holders(want: Data) -> dict[str, tuple[str, str]]:
    """Return where each resource is described to stand, ``{id: (kind, id of the holder)}``."""
    found: dict[str, tuple[str, str]] = {}
    for kind in HOLDS:
        for name, one in want.get(kind, {}).items():
            for member in held(kind, one):
                found.setdefault(member, (kind, name))
    return found


def check(check: Checker, want: Data) -> tuple[dict[str, str], dict[str, str]]:
    """
    Check that ids are unique and that each resource stands in one place that can hold it.

    Returns ``{member: group}`` and ``{id: where it is described}``.
    """
    taken = _check_ids(check, want)
    place: dict[str, str] = {}
    groups: dict[str, str] = {}
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
    taken: dict[str, str] = {}
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


# The XML -----------------------------------------------------------------------------------------


def inside(element: ET.Element) -> list[str] | None:
    """Return what stands around a resource as ``[element name, id]``; None for nothing."""
    return [element.tag, element.get("id", "")] if element.tag in _RESOURCES else None


def release(cib: Cib, holder: ET.Element, elements: list[ET.Element]) -> None:
    """Take resources out of their holder: they stand for themselves, right after it."""
    resources = cib.section("resources")
    top = next(child for child in resources if holder in child.iter())
    for element in reversed(elements):
        holder.remove(element)
        resources.insert(list(resources).index(top) + 1, element)


def hold(cib: Cib, holder: ET.Element, name: str | None, last: bool = False) -> None:
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


def new_holder(cib: Cib, tag: str, name: str, inner: str | None) -> ET.Element:
    """
    Return a new element for a clone or bundle, in the place of the resource that it will hold.

    tag, name, inner
        The element's name, its id, and the id of the resource, if any.
    """
    resources, element = cib.section("resources"), ET.Element(tag, {"id": name})
    held_one = cib.by_id.get(inner or "")
    place = len(resources)
    for index, child in enumerate(resources):
        if held_one is not None and held_one in child.iter():
            place = index if child is held_one else index + 1
    resources.insert(place, element)
    return cib.register(element)
