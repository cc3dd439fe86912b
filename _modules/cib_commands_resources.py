"""
pcs commands for resources: primitives, fencing devices, groups, clones.

Bundles are in ``cib_commands_bundles``.
"""

from __future__ import annotations


def say(commands, edits):
    """
    Add the commands for changes of resources.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of these kinds.
    """
    found = {kind: {} for kind in ("primitives", "groups", "clones", "bundles")}
    for edit in edits:
        action, data = __salt__["cib_commands.action"](edit)
        found[edit["kind"]][edit["id"]] = (action, data)
    _take_apart(commands, found)
    __salt__["cib_commands_bundles.say"](commands, found)
    for name, (action, data) in found["primitives"].items():
        if action == "create":
            _create(commands, name, data, _bundle_of(found, name))
        elif action == "change":
            _change(commands, name, data)
    Groups(commands, found).arrange()
    for name, (action, data) in found["clones"].items():
        _clone(commands, name, action, data)
    _delete(commands, found)


def _removed(found, kind):
    return [name for name, (action, _) in found[kind].items() if action == "remove"]


def _bundle_of(found, name):
    """The bundle that a new primitive is made in."""
    for bundle, (action, data) in found["bundles"].items():
        if action != "remove" and data.get("resource") == name:
            return bundle
    return None


def _take_apart(commands, found):
    for name in _removed(found, "clones"):
        clone = commands.live["clones"][name]
        if clone["meta"].get("promotable") and not commands.can("promotable"):
            commands.remark("unhook", f"this pcs cannot dissolve the promotable clone {name}")
        else:
            commands.say("unhook", "resource", "unclone", clone["resource"])
    for name in _removed(found, "groups"):
        commands.say("unhook", "resource", "ungroup", name)


def _delete(commands, found):
    """What is deleted with the bundle around it is not deleted again."""
    gone = {commands.live["bundles"][name]["resource"] for name in _removed(found, "bundles")}
    for name in _removed(found, "primitives"):
        if name not in gone:
            word, _ = _kind(commands.live["primitives"][name]["agent"])
            commands.say("delete", word, "delete", name)


# Primitives --------------------------------------------------------------------------------------


def _kind(agent):
    """How pcs calls a resource of this agent, and how it calls the agent."""
    if agent.startswith("stonith:"):
        return "stonith", agent.split(":", 1)[1]
    return "resource", agent


def _create(commands, name, new, bundle):
    wanted = commands.want["primitives"][name]
    word, agent = _kind(new["agent"])
    defaults = wanted.get("defaults")
    words = [word, "create", name, agent]
    words += commands.pairs(new["attributes"], wanted["secrets"])
    operations = _described(new["operations"], defaults or [])
    for operation in operations:
        words += ["op", *_operation(commands, operation)]
    if new["meta"]:
        words += ["meta", *commands.pairs(new["meta"])]
    if bundle:
        words += ["bundle", bundle]
    if word == "resource" and (defaults is None or not wanted["all_defaults"]):
        words.append("--no-default-ops")
    commands.say("make", *words)
    if new.get("utilization"):
        commands.say("change", "resource", "utilization", name, *commands.pairs(new["utilization"]))
    if new.get("description"):
        commands.no_description("the resource", name)


def _described(operations, defaults):
    """The operations but those that pcs would make by itself: a name at a time, as it does."""
    names = dict.fromkeys(one["name"] for one in operations)
    own = []
    for name in names:
        ours, theirs = (
            [{k: v for k, v in one.items() if k != "id"} for one in several if one["name"] == name]
            for several in (operations, defaults)
        )
        if ours != theirs:
            own += ours
    return own


def _operation(commands, operation):
    values = {key: value for key, value in operation.items() if key not in ("name", "id")}
    if "role" in values:
        values["role"] = commands.role(values["role"])
    return [operation["name"], *commands.pairs(values)]


def _change(commands, name, change):
    found = commands.live["primitives"][name]
    word, _ = _kind(found["agent"])
    if "agent" in change:
        text = f"pcs cannot make {name} a resource of {change['agent']}: delete and create it"
        commands.remark("change", text)
    secrets = commands.want["primitives"][name]["secrets"]
    words = commands.pairs(change.get("attributes", {}), secrets)
    if change.get("meta"):
        words += ["meta", *commands.pairs(change["meta"])]
    if words:
        commands.say("change", word, "update", name, *words)
    if change.get("utilization"):
        pairs = commands.pairs(change["utilization"])
        commands.say("change", "resource", "utilization", name, *pairs)
    _change_operations(commands, word, name, found["operations"], change.get("operations", ()))
    if "description" in change:
        commands.no_description("the resource", name)


def _change_operations(commands, word, name, live, edits):
    """All that go go first: an interval may be another operation's next."""
    live = {one["id"]: one for one in live}
    new = []
    for edit in edits:
        if "create" in edit:
            new.append(edit["create"])
            continue
        old = live[edit["id"]]
        if "set" in edit:
            changed = {**old, **edit["set"]}
            new.append({key: value for key, value in changed.items() if value is not None})
            if len(edits) == 1 and sum(one["name"] == old["name"] for one in live.values()) == 1:
                # the only one of its name: pcs writes it anew in its place
                commands.say("change", word, "update", name, "op", *_operation(commands, new[0]))
                return
        del live[edit["id"]]
        commands.say("change", "resource", "op", "remove", edit["id"])
    names = [one["name"] for one in live.values()]
    for operation in new:
        # a second one of its name is too much for pcs
        force = ["--force"] if operation["name"] in names else []
        names.append(operation["name"])
        words = [*_operation(commands, operation), *force]
        commands.say("change", "resource", "op", "add", name, *words)


# Groups ------------------------------------------------------------------------------------------


class Groups:
    """Who is in which group, as the commands change it."""

    def __init__(self, commands, found):
        self.commands = commands
        self.edits = found["groups"]
        self.leaving = set(_removed(found, "primitives"))
        self.members = {
            name: list(one["members"])
            for name, one in commands.live["groups"].items()
            if name not in _removed(found, "groups")
        }
        self.wanted = {
            name: data["members"]
            for name, (action, data) in self.edits.items()
            if action != "remove" and "members" in data
        }

    def arrange(self):
        for name, members in self.wanted.items():
            self._add(name, members)
        for name, members in self.wanted.items():
            self._take_out(name, members)
        for name, (action, data) in self.edits.items():
            if action == "remove":
                continue
            if data.get("meta"):
                pairs = self.commands.pairs(data["meta"])
                self.commands.say("change", "resource", "meta", name, *pairs)
            if "description" in data:
                self.commands.no_description("the group", name)

    def _add(self, name, wanted):
        """Put runs of members that are not in their place after the one before them."""
        now = self.members.setdefault(name, [])
        for run, place in __salt__["cib_commands.moves"](now, wanted):
            self._put(name, run, place)
        self.members[name] = wanted + [one for one in now if one not in wanted]

    def _put(self, name, run, place):
        # a member of its own group can only be moved beside another
        place = place if self.members[name] else []
        self.commands.say("arrange", "resource", "group", "add", name, *run, *place)
        for group, members in list(self.members.items()):
            if group != name:
                self.members[group] = [one for one in members if one not in run]

    def _take_out(self, name, wanted):
        out = [one for one in self.members[name] if one not in wanted and one not in self.leaving]
        if out:
            self.commands.say("arrange", "resource", "group", "remove", name, *out)


# Clones ------------------------------------------------------------------------------------------


def _clone(commands, name, action, data):
    if action == "remove":
        return
    if "description" in data:
        commands.no_description("the clone", name)
    if action == "change":
        if data.get("resource"):
            text = f"pcs cannot put {data['resource']} into the clone {name} in place of another"
            commands.remark("arrange", text)
        if data.get("meta"):
            commands.say("change", "resource", "meta", name, *commands.pairs(data["meta"]))
        return
    meta = dict(data["meta"])
    promotable = meta.pop("promotable", None)
    resource = data["resource"]
    default = f"{resource}-{'master' if promotable and not commands.can('promotable') else 'clone'}"
    words = ["resource", "promotable" if promotable else "clone", resource]
    if promotable and not commands.can("promotable"):
        words = ["resource", "master", name, resource]
    elif name != default and commands.can("clone_id"):
        words.append(name)
    elif name != default:
        commands.remark("arrange", f"this pcs calls the clone {default}, not {name}")
    if meta and commands.can("clone_meta"):
        words.append("meta")
    commands.say("arrange", *words, *commands.pairs(meta))
