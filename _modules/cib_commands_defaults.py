"""
pcs commands for the defaults of resources and operations, and for rules.
"""

from __future__ import annotations

import shlex

# How pcs calls them, and what tells whether it knows sets of them.
_WORDS = {
    "resource_defaults": (["resource", "defaults"], "defaults_update"),
    "op_defaults": (["resource", "op", "defaults"], "op_defaults_update"),
}


def say(commands, edits):
    """
    Add the commands for defaults.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of these kinds.
    """
    for kind in _WORDS:
        values = {}
        for edit in edits:
            action, data = __salt__["cib_commands.action"](edit)
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
    words, difference = _WORDS[kind]
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
        where = {}
        for name, value in values.items():
            those = [one for one in order if name in always[one]["values"]] or order[:1]
            for one in those if value is None else those[:1]:
                where.setdefault(one, {})[name] = value
        for one, some in where.items():
            pairs = commands.pairs(some)
            commands.say("settings", *words, "set", "update", one, "meta", *pairs)


def _score(one):
    return __salt__["cib_meaning.number"](one["score"] or "0") or 0


def _set(commands, kind, name, action, data):
    words, difference = _WORDS[kind]
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


def rule(commands, text):
    """
    Return the rule of a constraint as arguments: one, or one for each word.

    commands
        The commands so far: what it is to be said to.

    text
        The rule.
    """
    if commands.can("rule_as_argument"):
        return [text]
    lexer = shlex.shlex(text, posix=True, punctuation_chars="()")
    lexer.whitespace_split, lexer.commenters = True, ""
    words = []
    for word in lexer:
        words += list(word) if set(word) <= set("()") else [word]
    return words
