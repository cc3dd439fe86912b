"""
How each pcs wants things said: what differs between its versions, and commands in the making.

The only place that knows the differences, told apart by the capability ids of
``pcs --version --full`` and never by version numbers: distributions backport.
"""

from __future__ import annotations

import difflib
from collections.abc import Container
from typing import Any

import _cib_values
from _cib_values import Data

# What differs, and the capability id that tells.
DIFFERENCES = {
    # `pcs host auth NAME addr=A`, else `pcs cluster auth NAME`
    "host_auth": "pcs.auth.client",
    # `pcs cluster setup CLUSTER NAME addr=A addr=B`, else `--name CLUSTER NAME,B`
    "named_nodes": "cluster.create.separated-name-and-address",
    # `pcs cluster setup ... --corosync_conf=FILE`: pcs's own judgement, nothing is touched
    "setup_to_file": "cluster.create.local",
    # `pcs cluster config update`, `pcs cluster link`: a running cluster's corosync.conf, else only
    # `pcs quorum update` changes anything in it
    "config_update": "corosync.config.update",
    "links": "corosync.link.add",
    # corosync's totem option of that name
    "block": "corosync.totem.block_unlisted_ips",
    # `pcs cluster sync corosync`, `pcs stonith sbd enable watchdog=W`, else `pcs cluster sync`,
    # `--watchdog=W`: both came with 0.10.1, as this did
    "groups_of_files": "node.add.separated-name-and-address",
    # `pcs resource defaults update A=B`, else `pcs resource defaults A=B`; sets of them
    "defaults_update": "pcmk.properties.resource-defaults.multiple",
    "op_defaults_update": "pcmk.properties.operation-defaults.multiple",
    # a role is Promoted, else Master
    "promoted": "pcmk.cib.roles.promoted-unpromoted",
    # `pcs resource promotable R`, else `pcs resource master R`
    "promotable": "pcmk.resource.promotable",
    # an id for a new clone
    "clone_id": "pcmk.resource.clone.custom-id",
    # `pcs resource clone R meta A=B`, else `pcs resource clone R A=B`
    "clone_meta": "pcmk.resource.create.meta.future",
    # `pcs stonith level remove 1 target N`, else `level remove 1 N`: came with 0.10.9, which has no
    # id of its own for it and still takes the old way
    "level_target": "pcmk.cib.roles.promoted-unpromoted",
    # `pcs stonith level add ... id=I`
    "level_id": "pcmk.stonith.levels.add-with-id",
    # `pcs constraint location add I R N score=S`, else `location add I R N S`
    "location_score": "pcmk.constraint.location.simple.options.score",
    # a rule of a constraint is one argument, else each word is one
    "rule_as_argument": "pcmk.constraint.location.simple.rule.rule-as-one-argument",
    "tags": "pcmk.tag",
}
# In the order of the commands.
PHASES = ("settings", "unhook", "make", "arrange", "change", "delete", "hook")


def can(capabilities: Container[str] | None, difference: str) -> bool:
    """
    Whether a pcs wants something said in the newer of two ways.

    capabilities
        Its capability ids; None for a pcs that is newer than all.

    difference
        A key of ``DIFFERENCES``.
    """
    return capabilities is None or DIFFERENCES[difference] in capabilities


class Commands:
    """The commands so far, and what is needed to find more."""

    def __init__(self, want, live, capabilities):
        self.want, self.live, self._capabilities = want, live, capabilities
        self._phases: dict[str, list[list[str]]] = {phase: [] for phase in PHASES}

    def can(self, difference):
        """Whether the newer of two ways to say something is this pcs's."""
        return can(self._capabilities, difference)

    def say(self, phase, *words):
        self._phases[phase].append(["pcs", *map(str, words)])

    def remark(self, phase, text):
        """What pcs cannot say."""
        self._phases[phase].append(["#", text])

    def pairs(self, values, secrets=()):
        """``name=value`` for each; the empty text for None, by which pcs takes it away."""
        for name in (name for name, value in values.items() if value == ""):
            self.remark("change", f"pcs cannot give {name} the empty text")
        told = {name: value for name, value in values.items() if value != ""}
        return [f"{name}={self.value(name, value, secrets)}" for name, value in told.items()]

    def value(self, name, value, secrets=()):
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return _cib_values.shown("password" if name in secrets else name, value)

    def role(self, value):
        """A role in the words of this pcs."""
        return value if self.can("promoted") else _cib_values.OLD_ROLES.get(value, value)

    def no_description(self, kind, name):
        self.remark("change", f"pcs has no command for the description of {kind} {name}")

    def all(self):
        return [command for phase in PHASES for command in self._phases[phase]]


def action_of(edit: Data) -> tuple[str, Any]:
    """
    Return what an edit does and its data, ``(create, change or remove, data)``.

    edit
        One of the edits of :py:func:`_cib_plan.compare`.
    """
    word = next(word for word in ("create", "change", "remove") if word in edit)
    return word, edit[word]


def moves(now: list[str], wanted: list[str]) -> list[tuple[list[str], list[str]]]:
    """
    Return how members come into their order: ``[(members, place)]``, for pcs's add.

    now, wanted
        The members as they are and as they are to be; who is not in ``wanted`` is not moved.

    The place is an option such as ``["--after", "A"]``; empty when there is nobody to be beside.
    """
    matcher = difflib.SequenceMatcher(None, now, wanted, autojunk=False)
    kept = set()
    for block in matcher.get_matching_blocks():
        kept.update(wanted[block.b : block.b + block.size])
    found, run, before = [], [], None
    for member in [*wanted, None]:
        if member is not None and member not in kept:
            run.append(member)
            continue
        beside = ["--after", before] if before else ["--before", member] if member else []
        found += [(run, beside)] if run else []
        run, before = [], member
    return found
