"""Files of the cluster layer, understood."""

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.salt_modules import load

DATA = Path(__file__).parent / "data" / "pcs"


@pytest.fixture(scope="module")
def files():
    return load(states=False).library._pcs_files


def read(name):
    return (DATA / name).read_text()


def test_conf_of_pcs_0_11(files):
    conf = files.corosync_conf(read("corosync-0.11.conf"))
    assert conf["cluster_name"] == "nfs-server-cluster"
    assert conf["nodes"] == {
        "nfs-server1": ["10.10.10.11", "192.168.16.11"],
        "nfs-server2": ["10.10.10.12", "192.168.16.12"],
    }
    assert conf["totem"]["token"] == "10000"
    assert conf["transport"] == "knet"
    assert conf["stub"] is False


def test_conf_of_pcs_0_9_calls_a_node_by_its_first_address(files):
    conf = files.corosync_conf(read("corosync-0.9.conf"))
    assert conf["nodes"] == {
        "nfs-server1": ["nfs-server1", "192.168.16.11"],
        "nfs-server2": ["nfs-server2", "192.168.16.12"],
    }


def test_the_packaged_conf_of_debian_is_the_stub(files):
    conf = files.corosync_conf(read("corosync-debian.conf"))
    assert (conf["cluster_name"], conf["nodes"]) == ("debian", {"node1": ["127.0.0.1"]})
    assert conf["stub"] is True


@pytest.mark.parametrize(
    "old, new",
    [
        ("cluster_name: debian", "cluster_name: mine"),
        ("127.0.0.1", "10.0.0.1"),
        ("name: node1", "name: nfs"),
    ],
)
def test_an_edited_conf_of_debian_is_not_the_stub(files, old, new):
    text = read("corosync-debian.conf")
    assert old in text
    assert files.corosync_conf(text.replace(old, new))["stub"] is False


def test_a_second_node_makes_the_stub_somebodys_cluster(files):
    extra = "nodelist {\n node {\n name: node2\n ring0_addr: 10.0.0.2\n }\n}\n"
    assert files.corosync_conf(read("corosync-debian.conf") + extra)["stub"] is False


@pytest.mark.parametrize("cut", [40, 200, 400])
def test_half_a_conf_is_an_error(files, cut):
    text = read("corosync-0.11.conf")[:cut]
    with pytest.raises(CommandExecutionError, match="corosync.conf"):
        files.corosync_conf(text)


@pytest.mark.parametrize("text", ["hello", "totem {\n}\n}\n", "nodelist {\n node {\n }\n}\n"])
def test_what_is_no_conf_is_an_error(files, text):
    with pytest.raises(CommandExecutionError, match="corosync.conf"):
        files.corosync_conf(text)


def test_addresses_are_in_the_order_of_links(files):
    rings = "".join(f"ring{n}_addr: 10.0.{n}.1\n" for n in (7, 0, 2))
    conf = files.corosync_conf(f"nodelist {{\nnode {{\nname: a\n{rings}}}\n}}\n")
    assert conf["nodes"] == {"a": ["10.0.0.1", "10.0.2.1", "10.0.7.1"]}


def test_known_hosts(files):
    assert files.known_hosts(read("known-hosts.json")) == {
        "nfs-server1": ["10.10.10.11"],
        "nfs-server2": ["10.10.10.12"],
    }


def test_tokens_of_pcs_0_9(files):
    assert files.known_hosts(read("tokens-0.9.json")) == {
        "nfs-server1": ["nfs-server1"],
        "nfs-server2": ["nfs-server2"],
    }


def test_a_host_without_a_token_is_not_known(files):
    text = '{"known_hosts": {"a": {"dest_list": [{"addr": "10.0.0.1"}], "token": ""}}}'
    assert files.known_hosts(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"known_hosts": 3}',
        '{"known_hosts": {"a": {"token": "t0p", "dest_list": 1}}}',
    ],
)
def test_damaged_known_hosts_is_an_error_without_tokens(files, text):
    with pytest.raises(CommandExecutionError) as caught:
        files.known_hosts(text)
    assert "t0p" not in str(caught.value)


def test_the_cib_of_the_stub_is_nobodys_work(files):
    assert files.somebodys_work(read("cib-stub.xml")) == []


@pytest.mark.parametrize(
    "old, new, found",
    [
        (
            "<resources/>",
            '<resources><primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/>'
            "</resources>",
            "resources: d",
        ),
        (
            "</cluster_property_set>",
            '<nvpair id="x" name="stonith-enabled" value="false"/></cluster_property_set>',
            "crm_config: stonith-enabled",
        ),
        ("<constraints/>", '<constraints/><tags><tag id="t"/></tags>', "tags: t"),
    ],
)
def test_somebodys_work_is_named(files, old, new, found):
    text = read("cib-stub.xml")
    assert old in text
    assert files.somebodys_work(text.replace(old, new)) == [found]


@pytest.mark.parametrize("text", ["", "<cib", "<cib/>", "<other><configuration/></other>"])
def test_what_is_no_cib_is_an_error(files, text):
    with pytest.raises(CommandExecutionError, match="CIB"):
        files.somebodys_work(text)


DEVICE = """totem {
    cluster_name: c
    interface {
        knet_link_priority: 5
    }
    interface {
        linknumber: 3
        mcastport: 5407
    }
}
nodelist {
    node {
        ring0_addr: 10.0.0.1
        ring3_addr: 10.3.0.1
        name: a
    }
}
quorum {
    provider: corosync_votequorum
    device {
        model: net
        timeout: 20000
        net {
            host: q
            algorithm: lms
        }
        heuristics {
            mode: on
        }
    }
}
"""


def test_links_quorum_and_device(files):
    conf = files.corosync_conf(DEVICE)
    assert conf["links"] == {"0": {"knet_link_priority": "5"}, "3": {"mcastport": "5407"}}
    assert conf["quorum"] == {"provider": "corosync_votequorum"}
    assert conf["device"] == {
        "model": "net",
        "model_options": {"host": "q", "algorithm": "lms"},
        "options": {"timeout": "20000"},
        "heuristics": {"mode": "on"},
    }


STATS = """stats.knet.node1.link0.connected (u8) = 1
stats.knet.node1.link0.enabled (u8) = 1
stats.knet.node1.link1.connected (u8) = 0
stats.knet.node1.link1.enabled (u8) = 0
stats.knet.node2.link0.connected (u8) = 1
stats.knet.node2.link0.enabled (u8) = 1
stats.knet.node2.link0.mtu (u32) = 1397
stats.knet.node2.link1.connected (u8) = 0
stats.knet.node2.link1.enabled (u8) = 1
"""


def test_links_that_connect(files):
    assert files.connected(STATS) == {"0": True, "1": False}
    assert files.connected(STATS.replace("= 0", "= 1")) == {"0": True, "1": True}
    assert files.connected("") == {}


def test_marks_of_tokens_tell_them_apart_and_do_not_show_them(files):
    marks = files.token_marks('{"known_hosts": {"a": {"token": "s1"}, "b": {"token": "s2"}}}')
    assert set(marks) == {"a", "b"} and marks["a"] != marks["b"]
    assert "s1" not in str(marks)
    assert files.token_marks('{"tokens": {"a": "s1"}}') == {"a": marks["a"]}
    with pytest.raises(CommandExecutionError):
        files.token_marks("[")
