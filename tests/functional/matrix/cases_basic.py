"""Cluster properties, defaults, primitives and groups."""

from tests.functional.matrix.case import DUMMY, Case

NO_ORDER = "a property has no order"

A, B, C = ({"agent": DUMMY} for _ in range(3))


def dummy(**more):
    return {"agent": DUMMY, **more}


CASES = {
    "properties": Case(
        base={"primitives": {"A": A}, "properties": {"batch-limit": 10}},
        steps={
            "create": {"properties": {"batch-limit": 10, "cluster-recheck-interval": "5min"}},
            "change": {"properties": {"batch-limit": 10, "cluster-recheck-interval": "7min"}},
            "unset": {"properties": {"batch-limit": 10, "cluster-recheck-interval": None}},
            "remove": {"properties": {}},
        },
        paths={
            "create": {("properties", "cluster-recheck-interval", None)},
            "change": {("properties", "cluster-recheck-interval", None)},
            "unset": {("properties", "cluster-recheck-interval", None)},
            "remove": {("properties", "batch-limit", None)},
        },
        without={"reorder": NO_ORDER},
    ),
    "group": Case(
        base={"primitives": {"A": A, "B": B, "C": C}},
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
        touched={"reorder": {"A", "B"}, "remove": {"A", "B"}},
    ),
}
