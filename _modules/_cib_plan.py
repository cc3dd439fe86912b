"""
Compare a cluster's configuration with its description: what differs, and the edits that end it.

Objects are compared by meaning, attribute by attribute, never by id (unless a constraint of the
description names its id). The rules, in short:

- What the description states is enforced. Instance and meta attributes of a described primitive or
  group are owned whole: one that is not described is removed.
- An operation that is not described stays as it is. Describing one owns all operations of its name,
  as with pcs; what is not said about it keeps the value it has, or the agent's default when new.
- An operator's intent stays: ``target-role``, ``is-managed``, ``maintenance``, the property
  ``maintenance-mode``, standby, and constraints that a move or a ban left. It is reported.
- What the record in the cluster says is ours and the description no longer has is removed; an
  operation that is no longer described gets the agent's default back. Objects of others stay.

Nothing here runs a command: data in, data out. What is compared of each kind of object is known by
its own file (``_cib_kinds`` has them all), which gets the plan in the making (``_cib_comparison``).
"""

from __future__ import annotations

import copy

import _cib_applied
import _cib_kinds
import _cib_tree
import _cib_values
from _cib_comparison import Plan
from _cib_kinds import KINDS
from _cib_values import Data

_NOTHING = (
    "<cib><configuration><crm_config/><nodes/><resources/><constraints/></configuration>"
    "<status/></cib>"
)
_LAST_RESOURCE = list(_cib_tree.WORDS)[-1]


def _ownership_changes(plan):
    plan.record["secrets"] = _cib_values.marks(plan.want)
    known = (*plan.record, _cib_applied.RECORD)
    kinds = [*plan.record, *(kind for kind in plan.owned if kind not in known)]
    change = {}
    for kind in kinds:
        old = plan.live["ownership"].get(kind)
        new = " ".join(sorted(plan.record.get(kind, ()))) or None
        if (old or "").split() == (new or "").split():
            continue
        change[kind] = {"old": old, "new": new}
        plan.edits.append(
            {"kind": "ownership", "id": kind, "create": new}
            if new
            else {"kind": "ownership", "id": kind, "remove": True}
        )
    if change:
        plan.changes["ownership"] = {"record": change}
    if plan.edits:
        _remember(plan)


def _remember(plan):
    """What is applied, told to nobody; only beside other edits (see ``_cib_applied``)."""
    told = compare(copy.deepcopy(plan.want), _cib_kinds.read(_NOTHING), True)["changes"]
    words, record = _cib_applied.words(told), _cib_applied.RECORD
    if words != plan.live["ownership"].get(record):
        plan.edits.append({"kind": "ownership", "id": record, "create": words})


def _remove_resources(plan):
    """
    Add the removal of those that are ours no longer, and of what is empty without them; returns the
    ids that will be gone. What stood in what goes, and is to stay, stands for itself then.
    """
    gone = set(plan.leaving("primitives"))
    removed = {"primitives": [name for name in plan.live["primitives"] if name in gone]}
    for kind in _cib_tree.HOLDS:
        leaving = set(plan.leaving(kind))
        removed[kind] = [name for name in plan.live[kind] if _goes(plan, kind, name, leaving, gone)]
        gone |= set(removed[kind])
    for kind in (*_cib_tree.HOLDS, "primitives"):
        told = KINDS[kind].describe(plan.live, kind) if removed[kind] else {}
        for name in removed[kind]:
            old = plan.told(told.get(name, plan.live[kind][name]))
            plan.add(kind, name, "remove", True, {"old": old, "new": None})
            plan.note_lost_intent(name, plan.live[kind][name])
    return gone


def _goes(plan, kind, name, leaving, gone):
    if name in plan.want[kind]:
        return False
    held = _cib_tree.held(kind, plan.live[kind][name])
    left = [one for one in held if one not in gone and one not in plan.holders]
    if not left and kind != "bundles":
        return True
    if name not in leaving:
        return False
    # What others put into our clone was there before it was cloned.
    strangers = plan.strangers("primitives", left) if kind != "clones" else []
    if strangers:
        word = kind[:-1]
        plan.notes.append(
            f"the {word} {name} stays: {', '.join(strangers)} in it was made by others"
        )
    return not strangers


# The public part ---------------------------------------------------------------------------------


def compare(want: Data, live: Data, partial: bool = False) -> Data:
    """
    Compare what is wanted with what is there.

    want
        What :py:func:`_cib_describe.normalise` returned. A primitive may have ``defaults``, its
        agent's default operations; they are used where an operation is made or given back.

    partial
        Whether the description is of some objects only: nothing else is removed or told, and the
        record of what is ours stays as it is.

    Returns ``changes`` (by kind and id, old and new, secrets masked), ``edits`` (for
    :py:func:`_cib_kinds.edit`), ``unmanaged`` (objects of others by kind), ``intent`` and ``notes``
    (sentences) and ``problems`` (sentences; with any, the edits must not be made).
    """
    plan = Plan(want, live, partial)
    for name, kind in KINDS.items():
        kind.compare(plan, name)
        if name == _LAST_RESOURCE:
            plan.gone = _remove_resources(plan)
    if not partial:
        _ownership_changes(plan)
    names = ("changes", "edits", "unmanaged", "intent", "notes", "problems")
    return {name: getattr(plan, name) for name in names}


def describe(live: Data) -> Data:
    """Return a configuration as a description of it, the shape that is planned and applied."""
    plan = Plan({}, live, True)
    found = {}
    for name, kind in KINDS.items():
        found[name] = kind.describe(live, name)
        if name in _cib_tree.WORDS:
            found[name] = {key: plan.told(one) for key, one in found[name].items()}
        elif name in ("nodes", "alerts"):
            found[name] = {key: _masked(plan.shown, one) for key, one in found[name].items()}
    return found


def _masked(shown, one):
    """Secrets of alerts and nodes are told as little as those of resources."""
    found = {key: value for key, value in one.items() if key != "secrets"}
    for part in ("attributes", "options"):
        if part in found:
            found[part] = {
                name: shown(name, value, name in one.get("secrets", ()))
                for name, value in found[part].items()
            }
    if "recipients" in found:
        found["recipients"] = {n: _masked(shown, r) for n, r in found["recipients"].items()}
    return found
