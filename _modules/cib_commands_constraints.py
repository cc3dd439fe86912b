"""
pcs commands for constraints.

pcs changes no constraint: what changes is removed, and made again under its id.
"""

from __future__ import annotations


def say(commands, edits):
    """
    Add the commands for changes of constraints.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of constraints.
    """
    for edit in edits:
        name = edit["id"]
        action, data = __salt__["cib_commands.action"](edit)
        if action != "create":
            commands.say("unhook", "constraint", "remove", name)
        if action == "create":
            _create(commands, data, name if _is_named(commands, name) else None)
        elif action == "change":
            _create(commands, _changed(commands.live["constraints"][name], data), name)


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


def _create(commands, new, name):
    speakers = {"order": _order, "colocation": _colocation}
    if new["type"] not in speakers:
        commands.remark("hook", f"pcs commands for a constraint of {new['type']} are not known")
        return
    speakers[new["type"]](commands, new, {"id": name} if name else {})


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
    options = {**_options(new, "kind", "symmetrical"), **more}
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
    options = {**_options(new, "score"), **more}
    if new.get("sets"):
        _sets(commands, new, options)
        return
    words = []
    for side, role in (("resource", "resource-role"), ("with", "with-role")):
        words += ["with"] if side == "with" else []
        words += [commands.role(new[role])] if new.get(role) else []
        words.append(new[side])
    commands.say("hook", "constraint", "colocation", "add", *words, *commands.pairs(options))
