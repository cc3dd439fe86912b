"""The resource tree: primitives and fencing devices, groups, clones, bundles.

The members and the meta attributes of one group are in ``cases_basic``.
"""

from tests.functional.matrix.case import DUMMY, Case

STATEFUL = "ocf:pacemaker:Stateful"
NO_ORDER = {"reorder": "names and values have no order"}


def dummy(**more):
    return {"agent": DUMMY, **more}


def a(**more):
    """The primitive A, next to B of the base."""
    return {"primitives": {"A": dummy(**more), "B": dummy()}}


def paths(kind, name, change, unset, reorder=None):
    found = {
        "create": {(kind, name, None)},
        "change": {(kind, name, path) for path in change},
        "unset": {(kind, name, path) for path in unset},
        "remove": {(kind, name, None)},
    }
    return {**found, "reorder": {(kind, name, path) for path in reorder}} if reorder else found


B = {"primitives": {"B": dummy()}}
ABC = {"primitives": {name: dummy() for name in "ABC"}}
ABCD = {"primitives": {name: dummy() for name in "ABCD"}}
NO_DESCRIPTION = "pcs cannot set a description"

PRIMITIVES = {
    "attributes": Case(
        base=B,
        steps={
            "create": a(attributes={"fake": "x"}),
            "change": a(attributes={"fake": "y"}),
            "unset": a(),
            "remove": {},
        },
        paths=paths("primitives", "A", ["attributes:fake"], ["attributes:fake"]),
        touched={"change": {"A"}, "unset": {"A"}},
        without=NO_ORDER,
    ),
    "meta": Case(
        base=B,
        steps={
            "create": a(meta={"resource-stickiness": 5}),
            "change": a(meta={"resource-stickiness": 7}),
            "unset": a(),
            "remove": {},
        },
        paths=paths("primitives", "A", ["meta:resource-stickiness"], ["meta:resource-stickiness"]),
        without=NO_ORDER,
    ),
    "utilization": Case(
        base=B,
        steps={
            "create": a(utilization={"cpu": 1, "memory": 2}),
            "change": a(utilization={"cpu": 1, "memory": 3}),
            "unset": a(utilization={"cpu": 1}),
            "remove": {},
        },
        paths=paths("primitives", "A", ["utilization:memory"], ["utilization:memory"]),
        without=NO_ORDER,
    ),
    "operations": Case(
        base=B,
        steps={
            "create": a(operations={"monitor": {"interval": "20s", "timeout": "20s"}}),
            "change": a(operations={"monitor": {"interval": "20s", "timeout": "33s"}}),
            "unset": a(),
            "remove": {},
        },
        paths=paths(
            "primitives",
            "A",
            ["operations:monitor:20s:timeout"],
            ["operations:monitor:20s:interval", "operations:monitor:20s:timeout"],
        ),
        without={"reorder": "operations have no order"},
    ),
    "one operation more": Case(
        base=a(),
        steps={
            "create": a(operations={"monitor": [{"interval": "10s"}, {"interval": "60s"}]}),
            "change": a(
                operations={"monitor": [{"interval": "10s"}, {"interval": "60s", "timeout": "33s"}]}
            ),
            "unset": a(operations={"monitor": {"interval": "10s"}}),
            "remove": {},
        },
        paths={
            "create": {("primitives", "A", "operations:monitor:60s")},
            "change": {("primitives", "A", "operations:monitor:60s:timeout")},
            "unset": {("primitives", "A", "operations:monitor:60s")},
            "remove": set(),
        },
        without={"reorder": "operations have no order"},
    ),
    "description": Case(
        base=B,
        steps={
            "create": a(description="one"),
            "change": a(description="two"),
            "unset": a(),
            "remove": {},
        },
        paths=paths("primitives", "A", ["description"], ["description"]),
        without={"reorder": "there is one description"},
        pcs=dict.fromkeys(("create", "change", "unset"), NO_DESCRIPTION),
    ),
}


def ipmi(**attributes):
    return {"agent": "stonith:fence_ipmilan", "attributes": attributes}


# Nothing starts where fencing is on and there is no device.
OTHER = {"other": ipmi(ip="10.0.0.2", pcmk_host_list="n2"), "B": dummy()}


def fencing(**attributes):
    return {"primitives": {"off": ipmi(ip="10.0.0.1", **attributes), **OTHER}}


FENCING = Case(
    base={"primitives": OTHER, "properties": {"stonith-enabled": True}},
    steps={
        "create": fencing(password="old"),
        "change": fencing(password="new", pcmk_host_list="n1"),
        "unset": fencing(password="new"),
        "remove": {},
    },
    paths=paths(
        "primitives",
        "off",
        ["attributes:password", "attributes:pcmk_host_list"],
        ["attributes:pcmk_host_list"],
    ),
    touched={"change": {"off"}, "unset": {"off"}},
    without=NO_ORDER,
)

GROUPS = {
    "members": Case(
        base=ABCD,
        steps={
            "create": {"groups": {"g": ["A", "B", "C"], "h": ["D"]}},
            "change": {"groups": {"g": ["A", "B"], "h": ["D", "C"]}},
            "unset": {"groups": {"g": ["A"], "h": ["D", "C"]}},
            "reorder": {"groups": {"g": ["A"], "h": ["C", "D"]}},
            "remove": {"groups": {"h": ["C", "D"]}},
        },
        paths={
            "create": {("groups", "g", None), ("groups", "h", None)},
            "change": {("groups", "g", "members"), ("groups", "h", "members")},
            "unset": {("groups", "g", "members")},
            "reorder": {("groups", "h", "members")},
            "remove": {("groups", "g", None)},
        },
        touched={"change": {"C"}, "unset": {"B"}, "reorder": {"C", "D"}, "remove": {"A"}},
    ),
}


def clone(resource="A", **more):
    return {"clones": {"A-clone": {"resource": resource, **more}}}


CLONES = {
    "clone": Case(
        base=ABC,
        steps={
            "create": clone(meta={"clone-max": 2, "interleave": True}),
            "change": clone(meta={"clone-max": 2, "interleave": False}),
            "unset": clone(meta={"clone-max": 2}),
            "remove": {},
        },
        paths=paths("clones", "A-clone", ["meta:interleave"], ["meta:interleave"]),
        without=NO_ORDER,
    ),
    "clone of a group": Case(
        base={**ABC, "groups": {"g": ["A", "B"]}},
        steps={
            "create": clone("g", meta={"clone-max": 2, "interleave": True}),
            "change": clone("g", meta={"clone-max": 1, "interleave": True}),
            "unset": clone("g", meta={"clone-max": 1}),
            "reorder": {**clone("g", meta={"clone-max": 1}), "groups": {"g": ["B", "A"]}},
            "remove": {},
        },
        paths={
            **paths("clones", "A-clone", ["meta:clone-max"], ["meta:interleave"]),
            "reorder": {("groups", "g", "members")},
            "remove": {("clones", "A-clone", None), ("groups", "g", "members")},
        },
        touched={
            "create": {"A", "B"},
            "change": {"A", "B"},
            "reorder": {"A", "B"},
            "remove": {"A", "B"},
        },
    ),
    "promotable clone": Case(
        base={"primitives": {"A": {"agent": STATEFUL}, "B": dummy()}},
        steps={
            "create": clone(promotable=True, meta={"promoted-max": 1, "notify": True}),
            "change": clone(promotable=True, meta={"promoted-max": 1, "notify": False}),
            "unset": clone(meta={"promoted-max": 1, "notify": False}),
            "remove": {},
        },
        paths=paths("clones", "A-clone", ["meta:notify"], ["meta:promotable"]),
        touched={"change": set(), "unset": {"A"}},
        without=NO_ORDER,
    ),
}


def bundle(replicas=2, options="ro", ports=(80, 81), more=()):
    return {
        "bundles": {
            "web": {
                "type": "docker",
                "container": {"image": "web:1", "replicas": replicas},
                "network": {"ip-range-start": "10.0.0.5", "host-interface": "eth0"},
                "ports": [{"port": port} for port in ports],
                "storage": [
                    {
                        "source-dir": "/a",
                        "target-dir": "/b",
                        **({"options": options} if options else {}),
                    },
                    *more,
                ],
                "meta": {"priority": 5},
            }
        }
    }


CASES = {
    **PRIMITIVES,
    "fencing device": FENCING,
    **GROUPS,
    **CLONES,
    "bundle": Case(
        base=B,
        steps={
            "create": bundle(),
            "change": bundle(replicas=1),
            "unset": bundle(replicas=1, options=None),
            "remove": {},
        },
        paths=paths("bundles", "web", ["container:replicas"], ["storage:/b:options"]),
        touched=dict.fromkeys(
            ("create", "change", "unset", "remove"),
            {
                f"web-{one}"
                for one in ("0", "1", "docker-0", "docker-1", "ip-10.0.0.5", "ip-10.0.0.6")
            },
        ),
        without={"reorder": "ports and storage have no order"},
    ),
}
