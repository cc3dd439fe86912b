"""The walkthrough's cluster, compiled from the walkthrough's site."""

import pytest

import _cib_describe
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
    device = {"primitives": {"fence1": {"agent": "stonith:fence_xvm"}}}
    on = site({"fencing:enabled": True, "cluster_config": device})
    assert WORLD.salt["hanfs.description"](on)["properties"] == {"stonith-enabled": True}
    assert WORLD.library._hanfs_here.warnings(on) == []
    (warning,) = WORLD.library._hanfs_here.warnings(site())
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
    assert WORLD.library._hanfs_names.filesystem_device(storage) == device


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


def entry(directory, clients, fsid, **more):
    return {"directory": directory, "clients": clients, "options": ["rw"], "fsid": fsid, **more}


def exported(*entries):
    """Resource name: what it exports to whom, of a site with these exports."""
    made = compiled({"exports": list(entries)})["primitives"]
    return {
        name: (primitive["attributes"]["directory"], primitive["attributes"]["clientspec"])
        for name, primitive in made.items()
        if primitive["agent"].endswith(":exportfs")
    }


def test_a_named_export_removed_touches_no_other():
    named = [
        entry("/nfsdata", ["10.0.0.1"], 0, name="one"),
        entry("/nfsdata", ["10.0.0.2"], 0, name="two"),
        entry("/nfsdata/a", ["*"], 1, name="three"),
    ]
    whole = exported(*named)
    assert whole == {
        "one": ("/nfsdata", "10.0.0.1"),
        "two": ("/nfsdata", "10.0.0.2"),
        "three": ("/nfsdata/a", "*"),
    }
    for gone, name in enumerate(whole):
        rest = exported(*named[:gone], *named[gone + 1 :])
        assert rest == {key: value for key, value in whole.items() if key != name}


def test_further_clients_are_named_after_the_name():
    assert exported(entry("/nfsdata", ["10.0.0.1", "10.1.0.0/16", "*"], 0, name="home")) == {
        "home": ("/nfsdata", "10.0.0.1"),
        "home_10.1.0.0_16": ("/nfsdata", "10.1.0.0/16"),
        "home_any": ("/nfsdata", "*"),
    }


def test_a_given_name_is_never_taken_by_another_export():
    assert exported(
        entry("/nfsdata", ["10.0.0.1", "10.0.0.2"], 0, name="home"),
        entry("/nfsdata/a", ["*"], 1, name="home_10.0.0.2"),
        entry("/nfsdata/b", ["*"], 2, name="NFSExport"),
        entry("/nfsdata/c", ["*"], 3),
    ) == {
        "home": ("/nfsdata", "10.0.0.1"),
        "home_10.0.0.2.2": ("/nfsdata", "10.0.0.2"),
        "home_10.0.0.2": ("/nfsdata/a", "*"),
        "NFSExport": ("/nfsdata/b", "*"),
        "NFSExport_nfsdata_c_any": ("/nfsdata/c", "*"),
    }


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
    want = _cib_describe.normalise(compiled())
    assert list(want["primitives"]) == ["SharedFS", "NFSService", "NFSExport", "VIP", "NFSNotify"]


def test_a_wrong_site_is_an_error_with_all_its_problems():
    with pytest.raises(Exception, match="fencing(.|\n)*zzz|zzz(.|\n)*fencing"):
        compiled({"fencing": ..., "zzz": 1})
