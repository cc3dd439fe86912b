"""What each pcs is told: whole argument lists."""

import pytest
from salt.exceptions import SaltInvocationError

from tests.support.pcs_command import CAPABILITIES
from tests.support.salt_modules import load

NODES = {
    "nfs-server1": ["10.10.10.11", "192.168.16.11"],
    "nfs-server2": ["10.10.10.12", "192.168.16.12"],
}
NEWER = ["0.10", "0.11", "0.12"]


@pytest.fixture(scope="module")
def argv():
    return load(states=False).library._pcs_argv


def capabilities(version):
    return CAPABILITIES[version].split()


@pytest.mark.parametrize("version", NEWER)
def test_auth(argv, version):
    assert argv.auth(capabilities(version), NODES, "hacluster") == (
        "pcs host auth -u hacluster "
        "nfs-server1 addr=10.10.10.11 nfs-server2 addr=10.10.10.12".split()
    )


def test_auth_0_9(argv):
    assert argv.auth(capabilities("0.9"), NODES, "hacluster") == (
        "pcs cluster auth nfs-server1 nfs-server2 -u hacluster".split()
    )


def test_auth_without_addresses(argv):
    assert argv.auth(capabilities("0.12"), {"a": [], "b": []}, "u") == (
        "pcs host auth -u u a b".split()
    )


@pytest.mark.parametrize("version", NEWER)
def test_setup(argv, version):
    assert argv.setup(capabilities(version), "nfs", NODES) == (
        "pcs cluster setup nfs "
        "nfs-server1 addr=10.10.10.11 addr=192.168.16.11 "
        "nfs-server2 addr=10.10.10.12 addr=192.168.16.12".split()
    )


@pytest.mark.parametrize("version", NEWER)
def test_setup_with_options(argv, version):
    given = argv.setup(
        capabilities(version),
        "nfs",
        NODES,
        totem={"token": 10000, "block_unlisted_ips": True},
        links=[{"linknumber": 0, "link_priority": 10}, {"linknumber": 1}],
    )
    assert given == (
        "pcs cluster setup nfs "
        "nfs-server1 addr=10.10.10.11 addr=192.168.16.11 "
        "nfs-server2 addr=10.10.10.12 addr=192.168.16.12 "
        "transport knet link linknumber=0 link_priority=10 link linknumber=1 "
        "totem token=10000 block_unlisted_ips=yes".split()
    )


def test_setup_with_transport(argv):
    given = argv.setup(capabilities("0.11"), "c", {"a": ["10.0.0.1"]}, transport="udpu")
    assert given == "pcs cluster setup c a addr=10.0.0.1 transport udpu".split()


def test_setup_0_9(argv):
    given = argv.setup(capabilities("0.9"), "nfs", NODES, {"token": 10000}, "udpu")
    assert given == (
        "pcs cluster setup --name nfs nfs-server1,192.168.16.11 nfs-server2,192.168.16.12 "
        "--transport udpu --token 10000".split()
    )


def test_setup_0_9_with_one_address(argv):
    given = argv.setup(capabilities("0.9"), "nfs", {"a": ["10.0.0.1"], "b": []})
    assert given == "pcs cluster setup --name nfs a b".split()


@pytest.mark.parametrize(
    "nodes, options, sentence",
    [
        ({"a": ["1.1.1.1", "1.1.1.2", "1.1.1.3"]}, {}, "at most two addresses, a has more"),
        ({"a": ["1.1.1.1"]}, {"transport": "knet"}, "knet"),
        ({"a": ["1.1.1.1"]}, {"links": [{"linknumber": 0}]}, "link options"),
    ],
)
def test_what_0_9_cannot(argv, nodes, options, sentence):
    with pytest.raises(SaltInvocationError, match=sentence):
        argv.setup(capabilities("0.9"), "c", nodes, **options)


@pytest.mark.parametrize("version", NEWER)
def test_node_add(argv, version):
    assert argv.node_add(capabilities(version), "c", ["10.0.0.3", "10.1.0.3"]) == (
        "pcs cluster node add c addr=10.0.0.3 addr=10.1.0.3".split()
    )


def test_node_add_0_9(argv):
    assert argv.node_add(capabilities("0.9"), "c", ["10.0.0.3", "10.1.0.3"]) == (
        "pcs cluster node add c,10.1.0.3".split()
    )
