"""Random descriptions of a cluster that real pcs and real agents accept, of every kind of object.

``descriptions()`` is a hypothesis strategy. The nodes are n1 and n2. Attributes with a secret's
name have ``SECRET`` as value, which no output may hold.
"""

from hypothesis import strategies as st

SECRET = "s3cr3t-of-them"
DUMMY, STATEFUL = "ocf:pacemaker:Dummy", "ocf:pacemaker:Stateful"
FENCE = "stonith:fence_ipmilan"
NODES = ("n1", "n2")
SCORES = ["INFINITY", "-INFINITY", 7]

times = st.sampled_from(["5s", "11", "1min", "45s"])
words = st.sampled_from(["a", "x y", "größer", "yes", "12", "k=v", "it's"])


def some(strategy_of):
    """Some of these names with their values."""
    return st.fixed_dictionaries({}, optional=strategy_of)


def chosen(names, least=0):
    return st.lists(st.sampled_from(names), unique=True, min_size=least) if names else st.just([])


meta = some(
    {
        "priority": st.integers(0, 9),
        "failure-timeout": times,
        "migration-threshold": st.integers(1, 9),
        "resource-stickiness": st.integers(0, 99),
    }
)
utilization = some({"cpu": st.integers(0, 9), "memory": st.integers(0, 9)})
operation = some(
    {"timeout": times, "on-fail": st.sampled_from(["block", "restart"]), "enabled": st.booleans()}
)


@st.composite
def operations(draw):
    found = draw(some({"start": operation, "stop": operation}))
    if draw(st.booleans()):
        found["monitor"] = {"interval": draw(times), **draw(operation)}
        if draw(st.booleans()):
            found["monitor"] = [found["monitor"], {"interval": "99s", "OCF_CHECK_LEVEL": 10}]
    return found


@st.composite
def primitives(draw):
    found = {}
    for name in draw(chosen("ABCDEF", least=2)):
        agent = draw(st.sampled_from([DUMMY, STATEFUL]))
        attributes = {"fake": words} if agent == DUMMY else {}
        if agent == DUMMY and name == "A":
            # some versions want it to be another one for each resource
            attributes["passwd"] = st.just(SECRET)
        found[name] = {
            "agent": agent,
            "attributes": draw(some(attributes)),
            "meta": draw(meta),
            "utilization": draw(utilization),
            "operations": draw(operations()),
        }
    for name in draw(chosen(("f1", "f2"))):
        attributes = {"ip": "192.0.2.1", "password": SECRET, "pcmk_host_list": "n1 n2"}
        found[name] = {"agent": FENCE, "attributes": attributes}
    return found


@st.composite
def holders(draw, free):
    """Groups and clones; and what a constraint may name."""
    free = list(free)
    groups, clones = {}, {}
    if free and draw(st.booleans()):
        members = draw(chosen(free, least=1))
        groups["g"] = {"members": members, "meta": draw(meta)}
        free = [*(name for name in free if name not in members), "g"]
    if free and draw(st.booleans()):
        inner = draw(st.sampled_from(free))
        options = {"interleave": st.booleans(), "clone-max": st.integers(1, 3)}
        clones["c"] = {"resource": inner, "meta": draw(some(options))}
        free = [*(name for name in free if name != inner), "c"]
    return groups, clones, free


@st.composite
def constraints(draw, free):
    couples = [(a, b) for a in free for b in free if a < b]
    found = {"order": [], "colocation": [], "location": []}
    if couples:
        pairs = st.lists(st.sampled_from(couples), unique=True, max_size=2)
        for first, then in draw(pairs):
            kind = draw(st.sampled_from(["Mandatory", "Optional", "Serialize"]))
            found["order"].append({"first": first, "then": then, "kind": kind})
        for one, other in draw(pairs):
            score = draw(st.sampled_from(SCORES))
            found["colocation"].append({"resource": one, "with": other, "score": score})
    for name in draw(chosen(free)):
        node, score = draw(st.sampled_from(NODES)), draw(st.sampled_from(SCORES))
        found["location"].append({"resource": name, "node": node, "score": score})
    return {kind: several for kind, several in found.items() if several}


@st.composite
def fence_levels(draw, devices):
    targets = [
        {"target": "n1"},
        {"target-pattern": "n[0-9]"},
        {"target-attribute": "rack", "target-value": "a"},
    ]
    found = []
    for target in draw(st.lists(st.sampled_from(targets), unique_by=str)) if devices else ():
        level = draw(st.integers(1, 9))
        found.append({**target, "level": level, "devices": draw(chosen(devices, least=1))})
    return found


# crm_attribute, as pcs runs it, takes ASCII only
plain = st.sampled_from(["a", "x y", "yes", "12"])
attributes = some({"rack": plain, "site": plain})
nodes = some(
    {
        node: st.fixed_dictionaries({"attributes": attributes, "utilization": utilization})
        for node in NODES
    }
)
alert_values = {
    "description": st.sampled_from(["who", "größer"]),
    "options": some({"one": words, "password": st.just(SECRET)}),
    "meta": some({"timeout": times, "timestamp-format": st.just("%H:%M")}),
}


@st.composite
def alerts(draw):
    found = {}
    for name in draw(chosen(("a1", "a2"))):
        path = draw(st.sampled_from(["/bin/true", "/x y"]))
        found[name] = {"path": path, **draw(some(alert_values)), "recipients": {}}
        for number in draw(chosen("12")):
            one = {"value": f"to-{number}", **draw(some(alert_values))}
            found[name]["recipients"][f"{name}-r{number}"] = one
    return found


@st.composite
def acls(draw):
    permission = st.fixed_dictionaries(
        {
            "access": st.sampled_from(["read", "write", "deny"]),
            "xpath": st.sampled_from(["/cib", "//nodes", "//primitive[@id='A']"]),
        }
    )
    roles = {}
    for name in draw(chosen(("reader", "writer"))):
        roles[name] = {"permissions": draw(st.lists(permission, unique_by=str, max_size=3))}
        if draw(st.booleans()):
            roles[name]["description"] = "who"
    found = {"roles": roles}
    for part, who in (("users", "anna"), ("groups", "staff")):
        if roles and draw(st.booleans()):
            found[part] = {who: draw(chosen(sorted(roles), least=1))}
    return found


@st.composite
def descriptions(draw):
    """What ``pcs.configured`` takes, of every kind but bundles."""
    found = draw(primitives())
    devices = [name for name, one in found.items() if one["agent"] == FENCE]
    resources = [name for name in found if name not in devices]
    groups, clones, free = draw(holders(resources))
    tagged = draw(chosen(resources))
    return {
        "properties": draw(some({"batch-limit": st.integers(1, 9), "enable-acl": st.booleans()})),
        "resource_defaults": draw(some({"migration-threshold": st.integers(1, 9)})),
        "op_defaults": draw(some({"timeout": times})),
        "primitives": found,
        "groups": groups,
        "clones": clones,
        "tags": {"t": tagged} if tagged else {},
        "constraints": draw(constraints(free)),
        "nodes": draw(nodes),
        "fence_levels": draw(fence_levels(devices)),
        "alerts": draw(alerts()),
        "acls": draw(acls()),
    }


def in_pillar(places):
    """A pillar that has the secrets at these places."""
    pillar = {}
    for place in places:
        *path, last = place.split(":")
        inner = pillar
        for name in path:
            inner = inner.setdefault(name, {})
        inner[last] = SECRET
    return pillar
