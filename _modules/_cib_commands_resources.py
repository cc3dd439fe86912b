"""
pcs commands for resources (primitives, fencing devices, groups, clones, bundles) and constraints.

What is made in a bundle is created with it. pcs changes no constraint: what changes is removed, and
made again under its id.
"""

from __future__ import annotations

import shlex

from _cib_pcs import Commands, action_of, moves
from _cib_values import Data


def say_resources(commands: Commands, edits: list[Data]) -> None:
    """Add the commands for changes of resources."""
    found: Data = {kind: {} for kind in ("primitives", "groups", "clones", "bundles")}
    for edit in edits:
        action, data = action_of(edit)
        found[edit["kind"]][edit["id"]] = (action, data)
    _take_apart(commands, found)
    _bundles(commands, found)
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
    commands.say("make", *words, *_forced(wanted, new["attributes"]))
    if new.get("utilization"):
        commands.say("change", "resource", "utilization", name, *commands.pairs(new["utilization"]))
    if new.get("description"):
        commands.no_description("the resource", name)


def _forced(wanted, attributes):
    """pcs refuses what the installed agent does not know yet, without --force."""
    return ["--force"] if set(attributes) & set(wanted.get("unknown", ())) else []


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
    wanted, attributes = commands.want["primitives"][name], change.get("attributes", {})
    words = commands.pairs(attributes, wanted["secrets"])
    if change.get("meta"):
        words += ["meta", *commands.pairs(change["meta"])]
    if words:
        commands.say("change", word, "update", name, *words, *_forced(wanted, attributes))
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
        for run, place in moves(now, wanted):
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


PARTS = {"ports": "port-map", "storage": "storage-map"}


def _bundles(commands, found):
    """Add the commands for changes of bundles; what is made in one is created with it."""
    for name, (action, data) in found["bundles"].items():
        {"create": _create_bundles, "change": _change_bundles, "remove": _remove}[action](
            commands, found["primitives"], name, data
        )


def _remove(commands, primitives, name, _):
    inner = commands.live["bundles"][name]["resource"]
    if inner and primitives.get(inner, ("",))[0] != "remove":
        commands.remark("delete", f"pcs deletes the bundle {name} only together with {inner}")
    else:
        commands.say("delete", "resource", "delete", name)


def _create_bundles(commands, primitives, name, new):
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


def _change_bundles(commands, primitives, name, change):
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


# What pcs takes of a set of resources.
_SET_OPTIONS = {"members", "sequential", "require-all", "action", "role"}


def say_constraints(commands: Commands, edits: list[Data]) -> None:
    """Add the commands for changes of constraints."""
    for edit in edits:
        name, live = edit["id"], commands.live["constraints"].get(edit["id"])
        action, data = action_of(edit)
        if action == "change" and "drop" in data and "foreign" in live:
            continue  # pcs takes the resource out of it when it deletes it
        if action != "create":
            commands.say("unhook", "constraint", "remove", name)
        if action == "create":
            _create_constraints(commands, data, name, _is_named(commands, name))
        elif action == "change":
            _create_constraints(commands, _changed_constraints(live, data), name, True)


def _is_named(commands, name):
    """Whether the description names this id: pcs makes one for the others."""
    return any(one.get("id") == name for one in commands.want["constraints"])


def _changed_constraints(live, change):
    """A constraint as it will be."""
    if "drop" in change:
        sets = [
            {**one, "members": [name for name in one["members"] if name not in change["drop"]]}
            for one in live["sets"]
        ]
        return {**live, "sets": [one for one in sets if one["members"]]}
    return {key: value for key, value in {**live, **change}.items() if value is not None}


def _create_constraints(commands, new, name, named):
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
        words += _rule_words(commands, new["rule"])
    commands.say("hook", "constraint", "location", *words)


def _rule_words(commands, text):
    """The rule of a constraint as arguments: one, or one for each word."""
    if commands.can("rule_as_argument"):
        return [text]
    lexer = shlex.shlex(text, posix=True, punctuation_chars="()")
    lexer.whitespace_split, lexer.commenters = True, ""
    words = []
    for word in lexer:
        words += list(word) if set(word) <= set("()") else [word]
    return words
