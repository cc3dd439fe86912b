"""
pcs commands for what is no resource and no constraint.
"""

from __future__ import annotations

_DEFAULTS = {
    "resource_defaults": (["resource", "defaults"], "defaults_update"),
    "op_defaults": (["resource", "op", "defaults"], "op_defaults_update"),
}


def settings(commands, edits):
    """
    Add the commands for cluster properties, defaults and nodes.

    commands
        The commands so far, of ``cib_commands``.

    edits
        The plan's edits of these kinds.
    """
    _properties(commands, edits)
    for kind, (words, difference) in _DEFAULTS.items():
        values = _values(edits, kind)
        if values:
            update = ["update"] if commands.can(difference) else []
            commands.say("settings", *words, *update, *commands.pairs(values))


def _values(edits, kind):
    """``{name: value, None to remove}`` of one-value objects."""
    return {
        edit["id"]: edit.get("create", edit.get("change")) for edit in edits if edit["kind"] == kind
    }


def _properties(commands, edits):
    values = _values(edits, "properties")
    new = {name: value for name, value in values.items() if value is not None}
    if new:
        commands.say("settings", "property", "set", *commands.pairs(new))
    gone = [name for name, value in values.items() if value is None]
    if gone:
        commands.say("settings", "property", "unset", *gone)


def say(commands, edits):
    """
    Add the commands for alerts, tags and ACLs.

    commands, edits
        As for :py:func:`settings`.
    """
    for edit in edits:
        commands.remark("hook", f"pcs commands for {edit['kind']} are not known")
