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
its module (``cib_kinds``), which gets the plan in the making.
"""

from __future__ import annotations

INTENT_META = ("target-role", "is-managed", "maintenance")
_PASSIVE = {"target-role": ("started",), "is-managed": ("true",), "maintenance": ("false",)}
# How a read object says where it is, which is not told as a part of it.
_PLACE = ("inside", "resources", "secrets")


def _is_intent(key, value):
    """Whether a meta attribute's value is an operator's doing."""
    return value is not None and str(value).lower() not in _PASSIVE[key]


class Plan:
    """A plan in the making, and what all kinds of objects need to compare."""

    def __init__(self, want, live, partial):
        self.want, self.live, self.partial = want, live, partial
        self.purge = want.get("unmanaged") == "purge" and not partial
        self.changes, self.edits = {}, []
        self.unmanaged, self.intent, self.notes, self.problems = {}, [], [], []
        self.taken = set(live["ids"])
        self.owned = {kind: set(names.split()) for kind, names in live["ownership"].items()}
        self.record = {}
        # where each resource is described to stand
        self.holders = __salt__["cib_tree.holders"](want)
        # ids of the resources that will not be there any more
        self.gone = set()

    def add(self, kind, name, action, data, change):
        """One edit, and how it is told."""
        self.edits.append({"kind": kind, "id": name, action: data})
        if change:
            self.changes.setdefault(kind, {})[name] = change

    def new_id(self, wanted):
        """An id that nothing has yet, with pcs's ``-1``, ``-2`` ... when it is taken."""
        unique, count = wanted, 0
        while unique in self.taken:
            count += 1
            unique = f"{wanted}-{count}"
        self.taken.add(unique)
        return unique

    def claim(self, path, name):
        """Whether a new object may have this id; it is taken then."""
        if name in self.taken:
            self.problems.append(
                f"{path}: the id {name} is already used in the cluster by something else"
            )
            return False
        self.taken.add(name)
        return True

    # Whose it is

    def ours(self, kind):
        """What is described, and what the record in the cluster says we made."""
        return set(self.want[kind]) | self.owned.get(kind, set())

    def strangers(self, kind, names):
        """Those of the names that others made."""
        ours = self.ours(kind)
        return [] if self.purge else [name for name in names if name not in ours]

    def is_our_resource(self, name):
        return any(name in self.ours(kind) for kind in __salt__["cib_kinds.resources"]())

    def will_be(self, name):
        """Whether something that a constraint may name has this id at the end."""
        return name in self.taken and name not in self.gone and name not in self.live["constraints"]

    def leaving(self, kind, keep=()):
        """What is to go: ours that is no longer described; with ``purge`` also that of others."""
        if self.partial:
            return []
        names = set(self.live[kind]) if self.purge else self.owned.get(kind, set())
        names = names - set(self.want[kind]) - set(keep)
        return [name for name in self.live[kind] if name in names]

    def note_others(self, kind, keep=()):
        """Tell of what others made and is left alone."""
        names = set(self.live[kind]) - self.ours(kind) - set(keep)
        if names and not self.partial and not self.purge:
            self.unmanaged[kind] = sorted(names)

    # Values

    def same(self, one, other):
        # most values are the same to the letter, and a call through __salt__ is not free
        return one == other or __salt__["cib_meaning.same"](one, other)

    def text(self, value):
        return ("true" if value else "false") if isinstance(value, bool) else value

    def shown(self, name, value, secret=False):
        """A value as it may be shown; ``secret`` masks it whatever its name is."""
        return __salt__["cib_meaning.shown"]("password" if secret else name, self.text(value))

    def present(self, values):
        return {name: self.text(value) for name, value in values.items() if value is not None}

    def told(self, one):
        """A new or removed object as it is shown."""
        told = {key: value for key, value in one.items() if value and key not in _PLACE}
        if "attributes" in told:
            told["attributes"] = {
                name: self.shown(name, value, name in one.get("secrets", ()))
                for name, value in one["attributes"].items()
            }
        if "operations" in told:
            told["operations"] = [
                {key: value for key, value in op.items() if key != "id"} for op in one["operations"]
            ]
        return told

    def differences(self, wanted, found, equal=None):
        """``{name: new value, or None to remove it}``"""
        equal = equal or self.same
        edited = {
            name: self.text(value)
            for name, value in wanted.items()
            if not equal(value, found.get(name)) and not (value is None and name not in found)
        }
        edited.update({name: None for name in found if name not in wanted})
        return edited

    def without_intent(self, name, wanted, found, edited):
        """Changes of meta attributes without those that are an operator's to make."""
        for key in INTENT_META:
            value = found["meta"].get(key)
            if _is_intent(key, value) and not self.same(wanted["meta"].get(key), value):
                self.intent.append(f"{name} has {key}={value}: left as it is")
            elif key in edited and wanted["meta"].get(key) is not None:
                state = f"{key}={value}" if value is not None else f"no {key}"
                described = wanted["meta"][key]
                self.intent.append(
                    f"{name} has {state}, the description {key}={described}: left as it is"
                )
        return {key: value for key, value in edited.items() if key not in INTENT_META}

    def note_lost_intent(self, name, found):
        """An operator's meta attributes of what is to be removed: that is no moment to do it."""
        meta = found.get("meta") or {}
        self.intent += [
            f"{name} has {key}={meta[key]}, and is to be removed"
            for key in INTENT_META
            if _is_intent(key, meta.get(key))
        ]

    def compare_meta(self, name, wanted, found, edit, change):
        """Put into ``edit`` and ``change`` what differs in meta attributes and description."""
        edited = self.differences(wanted["meta"], found["meta"])
        edited = self.without_intent(name, wanted, found, edited)
        if edited:
            edit["meta"] = edited
        for key, value in edited.items():
            change[f"meta:{key}"] = {"old": found["meta"].get(key), "new": value}
        self.compare_fields(("description",), wanted, found, edit, change)

    def compare_values(self, part, wanted, found, edit, change):
        """Put into ``edit`` and ``change`` what differs in plain names and values."""
        edited = self.differences(wanted[part], found[part])
        if edited:
            edit[part] = edited
        for key, value in edited.items():
            change[f"{part}:{key}"] = {"old": found[part].get(key), "new": value}

    def compare_fields(self, fields, wanted, found, edit, change):
        for key in fields:
            if wanted.get(key) != found.get(key):
                edit[key] = wanted.get(key)
                change[key] = {"old": found.get(key), "new": wanted.get(key)}


def _ownership_changes(plan):
    plan.record["secrets"] = __salt__["cib_secrets.marks"](plan.want)
    kinds = [*plan.record, *(kind for kind in plan.owned if kind not in plan.record)]
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


# The public part ---------------------------------------------------------------------------------


def compare(want, live, partial=False):
    """
    Compare what is wanted with what is there.

    want
        What :py:func:`cib_describe.normalise` returned. A primitive may have ``defaults``, its
        agent's default operations; they are used where an operation is made or given back.

    live
        What :py:func:`cib_xml.read` returned.

    partial
        Whether the description is of some objects only: nothing else is removed or told, and the
        record of what is ours stays as it is.

    Returns ``changes`` (by kind and id, old and new, secrets masked), ``edits`` (for
    :py:func:`cib_xml.edit`), ``unmanaged`` (objects of others by kind), ``intent`` and ``notes``
    (sentences) and ``problems`` (sentences; with any, the edits must not be made).

    CLI Example:

    .. code-block:: bash

        salt '*' cib_plan.compare '{...}' '{...}'
    """
    plan = Plan(want, live, partial)
    kinds = __salt__["cib_kinds.modules"]()
    resources = __salt__["cib_kinds.resources"]()
    for kind, module in kinds.items():
        __salt__[f"{module}.compare"](plan, kind)
        if kind == resources[-1]:
            plan.gone = __salt__["cib_removals.compare"](plan)
    if not partial:
        _ownership_changes(plan)
    names = ("changes", "edits", "unmanaged", "intent", "notes", "problems")
    return {name: getattr(plan, name) for name in names}


def describe(live):
    """
    Return a configuration as a description of it, the shape that is planned and applied.

    live
        What :py:func:`cib_xml.read` returned.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_plan.describe '{...}'
    """
    plan = Plan({}, live, True)
    found = {}
    for kind, module in __salt__["cib_kinds.modules"]().items():
        found[kind] = __salt__[f"{module}.describe"](live, kind)
        if kind in __salt__["cib_kinds.resources"]():
            found[kind] = {name: plan.told(one) for name, one in found[kind].items()}
        elif kind in ("nodes", "alerts"):
            found[kind] = {name: _masked(plan.shown, one) for name, one in found[kind].items()}
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
