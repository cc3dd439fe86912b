"""crm_mon's XML as data, from recorded output.

2.1.5 was recorded with this project's resources; 2.0.5 and 3.0.0 are the outputs that Pacemaker's
own regression tests expect, which leave versions and times out.
"""

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.salt_modules import load

DATA = Path(__file__).parent / "data" / "pcs"


@pytest.fixture(scope="module")
def parse():
    return load(states=False).library._pcs_status.parse


def read(name):
    return (DATA / name).read_text()


@pytest.mark.parametrize("name", ["crm_mon-2.1.5.xml", "crm_mon-2.1.5-as-xml.xml"])
def test_both_forms_of_2_1_5_say_the_same(parse, name):
    status = parse(read(name))
    assert status["dc"] == "nfs-server1"
    assert status["quorum"] is True
    assert status["maintenance_mode"] is False
    assert status["stonith_enabled"] is False
    assert status["nodes"]["nfs-server1"] == {
        "online": True,
        "standby": False,
        "standby_onfail": False,
        "maintenance": False,
        "pending": False,
        "unclean": False,
    }
    assert status["nodes"]["nfs-server2"]["standby"] is True
    assert status["resources"]["SharedFS"] == {
        "agent": "ocf:heartbeat:Filesystem",
        "group": "nfsresourcegroup",
        "clone": None,
        "role": "Started",
        "active": True,
        "failed": False,
        "managed": True,
        "blocked": False,
        "nodes": ["nfs-server1"],
        "target_role": None,
        "pending": None,
    }
    assert status["resources"]["VIP"]["failed"] is True
    probe = status["resources"]["pg_probe"]
    assert (probe["role"], probe["active"], probe["managed"]) == ("Stopped", False, False)
    assert status["resources"]["ping"]["nodes"] == ["nfs-server1", "nfs-server2"]
    assert status["resources"]["ping"]["clone"] == "ping-clone"
    assert status["failures"] == [
        {
            "resource": "VIP",
            "op_key": "VIP_monitor_10000",
            "node": "nfs-server1",
            "exitstatus": "not running",
            "exitreason": "address is gone",
            "task": "monitor",
        }
    ]
    assert status["fence_history"] == []


@pytest.mark.parametrize("name", ["crm_mon-2.0.5.xml", "crm_mon-3.0.0.xml"])
def test_pacemaker_2_0_and_3_0(parse, name):
    status = parse(read(name))
    assert status["dc"] == "cluster02"
    assert status["quorum"] is True
    assert status["stonith_enabled"] is True
    # guest nodes of bundles are no members
    assert sorted(status["nodes"]) == ["cluster01", "cluster02"]
    assert all(node["online"] for node in status["nodes"].values())
    resources = status["resources"]
    assert resources["ping"]["agent"] == "ocf:pacemaker:ping"
    assert sorted(resources["ping"]["nodes"]) == ["cluster01", "cluster02"]
    assert resources["Fencing"]["nodes"] == ["cluster01"]
    assert resources["Public-IP"]["group"] == "exim-group"
    assert resources["mysql-proxy"]["group"] == "mysql-group"
    assert resources["mysql-proxy"]["clone"] == "mysql-clone-group"
    assert resources["httpd-bundle-docker-0"]["clone"] == "httpd-bundle"
    assert status["failures"] == []


def test_a_stopped_cluster_is_said_so(parse):
    with pytest.raises(CommandExecutionError, match="does not run on this node .*refused"):
        parse(read("crm_mon-2.1.5-stopped.xml"))


@pytest.mark.parametrize("text", ["", "not xml", "<other/>", "<pacemaker-result/>"])
def test_other_output_is_an_error(parse, text):
    with pytest.raises(CommandExecutionError, match="crm_mon"):
        parse(text)


def test_no_dc_and_no_quorum(parse):
    text = read("crm_mon-2.1.5.xml")
    assert 'present="true"' in text
    status = parse(text.replace('present="true"', 'present="false"'))
    assert (status["dc"], status["quorum"]) == (None, False)


@pytest.mark.parametrize(
    "key, task, resource",
    [
        ("a_b_monitor_10000", "monitor", "a_b"),
        ("a_migrate_to_0", "migrate_to", "a"),
        ("monitor_monitor_0", "monitor", "monitor"),
    ],
)
def test_the_resource_of_a_failure(parse, key, task, resource):
    text = read("crm_mon-2.1.5.xml").replace("VIP_monitor_10000", key)
    text = text.replace('interval="10000" task="monitor"', f'task="{task}"')
    assert parse(text)["failures"][0]["resource"] == resource


def test_fence_history_and_pending_operations(parse):
    text = read("crm_mon-2.1.5.xml")
    event = '<fence_event action="reboot" target="nfs-server2" status="success"/>'
    text = text.replace(
        "<failures>", f'<fence_history status="0">{event}</fence_history><failures>'
    )
    text = text.replace('id="SharedFS" resource', 'id="SharedFS" pending="Starting" resource')
    status = parse(text)
    assert status["fence_history"] == [
        {"action": "reboot", "target": "nfs-server2", "status": "success"}
    ]
    assert status["resources"]["SharedFS"]["pending"] == "Starting"


@pytest.mark.parametrize("name", ["crm_mon-2.0.5.xml", "crm_mon-3.0.0.xml"])
def test_attributes_of_nodes(parse, name):
    attributes = parse(read(name))["attributes"]
    assert attributes == {
        "cluster01": {"location": "office", "pingd": "1000"},
        "cluster02": {"pingd": "1000"},
    }


def test_counts_of_failures_and_bans(parse):
    text = read("crm_mon-2.1.5.xml")
    counted = 'id="VIP" orphan="false" migration-threshold="3" fail-count="2"'
    assert 'id="VIP" orphan="false" migration-threshold="1000000"' in text
    text = text.replace('id="VIP" orphan="false" migration-threshold="1000000"', counted)
    ban = '<ban id="cli-ban-g-on-n" resource="g" node="n" weight="-1000000"/>'
    status = parse(text.replace("<failures>", f"<bans>{ban}</bans><failures>"))
    (one,) = status["failcounts"]
    assert (one["resource"], one["count"], one["threshold"]) == ("VIP", 2, 3)
    assert status["bans"] == [{"id": "cli-ban-g-on-n", "resource": "g", "node": "n"}]
    infinite = parse(text.replace('fail-count="2"', 'fail-count="INFINITY"'))
    assert infinite["failcounts"][0]["count"] == 1_000_000
