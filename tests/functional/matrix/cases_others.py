"""Fencing levels, nodes' attributes and utilization, alerts, tags and access control."""

from tests.functional.matrix.case import DUMMY, Case

DEVICE = {"agent": "stonith:fence_ipmilan", "attributes": {"ip": "192.0.2.1"}}
DEVICES = {
    "properties": {"stonith-enabled": True},
    "primitives": dict.fromkeys(("f1", "f2", "f3"), DEVICE),
}
RESOURCES = {"primitives": {name: {"agent": DUMMY} for name in ("A", "B", "C")}}
ONE_VALUE = "an attribute is one value"


def fence_level(target, new_id):
    """A level, its devices one more, one less and the other way round."""

    def levels(*devices):
        return {"fence_levels": [{**target, "level": 1, "devices": list(devices)}]}

    return Case(
        base=DEVICES,
        steps={
            "create": levels("f1", "f2"),
            "change": levels("f1", "f2", "f3"),
            "unset": levels("f1", "f2"),
            "reorder": levels("f2", "f1"),
            "remove": {},
        },
        paths={
            "create": {("fence_levels", new_id, None)},
            "change": {("fence_levels", new_id, "devices")},
            "unset": {("fence_levels", new_id, "devices")},
            "reorder": {("fence_levels", new_id, "devices")},
            "remove": {("fence_levels", new_id, None)},
        },
    )


def node_values(part, first, second):
    """Two values of a node; one of them changes, the other goes."""

    def node(**values):
        return {"nodes": {"n1": {part: values}}}

    return Case(
        base=RESOURCES,
        steps={
            "create": node(one=first, two=first),
            "change": node(one=second, two=first),
            "unset": node(one=second),
            "remove": {},
        },
        paths={
            "create": {("nodes", "n1", f"{part}:one"), ("nodes", "n1", f"{part}:two")},
            "change": {("nodes", "n1", f"{part}:one")},
            "unset": {("nodes", "n1", f"{part}:two")},
            "remove": {("nodes", "n1", f"{part}:one")},
        },
        without={"reorder": ONE_VALUE},
    )


def alert(**more):
    return {"alerts": {"a": {"path": "/usr/bin/true", **more}}}


def recipients(**given):
    return alert(recipients=given)


def recipient(value, **more):
    return {"value": value, **more}


def role(*permissions, **more):
    found = [dict(zip(("access", "xpath"), one.split())) for one in permissions]
    return {"acls": {"roles": {"r": {"permissions": found, **more}}}}


ROLES = {
    "roles": {
        name: {"permissions": [{"access": "read", "xpath": "/cib"}]} for name in ("r1", "r2", "r3")
    }
}


def roles_of(part, name, text):
    """A user or group with roles."""

    def given(*roles):
        return {"acls": {**ROLES, part: {name: list(roles)}}}

    return Case(
        base={**RESOURCES, "acls": ROLES},
        steps={
            "create": given("r1", "r2"),
            "change": given("r1", "r2", "r3"),
            "unset": given("r1", "r2"),
            "reorder": given("r2", "r1"),
            "remove": {},
        },
        paths={
            "create": {("acls", text, None)},
            "change": {("acls", text, "roles")},
            "unset": {("acls", text, "roles")},
            "reorder": {("acls", text, "roles")},
            "remove": {("acls", text, None)},
        },
    )


CASES = {
    "fence level of a node": fence_level({"target": "n1"}, "fl-n1-1"),
    "fence level of a pattern": fence_level({"target-pattern": "n.*"}, "fl-n.-1"),
    "fence level of an attribute": fence_level(
        {"target-attribute": "rack", "target-value": "a"}, "fl-rack-1"
    ),
    "node attribute": node_values("attributes", "a", "b"),
    "node utilization": node_values("utilization", 10, 20),
    "alert": Case(
        base=RESOURCES,
        steps={
            "create": alert(options={"one": "x", "two": "y"}, meta={"timeout": "10s"}),
            "change": alert(options={"one": "z", "two": "y"}, meta={"timeout": "10s"}),
            "unset": alert(options={"one": "z"}, meta={"timeout": "10s"}),
            "remove": {},
        },
        paths={
            "create": {("alerts", "a", None)},
            "change": {("alerts", "a", "options:one")},
            "unset": {("alerts", "a", "options:two")},
            "remove": {("alerts", "a", None)},
        },
        without={"reorder": "an alert's options have no order"},
    ),
    "alert in words": Case(
        base=RESOURCES,
        steps={
            "create": alert(description="first", meta={"timestamp-format": "%H"}),
            "change": alert(description="second", meta={"timestamp-format": "%H"}),
            "unset": alert(description="second"),
            "remove": {},
        },
        paths={
            "create": {("alerts", "a", None)},
            "change": {("alerts", "a", "description")},
            "unset": {("alerts", "a", "meta:timestamp-format")},
            "remove": {("alerts", "a", None)},
        },
        without={"reorder": "an alert's options have no order"},
    ),
    "recipient": Case(
        base={**RESOURCES, **alert()},
        steps={
            "create": recipients(r=recipient("one", options={"o": "1"}), s=recipient("two")),
            "change": recipients(r=recipient("three", options={"o": "1"}), s=recipient("two")),
            "unset": recipients(r=recipient("three"), s=recipient("two")),
            "remove": {},
        },
        paths={
            "create": {("alerts", "a", "recipients:r"), ("alerts", "a", "recipients:s")},
            "change": {("alerts", "a", "recipients:r:value")},
            "unset": {("alerts", "a", "recipients:r:options:o")},
            "remove": {("alerts", "a", "recipients:r"), ("alerts", "a", "recipients:s")},
        },
        without={"reorder": "recipients have no order"},
    ),
    "tag": Case(
        base=RESOURCES,
        steps={
            "create": {"tags": {"t": ["A", "B"]}},
            "change": {"tags": {"t": ["A", "B", "C"]}},
            "unset": {"tags": {"t": ["A", "B"]}},
            "reorder": {"tags": {"t": ["B", "A"]}},
            "remove": {},
        },
        paths={
            "create": {("tags", "t", None)},
            "change": {("tags", "t", "members")},
            "unset": {("tags", "t", "members")},
            "reorder": {("tags", "t", "members")},
            "remove": {("tags", "t", None)},
        },
    ),
    "ACL role": Case(
        base=RESOURCES,
        steps={
            "create": role("read //nodes", "write //tags"),
            "change": role("read //nodes", "write //tags", "deny //alerts"),
            "unset": role("read //nodes", "write //tags"),
            "reorder": role("write //tags", "read //nodes"),
            "remove": {},
        },
        paths={
            "create": {("acls", "roles:r", None)},
            "change": {("acls", "roles:r", "permissions")},
            "unset": {("acls", "roles:r", "permissions")},
            "reorder": {("acls", "roles:r", "permissions")},
            "remove": {("acls", "roles:r", None)},
        },
    ),
    "ACL user": roles_of("users", "anna", "users:anna"),
    "ACL group": roles_of("groups", "staff", "groups:staff"),
}
