"""What is valid in the tree of resources, though nobody here made it, is read and left as it is."""

import xml.etree.ElementTree as ET

import _cib_describe
import _cib_kinds
import _cib_plan
from tests.support.cluster_tools import EMPTY_CIB

AGENT = "ocf:heartbeat:IPaddr2"

# A template, sets that are used twice, sets with rules (one inside of another), a guest and a
# remote node, a master, a clone of a group, an empty bundle: all of it by the schema.
ODD = """
<template id="T" class="ocf" provider="heartbeat" type="IPaddr2">
  <meta_attributes id="T-meta"><nvpair id="T-p" name="priority" value="1"/></meta_attributes>
  <operations id="T-ops"><op id="T-monitor" name="monitor" interval="7s"/></operations>
</template>
<primitive id="from-template" template="T">
  <instance_attributes id="i1"><nvpair id="i1-ip" name="ip" value="10.0.0.1"/></instance_attributes>
</primitive>
<primitive id="shared" class="ocf" provider="heartbeat" type="IPaddr2">
  <instance_attributes id-ref="i1"/>
  <meta_attributes id="by-night" score="5">
    <rule id="by-night-rule" boolean-op="or" score="0">
      <rule id="by-night-inner" boolean-op="and" score="0">
        <expression id="e1" attribute="#uname" operation="eq" value="n1"/>
        <date_expression id="e2" operation="date_spec">
          <date_spec id="e2-spec" hours="0-6"/>
        </date_expression>
      </rule>
      <expression id="e3" attribute="x" operation="defined"/>
    </rule>
    <nvpair id="by-night-s" name="resource-stickiness" value="7"/>
  </meta_attributes>
  <utilization id="u1"><nvpair id="u1-cpu" name="cpu" value="1"/></utilization>
</primitive>
<primitive id="guest" class="ocf" provider="heartbeat" type="VirtualDomain">
  <meta_attributes id="g1">
    <nvpair id="g1-r" name="remote-node" value="guest-node"/>
  </meta_attributes>
  <utilization id-ref="u1"/>
</primitive>
<primitive id="remote" class="ocf" provider="pacemaker" type="remote"/>
<primitive id="unit" class="systemd" type="x@y"/>
<master id="old-clone">
  <group id="old-group">
    <primitive id="m" class="ocf" provider="pacemaker" type="Stateful">
      <operations id-ref="T-ops"/>
    </primitive>
    <meta_attributes id="og"/>
  </group>
  <instance_attributes id="oc"/>
</master>
<bundle id="empty"><rkt image="x" masters="1"/><storage/></bundle>
"""
TEXT = EMPTY_CIB.replace("<resources/>", f"<resources>{ODD}</resources>")


def plan(description):
    want = _cib_describe.normalise(description)
    found = _cib_plan.compare(want, _cib_kinds.read(TEXT))
    assert found["problems"] == []
    return found


def resources(text):
    root = ET.fromstring(_cib_kinds.edit(text))
    return [ET.tostring(one) for one in root.find("configuration/resources")]


def test_it_is_read():
    found = _cib_kinds.read(TEXT)
    assert found["primitives"]["from-template"]["agent"] == AGENT
    assert found["primitives"]["shared"]["attributes"] == {"ip": "10.0.0.1"}
    assert found["primitives"]["shared"]["meta"] == {}
    assert found["primitives"]["guest"]["utilization"] == {"cpu": "1"}
    assert found["primitives"]["m"]["inside"] == ["group", "old-group"]
    assert found["groups"]["old-group"]["inside"] == ["master", "old-clone"]
    assert found["clones"]["old-clone"]["resource"] == "old-group"
    assert [one["interval"] for one in found["primitives"]["m"]["operations"]] == ["7s"]
    assert found["bundles"]["empty"]["container"] == {"image": "x", "promoted-max": "1"}
    assert "guest-node" in found["ids"]


def test_it_stays_beside_what_is_ours():
    found = plan({"primitives": {"A": {"agent": AGENT}}, "clones": {"c": {"resource": "A"}}})
    text = _cib_kinds.edit(TEXT, found["edits"])
    assert resources(text)[:-1] == resources(TEXT)
    assert found["unmanaged"]["bundles"] == ["empty"]


def test_it_stays_when_cloned():
    found = plan({"clones": {"c": {"resource": "shared"}}})
    text = _cib_kinds.edit(TEXT, found["edits"])
    (clone,) = [one for one in ET.fromstring(text).iter("clone") if one.get("id") == "c"]
    assert ET.tostring(clone[0]) == resources(TEXT)[2]


def test_it_describes_itself():
    """A set with a rule, a template and a set used twice mean the same, described or not."""
    again = _cib_plan.describe(_cib_kinds.read(TEXT))
    changes = plan(again)["changes"]
    assert list(changes) == ["ownership"]


def test_one_operation_of_those_that_are_used_twice():
    again = _cib_plan.describe(_cib_kinds.read(TEXT))
    again["primitives"]["m"]["operations"] = [{"name": "monitor", "interval": "8s"}]
    found = plan(again)
    assert list(found["changes"]["primitives"]) == ["m"]
    text = _cib_kinds.edit(TEXT, found["edits"])
    live = _cib_kinds.read(text)["primitives"]
    assert [one["interval"] for one in live["m"]["operations"]] == ["8s"]
    assert resources(text)[0] == resources(TEXT)[0]


def test_one_attribute_of_a_set_that_is_used_twice():
    again = _cib_plan.describe(_cib_kinds.read(TEXT))
    again["primitives"]["guest"]["utilization"] = {"cpu": 2}
    found = plan(again)
    assert found["changes"]["primitives"] == {
        "guest": {"utilization:cpu": {"old": "1", "new": "2"}}
    }
    live = _cib_kinds.read(_cib_kinds.edit(TEXT, found["edits"]))["primitives"]
    assert live["guest"]["utilization"] == {"cpu": "2"}
    assert live["shared"]["utilization"] == {"cpu": "1"}
