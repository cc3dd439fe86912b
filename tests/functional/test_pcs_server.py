"""The tests' quick ``pcs`` is the real one: same output, same exit code, nothing left behind."""

import pytest

from tests.support.cluster_tools import VERSIONS, for_version

CREATE = "resource create A ocf:pacemaker:Dummy fake=one op monitor interval=20s"
COMMANDS = {
    "version": ["--version", "--full"],
    "no arguments": [],
    "unknown command": ["nonsense"],
    "help": ["resource", "help", "create"],
    "read": ["-f", "{cib}", "resource", "config"],
    "read as it was before 0.12": ["-f", "{cib}", "property"],
    "write": ["-f", "{cib}", "resource", "create", "B", "ocf:pacemaker:Dummy"],
    "write of what is there": ["-f", "{cib}", *CREATE.split()],
    "bad value": ["-f", "{cib}", "property", "set", "stonith-enabled=perhaps"],
    "option that takes a value": ["-f", "{cib}", "property", "set", "x=1", "--force"],
    "unknown option": ["-f", "{cib}", "resource", "--nonsense"],
    "file that is not there": ["-f", "/nowhere/cib.xml", "resource", "create", "C", "x"],
    "wants a password": ["host", "auth", "nowhere", "addr=192.0.2.1", "-u", "hacluster"],
    "other text than ASCII": ["-f", "{cib}", "resource", "update", "A", "fake=ν"],
}


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path):
    return for_version(request.param, tmp_path)


def outcome(done):
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_same_as_the_plain_command(tools, name):
    tools.pcs(CREATE)
    before = tools.text()
    words = [word.format(cib=tools.cib) for word in COMMANDS[name]]
    quick = outcome(tools.pcs_command(*words, stdin="wrong\n"))
    after = tools.text()
    tools.cib.write_text(before)
    plain = outcome(tools.run("pcs", *words, check=False, stdin="wrong\n"))
    assert quick == plain
    assert after == tools.text()


def test_it_is_the_version_asked_for(tools):
    assert tools.pcs_command("--version").stdout.startswith(tools.version + ".")


def test_a_command_leaves_nothing_for_the_next(tools):
    first, second = tools, tools.another("other.xml")
    first.pcs("property set batch-limit=7 --force", CREATE)
    assert second.pcs_command("--version", "--full").returncode == 0
    second.pcs("resource create Z ocf:pacemaker:Dummy")
    assert "batch-limit" not in second.text() and 'id="A"' not in second.text()
    assert 'id="Z"' not in first.text()
    assert tools.pcs("resource config", check=False).stdout.startswith(
        (" Resource: A", "Resource: A")
    )


def test_arguments_may_be_a_list(tools):
    tools.pcs([*"resource create A ocf:pacemaker:Dummy".split(), "fake=two words"])
    assert 'value="two words"' in tools.text()
