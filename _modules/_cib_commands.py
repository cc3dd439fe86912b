"""
The ``pcs`` commands that make the same change as a plan, to be read and pasted.

They are in the order in which pcs takes them: what refers to others goes first and comes last, and
a resource is made before it is put anywhere. Where pcs has no command, there is a remark in its
place: ``["#", sentence]``. How the installed pcs wants things said is known by ``_cib_pcs``, what
resources and constraints need by ``_cib_commands_resources``.

Nothing here runs a command. Values that are secret are masked.
"""

from __future__ import annotations

from collections.abc import Container

import _cib_commands_resources
import _cib_values
from _cib_pcs import Commands, action_of, moves
from _cib_values import Data


def _settings(commands, edits):
    """Cluster properties and nodes."""
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


def _levels(commands, edits):
    """Fencing levels; what changes is removed and added."""
    for edit in edits:
        action, data = action_of(edit)
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


def _tags(commands, edits):
    """Tags, before a resource goes that one of them names."""
    for edit in edits:
        action, data = action_of(edit)
        name = edit["id"]
        if action == "remove":
            commands.say("unhook", "tag", "remove", name)
        elif action == "create":
            commands.say("change", "tag", "create", name, *data["members"])
        else:
            _change_tag(commands, name, commands.live["tags"][name]["members"], data["members"])


def _change_tag(commands, name, now, wanted):
    for run, place in moves(now, wanted):
        commands.say("change", "tag", "update", name, "add", *run, *place)
    gone = [one for one in now if one not in wanted]
    if gone:
        commands.say("change", "tag", "update", name, "remove", *gone)


# Alerts ------------------------------------------------------------------------------------------


def _alerts(commands, edits):
    """Alerts and their recipients."""
    for edit in edits:
        action, data = action_of(edit)
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


# How pcs calls them, and what tells whether it knows sets of them.
_DEFAULTS_OF = {
    "resource_defaults": (["resource", "defaults"], "defaults_update"),
    "op_defaults": (["resource", "op", "defaults"], "op_defaults_update"),
}


def _defaults(commands, edits):
    """Defaults."""
    for kind in _DEFAULTS_OF:
        values = {}
        for edit in edits:
            action, data = action_of(edit)
            if edit["kind"] != kind:
                continue
            if isinstance(data, dict):
                _set(commands, kind, edit["id"], action, data)
            else:
                values[edit["id"]] = None if action == "remove" else data
        if values:
            _plain(commands, kind, values)


def _plain(commands, kind, values):
    """Values in the sets that hold always; pcs asks which one when there are several."""
    words, difference = _DEFAULTS_OF[kind]
    sets = commands.live["default_sets"][kind]
    always = {name: one for name, one in sets.items() if not one["rule"] and "foreign" not in one}
    if not commands.can(difference):
        commands.say("settings", *words, *commands.pairs(values))
    elif len(always) == len(sets) < 2:
        commands.say("settings", *words, "update", *commands.pairs(values))
    elif not always:
        new = {name: value for name, value in values.items() if value is not None}
        commands.say("settings", *words, "set", "create", "meta", *commands.pairs(new))
    else:
        order = sorted(always, key=lambda name: -_score(always[name]))
        where: dict[str, dict[str, str | None]] = {}
        for name, value in values.items():
            those = [one for one in order if name in always[one]["values"]] or order[:1]
            for one in those if value is None else those[:1]:
                where.setdefault(one, {})[name] = value
        for one, some in where.items():
            pairs = commands.pairs(some)
            commands.say("settings", *words, "set", "update", one, "meta", *pairs)


def _score(one):
    return _cib_values.number(one["score"] or "0") or 0


def _set(commands, kind, name, action, data):
    words, difference = _DEFAULTS_OF[kind]
    if not commands.can(difference):
        commands.remark("settings", f"this pcs has no sets of defaults: {name}")
        return
    words = [*words, "set"]
    if action == "change" and set(data) == {"values"}:
        pairs = commands.pairs(data["values"])
        commands.say("settings", *words, "update", name, "meta", *pairs)
        return
    live = commands.live["default_sets"][kind].get(name, {"values": {}})
    if action != "create":
        commands.say("settings", *words, "delete", name)
    if action != "remove":
        new = {**live, **data, "values": {**live["values"], **data.get("values", {})}}
        _create(commands, words, name, new)


def _create(commands, words, name, new):
    words = [*words, "create", f"id={name}"]
    if new.get("score"):
        words.append(f"score={new['score']}")
    values = {name: value for name, value in new["values"].items() if value is not None}
    if values:
        words += ["meta", *commands.pairs(values)]
    if new.get("rule"):
        words += ["rule", new["rule"]]
    commands.say("settings", *words)


_HOLDERS = {"users": "user", "groups": "group"}


def _acls(commands, edits):
    """Access control."""
    actions = {edit["id"]: action_of(edit) for edit in edits}
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
            commands.say("unhook", "acl", _HOLDERS[part], "delete", who)
    for name in roles:
        _role(commands, name, *actions[name], anew)
    for name in holders:
        action, data = actions[name]
        part, who = name.split(":", 1)
        if action != "remove":
            commands.say("hook", "acl", _HOLDERS[part], "create", who, *data["roles"])


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


def _templates(commands, edits):
    for edit in edits:
        commands.remark(
            "delete", f"pcs has no command for the template {edit['id']}: cibadmin does"
        )


# Who says the edits of some kinds, in the order of the commands.
_SPEAKERS = (
    (_settings, ("properties", "nodes")),
    (_defaults, ("resource_defaults", "op_defaults")),
    # pcs takes the constraints of a group away that it dissolves
    (_cib_commands_resources.say_constraints, ("constraints",)),
    (_cib_commands_resources.say_resources, ("primitives", "groups", "clones", "bundles")),
    (_templates, ("templates",)),
    (_levels, ("fence_levels",)),
    (_tags, ("tags",)),
    (_alerts, ("alerts",)),
    (_acls, ("acls",)),
)


def of_plan(
    edits: list[Data],
    want: Data,
    live: Data,
    capabilities: Container[str] | None = None,
) -> list[list[str]]:
    """
    Return the pcs commands that are equivalent to a plan, each a list of arguments.

    capabilities
        Capability ids of the pcs to say it to; None for the newest.
    """
    commands = Commands(want, live, capabilities)
    for say, kinds in _SPEAKERS:
        # our own record is none of pcs's business
        those = [edit for edit in edits if edit["kind"] in kinds]
        if those:
            say(commands, those)
    return commands.all()
