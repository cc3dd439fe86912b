"""What a case of the matrix says: one kind of object, through five changes.

.. code-block:: python

    CASES = {
        "group": Case(
            base={"primitives": {"A": {"agent": DUMMY}, "B": {"agent": DUMMY}}},
            steps={
                "create": {"groups": {"g": ["A", "B"]}},
                "change": {"groups": {"g": {"members": ["A", "B"], "meta": {"priority": 1}}}},
                "unset": {"groups": {"g": ["A", "B"]}},
                "reorder": {"groups": {"g": ["B", "A"]}},
                "remove": {},
            },
            paths={
                "create": {("groups", "g", None)},
                "change": {("groups", "g", "meta:priority")},
                "unset": {("groups", "g", "meta:priority")},
                "reorder": {("groups", "g", "members")},
                "remove": {("groups", "g", None)},
            },
            touched={"create": {"A", "B"}, "reorder": {"A", "B"}, "remove": {"A", "B"}},
        )
    }

A step's description is ``base`` with what the step says, kind by kind (a kind of the step takes the
place of the base's). The cluster has the nodes n1 and n2, both online, and what others set in it:
``stonith-enabled=false`` and the default ``resource-stickiness=1000``. A case about fencing says
``stonith-enabled: true`` in its base.
"""

from __future__ import annotations

import dataclasses

from tests.support.cluster_tools import VERSIONS

STEPS = ("create", "change", "unset", "reorder", "remove")
DUMMY = "ocf:pacemaker:Dummy"


@dataclasses.dataclass(frozen=True)
class Case:
    """One kind of object, and what is expected of each change of it."""

    # step name -> what is described then, besides ``base``
    steps: dict
    # step name -> exactly what the plan shows besides the record of what is ours:
    # (kind, id, path), the path None for a whole object (or a property, which is one value)
    paths: dict
    # what is around it
    base: dict = dataclasses.field(default_factory=dict)
    # step name -> resources (instances of a clone without their number) that the scheduler may
    # stop, start, promote, demote or move for it; if a step is not named: a primitive, group,
    # clone or bundle that comes or goes and what is in it, nothing else
    touched: dict = dataclasses.field(default_factory=dict)
    # step name -> why there is none such
    without: dict = dataclasses.field(default_factory=dict)
    # the first version of pcs whose Pacemaker has it
    since: str = VERSIONS[0]
    # step name -> why pcs has no command for it; or {version: why}
    pcs: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        given = [*self.steps, *self.without]
        assert sorted(given) == sorted(STEPS), f"steps {given}"
        assert set(self.paths) == set(self.steps), f"paths of {sorted(self.paths)}"
        for named in (self.touched, self.pcs):
            assert set(named) <= set(self.steps), f"{sorted(named)}: no such steps"

    def versions(self):
        return VERSIONS[VERSIONS.index(self.since) :]

    def described(self, step):
        return {**self.base, **self.steps[step]}

    def may_touch(self, step, changes):
        """The resources that the scheduler may stop or start; ``changes`` are the plan's."""
        if step in self.touched:
            return self.touched[step]
        found = set()
        for kind in ("primitives", "groups", "clones", "bundles"):
            for name, change in changes.get(kind, {}).items():
                if set(change) == {"old", "new"}:
                    whole = change["new"] or change["old"]
                    found |= {name, whole.get("resource"), *whole.get("members", ())}
        return found

    def unsayable(self, step, version):
        """Why that pcs has no command for the step; None if it has."""
        reason = self.pcs.get(step)
        return reason.get(version) if isinstance(reason, dict) else reason
