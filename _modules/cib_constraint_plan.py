"""
Order and colocation constraints: compare the described ones with the live ones, by meaning.

A constraint is known by what it is about (its resources, actions and roles), not by its id, unless
the description names the id. Constraints of which every resource is ours are owned whole.
"""

from __future__ import annotations

KIND = "constraints"
MANAGED = ("order", "colocation")
_OPTIONS = {"order": ("kind", "symmetrical"), "colocation": ("score",)}
_SET_DEFAULTS = {"sequential": "true", "require-all": "true"}


def _about(constraint):
    """What makes a constraint this one and no other."""
    if "sets" in constraint:
        return (constraint["type"], tuple(tuple(one["members"]) for one in constraint["sets"]))
    if constraint["type"] == "order":
        first = constraint.get("first-action") or "start"
        then = constraint.get("then-action") or first
        return ("order", constraint.get("first"), constraint.get("then"), first, then)
    roles = tuple(constraint.get(name) or "Started" for name in ("resource-role", "with-role"))
    return ("colocation", constraint.get("resource"), constraint.get("with"), *roles)


def _option(constraint, name):
    """An option's value or what Pacemaker takes it for when it is not there."""
    if constraint.get(name) is not None:
        return constraint[name]
    if name == "symmetrical":
        return "false" if constraint.get("kind") == "Serialize" else "true"
    return {"kind": "Mandatory", "score": "INFINITY"}[name]


def _set_options(constraint):
    return [{**_SET_DEFAULTS, **one} for one in constraint.get("sets", ())]


def _means_the_same(wanted, found):
    """Whether two constraints about the same have the same options, too."""
    if _set_options(wanted) != _set_options(found):
        return False
    same = __salt__["cib_meaning.same"]
    options = _OPTIONS[wanted["type"]]
    return all(same(_option(wanted, one), _option(found, one)) for one in options)


def _paired(plan, live):
    """Which described constraint is which live one: by its id if it names one, else by meaning."""
    pairs, left = {}, dict(live)
    for index, wanted in enumerate(plan.want[KIND]):
        name = wanted.get("id")
        if name in left and left[name]["type"] == wanted["type"]:
            pairs[index] = name
            del left[name]
    about = {}
    for name, found in left.items():
        about.setdefault(_about(found), []).append(name)
    for fits in (_means_the_same, lambda wanted, found: True):
        for index, wanted in enumerate(plan.want[KIND]):
            if index in pairs or wanted.get("id"):
                continue
            candidates = about.get(_about(wanted), [])
            for name in candidates:
                if fits(wanted, live[name]):
                    pairs[index] = name
                    candidates.remove(name)
                    break
    return pairs


def _members_of(constraint):
    found = [constraint.get(name) for name in ("first", "then", "resource", "with")]
    found += [name for one in constraint.get("sets", ()) for name in one["members"]]
    return [name for name in found if name]


def _resources_exist(plan, wanted):
    missing = [n for n in dict.fromkeys(_members_of(wanted)) if not plan.will_be(n)]
    for name in missing:
        plan.problems.append(f"{wanted['path']}: there is no resource {name}")
    return not missing


def _create(plan, wanted):
    if wanted.get("id"):
        name = wanted["id"]
        plan.claim(f"{wanted['path']}:id", name)
    elif "sets" in wanted:
        members = _members_of(wanted)[:3]
        name = plan.new_id(f"{wanted['type']}_set_{''.join(m[0] + m[-1] for m in members)}")
    elif wanted["type"] == "order":
        kind = wanted.get("kind", "mandatory")
        name = plan.new_id(f"order-{wanted['first']}-{wanted['then']}-{kind}")
    else:
        name = plan.new_id(f"colocation-{wanted['resource']}-{wanted['with']}-{wanted['score']}")
    new = {key: value for key, value in wanted.items() if key not in ("id", "path")}
    plan.add(KIND, name, "create", new, {"old": None, "new": _told(new)})
    return name


def _change(plan, name, wanted, found):
    edit, change = {}, {}
    for option in _OPTIONS[wanted["type"]]:
        if not __salt__["cib_meaning.same"](_option(wanted, option), _option(found, option)):
            edit[option] = wanted.get(option)
            change[option] = {"old": _option(found, option), "new": _option(wanted, option)}
    if _about(wanted) != _about(found) or _set_options(wanted) != _set_options(found):
        skip = (*_OPTIONS[wanted["type"]], "id", "path", "type", "resources", "sets")
        for key in sorted((set(wanted) | set(found)) - set(skip)):
            if wanted.get(key) != found.get(key):
                edit[key] = wanted.get(key)
                change[key] = {"old": found.get(key), "new": wanted.get(key)}
        if wanted.get("sets") != found.get("sets"):
            edit["sets"] = wanted.get("sets", [])
            change["sets"] = {"old": found.get("sets"), "new": wanted.get("sets")}
    if edit:
        plan.add(KIND, name, "change", edit, change)


def _others(plan, described):
    """Live constraints that no described one stands for."""
    recorded = plan.owned.get(KIND, ())
    for name, found in plan.live[KIND].items():
        if name in described:
            continue
        by_operator = name.startswith("cli-")
        if _goes(plan, found, name in recorded) and not by_operator:
            plan.add(KIND, name, "remove", True, {"old": _told(found), "new": None})
        elif set(found["resources"]) & plan.gone:
            _drop_references(plan, name, found)
        elif by_operator:
            plan.intent.append(f"the constraint {name} was left by a move or a ban: left as it is")
        elif not plan.partial:
            plan.unmanaged.setdefault(KIND, []).append(name)


def _goes(plan, found, recorded):
    """Whether a constraint that is not described is ours to remove."""
    if plan.partial or found["type"] not in MANAGED:
        return False
    # what is not there any more says nothing about whose it is
    about = [name for name in found["resources"] if name not in plan.gone]
    about_ours = about and all(map(plan.is_our_resource, about))
    return bool(plan.purge or recorded or about_ours)


def _drop_references(plan, name, found):
    """A constraint of others about a resource that goes: without it, or not at all."""
    direct = {found.get(n) for n in ("first", "then", "resource", "with", "rsc", "with-rsc")}
    left = [resource for resource in found["resources"] if resource not in plan.gone]
    if direct & plan.gone or not left:
        plan.add(KIND, name, "remove", True, {"old": _told(found), "new": None})
    else:
        drop = sorted(set(found["resources"]) & plan.gone)
        change = {"resources": {"old": found["resources"], "new": left}}
        plan.add(KIND, name, "change", {"drop": drop}, change)


def _told(found):
    """A constraint as it is shown."""
    return {key: value for key, value in found.items() if key not in ("id", "path", "resources")}


def compare(plan):
    """Add what differs between the described constraints and the live ones to a plan."""
    comparable = {
        name: found
        for name, found in plan.live[KIND].items()
        if found["type"] in MANAGED and not name.startswith("cli-")
    }
    pairs = _paired(plan, comparable)
    record = []
    for index, one in enumerate(plan.want[KIND]):
        if not _resources_exist(plan, one):
            continue
        name = pairs.get(index)
        if name is None:
            name = _create(plan, one)
        else:
            _change(plan, name, one, comparable[name])
        record.append(name)
    _others(plan, set(pairs.values()))
    plan.record[KIND] = record
