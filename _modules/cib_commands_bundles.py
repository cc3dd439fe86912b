"""
pcs commands for bundles.
"""

from __future__ import annotations

PARTS = {"ports": "port-map", "storage": "storage-map"}


def say(commands, found):
    """
    Add the commands for changes of bundles; what is made in one is created with it.

    commands
        The commands so far, of ``cib_commands``.

    found
        ``{kind: {id: (action, data)}}`` of all resources.
    """
    for name, (action, data) in found["bundles"].items():
        {"create": _create, "change": _change, "remove": _remove}[action](
            commands, found["primitives"], name, data
        )


def _remove(commands, primitives, name, _):
    inner = commands.live["bundles"][name]["resource"]
    if inner and primitives.get(inner, ("",))[0] != "remove":
        commands.remark("delete", f"pcs deletes the bundle {name} only together with {inner}")
    else:
        commands.say("delete", "resource", "delete", name)


def _create(commands, primitives, name, new):
    words = ["resource", "bundle", "create", name, "container", new["type"]]
    words += commands.pairs(new["container"])
    if new.get("network"):
        words += ["network", *commands.pairs(new["network"])]
    for part, word in PARTS.items():
        for edit in new.get(part, ()):
            words += [word, *commands.pairs(edit["create"])]
    if new.get("meta"):
        words += ["meta", *commands.pairs(new["meta"])]
    commands.say("make", *words)
    _told_more(commands, primitives, name, new)


def _told_more(commands, primitives, name, data):
    inner = data.get("resource")
    if inner and primitives.get(inner, ("",))[0] != "create":
        commands.remark("arrange", f"pcs can only make {inner} in the bundle {name}, not move it")
    if "description" in data and (data["description"] or name in commands.live["bundles"]):
        commands.no_description("the bundle", name)


def _change(commands, primitives, name, change):
    live = commands.live["bundles"][name]
    if "type" in change:
        text = f"pcs cannot make the bundle {name} one of {change['type']}: delete and create it"
        commands.remark("change", text)
    if "resource" in change and not change["resource"]:
        if primitives.get(live["resource"], ("",))[0] != "remove":
            text = f"pcs cannot take {live['resource']} out of the bundle {name}"
            commands.remark("arrange", text)
    first, second = [], []
    for part in ("container", "network"):
        if change.get(part):
            first += [part, *commands.pairs(change[part])]
    for part, word in PARTS.items():
        there = {one["id"]: one for one in live[part]}
        for edit in change.get(part, ()):
            new = edit.get("create")
            if new is None:
                first += [word, "remove", edit["id"]]
                new = _changed(there[edit["id"]], edit.get("set"))
            if new:
                second += [word, "add", *commands.pairs(new)]
    if change.get("meta"):
        first += ["meta", *commands.pairs(change["meta"])]
    for words in (first, second):
        # the same port may come again: what goes goes in a command of its own
        if words:
            commands.say("change", "resource", "bundle", "update", name, *words)
    _told_more(commands, primitives, name, change)


def _changed(old, values):
    """A port or storage as it will be; None if it goes."""
    if values is None:
        return None
    return {key: value for key, value in {**old, **values}.items() if value is not None}
