"""Bundles: described, read, compared and written as pcs would, attribute by attribute."""

import copy
import xml.etree.ElementTree as ET

import pytest
from salt.exceptions import SaltInvocationError

import _cib_commands
import _cib_describe
import _cib_kinds
import _cib_plan
from tests.support.cluster_tools import EMPTY_CIB

AGENT = "ocf:heartbeat:IPaddr2"

FULL = {
    "type": "podman",
    "container": {"image": "img", "replicas": 2, "promoted-max": 1, "run-command": "/x"},
    "network": {"ip-range-start": "10.0.0.5", "control-port": 3121, "host-netmask": 24},
    "ports": [{"port": 80}, {"id": "pm2", "range": "90-95"}, {"port": 81, "internal-port": 82}],
    "storage": [
        {"source-dir": "/a", "target-dir": "/b", "options": "ro"},
        {"id": "s2", "source-dir-root": "/c", "target-dir": "/d"},
    ],
    "resource": "A",
    "meta": {"priority": 3},
    "description": "two",
}


def compare(description, text=EMPTY_CIB):
    want = _cib_describe.normalise(description)
    return _cib_plan.compare(want, _cib_kinds.read(text))


def apply(description, text=EMPTY_CIB):
    found = compare(description, text)
    assert found["problems"] == []
    text = _cib_kinds.edit(text, found["edits"])
    again = compare(description, text)
    assert (again["edits"], again["problems"]) == ([], [])
    return text


def problems(bundle, **more):
    with pytest.raises(SaltInvocationError) as err:
        _cib_describe.normalise({**described(bundle), **more})
    return str(err.value).splitlines()[1:]


def described(bundle=FULL):
    return {"primitives": {"A": {"agent": AGENT}}, "bundles": {"b": bundle}}


def changes(bundle, text):
    found = compare(described(bundle), text)
    assert found["problems"] == []
    return found["changes"].get("bundles", {}).get("b", {})


def full(**parts):
    """The bundle with other values in some of its parts; None takes an option out."""
    found = copy.deepcopy(FULL)
    for part, values in parts.items():
        if isinstance(values, dict):
            values = {k: v for k, v in {**found[part], **values}.items() if v is not None}
        found[part] = values
    return found


def element(text):
    return ET.fromstring(text).find(".//bundle[@id='b']")


# The description ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bundle, problem",
    [
        ({}, "bundles:b: type is missing"),
        (full(type="lxc"), "bundles:b:type: 'lxc' is not one of: docker, podman, rkt"),
        (full(container={"image": None}), "bundles:b:container: image is missing"),
        (
            full(container={"replicas": "two"}),
            "bundles:b:container:replicas: 'two' is not a whole number",
        ),
        (
            full(container={"masters": 1}),
            "bundles:b:container:masters: is the old name of promoted-max, which is set",
        ),
        (
            full(network={"ip-range-start": None, "control-port": None}),
            "bundles:b:network: ip-range-start or control-port is missing: Pacemaker could not "
            "reach A inside of the container",
        ),
        (full(ports=[{"internal-port": 80}]), "bundles:b:ports:0: needs either port or range"),
        (
            full(ports=[{"internal-port": 80, "range": "1-2"}]),
            "bundles:b:ports:0:internal-port: goes with port only",
        ),
        (
            full(ports=[{"range": "80 to 90"}]),
            "bundles:b:ports:0:range: '80 to 90' is not a range of ports, such as 80-89",
        ),
        (full(ports=[{"port": 1}, {"port": "1"}]), "bundles:b:ports:1: 1 is listed twice"),
        (
            full(storage=[{"source-dir": "/a", "source-dir-root": "/b", "target-dir": "/c"}]),
            "bundles:b:storage:0: needs either source-dir or source-dir-root",
        ),
        (full(storage=[{"source-dir": "/a"}]), "bundles:b:storage:0: target-dir is missing"),
        (full(ports=[{"port": 1, "id": "A"}]), "bundles:b:ports:0:id: the id is already used in"),
        (full(resource="b"), "bundles:b:resource: b is a bundle itself"),
    ],
)
def test_what_may_be_described(bundle, problem):
    assert any(one.startswith(problem) for one in problems(bundle))


def test_a_primitive_is_in_one_place_only():
    assert problems(FULL, clones={"c": {"resource": "A"}}) == [
        "bundles:b:resource: A is already in the clone c"
    ]


# Create ------------------------------------------------------------------------------------------


def test_written_as_pcs_would():
    assert ET.tostring(element(apply(described())), encoding="unicode") == (
        '<bundle id="b" description="two">'
        '<podman image="img" replicas="2" promoted-max="1" run-command="/x" />'
        '<network ip-range-start="10.0.0.5" control-port="3121" host-netmask="24">'
        '<port-mapping port="80" id="b-port-map-80" />'
        '<port-mapping range="90-95" id="pm2" />'
        '<port-mapping port="81" internal-port="82" id="b-port-map-81" /></network>'
        '<storage><storage-mapping source-dir="/a" target-dir="/b" options="ro" '
        'id="b-storage-map" />'
        '<storage-mapping source-dir-root="/c" target-dir="/d" id="s2" /></storage>'
        '<meta_attributes id="b-meta_attributes">'
        '<nvpair id="b-meta_attributes-priority" name="priority" value="3" /></meta_attributes>'
        '<primitive id="A" class="ocf" type="IPaddr2" provider="heartbeat"><operations />'
        "</primitive></bundle>"
    )


def test_the_plan_shows_what_is_described():
    assert changes(FULL, EMPTY_CIB) == {
        "old": None,
        "new": {
            "type": "podman",
            "container": {
                "image": "img",
                "replicas": "2",
                "promoted-max": "1",
                "run-command": "/x",
            },
            "network": {
                "ip-range-start": "10.0.0.5",
                "control-port": "3121",
                "host-netmask": "24",
            },
            "ports": [{"port": "80"}, {"range": "90-95"}, {"port": "81", "internal-port": "82"}],
            "storage": [
                {"source-dir": "/a", "target-dir": "/b", "options": "ro"},
                {"source-dir-root": "/c", "target-dir": "/d"},
            ],
            "resource": "A",
            "meta": {"priority": "3"},
            "description": "two",
        },
    }


def test_podman_needs_a_schema_that_knows_it():
    assert 'validate-with="pacemaker-3.1"' in EMPTY_CIB
    assert 'validate-with="pacemaker-3.2"' in apply(described())
    assert 'validate-with="pacemaker-3.1"' in apply(described(full(type="docker")))
    newer = EMPTY_CIB.replace("pacemaker-3.1", "pacemaker-4.0")
    assert 'validate-with="pacemaker-4.0"' in apply(described(), newer)


def test_an_id_that_is_taken():
    text = apply({"primitives": {"pm2": {"agent": AGENT}}})
    found = compare({**described(), "unmanaged": "keep"}, text)
    assert found["problems"] == [
        "bundles:b:ports: the id pm2 is already used in the cluster by something else"
    ]


# Change ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bundle, expected",
    [
        (full(type="docker"), {"type": {"old": "podman", "new": "docker"}}),
        (
            full(container={"replicas": 3}),
            {"container:replicas": {"old": "2", "new": "3"}},
        ),
        (
            full(container={"run-command": None}),
            {"container:run-command": {"old": "/x", "new": None}},
        ),
        (
            full(network={"host-interface": "eth0"}),
            {"network:host-interface": {"old": None, "new": "eth0"}},
        ),
        (full(meta={"priority": 4}), {"meta:priority": {"old": "3", "new": "4"}}),
        (full(resource=None), {"resource": {"old": "A", "new": None}}),
        (full(ports=FULL["ports"][::-1], storage=FULL["storage"][::-1]), {}),
        (
            full(ports=[{"port": 80}, {"id": "pm2", "range": "90-95"}, {"port": 81}]),
            {"ports:81:internal-port": {"old": "82", "new": None}},
        ),
        (
            full(ports=[{"port": 80}, {"id": "pm2", "range": "90-99"}, FULL["ports"][2]]),
            {"ports:90-95:range": {"old": "90-95", "new": "90-99"}},
        ),
        (
            full(ports=[{"port": 83}, *FULL["ports"][1:]]),
            {
                "ports:83": {"old": None, "new": {"port": "83"}},
                "ports:80": {"old": {"port": "80"}, "new": None},
            },
        ),
        (
            full(storage=[{"source-dir": "/a", "target-dir": "/b"}, FULL["storage"][1]]),
            {"storage:/b:options": {"old": "ro", "new": None}},
        ),
        (
            full(storage=FULL["storage"][:1]),
            {"storage:/d": {"old": {"source-dir-root": "/c", "target-dir": "/d"}, "new": None}},
        ),
    ],
)
def test_one_attribute_is_one_attribute(bundle, expected):
    text = apply(described())
    assert changes(bundle, text) == expected
    assert changes(FULL, apply(described(bundle), text)).keys() == {
        "ports:90-99:range" if path == "ports:90-95:range" else path for path in expected
    }


def test_an_empty_network_stays():
    """As with pcs: somebody may be allowed to write what is in it, but not to make it."""
    bundle = full(resource=None)
    text = apply(described(bundle))
    for part, empty in (("network", {}), ("ports", []), ("storage", [])):
        bundle[part] = empty
    text = apply(described(bundle), text)
    assert [one.tag for one in element(text)] == [
        "podman",
        "network",
        "storage",
        "meta_attributes",
    ]


def test_the_old_name_of_promoted_max():
    text = apply(described()).replace("promoted-max", "masters")
    assert changes(FULL, text) == {}
    old = full(container={"promoted-max": None, "masters": 1})
    assert changes(old, text) == {}
    assert changes(full(container={"promoted-max": 2}), text) == {
        "container:promoted-max": {"old": "1", "new": "2"}
    }
    changed = element(apply(described(full(container={"promoted-max": 2})), text)).find("podman")
    assert "masters" not in changed.attrib
    none = full(container={"promoted-max": None})
    assert "masters" not in element(apply(described(none), text)).find("podman").attrib


def test_into_a_bundle_and_out_of_it():
    text = apply({"primitives": {"A": {"agent": AGENT}}})
    inside = apply(described(), text)
    before, after = (ET.fromstring(one).find(".//primitive") for one in (text, inside))
    assert ET.tostring(before) == ET.tostring(after)
    out = ET.fromstring(apply({"primitives": {"A": {"agent": AGENT}}}, inside))
    assert [one.get("id") for one in out.find("configuration/resources")] == ["A"]
    moved = {"primitives": {"A": {"agent": AGENT}}, "clones": {"c": {"resource": "A"}}}
    out = ET.fromstring(apply(moved, inside))
    assert [one.get("id") for one in out.find("configuration/resources")] == ["c"]
    back = ET.fromstring(apply(described(), ET.tostring(out, encoding="unicode")))
    assert [one.get("id") for one in back.find("configuration/resources")] == ["b"]


# What others made --------------------------------------------------------------------------------

THEIRS = EMPTY_CIB.replace(
    "<resources/>",
    '<resources><bundle id="theirs"><docker image="x"/><network control-port="1"/>'
    '<primitive id="A" class="ocf" provider="heartbeat" type="IPaddr2"/></bundle></resources>',
)


def test_a_bundle_made_by_hand_stays():
    described = {"primitives": {"A": {"agent": AGENT}}}
    found = compare(described, THEIRS)
    assert (list(found["changes"]), found["unmanaged"]) == (["ownership"], {"bundles": ["theirs"]})
    # ours goes, theirs stays
    gone = ET.fromstring(apply({}, apply(described, THEIRS))).find(".//bundle")
    assert [one.tag for one in gone] == ["docker", "network"]
    purged = compare({**described, "unmanaged": "purge"}, THEIRS)
    assert purged["changes"]["bundles"]["theirs"]["new"] is None
    assert "<bundle" not in apply({**described, "unmanaged": "purge"}, THEIRS)


def test_what_others_put_into_our_bundle_stays_in_there():
    bundle = {"type": "docker", "container": {"image": "x"}, "network": {"control-port": 1}}
    text = apply({"bundles": {"theirs": bundle}}, THEIRS)
    assert "<primitive" in text
    found = compare({}, text)
    assert list(found["changes"]) == ["ownership"]
    assert found["notes"] == ["the bundle theirs stays: A in it was made by others"]
    other = {
        "primitives": {"B": {"agent": AGENT}},
        "bundles": {"theirs": {**bundle, "resource": "B"}},
    }
    assert compare(other, text)["problems"] == [
        "bundles:theirs:resource: A is in there, which is not described"
    ]


def test_what_was_read_describes_itself():
    text = apply(described())
    again = _cib_plan.describe(_cib_kinds.read(text))
    assert again["bundles"]["b"]["network"]["control-port"] == "3121"
    assert changes(again["bundles"]["b"], text) == {}


# Secrets in what a container is started with ------------------------------------------------------

WITH_SECRETS = full(
    container={"options": "--env=DB_PASSWORD=geheim -e TOKEN='geh eim' --name web"},
    storage=[{"source-dir": "/a", "target-dir": "/b", "options": "ro,password=geheim"}],
)


def test_secrets_in_a_containers_options_are_never_told():
    found = compare(described(WITH_SECRETS))
    told = found["changes"]["bundles"]["b"]["new"]
    assert told["container"]["options"] == "--env=DB_PASSWORD=******** -e TOKEN=******** --name web"
    assert told["storage"][0]["options"] == "ro,password=********"
    text = apply(described(WITH_SECRETS))
    assert "DB_PASSWORD=geheim" in text
    other = full(
        container={"options": "--env=DB_PASSWORD=geheim2"}, storage=WITH_SECRETS["storage"]
    )
    change = changes(other, text)
    assert change["container:options"]["new"] == "--env=DB_PASSWORD=********"
    live = _cib_kinds.read(text)
    for said in (
        _cib_plan.describe(live),
        _cib_commands.of_plan(
            found["edits"], _cib_describe.normalise(described(WITH_SECRETS)), live
        ),
        change,
        found["changes"],
    ):
        assert "geh" not in repr(said)


def test_a_containers_options_may_be_a_reference_into_pillar():
    described_so = described(full(container={"options": {"pillar": "a:b"}}))
    want = _cib_describe.normalise(described_so, {"a:b": "-e PASSWORD=x"}.get)
    assert want["bundles"]["b"]["container"]["options"] == "-e PASSWORD=x"
    with pytest.raises(SaltInvocationError, match="container:options: there is no value at a:b"):
        _cib_describe.normalise(described_so, {}.get)
