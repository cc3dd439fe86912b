"""Two bare containers become a serving pair, stay as they are, and follow their pillar."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from tests.integration import site
from tests.lab import article
from tests.support.exec_log import ExecLog

# What a converged run may start of Pacemaker's and corosync's own tools, on each node.
MOST_TOOLS = 4
OWN_RECORDS = ("/var/cache/salt", "/var/log", "/etc/salt/pki", "/tmp", "/var/cache/apt")


@pytest.fixture(scope="module")
def pair(make_module_pair):
    return make_module_pair("bare")


@pytest.fixture(autouse=True)
def right_pillar(master, pair):
    master.set_pillar(site.pillar(pair))


def written(pair):
    """Every file that the nodes hold beyond their image, with its size and time of change.

    Without what Salt and the journal keep about the run itself, and apt's index of its own
    lists, which apt makes anew whenever it is asked something.
    """
    seen = {}
    for node in pair:
        upper = node.root.parent / "upper"
        for directory, _, files in os.walk(upper):
            inside = "/" + os.path.relpath(directory, upper)
            if inside.startswith(OWN_RECORDS):
                continue
            for name in files:
                status = os.lstat(os.path.join(directory, name))
                if "__pycache__" not in inside and name != "lock":
                    seen[node.name, f"{inside}/{name}"] = (status.st_size, status.st_mtime_ns)
    return seen


def test_dry_run_on_a_minion_that_never_synced_says_what_to_do(master, pair):
    before = written(pair)
    returns = master.apply(pair, test=True)
    for states in returns.values():
        (only,) = states.values()
        assert only["result"] is not False
        assert "saltutil.sync_all" in only["comment"]
        assert not only["changes"]
    assert written(pair) == before


def test_dry_run_on_bare_nodes_predicts_and_writes_nothing(master, pair):
    master.salt(pair, "saltutil.sync_all")
    before = written(pair)
    returns = master.apply(pair, test=True)
    site.assert_applied(returns, pair)
    for states in returns.values():
        assert any(state["result"] is None for state in states.values())
        packages = next(s for s in states.values() if s["__id__"] == "The packages are installed")
        assert {"pcs", "pacemaker", "corosync"} <= set(packages["changes"])
    assert "would" in site.comments(returns)
    assert written(pair) == before


def test_first_run_goes_from_a_bare_machine_to_a_service(master, pair, note):
    since = time.time()
    for node in pair:
        # As if nothing had ever been synced: the real run brings its own modules.
        node.run(["rm", "-rf", "/var/cache/salt/minion/extmods"])
        node.run(["systemctl", "restart", "salt-minion"])
    master.wait_for(pair, since)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    note(f"seconds in states: {site.seconds(returns)}")
    active = site.assert_serving(pair)
    assert "fencing is disabled" in site.comments(returns)
    for node in pair:
        addresses = node.run(["ip", "-o", "address"]).stdout
        assert (article.VIRTUAL_IP in addresses) == (node.name == active)
        mounted = node.run(["findmnt", "-n", "/nfsdata"], check=False).stdout
        assert ("xfs" in mounted) == (node.name == active)
        for unit in ("corosync", "pacemaker", "pcsd"):
            assert node.run(["systemctl", "is-enabled", unit]).stdout == "enabled\n"
        enabled = node.run(["systemctl", "is-enabled", "nfs-server"], check=False)
        assert enabled.stdout == "disabled\n"
        live = node.run(["firewall-cmd", "--list-services"]).stdout.split()
        permanent = node.run(["firewall-cmd", "--permanent", "--list-services"]).stdout.split()
        services = {"nfs", "mountd", "rpc-bind", "high-availability"}
        assert services <= set(live) and services <= set(permanent)
        if node.name != active:
            owner = node.run(["stat", "-c", "%U:%G %a", "/nfsdata"]).stdout
            assert owner == "nobody:nogroup 755\n"
        exports = node.run(["cat", "/etc/exports"]).stdout
        assert all(line.startswith("#") for line in exports.splitlines() if line.strip())


def test_the_article_stands_in_the_cluster(pair):
    config = pair[1].run(["pcs", "resource", "config"]).stdout
    for text in (
        "Group: nfsresourcegroup",
        "directory=/nfsdata",
        "nfs_shared_infodir=/nfsdata/nfsinfo",
        "nfs_server_scope=192.168.16.100",
        "clientspec=192.168.16.0/24",
        "options=rw,sync,no_root_squash,no_all_squash",
        "fsid=0",
        "ip=192.168.16.100",
        "source_host=192.168.16.100",
    ):
        assert text in config, config
    assert "stonith-enabled: false" in pair[1].run(["pcs", "property", "config"]).stdout
    conf = pair[1].run(["cat", "/etc/corosync/corosync.conf"]).stdout
    assert "cluster_name: nfs-server-cluster" in conf
    assert "ring1_addr: 192.168.16.12" in conf


def test_no_secret_is_left_where_others_read_it(master, pair):
    """Not in returns, logs or files that others may read; only where root keeps secrets."""
    returns = master.apply(pair)
    assert site.PASSWORD not in str(returns)
    for node in pair:
        found = node.run(
            ["grep", "-rlsF", site.PASSWORD, "/etc", "/var", "/tmp", "/run"], check=False
        ).stdout.split()
        for path in found:
            mode = node.run(["stat", "-c", "%a", path]).stdout.strip()
            assert mode.endswith("00"), f"{path} has mode {mode} and the password"
        assert not any(path.startswith("/var/log") for path in found)


def run_and_count(pair, directory, *arguments):
    """Run ``salt-call ARGUMENTS`` on all nodes at once under strace: (returns, log) by node."""
    logs = {node.name: ExecLog(directory / node.name) for node in pair}
    running = {
        node.name: subprocess.Popen(
            logs[node.name].wrap(node.command(["salt-call", *arguments, "--out=json"])),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for node in pair
    }
    returns = {}
    for name, process in running.items():
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stdout + stderr
        returns[name] = json.loads(stdout)["local"]
    return returns, logs


def test_second_run_changes_nothing_and_costs_next_to_nothing(pair, tmp_path, note):
    returns, logs = run_and_count(pair, tmp_path, "state.apply", "hanfs")
    site.assert_applied(returns, pair)
    assert site.changed(returns) == {name: [] for name in pair.names}
    for name, log in logs.items():
        tools = log.cluster_tools()
        seconds = sum(state["duration"] for state in returns[name].values()) / 1000
        note(f"{name}: {tools} of {len(log.commands())} processes, {seconds:.1f} s in states")
        assert log.pcs() == []
        assert tools.count("cibadmin") == 1
        assert len(tools) <= MOST_TOOLS, tools
        assert site.PASSWORD not in log.path.read_text(errors="replace")


def test_configuration_step_is_one_process_when_nothing_differs(pair, tmp_path):
    returns, logs = run_and_count(
        pair, tmp_path, "state.single", "hanfs.configured", "name=now", "path=hanfs:sites:article"
    )
    for name, states in returns.items():
        (state,) = states.values()
        assert state["result"] is True and not state["changes"], state
        assert logs[name].cluster_tools() == ["cibadmin"]
        assert logs[name].pcs() == []


def test_changed_address_moves_only_the_address(master, pair):
    master.set_pillar(site.pillar(pair, {"address:ip": "192.168.16.101", "server_scope": "nfs"}))
    predicted = master.apply(pair, test=True)
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    configured = [
        state
        for states in (predicted, returns)
        for minion in states.values()
        for state in minion.values()
        if state["__id__"] == site.CONFIGURED and state["changes"]
    ]
    # Both dry runs said so, and one of the two real runs did it.
    assert len(configured) == 3
    assert all(state["changes"] == configured[0]["changes"] for state in configured)
    assert set(configured[0]["changes"]["primitives"]) == {"VIP", "NFSService", "NFSNotify"}
    active = site.assert_serving(pair)
    assert "192.168.16.101" in pair[active].run(["ip", "-o", "address"]).stdout
    assert article.VIRTUAL_IP not in pair[active].run(["ip", "-o", "address"]).stdout
    assert site.changed(master.apply(pair)) == {name: [] for name in pair.names}


def test_removed_export_option_is_removed(master, pair):
    options = {"exports:0:options": ["rw", "sync", "no_root_squash"]}
    master.set_pillar(site.pillar(pair, options))
    site.assert_applied(master.apply(pair), pair)
    site.assert_serving(pair)
    export = pair[0].run(["pcs", "resource", "config", "NFSExport"]).stdout
    assert "options=rw,sync,no_root_squash\n" in export
    assert site.changed(master.apply(pair)) == {name: [] for name in pair.names}


def test_order_that_is_renamed_is_renamed(master, pair):
    """An order constraint with an id of its own, to a resource outside the group."""

    def configuration(constraint_id):
        return {
            "cluster_config": {
                "primitives": {
                    "Canary": {
                        "agent": "ocf:pacemaker:Dummy",
                        "operations": {"monitor": {"interval": "30s"}},
                    }
                },
                "constraints": {
                    "order": [{"first": "nfsresourcegroup", "then": "Canary", "id": constraint_id}]
                },
            }
        }

    for name in ("service-then-canary", "canary-last"):
        master.set_pillar(site.pillar(pair, configuration(name)))
        site.assert_applied(master.apply(pair), pair)
        assert sorted(site.started(pair[0])) == sorted((*article.RESOURCES, "Canary"))
        cib = pair[0].run(["cibadmin", "--query", "--scope", "constraints"]).stdout
        assert cib.count("<rsc_order ") == 1 and f'id="{name}"' in cib
        assert site.changed(master.apply(pair)) == {name: [] for name in pair.names}
    master.set_pillar(site.pillar(pair))
    site.assert_applied(master.apply(pair), pair)
    site.assert_serving(pair)
    cib = pair[0].run(["cibadmin", "--query", "--scope", "configuration"]).stdout
    assert "Canary" not in cib


def test_either_node_may_run_alone(master, pair):
    for node in pair:
        returns = master.apply([node])
        assert article.failures(returns) == []
        assert site.changed(returns) == {node.name: []}


def test_service_moves_by_standby_and_intent_stays(master, pair, note):
    active = site.assert_serving(pair)
    pair[active].run(["pcs", "node", "standby", active, "--wait=60"])
    returns = master.apply(pair)
    site.assert_applied(returns, pair)
    assert "standby" in site.comments(returns)
    assert site.assert_serving(pair) != active
    assert site.changed(returns) == {name: [] for name in pair.names}
    attributes = pair[0].run(["cibadmin", "--query", "--scope", "nodes"]).stdout
    assert 'name="standby" value="on"' in attributes
    pair[active].run(["pcs", "node", "unstandby", active, "--wait=60"])
    started = time.monotonic()
    site.assert_applied(master.apply(pair), pair)
    note(f"a second run of both nodes took {time.monotonic() - started:.1f} s")
