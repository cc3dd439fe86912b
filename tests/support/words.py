"""Words of pcs that the drop-in states are given, and which pcs takes them.

``CASES``: name -> list of objects, made one after the other. An object is
``(what, id, type, words)``, with ``what`` one of resource, stonith, constraint, property, default
and op_default. Real pcs gets the very words; where a version spells it otherwise, ``THEIRS`` says
how.
"""

DUMMY = "ocf:pacemaker:Dummy"
STATEFUL = "ocf:pacemaker:Stateful"


def resource(name, *words, agent=DUMMY):
    return ("resource", name, agent, list(words))


def constraint(kind, name, *words):
    return ("constraint", name, kind, list(words))


ABCD = [resource(name) for name in "ABCD"]

CASES = {
    "attributes": [resource("A", "fake=x", "op_sleep=1")],
    "no default operations": [
        resource("A", "fake=x", "--no-default-ops", "op", "start", "timeout=9")
    ],
    "meta": [resource("A", "fake=x", "meta", "failure-timeout=60s", "migration-threshold=3")],
    "op": [resource("A", "op", "monitor", "interval=20s")],
    "op without interval": [resource("A", "op", "monitor", "timeout=33s", "start", "timeout=44")],
    "ops": [
        resource(
            "A", "fake=x",
            "op", "monitor", "interval=10s", "timeout=20s", "monitor", "interval=60s",
            "OCF_CHECK_LEVEL=10",
            "op", "start", "timeout=90s", "on-fail=restart",
            "meta", "resource-stickiness=5",
        )
    ],
    "role": [
        resource(
            "A", "op", "monitor", "interval=10s", "role=Master", "monitor", "interval=11s",
            "role=Slave", agent=STATEFUL,
        )
    ],
    "disabled": [resource("A", "fake=x", "--disabled")],
    "group": [resource("A", "--group", "g"), resource("B", "--group=g")],
    "before": [
        resource("A", "--group", "g"),
        resource("B", "--group", "g", "--before", "A"),
        resource("C", "fake=x", "--group", "g", "--after", "B", "meta", "priority=1"),
    ],
    "clone": [resource("A", "fake=x", "clone")],
    "clone options": [resource("A", "clone", "clone-max=2", "interleave=true")],
    "clone with an id": [resource("A", "clone", "many", "clone-max=2")],
    "clone and meta of the resource": [resource("A", "clone", "meta", "priority=7")],
    "promotable": [resource("A", "promotable", "promoted-max=1", agent=STATEFUL)],
    "clone that is promotable": [resource("A", "clone", "promotable=true", agent=STATEFUL)],
    "short name": [resource("A", "ip=10.0.0.1", agent="IPaddr2")],
    "fencing": [
        ("stonith", "f", "fence_ipmilan", ["ip=10.0.0.1", "username=root", "password=pw1",
                                           "pcmk_host_list=n1", "op", "monitor", "interval=77s"])
    ],
    "order": [*ABCD, constraint("order", "o", "A", "then", "B")],
    "order with actions": [
        *ABCD,
        constraint("order", "o", "stop", "A", "then", "start", "B", "kind=Optional",
                   "symmetrical=false"),
    ],
    "order old spelling": [*ABCD, constraint("order", "o", "A", "then", "B", "nonsymmetrical")],
    "order set": [
        *ABCD,
        constraint("order", "o", "set", "A", "B", "sequential=false", "set", "C", "D",
                   "action=start", "require-all=false", "setoptions", "kind=Optional"),
    ],
    "colocation": [*ABCD, constraint("colocation", "c", "add", "A", "with", "B", "50")],
    "colocation without a score": [*ABCD, constraint("colocation", "c", "add", "A", "with", "B")],
    "colocation apart": [
        *ABCD, constraint("colocation", "c", "add", "A", "with", "B", "-INFINITY")
    ],
    "colocation role": [
        resource("M", "promotable", agent=STATEFUL),
        resource("V"),
        constraint("colocation", "c", "add", "V", "with", "master", "M-clone", "INFINITY"),
    ],
    "colocation set": [
        *ABCD,
        constraint("colocation", "c", "set", "A", "B", "sequential=false", "set", "C",
                   "setoptions", "score=200"),
    ],
    "location": [*ABCD, constraint("location", "l", "A", "prefers", "n1=50")],
    "location avoids": [*ABCD, constraint("location", "l", "A", "avoids", "n1")],
    "location add": [*ABCD, constraint("location", "l", "add", "l", "A", "n1", "25")],
    "location discovery": [
        *ABCD, constraint("location", "l", "add", "l", "A", "n1", "-INFINITY",
                          "resource-discovery=never"),
    ],
    "location pattern": [*ABCD, constraint("location", "l", "regexp%^A", "prefers", "n1=5")],
    "location rule": [
        *ABCD, constraint("location", "l", "A", "rule", "score=5", "#uname", "eq", "n1")
    ],
    "location rule with and": [
        *ABCD,
        constraint("location", "l", "A", "rule", "constraint-id=l", "score=-INFINITY",
                   "not_defined", "pingd", "or", "pingd", "lt", "number", "1"),
    ],
    "ticket": [*ABCD, constraint("ticket", "t", "add", "T", "A", "loss-policy=freeze")],
    "ticket set": [
        *ABCD,
        constraint("ticket", "t", "set", "A", "B", "setoptions", "ticket=T", "loss-policy=stop"),
    ],
    "properties": [
        ("property", "no-quorum-policy", "ignore", None),
        ("property", "stonith-timeout", "120s", None),
    ],
    "defaults": [
        ("default", "resource-stickiness", 100, None),
        ("op_default", "timeout", "60s", None),
    ],
}  # fmt: skip

# How a version spells a word that others spell as above.
_PROMOTED = {
    "master": "Promoted",
    "role=Master": "role=Promoted",
    "role=Slave": "role=Unpromoted",
}
SPELLED = {"0.10": {}, "0.11": {}, "0.12": _PROMOTED}


def pcs_command(version, what, name, kind, words):
    """The command line (without ``pcs``) that a version of pcs takes for an object."""
    words = [SPELLED[version].get(word, word) for word in words or []]
    if what == "property":
        return ["property", "set", f"{name}={kind}"]
    if what in ("default", "op_default"):
        op = ["op"] if what == "op_default" else []
        return ["resource", *op, "defaults", "update", f"{name}={kind}"]
    if what != "constraint":
        return [what, "create", name, kind, *words]
    if kind == "location":
        return ["constraint", kind, *words]
    more = ["setoptions"] if words[0] == "set" and "setoptions" not in words else []
    return ["constraint", kind, *words, *more, f"id={name}"]


def state(what, name, kind, words):
    """The name of the state function for an object, and its arguments."""
    if what == "property":
        return "prop_has_value", {"prop": name, "value": kind}
    if what == "default":
        return "resource_defaults_to", {"default": name, "value": kind}
    if what == "op_default":
        return "resource_op_defaults_to", {"op_default": name, "value": kind}
    if what == "constraint":
        named = ("constraint_id", "constraint_type", "constraint_options")
        return "constraint_present", dict(zip(named, (name, kind, words)))
    prefix = {"resource": "resource", "stonith": "stonith_device"}[what]
    identified = f"{what}_id"
    return f"{what}_present", {
        identified: name,
        f"{prefix}_type": kind,
        f"{prefix}_options": words,
    }
