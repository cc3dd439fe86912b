"""The reader of strace's output, on lines that strace wrote."""

from tests.support.exec_log import CLUSTER_TOOLS, parse

LINES = """\
12 execve("/bin/cibadmin", ["cibadmin", "--query"], 0x7f80 /* 19 vars */) = -1 ENOENT (...)
12 execve("/usr/sbin/cibadmin", ["cibadmin", "--query"], 0x7f80 /* 19 vars */) = 0
13 execve("/usr/bin/pcs", ["pcs", "status"], 0x7f80 /* 2 vars */ <unfinished ...>
14 execve("/bin/true", ["true"], 0x7f80 /* 2 vars */) = 0
13 <... execve resumed>)              = 0
"""


def test_failed_tries_do_not_count_and_split_lines_are_joined():
    assert [name for name, _ in parse(LINES)] == ["cibadmin", "true", "pcs"]
    assert parse(LINES)[0][1] == '"cibadmin", "--query"'


def test_what_is_a_cluster_tool():
    tools = "cibadmin crm_mon crm_resource crmadmin corosync-cfgtool attrd_updater".split()
    assert all(CLUSTER_TOOLS.match(tool) for tool in tools)
    assert not any(
        CLUSTER_TOOLS.match(tool) for tool in ("pcs", "corosync", "crontab", "firewall-cmd")
    )
