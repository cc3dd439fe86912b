"""The hardened profile compiled, resource by resource; what its names do not depend on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import _cib_describe
from tests.support.rendering import ROOT
from tests.support.salt_modules import load
from tests.support.sites import hardened

WORLD = load(states=False)
names = WORLD.library._hanfs_names


def compiled(change=None):
    return WORLD.salt["hanfs.description"](hardened(change), "hanfs:sites:athens")


def primitive(agent, start, stop, interval, timeout, attributes, provider="heartbeat", **more):
    return {
        "agent": f"ocf:{provider}:{agent}",
        "attributes": attributes,
        "operations": {
            "start": {"timeout": f"{start}s"},
            "stop": {"timeout": f"{stop}s"},
            "monitor": {"interval": f"{interval}s", "timeout": f"{timeout}s"},
        },
        **more,
    }


def export(client, directory, fsid, options):
    attributes = {
        "clientspec": client,
        "directory": directory,
        "fsid": fsid,
        "options": f"{options},mountpoint=/srv/nfs",
        "rmtab_backup": "none",
        "unlock_on_stop": False,
        "wait_for_leasetime_on_stop": False,
    }
    return primitive("exportfs", 60, 120, 30, 90, attributes, meta={"critical": False})


UUID = "5f0a6fdc-64f6-4e46-8c4b-27b1b6e2a3c1"
PUB_FSID = "2107518394"


def test_every_resource_of_the_core():
    made = compiled()
    assert made["groups"]["nfs"] == {
        "members": ["vg_NFS_SHARED", "fs_nfs", "nfs_server"],
        "meta": {"priority": 1},
    }
    assert made["primitives"]["vg_NFS_SHARED"] == primitive(
        "LVM-activate", 90, 90, 30, 90, {"vgname": "NFS_SHARED", "vg_access_mode": "system_id"}
    )
    assert made["primitives"]["fs_nfs"] == primitive(
        "Filesystem", 120, 120, 20, 40,
        {
            "device": "/dev/mapper/NFS_SHARED-data",
            "directory": "/srv/nfs",
            "fstype": "xfs",
            "force_unmount": "safe",
            "options": "noatime",
        },
    )  # fmt: skip
    assert made["primitives"]["nfs_server"] == primitive(
        "nfsserver", 120, 120, 20, 60,
        {
            "nfs_shared_infodir": "/srv/nfs/nfsinfo",
            "nfs_no_notify": True,
            "nfs_server_scope": "192.168.16.100",
        },
        provider="hanfs",
        optional=["nfs_server_scope"],
    )  # fmt: skip


@pytest.mark.parametrize("agent", ["hanfs", "heartbeat"])
def test_the_agent_of_the_server_is_a_choice_and_nothing_else(agent):
    said, silent = (compiled({"nfs": nfs}) for nfs in ({"agent": agent}, {}))
    assert said["primitives"].pop("nfs_server")["agent"] == f"ocf:{agent}:nfsserver"
    silent["primitives"].pop("nfs_server")
    assert said == silent


def test_every_export():
    made = compiled()["primitives"]
    exports = {name: item for name, item in made.items() if name.startswith("export_")}
    assert exports == {
        "export_home_192.168.16.0_24": export(
            "192.168.16.0/24", "/srv/nfs/home", "0x1", "rw,sync,root_squash"
        ),
        "export_home_10.0.0.0_8": export("10.0.0.0/8", "/srv/nfs/home", "0x1", "ro,sync"),
        "export_pub_any": export("*", "/srv/nfs/pub", hex(int(PUB_FSID)), "ro,sync"),
    }


def test_the_address_and_what_comes_with_it():
    made = compiled()
    assert made["groups"]["address_192.168.16.100"] == {
        "members": ["ip_192.168.16.100", "tickle_192.168.16.100"]
    }
    assert made["primitives"]["ip_192.168.16.100"] == primitive(
        "IPaddr2", 40, 40, 10, 30,
        {"ip": "192.168.16.100", "cidr_netmask": 24, "check_link_status": False},
        ahead=["check_link_status"],
    )  # fmt: skip
    assert made["primitives"]["tickle_192.168.16.100"] == primitive(
        "portblock", 40, 40, 10, 30,
        {
            "protocol": "tcp",
            "portno": 2049,
            "action": "unblock",
            "ip": "192.168.16.100",
            "tickle_dir": "/var/lib/nfs/tickle",
            "reset_local_on_unblock_stop": True,
            "firewall": "iptables",
            "status_check": "pseudo",
        },
        ahead=["firewall", "status_check"],
    )  # fmt: skip
    assert made["primitives"]["nfs_notify"] == primitive(
        "nfsnotify", 90, 90, 30, 90,
        {"source_host": "192.168.16.100"}, meta={"critical": False},
    )  # fmt: skip


def test_what_keeps_them_together_and_in_order():
    made = compiled({"exports:1": ..., "exports:0:clients": ["*"]})["constraints"]
    export, address = "export_home_any", "address_192.168.16.100"
    assert made["colocation"] == [
        {"resource": name, "with": "nfs", "score": "INFINITY"}
        for name in (export, address, "nfs_notify")
    ]
    assert made["order"] == [
        {"first": "nfs", "then": export},
        {"first": "nfs", "then": address},
        {"first": "nfs", "then": "nfs_notify"},
        {"first": export, "then": address, "kind": "Optional"},
        {"first": address, "then": "nfs_notify", "kind": "Optional"},
    ]


def test_the_cluster_as_a_whole():
    made = compiled()
    assert made["resource_defaults"] == {
        "resource-stickiness": 1000,
        "migration-threshold": 3,
        "failure-timeout": "10min",
    }
    assert made["properties"]["stonith-enabled"] is True
    assert made["properties"]["no-quorum-policy"] == "stop"
    assert made["properties"]["load-threshold"] == "500%"
    assert made["properties"]["priority-fencing-delay"] == "7s"
    assert made["primitives"]["fence-1"]["attributes"]["password"] == {
        "pillar": "hanfs:sites:athens:fencing:devices:fence-1:secrets:password"
    }
    assert "f3nce" not in str(made)


def test_without_fencing_there_is_no_priority_and_a_warning():
    off = {"fencing": {"enabled": False}}
    assert "meta" not in compiled(off)["groups"]["nfs"]
    assert compiled(off)["properties"]["stonith-enabled"] is False
    assert WORLD.library._hanfs_here.warnings(hardened(off))


def test_nfsv4_only():
    made = compiled({"nfs": {"v4_only": True}})
    assert made["primitives"]["nfs_server"]["attributes"]["nfsv4_only"] is True
    assert made["primitives"]["nfs_server"]["optional"] == ["nfs_server_scope", "nfsv4_only"]
    assert "nfs_notify" not in made["primitives"]


@pytest.mark.parametrize(
    ("fsid", "told"),
    [(1, "0x1"), (4294967295, "0xffffffff"), ("12", "0xc"), (UUID, UUID), (..., "0x686f0892")],
)
def test_the_agent_is_told_a_number_that_it_does_not_find_in_the_kernels_table(fsid, told):
    made = compiled({"exports:0:fsid": fsid})["primitives"]["export_home_10.0.0.0_8"]
    assert made["attributes"]["fsid"] == told


def test_no_scope_no_tickle_names_for_notification():
    made = compiled(
        {"server_scope": False, "nfs": {"tickle": False, "notify_name": "nfs.example.com"}}
    )
    assert "nfs_server_scope" not in made["primitives"]["nfs_server"]["attributes"]
    assert "optional" not in made["primitives"]["nfs_server"]
    block = made["primitives"]["tickle_192.168.16.100"]["attributes"]
    assert "tickle_dir" not in block
    assert block["action"] == "unblock"
    assert made["primitives"]["nfs_notify"]["attributes"]["source_host"] == "nfs.example.com"


@pytest.mark.parametrize(
    ("os", "release", "protocol"),
    [("Debian", 12, "6"), ("Debian", 13, "tcp"), ("Rocky", 12, "tcp"), (None, None, "tcp")],
)
def test_the_protocol_as_the_installed_portblock_finds_it(os, release, protocol):
    world = load(states=False, grains={"os": os, "osmajorrelease": release} if os else {})
    made = world.salt["hanfs.description"](hardened())
    assert made["primitives"]["tickle_192.168.16.100"]["attributes"]["protocol"] == protocol


def test_ipv6():
    change = {
        "exports:0:clients": ["fd00::/64", "fd00::9"],
        "address": [{"ip": "fd00::3", "cidr_netmask": 64, "nic": "eth0"}],
    }
    made = compiled(change)
    exports = [
        made["primitives"][name]["attributes"]["clientspec"]
        for name in ("export_home_fd00--_64", "export_home_fd00--9")
    ]
    assert exports == ["[fd00::]/64", "[fd00::9]"]
    assert made["groups"]["address_fd00--3"] == {"members": ["ip_fd00--3"]}
    assert made["primitives"]["ip_fd00--3"]["attributes"]["nic"] == "eth0"
    assert made["primitives"]["nfs_server"]["attributes"]["nfs_server_scope"] == "fd00--3"


def test_several_file_systems_groups_and_addresses():
    one = hardened()["storage"]
    change = {
        "storage": [
            {**one, "size": "10G"},
            {**one, "lv": "more", "mountpoint": "/srv/nfs/more", "fstype": "ext4"},
            {"device": "/dev/vdd", "fstype": "xfs", "mountpoint": "/srv/x", "name": "plain"},
        ],
        "exports:2": {"directory": "/srv/nfs/more/a", "clients": ["*"]},
        "exports:3": {"directory": "/srv/x", "clients": ["*"]},
        "address": [
            {"ip": "192.168.16.100", "cidr_netmask": 24},
            {"ip": "192.168.16.101", "cidr_netmask": 24, "name": "second"},
        ],
        "nfs": {"state_directory": "/srv/x/state"},
    }
    made = compiled(change)
    assert made["groups"]["nfs"]["members"] == [
        "vg_NFS_SHARED", "fs_nfs", "fs_more", "fs_plain", "nfs_server",
    ]  # fmt: skip
    options = {
        name: item["attributes"]["options"].split("mountpoint=")[1]
        for name, item in made["primitives"].items()
        if name.startswith("export_")
    }
    assert options["export_a_any"] == "/srv/nfs/more"
    assert options["export_x_any"] == "/srv/x"
    assert options["export_pub_any"] == "/srv/nfs"
    assert "address_second" in made["groups"]
    assert made["primitives"]["nfs_notify"]["attributes"]["source_host"] == (
        "192.168.16.100,192.168.16.101"
    )
    _cib_describe.normalise(
        {**made, "primitives": {k: v for k, v in made["primitives"].items() if "fence" not in k}}
    )


def test_an_own_mountpoint_option_stays():
    made = compiled({"exports:1:options": ["ro", "mountpoint"]})["primitives"]
    assert made["export_pub_any"]["attributes"]["options"] == "ro,mountpoint"


def test_constraints_of_cluster_config_are_added_to_those_of_the_service():
    more = {"resource": "nfs", "node": "nfs-server1", "score": 100}
    change = {
        "cluster_config": {
            "constraints": {
                "location": [more],
                "order": [{"first": "nfs", "then": "other"}],
            },
            "fence_levels": [{"target": "nfs-server1", "level": 2, "devices": ["fence-1"]}],
            "resource_defaults": {"migration-threshold": 5},
        },
        "fencing:levels": {"nfs-server1": [["fence-1"]]},
    }
    made, plain = compiled(change), compiled()
    assert made["constraints"]["location"] == [more]
    assert made["constraints"]["order"] == [
        *plain["constraints"]["order"],
        {"first": "nfs", "then": "other"},
    ]
    assert made["constraints"]["colocation"] == plain["constraints"]["colocation"]
    assert [level["level"] for level in made["fence_levels"]] == [1, 2]
    assert made["resource_defaults"]["migration-threshold"] == 5


def test_fencing_works_in_the_article_too():
    from tests.support.sites import site

    change = {"fencing": hardened()["fencing"]}
    made = WORLD.salt["hanfs.description"](site(change), "hanfs")
    assert made["primitives"]["fence-1"]["agent"] == "stonith:fence_ipmilan"
    assert list(made["groups"]) == ["nfsresourcegroup"]
    assert "fence-1" not in made["groups"]["nfsresourcegroup"]["members"]


# --- names ----------------------------------------------------------------------------------------

PARTS = st.text("abcXYZ09._-", min_size=1, max_size=4).filter(lambda text: set(text) != {"."})
DIRECTORIES = st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: "/".join(parts))
CLIENTS = st.sampled_from(["*", "10.0.0.0/8", "10.0.0.1", "fd00::/64", "h-1", "@lan", "*.a.b"])
EXPORTS = st.lists(
    st.fixed_dictionaries(
        {
            "directory": DIRECTORIES.map(lambda path: f"/srv/nfs/{path}"),
            "clients": st.lists(CLIENTS, min_size=1, max_size=3, unique=True),
        }
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda export: export["directory"],
)


@settings(deadline=None, max_examples=150)
@given(EXPORTS, st.randoms(use_true_random=False), st.data())
def test_no_name_and_no_number_depends_on_order_or_company(exports, random, data):
    def resources(listed):
        made = WORLD.salt["hanfs.description"](hardened({"exports": listed}))["primitives"]
        return {name: item for name, item in made.items() if name.startswith("export_")}

    found = WORLD.library._hanfs_schema.problems(hardened({"exports": exports}))
    if found:
        assert all("name" in sentence for sentence in found), found
        return
    whole = resources(exports)
    assert len(whole) == sum(len(export["clients"]) for export in exports)
    shuffled = [{**export, "clients": sorted(export["clients"])} for export in exports]
    random.shuffle(shuffled)
    assert resources(shuffled) == whole
    some = data.draw(st.lists(st.sampled_from(exports), min_size=1, unique_by=id))
    part = resources(some)
    assert part == {name: whole[name] for name in part}


@settings(deadline=None)
@given(DIRECTORIES)
def test_a_derived_fsid_is_what_the_kernel_takes_and_no_number_that_people_choose(path):
    assert 2**30 <= int(names.fsid(f"/{path}")) < 2**31


def test_derived_numbers_stay_for_ever():
    """They are in clients' file handles."""
    assert names.fsid("/srv/nfs/pub") == PUB_FSID


@pytest.mark.parametrize(
    ("directory", "mountpoints", "name"),
    [
        ("/srv/nfs/home/anna", ["/srv/nfs"], "home_anna"),
        ("/srv/nfs", ["/srv/nfs"], "nfs"),
        ("/srv/nfs/more/x", ["/srv/nfs", "/srv/nfs/more"], "x"),
        ("/srv/nfsx", ["/srv/nfs"], "srv_nfsx"),
        ("/srv/nfs/ö +", ["/srv/nfs"], "___"),
    ],
)
def test_names_of_exports(directory, mountpoints, name):
    assert names.export_name(directory, mountpoints) == name


def test_every_agent_and_what_is_ahead_of_it_is_documented():
    """docs/agents.md: a section each, and the reason for each attribute an older one ignores."""
    text = (ROOT / "docs" / "agents.md").read_text()
    for item in compiled()["primitives"].values():
        agent = item["agent"].rpartition(":")[2]
        assert item["agent"].startswith("stonith:") or f"## {agent}" in text, agent
        for name in item.get("ahead", ()):
            value = str(item["attributes"][name]).lower()
            assert f"**`{name}={value}`** (`ahead`)" in text, name
