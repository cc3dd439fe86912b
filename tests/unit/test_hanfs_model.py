"""The walkthrough's cluster, compiled from the walkthrough's site."""

import pytest

from tests.support.salt_modules import load
from tests.support.sites import SITE, site

WORLD = load(states=False)
EXPORT = SITE["exports"][0]


def compiled(change=None):
    return WORLD.salt["hanfs.description"](site(change))


def test_the_article_to_the_letter():
    """Resource by resource what the walkthrough's commands say."""
    assert compiled({"server_scope": False}) == {
        "properties": {"stonith-enabled": False},
        "primitives": {
            "SharedFS": {
                "agent": "ocf:heartbeat:Filesystem",
                "attributes": {
                    "device": "/dev/mapper/NFS_SHARED-NFS_LVM",
                    "directory": "/nfsdata",
                    "fstype": "xfs",
                },
            },
            "NFSService": {
                "agent": "ocf:heartbeat:nfsserver",
                "attributes": {"nfs_shared_infodir": "/nfsdata/nfsinfo"},
            },
            "NFSExport": {
                "agent": "ocf:heartbeat:exportfs",
                "attributes": {
                    "clientspec": "192.168.16.0/24",
                    "options": "rw,sync,no_root_squash,no_all_squash",
                    "directory": "/nfsdata",
                    "fsid": "0",
                },
            },
            "VIP": {
                "agent": "ocf:heartbeat:IPaddr2",
                "attributes": {"ip": "192.168.16.100", "cidr_netmask": "24"},
            },
            "NFSNotify": {
                "agent": "ocf:heartbeat:nfsnotify",
                "attributes": {"source_host": "192.168.16.100"},
            },
        },
        "groups": {
            "nfsresourcegroup": {
                "members": ["SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify"]
            }
        },
        "constraints": {
            "order": [
                {"first": "SharedFS", "then": "NFSService"},
                {"first": "NFSService", "then": "NFSExport"},
                {"first": "NFSExport", "then": "VIP"},
            ]
        },
    }


@pytest.mark.parametrize(
    ("said", "scope"),
    [(True, "192.168.16.100"), (..., "192.168.16.100"), ("nfs.example.com", "nfs.example.com")],
)
def test_server_scope_is_optional_for_the_agent(said, scope):
    service = compiled({"server_scope": said} if said is not ... else {})["primitives"][
        "NFSService"
    ]
    assert service["attributes"]["nfs_server_scope"] == scope
    assert service["optional"] == ["nfs_server_scope"]


def test_fencing_decides_the_property_and_the_warning():
    on = site({"fencing:enabled": True})
    assert WORLD.salt["hanfs.description"](on)["properties"] == {"stonith-enabled": True}
    assert WORLD.salt["hanfs.warnings"](on) == []
    (warning,) = WORLD.salt["hanfs.warnings"](site())
    assert "unsafe" in warning


@pytest.mark.parametrize(
    ("storage", "device"),
    [
        ({"device": "/dev/vdb"}, "/dev/vdb"),
        ({"device": "/dev/vdb", "vg": "a", "lv": "b"}, "/dev/mapper/a-b"),
        ({"device": "/dev/vdb", "vg": "a-b", "lv": "c--d"}, "/dev/mapper/a--b-c----d"),
        ({"device": "/dev/vdb", "vg": "a_b", "lv": "c.d+e"}, "/dev/mapper/a_b-c.d+e"),
    ],
)
def test_the_file_systems_device(storage, device):
    assert WORLD.salt["hanfs_model.filesystem_device"](storage) == device


def test_the_interface_is_passed_on():
    assert compiled({"address:nic": "eth1"})["primitives"]["VIP"]["attributes"]["nic"] == "eth1"


def test_more_exports_and_clients_get_names_that_stay():
    more = {
        "directory": "/nfsdata/my-data",
        "clients": ["*", "10.0.0.0/8"],
        "options": ["ro"],
        "fsid": 5,
    }
    both = compiled({"exports:1": more})
    assert both["groups"]["nfsresourcegroup"]["members"] == [
        "SharedFS",
        "NFSService",
        "NFSExport",
        "NFSExport_nfsdata_my_data_any",
        "NFSExport_nfsdata_my_data_10.0.0.0_8",
        "VIP",
        "NFSNotify",
    ]
    assert both["primitives"]["NFSExport_nfsdata_my_data_any"]["attributes"] == {
        "clientspec": "*",
        "options": "ro",
        "directory": "/nfsdata/my-data",
        "fsid": "5",
    }
    fewer = compiled({"exports:1": {**more, "clients": ["10.0.0.0/8"]}})
    assert "NFSExport_nfsdata_my_data_10.0.0.0_8" in fewer["primitives"]


def test_names_that_would_be_the_same_differ():
    twins = {"directory": "/nfsdata/a-b", "clients": ["*"], "options": ["ro"], "fsid": 5}
    made = compiled(
        {"exports:1": twins, "exports:2": {**twins, "directory": "/nfsdata/a_b", "fsid": 6}}
    )
    assert len(made["primitives"]) == 7


def test_cluster_config_is_laid_over_it():
    change = {
        "properties": {"batch-limit": 7},
        "primitives": {
            "NFSService": {"operations": {"stop": {"timeout": "60s"}}},
            "VIP": {"attributes": {"arp_count": 9}},
        },
        "constraints": {"order": [{"first": "SharedFS", "then": "VIP"}]},
    }
    made = compiled({"cluster_config": change})
    assert made["properties"] == {"stonith-enabled": False, "batch-limit": 7}
    assert made["primitives"]["NFSService"]["operations"] == {"stop": {"timeout": "60s"}}
    assert made["primitives"]["VIP"]["attributes"] == {
        "ip": "192.168.16.100",
        "cidr_netmask": "24",
        "arp_count": 9,
    }
    assert made["constraints"]["order"] == [{"first": "SharedFS", "then": "VIP"}], "lists: replaced"


def test_the_engine_takes_what_is_compiled():
    want = WORLD.salt["cib_describe.normalise"](compiled())
    assert list(want["primitives"]) == ["SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify"]


def test_a_wrong_site_is_an_error_with_all_its_problems():
    with pytest.raises(Exception, match="fencing(.|\n)*zzz|zzz(.|\n)*fencing"):
        compiled({"fencing": ..., "zzz": 1})
