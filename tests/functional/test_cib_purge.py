"""What others made of every kind: left and told, or removed when that is asked for."""

import pytest

from tests.functional.test_export import emptied
from tests.support.cluster_tools import VERSIONS, for_version

DUMMY = "ocf:pacemaker:Dummy"
OURS = {
    "properties": {"stonith-enabled": False},
    "primitives": {"A": {"agent": DUMMY}, "B": {"agent": DUMMY}},
    "groups": {"g": ["A", "B"]},
    "nodes": {"n1": {"attributes": {"ours": "1"}}},
    "alerts": {"a": {"path": "/bin/true"}},
}
THEIRS = (
    "property set batch-limit=7",
    "resource create X ocf:pacemaker:Dummy",
    "resource create Y ocf:pacemaker:Dummy clone",
    "resource create Z ocf:pacemaker:Dummy --group theirs",
    "stonith create f fence_ipmilan ip=192.0.2.1",
    "stonith level add 1 n1 f",
    "constraint order X then g",
    "constraint colocation add g with X 5",
    "constraint location X prefers n1=9",
    "node attribute n1 rack=a",
    "node utilization n2 cpu=4",
    "alert create path=/bin/true id=b",
    "alert recipient add a value=them id=them",
    "tag create t X A",
    "acl role create r read xpath /cib",
    "acl user create anna r",
)
# What an operator does is nobody's to purge.
OPERATORS = ("node standby n2", "resource ban g n1", "property set maintenance-mode=true")
GONE = {
    "properties": {"batch-limit"},
    "primitives": {"X", "Y", "Z", "f"},
    "groups": {"theirs"},
    "clones": {"Y-clone"},
    "tags": {"t"},
    "fence_levels": {"fl-n1-1"},
    "nodes": {"n1", "n2"},
    "alerts": {"a", "b"},
    "acls": {"roles:r", "users:anna"},
}


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = for_version(request.param, tmp_path)
    found.cib.write_text(emptied(found.text()))
    return found


def test_what_others_made_is_left_or_purged(tools):
    world = tools.world(states=False)
    world.salt["cib.apply"](OURS, wait=0)
    only_ours = world.salt["pcs.export"]()["description"]
    tools.pcs(*THEIRS, *OPERATORS)

    kept = world.salt["cib.plan"](OURS)
    assert kept["changes"] == {}
    assert set(kept["unmanaged"]) == {*GONE, "constraints", "recipients"}

    before = tools.text()
    purge = {**OURS, "unmanaged": "purge"}
    plan = world.salt["cib.plan"](purge)
    assert tools.text() == before
    constraints = plan["changes"].pop("constraints")
    assert len(constraints) == 3 and not [name for name in constraints if name.startswith("cli-")]
    assert {kind: set(ids) for kind, ids in plan["changes"].items()} == GONE
    assert set(plan["changes"]["nodes"]["n1"]) == {"attributes:rack"}
    assert set(plan["changes"]["alerts"]["a"]) == {"recipients:them"}

    done = world.salt["cib.apply"](purge, wait=0, allow_disruption=True)
    assert done["changes"] == {**plan["changes"], "constraints": constraints}
    assert world.salt["cib.plan"](purge)["changes"] == {}
    left = world.salt["pcs.export"]()
    assert left["description"] == only_ours
    told = "\n".join(left["notes"])
    assert all(one in told for one in ("maintenance-mode", "n2 has standby", "cli-ban-g-on-n1"))
    tools.run("crm_verify", f"--xml-file={tools.cib}")
