"""
pcs commands for access control.

pcs adds permissions to a role and roles to a user, at the end. Another change makes the role or the
user anew, and with a role those who have it.
"""

from __future__ import annotations

_WORDS = {"users": "user", "groups": "group"}


def say(commands, edits):
    """
    Add the commands for access control.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of this kind.
    """
    actions = {edit["id"]: __salt__["cib_commands.action"](edit) for edit in edits}
    anew = _roles_made_anew(commands, actions)
    for name, now in commands.live["acls"].items():
        # who has a role that is made anew loses it, and the order of roles with it
        if name not in actions and set(now.get("roles", ())) & anew:
            actions[name] = ("change", {"roles": now["roles"]})
    roles = [name for name in actions if name.startswith("roles:")]
    holders = [name for name in actions if name not in roles]
    for name in holders:
        if actions[name][0] != "create":
            part, who = name.split(":", 1)
            commands.say("unhook", "acl", _WORDS[part], "delete", who)
    for name in roles:
        _role(commands, name, *actions[name], anew)
    for name in holders:
        action, data = actions[name]
        part, who = name.split(":", 1)
        if action != "remove":
            commands.say("hook", "acl", _WORDS[part], "create", who, *data["roles"])


def _roles_made_anew(commands, actions):
    """Roles that have other permissions than before and more."""
    found = set()
    for name, (action, data) in actions.items():
        if action == "change" and "permissions" in data:
            now = commands.live["acls"][name]["permissions"]
            if data["permissions"][: len(now)] != now:
                found.add(name.split(":", 1)[1])
    return found


def _role(commands, name, action, data, anew):
    role, live = name.split(":", 1)[1], commands.live["acls"].get(name, {})
    if action == "remove" or role in anew:
        commands.say("unhook", "acl", "role", "delete", role)
    if action == "remove":
        return
    if action == "create" or role in anew:
        new = {**live, **data}
        words = (
            commands.pairs({"description": new["description"]}) if new.get("description") else []
        )
        words += _permissions(commands, role, new.get("permissions", ()))
        commands.say("hook", "acl", "role", "create", role, *words)
        return
    if "description" in data:
        commands.no_description("the role", role)
    if "permissions" in data:
        more = data["permissions"][len(live["permissions"]) :]
        words = _permissions(commands, role, more)
        commands.say("hook", "acl", "permission", "add", role, *words)


def _permissions(commands, role, permissions):
    words = []
    for one in permissions:
        if "xpath" in one:
            words += [one["access"], "xpath", one["xpath"]]
        elif "reference" in one:
            words += [one["access"], "id", one["reference"]]
        if "object-type" in one or "description" in one:
            text = f"pcs knows neither object-type nor description in a permission of {role}"
            commands.remark("hook", text)
    return words
