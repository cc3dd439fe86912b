"""The profile hardened on machines that enforce SELinux's policy, from their first boot on.

Debian's reference policy; what of Red Hat's it lacks is in tests/lab/selinux.cil.
"""

from __future__ import annotations

import re

import pytest

from tests.lab import article, enter, hardened
from tests.lab.stage import Stage
from tests.system import clean

PASSWORD = "correct-horse-battery"
SEMANAGE = "/usr/sbin/semanage"
STATE_DIRECTORY = "/srv/nfs/nfsinfo"
READY = "SELinux lets the NFS server do its work"

pytestmark = [
    pytest.mark.skipif(not enter.inside(), reason="needs a lab: make test"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def stage(whole_kernel):
    with Stage(hardened, PASSWORD, confined=True) as made:
        yield made


@pytest.fixture(autouse=True)
def enforced(stage):
    """In each test, before and after it: nobody may have made it easy."""
    yield
    for server in stage.servers:
        assert server.run(["getenforce"]).stdout == "Enforcing\n"


def domain(server, program):
    """The domain in which ``program`` runs there."""
    found = server.run(["ps", "-o", "label=", "-C", program]).stdout.split()
    return {label.split(":")[2] for label in found}


def labels(server, *paths):
    """The types of these paths."""
    found = server.run(["stat", "-c", "%C", *paths]).stdout.split()
    return [label.split(":")[2] for label in found]


# What Debian's policy has no rule for on any machine, with a cluster or without: its last line is
# Python's libffi in firewalld, which tries memory that is executable and does without.
OTHERS = re.compile(
    r"scontext=\S+:(systemd_tmpfiles_t|udev_t|systemd_notify_t):"
    r'|\{ search \} .*name="root" .*scontext=\S+:firewalld_t:'
    r"|\{ execute \} .*scontext=\S+:firewalld_t:.*tcontext=\S+:firewalld_tmpfs_t:"
)


def denials(server):
    """What the policy did not let happen since the boot, each with how often."""
    lines = server.run(["journalctl", "-q", "-o", "cat", "_AUDIT_TYPE_NAME=AVC"]).stdout
    found = {}
    for line in lines.splitlines():
        if "denied" in line and not OTHERS.search(line):
            what = re.sub(r"\b(pid|ino|tclass|dev|port|src)=\S+ ?", "", line)
            found[what] = found.get(what, 0) + 1
    return found


def test_two_bare_machines_become_a_service(stage):
    for server in stage.servers:
        assert server.run(["test", "-e", SEMANAGE], check=False).returncode == 1
    returns = stage.apply()
    assert article.failures(returns) == []
    assert set(stage.service.placement()) >= {*hardened.CORE, *hardened.EXPORTS}
    for states in returns.values():
        (changes,) = [one["changes"] for one in states.values() if one["__id__"] == READY]
        assert set(changes) >= {"nfs_export_all_ro", "nfs_export_all_rw"}, changes
    for server in stage.servers:
        assert domain(server, "corosync") == {"corosync_t"}
        assert domain(server, "pacemakerd") == {"pacemaker_t"}
        for boolean in ("nfs_export_all_ro", "nfs_export_all_rw"):
            assert server.run(["getsebool", boolean]).stdout == f"{boolean} --> on\n"


def test_the_state_directory_keeps_its_label(stage):
    active = stage.service.nodes[stage.service.active_node()]
    for server in stage.servers:
        found = server.run(["matchpathcon", "-n", f"{STATE_DIRECTORY}/nfsdcld"]).stdout
        assert ":var_lib_nfs_t:" in found
    assert labels(active, STATE_DIRECTORY, "/var/lib/nfs") == ["var_lib_nfs_t"] * 2


def test_the_new_file_system_has_the_label_of_its_mount_point(stage):
    active = stage.service.nodes[stage.service.active_node()]
    mountpoint = hardened.SITE["storage"]["mountpoint"]
    wanted = active.run(["matchpathcon", "-n", mountpoint]).stdout.strip()
    assert active.run(["stat", "-c", "%C", mountpoint]).stdout.strip() == wanted


def test_the_same_again_changes_nothing(stage):
    returns = stage.apply()
    assert article.failures(returns) == []
    assert article.count_changes(returns) == 0


def test_service_moves_and_moves_back_while_a_client_writes(stage, note):
    stage.service.mount()
    report = stage.moves_under_load(stage.tell)
    note(clean.shown(report))
    clean.assert_clean(report)


def test_nothing_was_denied(stage):
    for server in stage.servers:
        found = denials(server)
        assert not found, "\n".join(f"{count} x {what}" for what, count in sorted(found.items()))


def test_what_is_denied_is_seen(stage):
    """The control for the test before: a domain of the NFS server's may not read passwords."""
    for server in stage.servers:
        confined = [
            "systemd-run",
            "-q",
            "--wait",
            "-p",
            "SELinuxContext=system_u:system_r:rpcd_t:s0",
        ]
        assert server.run([*confined, "cat", "/etc/shadow"], check=False).returncode != 0
        assert any("rpcd_t" in what for what in denials(server))
