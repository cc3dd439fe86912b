"""The profile hardened on machines: LVM, nfsd, locks and fencing are real, and a client writes."""

from __future__ import annotations

import time

import pytest

from tests.integration import site
from tests.lab import article, enter, hardened, nfs_agents
from tests.lab.stage import Stage
from tests.system import clean, mortal

PASSWORD = "correct-horse-battery"
OWN = nfs_agents.AGENTS.format("hanfs")
CONFIGURED = "The cluster is configured as the site says"
# A guest network that joins, and an export for it.
GUESTS = "192.168.17.0/24"
SECONDS = 240
# What people and packages do to a server's exports and daemons.
BY_HAND = (
    ["exportfs", "-ra"],
    ["systemctl", "reload", "nfs-server"],
    ["systemctl", "restart", "nfs-idmapd"],
    ["systemctl", "restart", "nfs-mountd"],
)

pytestmark = [
    pytest.mark.skipif(not enter.inside(), reason="needs a lab: make test"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def stage(whole_kernel):
    with Stage(hardened, PASSWORD) as made:
        yield made


def applied(stage, **options):
    """The returns of a run that went well."""
    returns = stage.apply(**options)
    assert article.failures(returns) == []
    return returns


def comment_of(returns, state_id):
    """All that the nodes' state of that id said."""
    return "\n".join(
        state["comment"]
        for states in returns.values()
        for state in states.values()
        if state["__id__"] == state_id
    )


def test_two_bare_machines_become_a_service(stage, note):
    returns = applied(stage)
    note(f"seconds in states: {site.seconds(returns)}")
    placed = stage.service.placement()
    assert set(placed) >= {*hardened.CORE, hardened.TICKLE, hardened.DEVICE, *hardened.EXPORTS}, (
        placed
    )
    assert stage.service.active_node()


def test_the_volume_group_belongs_to_the_active_node_alone(stage):
    active = stage.service.active_node()
    for server in stage.servers:
        seen = server.run(["vgs", "--noheadings", "-o", "vg_name"]).stdout.strip()
        assert seen == ("NFS_SHARED" if server.name == active else "")
        owner = server.run(["vgs", "--foreign", "--noheadings", "-o", "systemid"]).stdout.strip()
        assert owner == active


def test_the_firewall_lets_the_site_through_and_nothing_else(stage):
    for server in stage.servers:
        clean.assert_filters(server, stage.client)


def test_no_secret_is_in_a_log_that_others_read(stage):
    """Pacemaker keeps the configuration's changes in a log of its own, whoever makes them."""
    for server in stage.servers:
        found = server.run(["grep", "-rlF", PASSWORD, "/var/log", "/tmp"], check=False).stdout
        assert set(found.split()) <= {"/var/log/pacemaker/pacemaker.log"}
        mode = server.run(["stat", "-c", "%a %U:%G", "/var/log/pacemaker/pacemaker.log"]).stdout
        assert mode == "660 hacluster:haclient\n"
        assert server.run(["journalctl", "-q", "-g", PASSWORD], check=False).stdout == ""


def test_the_same_again_changes_nothing(stage, note):
    returns = applied(stage)
    assert article.count_changes(returns) == 0
    note(f"second run, seconds in states: {site.seconds(returns)}")


def test_the_server_runs_by_the_formulas_own_agent(stage):
    """Pacemaker's controller asks it as a user who is not root, for reloads: directories count."""
    for server in stage.servers:
        shown = server.run(["crm_resource", "--resource=nfs_server", "--query-xml"]).stdout
        assert 'provider="hanfs"' in shown
        mode = server.run(["stat", "-c", "%a %U", "/usr/lib/ocf/resource.d/hanfs", OWN]).stdout
        assert mode.splitlines() == ["755 root", "755 root"]
        said = server.run(["journalctl", "--quiet", "--grep=Failed to get metadata"], check=False)
        assert said.stdout == ""


def test_both_agents_leave_the_same_on_a_node(stage, note):
    """On the passive node, each with a directory of its own; and ocf-tester has no complaint."""
    node = stage.service.nodes[stage.service.other_node(stage.service.active_node())]
    stock, own = (nfs_agents.played(node, name) for name in ("heartbeat", "hanfs"))
    for theirs, ours in zip(stock, own):
        assert (ours.code, ours.seen) == (theirs.code, theirs.seen), ours.action
        assert 2 * ours.processes < theirs.processes, (ours.action, ours.processes)
        note(
            f"{ours.action}: {ours.processes} for {theirs.processes} processes,"
            f" {ours.seconds:.1f} for {theirs.seconds:.1f} s"
        )
    assert [one.code for one in own] == [0, 0, 0, 7]
    words = [f"{key}={value}" for key, value in nfs_agents.parameters("hanfs").items()]
    options = [word for pair in words for word in ("-o", pair)]
    done = node.run(["ocf-tester", "-n", "tried", *options, OWN], check=False)
    wrong = [line for line in done.stdout.splitlines() if line.startswith("* rc=")]
    # There is no xmllint on these machines.
    assert [line for line in wrong if "does not conform to ra-api-1.dtd" not in line] == []
    assert "* Your agent does not support the reload action (optional)" in done.stdout
    assert node.run([OWN, "monitor"], check=False).returncode == 7


def test_an_export_and_a_client_come_and_go_while_a_client_writes(stage, note):
    """The plan says so, and the cluster's history shows it: nothing else was touched."""
    stage.service.mount()
    before = stage.service.history()
    home, pub = hardened.SITE["exports"]
    guests = {**home, "clients": [hardened.LAN, {"client": GUESTS, "options": ["ro", "sync"]}]}
    new = {"name": "new", "directory": "/srv/nfs/new", "clients": [hardened.LAN]}
    with stage.writers() as writers:
        writers.wait_until_writing()
        for exports in ([guests, new, pub], [home, pub]):
            stage.write_pillar({"exports": exports})
            predicted = comment_of(stage.apply(test=True), CONFIGURED)
            applied(stage)
            for name in hardened.CORE:
                assert f"{name}: " not in predicted, predicted
            writers.wait_until_writing()
        after = stage.service.history()
    report = stage.checked(writers.report)
    note(clean.shown(report))
    clean.assert_clean(report)
    assert {key: after.get(key) for key in before} == before
    assert not any("new" in resource for resource in stage.service.placement())


def test_what_is_done_by_hand_takes_no_export_away(stage, note):
    """The last one restarts the NFS server, whose unit requires rpc.mountd's."""
    server = stage.service.nodes[stage.service.active_node()]
    before = server.run(["exportfs", "-s"]).stdout
    assert before
    with stage.writers() as writers:
        for words in BY_HAND:
            writers.wait_until_writing()
            server.run(words)
            # systemctl does not wait for what goes down and up with the unit.
            mortal.wait_until_exported(server, before)
        writers.wait_until_writing()
    report = stage.checked(writers.report)
    note(clean.shown(report))
    clean.assert_clean(report)


@pytest.fixture(scope="module")
def locks():
    """Locks that a client keeps from one test to the next, by the version of NFS."""
    held = {}
    yield held
    for lock in held.values():
        lock.give_back()


def test_helpers_that_die_are_started_again_without_the_cluster(stage, locks, note):
    """In maintenance mode the cluster heals nothing: what comes back does so by itself."""
    server, client = stage.service.nodes[stage.service.active_node()], stage.client
    home = f"{hardened.VIRTUAL_IP}:{hardened.SERVED}"
    pub = f"{hardened.VIRTUAL_IP}:/srv/nfs/pub"
    before, wanted = stage.service.history(), mortal.registered(server)
    server.run(["pcs", "property", "set", "maintenance-mode=true"])
    locks["3"] = mortal.v3_lock(client, home)
    with stage.writers() as writers:
        for unit, program in mortal.HELPERS.items():
            if unit == "nfsdcld":
                locks["4.1"] = mortal.late_lock(server, client, home)
            else:
                mortal.kill(server, program)()
            if unit == "rpcbind":
                mortal.wait_until_registered(server, wanted)
            for version in ("3", "4.2"):
                mortal.mount(client, version, pub, "/mnt/new")
                client.run(["umount", "/mnt/new"])
            writers.wait_until_writing()
            assert all(lock.is_on(server) for lock in locks.values()), unit
        assert "NFSv4.1 nfs-client" in mortal.noted(server)
    server.run(["pcs", "property", "set", "maintenance-mode="])
    report = stage.checked(writers.report)
    note(clean.shown(report))
    clean.assert_clean(report)
    told = stage.master.salt(
        server.name, "state.single", "hanfs.healthy", "x", "path=hanfs:sites:hardened"
    )
    (state,) = told[server.name].values()
    assert state["result"] is True, state["comment"]
    for unit in mortal.HELPERS:
        assert f"{unit} died and was started again" in state["comment"]
    assert stage.service.history() == before


def test_service_moves_and_moves_back_while_a_client_writes(stage, locks, note):
    """Locks of others stay too: that of a client which came while nfsdcld was dead, and NFSv3's."""
    for _ in range(2):
        report = stage.moves_under_load(stage.tell, moves=1)
        note(clean.shown(report))
        clean.assert_clean(report)
        server = stage.service.nodes[stage.service.active_node()]
        for lock in locks.values():
            lock.wait_until_on(server)
            lock.write()
        # NFSv3's may be lost when the service moves back within minutes (README, Limits).
        if "3" in locks:
            locks.pop("3").give_back()


def test_crash_of_the_active_node(stage, note):
    """It is cut off from power; the other one fences it and takes over, while the client writes."""
    home = stage.service.active_node()
    mortal.lock_manager_comes_early(stage.service.nodes[home])
    crashed = time.time()
    report = clean.crash(stage, SECONDS)
    note(clean.shown(report))
    clean.assert_clean(report)
    shots = stage.switch.shots(crashed)
    assert [(action, target) for _, _, action, target, _ in shots] == [("off", home)]


def test_the_node_comes_back_without_a_second_move(stage):
    active = stage.service.active_node()
    lost = stage.service.other_node(active)
    before = {key: value for key, value in stage.service.history().items() if key[0] == active}
    stage.service.nodes[lost].start().wait_until_reachable()
    stage.service.wait_until_online(lost, SECONDS)
    stage.wait_for_minions()
    returns = applied(stage)
    assert not any(site.changed_after_a_boot(returns).values()), site.told(returns)
    assert stage.service.active_node() == active
    after = stage.service.history()
    assert {key: after.get(key) for key in before} == before
    mortal.assert_settings_hold(stage.service.nodes[lost])
