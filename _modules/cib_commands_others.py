"""
pcs commands for what is no resource and no constraint: properties, nodes, fencing levels, tags,
alerts.
"""

from __future__ import annotations


def settings(commands, edits):
    """
    Add the commands for cluster properties and nodes.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of these kinds.
    """
    _properties(commands, edits)
    for edit in edits:
        if edit["kind"] == "nodes":
            _node(commands, edit["id"], edit["change"])


def _properties(commands, edits):
    values = {
        edit["id"]: edit.get("create", edit.get("change"))
        for edit in edits
        if edit["kind"] == "properties"
    }
    new = {name: value for name, value in values.items() if value is not None}
    if new:
        commands.say("settings", "property", "set", *commands.pairs(new))
    gone = [name for name, value in values.items() if value is None]
    if gone:
        commands.say("settings", "property", "unset", *gone)


def _node(commands, node, change):
    secrets = commands.want["nodes"].get(node, {}).get("secrets", ())
    for part, word in (("attributes", "attribute"), ("utilization", "utilization")):
        if change.get(part):
            pairs = commands.pairs(change[part], secrets)
            commands.say("settings", "node", word, node, *pairs)


# Fencing levels ----------------------------------------------------------------------------------


def levels(commands, edits):
    """
    Add the commands for fencing levels; what changes is removed and added.

    commands, edits
        As for :py:func:`settings`.
    """
    for edit in edits:
        action, data = __salt__["cib_commands.action"](edit)
        live = commands.live["fence_levels"].get(edit["id"], {})
        if live:
            target, devices = [_target(live)], live["devices"]
            if commands.can("level_target"):
                target, devices = ["target", *target], ["stonith", *devices]
            words = ["stonith", "level", "remove", live["level"], *target, *devices]
            commands.say("unhook", *words)
        if action != "remove":
            new = {**live, **data}
            words = ["stonith", "level", "add", new["level"], _target(new), *new["devices"]]
            # pcs makes the same id for a new one
            keep = [f"id={edit['id']}"] if live and commands.can("level_id") else []
            commands.say("hook", *words, *keep)


def _target(level):
    if "target-pattern" in level:
        return f"regexp%{level['target-pattern']}"
    if "target-attribute" in level:
        return f"attrib%{level['target-attribute']}={level['target-value']}"
    return level["target"]


# Tags --------------------------------------------------------------------------------------------


def tags(commands, edits):
    """
    Add the commands for tags, before a resource goes that one of them names.

    commands, edits
        As for :py:func:`settings`.
    """
    for edit in edits:
        action, data = __salt__["cib_commands.action"](edit)
        name = edit["id"]
        if action == "remove":
            commands.say("unhook", "tag", "remove", name)
        elif action == "create":
            commands.say("change", "tag", "create", name, *data["members"])
        else:
            _change_tag(commands, name, commands.live["tags"][name]["members"], data["members"])


def _change_tag(commands, name, now, wanted):
    for run, place in __salt__["cib_commands.moves"](now, wanted):
        commands.say("change", "tag", "update", name, "add", *run, *place)
    gone = [one for one in now if one not in wanted]
    if gone:
        commands.say("change", "tag", "update", name, "remove", *gone)


# Alerts ------------------------------------------------------------------------------------------


def alerts(commands, edits):
    """
    Add the commands for alerts and their recipients.

    commands, edits
        As for :py:func:`settings`.
    """
    for edit in edits:
        action, data = __salt__["cib_commands.action"](edit)
        name = edit["id"]
        if action == "remove":
            commands.say("unhook", "alert", "remove", name)
            continue
        wanted = commands.want["alerts"].get(name, {})
        words = _alert_words(commands, ("path", "description"), data, wanted.get("secrets", ()))
        if action == "create":
            commands.say("hook", "alert", "create", f"id={name}", *words)
        elif words:
            commands.say("hook", "alert", "update", name, *words)
        if data.get("select"):
            commands.remark("hook", f"pcs cannot choose what the alert {name} is told of")
        _recipients(commands, name, wanted, data.get("recipients", {}))


def _recipients(commands, alert, wanted, edits):
    # a value may be that of another one that goes
    for name in (one for one, edit in edits.items() if "remove" in edit):
        commands.say("hook", "alert", "recipient", "remove", name)
    for name, edit in edits.items():
        if "remove" in edit:
            continue
        data = edit.get("create") or edit["change"]
        secrets = wanted.get("recipients", {}).get(name, {}).get("secrets", ())
        words = _alert_words(commands, ("value", "description"), data, secrets)
        if "create" in edit:
            commands.say("hook", "alert", "recipient", "add", alert, f"id={name}", *words)
        else:
            commands.say("hook", "alert", "recipient", "update", name, *words)


def _alert_words(commands, fields, data, secrets):
    words = commands.pairs({name: data[name] for name in fields if name in data})
    if data.get("options"):
        words += ["options", *commands.pairs(data["options"], secrets)]
    if data.get("meta"):
        words += ["meta", *commands.pairs(data["meta"])]
    return words
