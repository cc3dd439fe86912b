"""
Clones: a primitive or a group that runs on several nodes at once, promotable ones included.

That a clone is promotable is its meta attribute ``promotable``, as with ``pcs``. Pacemaker 2 still
takes the older element ``master`` for such a clone: it is read as one, and keeps its name.
"""

from __future__ import annotations

TAGS = ("clone", "master")
_INNER = ("primitive", "group")


# The description ---------------------------------------------------------------------------------


def check(check, kind, path, value):
    found = {}
    allowed = ("resource", "promotable", "meta", "description")
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        check.identifier(here, name)
        inner = check.mapping(here, inner, allowed, required=("resource",))
        meta = check.scalars(f"{here}:meta", inner.get("meta"))
        stated = check.boolean(f"{here}:promotable", inner.get("promotable"))
        found[name] = {
            "resource": check.text(f"{here}:resource", inner.get("resource")),
            "meta": _with_promotable(check, here, meta, stated),
            "description": check.text(f"{here}:description", inner.get("description")),
        }
    return found


def _with_promotable(check, path, meta, stated):
    """The meta attributes with ``promotable`` among them when it is true, and only then."""
    meta = dict(meta)
    also = meta.pop("promotable", None)
    also = check.boolean(f"{path}:meta:promotable", also)
    if stated and also and stated != also:
        check.problem(f"{path}:meta:promotable", f"{also}, but promotable is {stated}")
    return {**meta, "promotable": "true"} if "true" in (stated, also) else meta


def _told(one):
    """A clone as it is described."""
    meta = {name: value for name, value in one["meta"].items() if name != "promotable"}
    found = {**one, "meta": meta}
    if "promotable" in one["meta"]:
        found["promotable"] = True
    return found


def describe(live, kind):
    return {name: _told(one) for name, one in live[kind].items()}


# The XML -----------------------------------------------------------------------------------------


def read(cib, kind):
    found = {}
    for element in cib.section("resources"):
        if element.tag not in TAGS:
            continue
        meta = cib.values(cib.plain_sets(element, "meta_attributes"))
        # what is not promotable need not say so
        promotable = __salt__["cib_meaning.boolean"](meta.pop("promotable", "false"))
        if promotable or element.tag == "master":
            meta["promotable"] = "true"
        inner = [one.get("id") for one in element if one.tag in _INNER]
        found[element.get("id")] = {
            "resource": inner[0] if inner else None,
            "meta": meta,
            "description": element.get("description"),
        }
    return found


def write(cib, kind, name, action, data):
    if action == "remove":
        element = cib.by_id[name]
        inner = [one for one in element if one.tag in _INNER]
        __salt__["cib_tree.release"](cib, element, inner)
        cib.remove_resource(name)
        return
    if action == "create":
        element = __salt__["cib_tree.new_holder"](cib, "clone", name, data["resource"])
    else:
        element = cib.by_id[name]
    if "resource" in data:
        __salt__["cib_tree.hold"](cib, element, data["resource"])
    cib.set_description(element, data)
    meta = dict(data.get("meta", {}))
    if element.tag == "master" and "promotable" in meta:
        element.tag = "clone"
    cib.write_values(element, "meta_attributes", meta)


# The comparison ----------------------------------------------------------------------------------


def compare(plan, kind):
    want, live = plan.want[kind], plan.live[kind]
    for name, wanted in want.items():
        path = f"{kind}:{name}:resource"
        if not __salt__["cib_tree.may_hold"](plan, path, kind, name, wanted["resource"]):
            continue
        if name in live:
            _compare_one(plan, kind, name, wanted, live[name])
        elif plan.claim(f"{kind}:{name}", name):
            new = {"resource": wanted["resource"], "meta": plan.present(wanted["meta"])}
            if wanted.get("description"):
                new["description"] = wanted["description"]
            plan.add(kind, name, "create", new, {"old": None, "new": plan.told(_told(new))})
    plan.note_others(kind)
    plan.record[kind] = list(want)


def _compare_one(plan, kind, name, wanted, found):
    edit, change = {}, {}
    plan.compare_fields(("resource",), wanted, found, edit, change)
    plan.compare_meta(name, wanted, found, edit, change)
    if edit:
        plan.add(kind, name, "change", edit, change)


def agent_problems(edits, primitives, want, live):
    """
    Return sentences about clones that become promotable though an agent cannot promote.

    edits
        What is planned.

    primitives
        ``{id: {"agent": ...}}``: all there will be.

    want, live
        The normalised description and the configuration: what the clones hold.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_clones.agent_problems '[]' '{}' '{}' '{}'
    """
    found = []
    for edit in edits:
        change = edit.get("create") or edit.get("change")
        if edit["kind"] != "clones" or not change or not change.get("meta", {}).get("promotable"):
            continue
        inner = want["clones"][edit["id"]]["resource"]
        group = want["groups"].get(inner) or live["groups"].get(inner)
        for name in group["members"] if group else [inner]:
            agent = primitives[name]["agent"]
            metadata = __salt__["cib_agent.metadata"](agent)
            if metadata and "promote" not in {action["name"] for action in metadata["actions"]}:
                found.append(
                    f"clones:{edit['id']}:promotable: the agent {agent} of {name} cannot promote"
                )
    return found
