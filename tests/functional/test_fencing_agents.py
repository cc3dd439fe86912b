"""What the formula says of fencing devices, held against the real agents' own metadata."""

import pytest

from tests.support.cluster_tools import VERSIONS, for_version

NODES = ["n1", "n2"]
SITES = {
    "ipmilan": {
        "devices": {
            node: {
                "agent": "fence_ipmilan",
                "nodes": [node],
                "options": {"ip": f"bmc-{node}", "username": "admin", "lanplus": True},
                "secrets": ["password"],
                "delay": {node: 3},
            }
            for node in NODES
        },
        "levels": {node: [[node]] for node in NODES},
    },
    "redfish": {
        "devices": {
            "f": {
                "agent": "fence_redfish",
                "nodes": NODES,
                "options": {"ip": "r", "username": "a", "ssl_insecure": True, "systems_uri": "/x"},
                "secrets": ["password"],
            }
        }
    },
    "virsh": {
        "devices": {
            "f": {
                "agent": "fence_virsh",
                "nodes": {"n1": "domain1", "n2": "domain2"},
                "options": {"ip": "kvm", "username": "a", "identity_file": "/x"},
                "delay": {"n1": 5},
            }
        }
    },
    "xvm": {
        "devices": {"f": {"agent": "fence_xvm", "nodes": {"n1": "domain1", "n2": "domain2"}}},
        "key_files": {"/etc/cluster/fence_xvm.key": {}},
    },
    "scsi": {"devices": {"f": {"agent": "fence_scsi", "nodes": NODES}}},
    "mpath": {"devices": {"f": {"agent": "fence_mpath", "nodes": {"n1": "1", "n2": "2"}}}},
    "sbd": {"sbd": {"devices": ["/dev/x", "/dev/y", "/dev/z"], "watchdog_timeout": 15}},
}
PILLAR = {
    "hanfs": {
        "fencing": {
            "devices": {name: {"secrets": {"password": "s3cret-word"}} for name in [*NODES, "f"]}
        }
    }
}


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path):
    return for_version(request.param, tmp_path)


@pytest.mark.parametrize("which", SITES)
def test_the_agents_know_what_they_are_told(tools, which):
    world = tools.world()
    world.pillar.update(PILLAR)
    site = {
        "cluster": {"nodes": dict.fromkeys(NODES, [])},
        "file_systems": [{"device": "/dev/disk/by-id/data"}],
        "fencing": {"enabled": True, **SITES[which]},
    }
    agent = f"/usr/sbin/fence_{which}"
    if tools.run("test", "-x", agent, check=False).returncode:
        pytest.skip(f"this release's packages in the lab have no {agent}")
    description = world.library._hanfs_fencing.description(site)
    assert world.salt["cib.validate"](description) == []
    members = "".join(f'<node id="{n[1]}" uname="{n}"/>' for n in NODES)
    tools.cib.write_text(tools.text().replace("<nodes/>", f"<nodes>{members}</nodes>"))
    added = world.salt["cib.apply"](description, wait=0)["changes"]
    assert set(added["primitives"]) == set(description["primitives"])
    assert world.salt["cib.plan"](description)["changes"] == {}
    assert not any("s3cret-word" in str(argv) for argv in world.commands)
    assert "s3cret-word" not in str(added)
    assert ("s3cret-word" in tools.text()) == ("password" in str(description))
    # Nodes that were never seen are no news here: with both up Pacemaker has no objection.
    up = str(tools.directory / "up.xml")
    online = [word for node in NODES for word in ("-u", node)]
    tools.run("crm_simulate", "-x", str(tools.cib), *online, "-Q", "true", "-S", "-O", up)
    tools.run("crm_verify", "--xml-file", up)
