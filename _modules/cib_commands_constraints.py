"""
pcs commands for constraints.

pcs changes no constraint: what changes is removed, and made again under its id.
"""

from __future__ import annotations

# What pcs takes of a set of resources.
_SET_OPTIONS = {"members", "sequential", "require-all", "action", "role"}


def say(commands, edits):
    """
    Add the commands for changes of constraints.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of constraints.
    """
    for edit in edits:
        name, live = edit["id"], commands.live["constraints"].get(edit["id"])
        action, data = __salt__["cib_commands.action"](edit)
        if action == "change" and "drop" in data and "foreign" in live:
            continue  # pcs takes the resource out of it when it deletes it
        if action != "create":
            commands.say("unhook", "constraint", "remove", name)
        if action == "create":
            _create(commands, data, name, _is_named(commands, name))
        elif action == "change":
            _create(commands, _changed(live, data), name, True)


def _is_named(commands, name):
    """Whether the description names this id: pcs makes one for the others."""
    return any(one.get("id") == name for one in commands.want["constraints"])


def _changed(live, change):
    """A constraint as it will be."""
    if "drop" in change:
        sets = [
            {**one, "members": [name for name in one["members"] if name not in change["drop"]]}
            for one in live["sets"]
        ]
        return {**live, "sets": [one for one in sets if one["members"]]}
    return {key: value for key, value in {**live, **change}.items() if value is not None}


def _create(commands, new, name, named):
    """``named``: whether it must have this id; else pcs makes one."""
    text = _unsayable(new)
    if text:
        commands.remark("hook", f"pcs has no command for {name}: {text}")
        return
    speakers = {"order": _order, "colocation": _colocation, "ticket": _ticket}
    if new["type"] == "location":
        _location(commands, new, name)
    else:
        speakers[new["type"]](commands, new, {"id": name} if named else {})


def _unsayable(new):
    for one in new.get("sets", ()):
        unknown = sorted(set(one) - _SET_OPTIONS)
        if unknown:
            return f"{', '.join(unknown)} in a set"
    if new["type"] == "location" and new.get("sets"):
        return "a location of a set"
    if new["type"] == "location" and new.get("node") and new.get("role"):
        return "a role with a node; a rule can say it: '#uname eq NODE'"
    return None


def _options(new, *names):
    return {name: new[name] for name in names if new.get(name) is not None}


def _sets(commands, new, options):
    words = []
    for one in new["sets"]:
        values = {key: value for key, value in one.items() if key != "members"}
        if "role" in values:
            values["role"] = commands.role(values["role"])
        words += ["set", *one["members"], *commands.pairs(values)]
    if options:
        words += ["setoptions", *commands.pairs(options)]
    commands.say("hook", "constraint", new["type"], *words)


def _order(commands, new, more):
    options = {**_options(new, "kind", "symmetrical", "require-all"), **more}
    if new.get("sets"):
        _sets(commands, new, options)
        return
    words = []
    for side, action in (("first", "first-action"), ("then", "then-action")):
        words += ["then"] if side == "then" else []
        # without an action for the second, pcs takes start, Pacemaker that of the first
        default = "start" if side == "first" else new.get("first-action", "start")
        words += [new.get(action, default), new[side]]
    commands.say("hook", "constraint", "order", *words, *commands.pairs(options))


def _colocation(commands, new, more):
    options = {**_options(new, "score", "influence", "node-attribute"), **more}
    if new.get("sets"):
        _sets(commands, new, options)
        return
    words = []
    for side, role in (("resource", "resource-role"), ("with", "with-role")):
        words += ["with"] if side == "with" else []
        words += [commands.role(new[role])] if new.get(role) else []
        words.append(new[side])
    commands.say("hook", "constraint", "colocation", "add", *words, *commands.pairs(options))


def _ticket(commands, new, more):
    options = {**_options(new, "loss-policy"), **more}
    if new.get("sets"):
        _sets(commands, new, {"ticket": new["ticket"], **options})
        return
    words = [new["ticket"], *([commands.role(new["role"])] if new.get("role") else [])]
    words += [new["resource"], *commands.pairs(options)]
    commands.say("hook", "constraint", "ticket", "add", *words)


def _location(commands, new, name):
    pattern = new.get("resource-pattern")
    resource = f"regexp%{pattern}" if pattern else new["resource"]
    discovery = commands.pairs(_options(new, "resource-discovery"))
    if new.get("node"):
        score = f"score={new['score']}" if commands.can("location_score") else new["score"]
        words = ["add", name, resource, new["node"], score, *discovery]
    else:
        options = {"constraint-id": name, **_options(new, "score", "score-attribute")}
        words = [resource, "rule", *commands.pairs(options), *discovery]
        words += [f"role={commands.role(new['role'])}"] if new.get("role") else []
        words += __salt__["cib_commands_defaults.rule"](commands, new["rule"])
    commands.say("hook", "constraint", "location", *words)
