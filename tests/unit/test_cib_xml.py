"""Reading and editing CIB XML, on one that pcs 0.11 made and on odd ones."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import _cib_kinds
import _cib_xml

RECORDED = (Path(__file__).parent / "data" / "cib" / "pcs-0.11.xml").read_text()
read, edit = _cib_kinds.read, _cib_kinds.edit


def cib(resources="", schema="3.1", **sections):
    parts = "".join(f"<{name}>{text}</{name}>" for name, text in sections.items())
    return (
        f'<cib admin_epoch="0" epoch="7" num_updates="3" validate-with="pacemaker-{schema}">'
        f"<configuration>{parts}<resources>{resources}</resources></configuration><status/></cib>"
    )


def change(text, kind, name, /, **how):
    return ET.fromstring(edit(text, [{"kind": kind, "id": name, "change": how}]))


def test_what_pcs_wrote():
    found = read(RECORDED)
    assert found["properties"] == {"stonith-enabled": "false"}
    assert found["resource_defaults"] == {"resource-stickiness": "100"}
    group = found["groups"]["nfsresourcegroup"]
    assert group["members"] == ["SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify"]
    assert group["meta"] == {"resource-stickiness": "5"}
    address = found["primitives"]["VIP"]
    assert address["agent"] == "ocf:heartbeat:IPaddr2"
    assert address["attributes"] == {"cidr_netmask": "24", "ip": "192.168.16.100"}
    assert address["inside"] == ["group", "nfsresourcegroup"]
    monitors = [one for one in found["primitives"]["D1"]["operations"] if one["name"] == "monitor"]
    assert monitors[0]["OCF_CHECK_LEVEL"] == "10"
    roles = [one.get("role") for one in found["primitives"]["D2"]["operations"] if "role" in one]
    assert roles == ["Promoted", "Unpromoted"]  # written Master and Slave
    assert found["constraints"]["order_set_Ny"]["sets"] == [
        {"members": ["NFSNotify"], "require-all": "true"}
    ]
    assert found["version"] == {"admin_epoch": "0", "epoch": "20", "num_updates": "0"}


def test_no_edit_changes_nothing():
    assert read(edit(RECORDED)) == read(RECORDED)


@pytest.mark.parametrize("text", ["", "<cib", "<diff/>", "hello"])
def test_no_cib(text):
    with pytest.raises(ValueError):
        read(text)


def test_sets_with_a_rule_are_not_ours():
    text = cib(
        rsc_defaults='<meta_attributes id="m"><rule id="r" score="1"/>'
        '<nvpair id="m-a" name="a" value="1"/></meta_attributes>'
    )
    assert read(text)["resource_defaults"] == {}
    new = edit(text, [{"kind": "resource_defaults", "id": "a", "create": "2"}])
    assert read(new)["resource_defaults"] == {"a": "2"}
    assert 'id="m-a" name="a" value="1"' in new


TWO_SETS = """\
<primitive id="A" class="ocf" provider="x" type="y">
  <instance_attributes id="low" score="1"><nvpair id="low-a" name="a" value="1"/>
    <nvpair id="low-b" name="b" value="1"/></instance_attributes>
  <instance_attributes id="high" score="5"><nvpair id="high-a" name="a" value="2"/>
  </instance_attributes>
</primitive>"""


def test_the_set_with_the_higher_score_wins():
    text = cib(TWO_SETS)
    assert read(text)["primitives"]["A"]["attributes"] == {"a": "2", "b": "1"}
    new = change(text, "primitives", "A", attributes={"a": "3", "b": None, "c": "9"})
    assert read(ET.tostring(new, encoding="unicode"))["primitives"]["A"]["attributes"] == {
        "a": "3",
        "c": "9",
    }
    assert [pair.get("id") for pair in new.iter("nvpair")] == ["high-a", "high-c"]


SHARED = """\
<primitive id="A" class="ocf" provider="x" type="y"><instance_attributes id="s">
  <nvpair id="s-a" name="a" value="1"/></instance_attributes></primitive>
<primitive id="B" class="ocf" provider="x" type="y"><instance_attributes id-ref="s"/></primitive>
<primitive id="C" class="ocf" provider="x" type="y"><instance_attributes id="c">
  <nvpair id-ref="s-a"/><nvpair id="c-b" name="b" value="2"/></instance_attributes></primitive>"""


@pytest.mark.parametrize("name", "BC")
def test_a_shared_set_is_not_changed_for_the_others(name):
    text = cib(SHARED)
    assert read(text)["primitives"][name]["attributes"]["a"] == "1"
    new = ET.tostring(change(text, "primitives", name, attributes={"a": "5"}), encoding="unicode")
    found = {key: one["attributes"]["a"] for key, one in read(new)["primitives"].items()}
    assert found == {**dict.fromkeys("ABC", "1"), name: "5"}


def test_template():
    text = cib(
        '<template id="t" class="ocf" provider="x" type="y"/><primitive id="A" template="t"/>'
    )
    assert read(text)["primitives"]["A"]["agent"] == "ocf:x:y"


@pytest.mark.parametrize(
    "schema, role", [("3.6", "Master"), ("3.7", "Promoted"), ("3.10", "Promoted")]
)
def test_roles_are_written_in_the_schemas_words(schema, role):
    text = cib('<primitive id="A" class="ocf" provider="x" type="y"/>', schema)
    operation = {"name": "monitor", "interval": "10s", "role": "Promoted"}
    new = change(text, "primitives", "A", operations=[{"create": operation}])
    assert new.find(".//op").get("role") == role
    found = read(ET.tostring(new, encoding="unicode"))["primitives"]["A"]["operations"]
    assert found[0]["role"] == "Promoted"


def test_ids_are_unique_and_valid():
    text = cib(
        '<primitive id="A" class="ocf" provider="x" type="y"/>',
        tags='<tag id="A-meta_attributes"/>',
    )
    new = change(text, "primitives", "A", meta={"a b/c": "1", "abc": "2"})
    ids = [element.get("id") for element in new.find(".//primitive").iter() if element.get("id")]
    assert ids == [
        "A",
        "A-meta_attributes-1",
        "A-meta_attributes-1-abc",
        "A-meta_attributes-1-abc-1",
    ]


def test_ids_of_properties_are_short_as_with_pcs():
    new = edit(cib(), [{"kind": "properties", "id": "cluster-recheck-interval", "create": "1"}])
    assert 'id="cib-bootstrap-options-cluster-recheck-inte"' in new


def test_the_record_is_never_the_first_set():
    new = edit(cib(), [{"kind": "ownership", "id": "groups", "create": "g"}])
    new = edit(new, [{"kind": "properties", "id": "a", "create": "1"}])
    sets = [one.get("id") for one in ET.fromstring(new).iter("cluster_property_set")]
    assert sets == ["cib-bootstrap-options", "salt-pcs-ownership"]
    found = read(new)
    assert (found["properties"], found["ownership"]) == ({"a": "1"}, {"groups": "g"})


GROUPS = """\
<group id="g"><primitive id="A" class="ocf" provider="x" type="y"/>
  <primitive id="B" class="ocf" provider="x" type="y"/>
  <meta_attributes id="g-m"/></group>
<primitive id="C" class="ocf" provider="x" type="y"/>"""


@pytest.mark.parametrize(
    "edits, expected",
    [
        ([("g", {"change": {"members": ["B", "A"]}})], "g(BA) C"),
        ([("g", {"change": {"members": ["C", "A"]}})], "g(CA) B"),
        ([("g", {"change": {"members": ["A"]}})], "g(A) B C"),
        ([("g", {"remove": True})], "A B C"),
        ([("h", {"create": {"members": ["C", "A"]}})], "g(B) h(CA)"),
        ([("h", {"create": {"members": ["B", "A"]}}), ("g", {"remove": True})], "C h(BA)"),
    ],
)
def test_groups(edits, expected):
    new = edit(cib(GROUPS), [{"kind": "groups", "id": name, **how} for name, how in edits])
    told = []
    for element in ET.fromstring(new).find("configuration/resources"):
        inside = "".join(member.get("id") for member in element.findall("primitive"))
        told.append(element.get("id") + (f"({inside})" if inside else ""))
    assert " ".join(told) == expected


def test_old_score_of_an_order_is_its_kind():
    text = cib(constraints='<rsc_order id="o" first="A" then="B" score="0"/>')
    assert read(text)["constraints"]["o"]["kind"] == "Optional"
    new = change(text, "constraints", "o", kind="Mandatory").find(".//rsc_order")
    assert (new.get("kind"), new.get("score")) == ("Mandatory", None)


def test_versioned_patch():
    patch = '<diff format="2"><version><source epoch="1"/></version><change/></diff>'
    version = {"admin_epoch": "1", "epoch": "20", "num_updates": "7"}
    root = ET.fromstring(_cib_xml.versioned_patch(patch, version))
    assert [child.tag for child in root] == ["version", "change"]
    assert root.find("version/source").attrib == version
    assert root.find("version/target").attrib == {**version, "epoch": "21", "num_updates": "0"}


def test_a_cib_without_a_configuration_is_none():
    with pytest.raises(ValueError, match="has no <configuration>"):
        _cib_kinds.read("<cib/>")


def test_a_remote_node_without_a_name_is_none():
    """An option that says nothing has no value in the XML."""
    meta = (
        '<meta_attributes id="A-meta"><nvpair id="A-remote" name="remote-node"/></meta_attributes>'
    )
    text = cib(
        f'<primitive id="A" class="ocf" provider="pacemaker" type="Dummy">{meta}</primitive>'
    )
    assert list(_cib_kinds.read(text)["primitives"]) == ["A"]
