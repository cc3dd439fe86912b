"""
A plan in the making: what is wanted, what is there, and what all kinds of objects need to compare
the two.
"""

from __future__ import annotations

import _cib_tree
import _cib_values

INTENT_META = ("target-role", "is-managed", "maintenance")
_PASSIVE = {"target-role": ("started",), "is-managed": ("true",), "maintenance": ("false",)}
_KINDS = {"group": "groups", "clone": "clones", "master": "clones", "bundle": "bundles"}
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
        self.holders = _cib_tree.holders(want)
        # ids of the resources that will not be there any more
        self.gone = set()

    def add(self, kind, name, action, data, change):
        """One edit, and how it is told."""
        self.edits.append({"kind": kind, "id": name, action: data})
        if change:
            self.changes.setdefault(kind, {})[name] = change

    def new_id(self, wanted):
        """An id that nothing has yet, with pcs's ``-1``, ``-2`` ... when it is taken."""
        return _cib_values.free_id(wanted, self.taken)

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
        return any(name in self.ours(kind) for kind in _cib_tree.WORDS)

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
        if not names or self.partial or self.purge:
            return
        self.unmanaged[kind] = sorted(names)
        for name in sorted(names) if kind in _cib_tree.WORDS else ():
            meta = self.live[kind][name].get("meta") or {}
            self.notes += [
                f"{name}, which others made, has {key}={meta[key]}: left as it is"
                for key in INTENT_META
                if _is_intent(key, meta.get(key))
            ]

    # Values

    def text(self, value):
        return ("true" if value else "false") if isinstance(value, bool) else value

    def shown(self, name, value, secret=False):
        """A value as it may be shown; ``secret`` masks it whatever its name is."""
        return _cib_values.shown("password" if secret else name, self.text(value))

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
        for part in ("container", "network"):
            if part in told:
                told[part] = {name: self.shown(name, value) for name, value in told[part].items()}
        if "storage" in told:
            told["storage"] = [
                {name: self.shown(name, value) for name, value in entry.items()}
                for entry in told["storage"]
            ]
        if "operations" in told:
            told["operations"] = [
                {key: value for key, value in op.items() if key != "id"} for op in one["operations"]
            ]
        return told

    def differences(self, wanted, found, equal=None):
        """``{name: new value, or None to remove it}``"""
        equal = equal or _cib_values.same
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
            if _is_intent(key, value) and not _cib_values.same(wanted["meta"].get(key), value):
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

    # The tree of resources

    def may_hold(self, path: str, kind: str, name: str, member: str) -> bool:
        """
        Whether a group, clone or bundle can get what it is described to hold; else a problem is
        added. ``path`` is where the description says so.
        """
        allowed, words = _cib_tree.HOLDS[kind], _cib_tree.WORDS
        known = next((self.live[one][member] for one in allowed if member in self.live[one]), None)
        if not any(member in self.want[one] for one in allowed):
            if known is None or any(member in self.leaving(one) for one in allowed):
                which = " or ".join(words[one] for one in allowed)
                self.problems.append(f"{path}: there is no {which} {member}")
                return False
        tag, holder = (known or {}).get("inside") or ("", "")
        other = _KINDS.get(tag)
        if other in (None, "groups") or holder == name:
            return True
        if holder in self.want[other] or holder in self.leaving(other):
            return True
        self.problems.append(
            f"{path}: {member} is inside the {words[other]} {holder}, which is not described"
        )
        return False

    def around(self, name: str) -> str | None:
        """The clone or bundle that a resource will stand in, also by its group; None for none."""
        place = self.holders.get(name)
        if place is None:
            found = self.live["primitives"].get(name) or self.live["groups"].get(name) or {}
            tag, holder = found.get("inside") or ("", "")
            kind = _KINDS.get(tag)
            if kind is None or holder in self.gone or holder in self.want[kind]:
                return None
            place = kind, holder
        kind, holder = place
        return self.around(holder) if kind == "groups" else holder
