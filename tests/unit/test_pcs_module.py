"""The module pcs against a stand-in for the command: what is run, read and said."""

import json
import socket
from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

from tests.support.pcs_command import Node

DATA = Path(__file__).parent / "data" / "pcs"
CONF = (DATA / "corosync-0.11.conf").read_text()
HOSTS = (DATA / "known-hosts.json").read_text()
PASSWORD = "pa ss\\n'w%rd"
PILLAR = {"hanfs": {"cluster": {"password": PASSWORD, "number": 12345, "empty": ""}}}


@pytest.fixture
def node(tmp_path, monkeypatch):
    return Node(tmp_path, monkeypatch, pillar=PILLAR)


@pytest.fixture
def pcsd(node):
    """Something that takes connections where pcsd would."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        node.world.library._pcs_hosts.PCSD_PORT = server.getsockname()[1]
        yield server


@pytest.fixture
def closed_port(node):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    node.world.library._pcs_hosts.PCSD_PORT = port
    return port


TWO = {"nfs-server1": ["127.0.0.1"], "nfs-server2": ["127.0.0.1"]}
ONLINE = "  nfs-server1: Online\n  nfs-server2: Online"


def test_version_is_asked_once(node):
    first = node.salt["pcs.version"]()
    assert first["version"] == "0.11.5"
    assert "pcs.auth.client" in first["capabilities"]
    assert node.salt["pcs.version"]() == first
    assert node.calls == ["--version --full"]


def test_a_pcs_without_capabilities_is_too_old(node):
    node.answer("--version --full", "0.9.150")
    with pytest.raises(CommandExecutionError, match="older than 0.9.161"):
        node.salt["pcs.version"]()


def test_without_pcs_every_function_says_so(tmp_path, monkeypatch):
    node = Node(tmp_path, monkeypatch, pcs=None)
    if node.library._pcs_node.installed():
        pytest.skip("pcs is installed on this machine")
    for call in (
        lambda: node.salt["pcs.version"](),
        lambda: node.salt["pcs.node_standby"]("a"),
        lambda: node.salt["pcs.hosts_authorized"](["a"]),
    ):
        with pytest.raises(CommandExecutionError, match="pcs cannot be run: is its package"):
            call()


def test_files_are_read_without_a_process(node):
    assert node.salt["pcs.corosync_conf"]() is None
    assert node.library._pcs_node.member_of() is None
    assert node.salt["pcs.known_hosts"]() == {}
    node.conf(CONF)
    node.known_hosts(HOSTS)
    assert node.library._pcs_node.member_of() == "nfs-server-cluster"
    assert node.salt["pcs.known_hosts"]()["nfs-server2"] == ["10.10.10.12"]
    node.conf((DATA / "corosync-debian.conf").read_text())
    assert node.library._pcs_node.member_of() is None
    assert node.calls == []


def test_tokens_of_0_9_are_known_hosts(node):
    (node.root / "tokens").write_text((DATA / "tokens-0.9.json").read_text())
    assert sorted(node.salt["pcs.known_hosts"]()) == ["nfs-server1", "nfs-server2"]


@pytest.mark.parametrize(
    "hostname, nodes, expected",
    [
        ("a", ["a", "b"], "a"),
        ("a.example.org", ["a", "b"], "a"),
        ("a", ["a.example.org", "b.example.org"], "a.example.org"),
    ],
)
def test_local_node(tmp_path, monkeypatch, hostname, nodes, expected):
    node = Node(tmp_path, monkeypatch, hostname=hostname)
    assert node.library._pcs_node.local_node(nodes) == expected


@pytest.mark.parametrize("nodes", [["b", "c"], ["nfs-server1.one", "nfs-server1.two"]])
def test_local_node_is_none_of_them(node, nodes):
    with pytest.raises(CommandExecutionError, match="called nfs-server1, which is none of"):
        node.library._pcs_node.local_node(nodes)


def test_authentication(node, pcsd):
    node.answer("host auth", "nfs-server1: Authorized\nnfs-server2: Authorized")
    node.answer("status pcsd", ONLINE)
    assert (
        node.library._pcs_hosts.host_auth(
            node.machine, TWO, password_pillar="hanfs:cluster:password"
        )
        is True
    )
    assert node.calls == [
        "--version --full",
        "host auth -u hacluster nfs-server1 addr=127.0.0.1 nfs-server2 addr=127.0.0.1",
        "status pcsd nfs-server1 nfs-server2",
    ]
    assert node.clock.slept == []


def test_the_password_goes_by_standard_input_as_it_is(node, pcsd):
    node.answer("host auth")
    node.answer("status pcsd", ONLINE)
    node.library._pcs_hosts.host_auth(node.machine, TWO, password=PASSWORD)
    assert node.stdin("host auth") == PASSWORD + "\n"
    assert PASSWORD not in json.dumps(node.world.commands)


def test_the_runner_is_told_not_to_touch_standard_input(node, pcsd):
    """Salt's cmd.run_all turns backslash-n into a newline unless it is told not to."""
    seen = {}
    real = node.salt["cmd.run_all"]

    def spy(argv, **kwargs):
        seen.update(kwargs)
        return real(argv, **kwargs)

    node.salt["cmd.run_all"] = spy
    node.answer("status pcsd", ONLINE)
    node.salt["pcs.hosts_authorized"](TWO)
    assert seen["stdin_raw_newlines"] is True
    assert seen["output_loglevel"] == "quiet"
    assert seen["python_shell"] is False


def test_authorized_is_not_believed_without_confirmation(node, pcsd):
    node.answer("host auth", "nfs-server1: Authorized\nnfs-server2: Authorized")
    node.answer(
        "status pcsd", "  nfs-server1: Online\n  nfs-server2: Unable to authenticate", code=2
    )
    with pytest.raises(CommandExecutionError) as caught:
        node.library._pcs_hosts.host_auth(node.machine, TWO, password=PASSWORD, timeout=0)
    assert "pcs says of nfs-server2: Unable to authenticate" in str(caught.value)
    assert "nfs-server1: Online" not in str(caught.value)


def test_a_wrong_password_names_the_node_and_the_pillar_key(node, pcsd):
    node.answer(
        "host auth",
        "nfs-server1: Authorized\nError: nfs-server2: Username and/or password is incorrect",
        code=1,
    )
    with pytest.raises(CommandExecutionError) as caught:
        node.library._pcs_hosts.host_auth(
            node.machine, TWO, password_pillar="hanfs:cluster:password", timeout=20
        )
    said = str(caught.value)
    assert "nfs-server2 refused hacluster's password (pillar hanfs:cluster:password)" in said
    assert "within 20 seconds" in said
    assert "nfs-server1 refused" not in said
    assert PASSWORD not in said
    assert sum(node.clock.slept) == pytest.approx(20)


def test_a_password_set_later_on_the_other_node_is_taken(node, pcsd):
    refused = "Error: nfs-server2: Username and/or password is incorrect"
    node.answer("host auth", refused, code=1)
    node.answer("status pcsd", ONLINE)

    def other_node(clock):
        if clock.now > 5:
            node.answer("host auth", "nfs-server2: Authorized")

    node.clock.on_sleep = other_node
    assert (
        node.library._pcs_hosts.host_auth(node.machine, TWO, password=PASSWORD, timeout=60) is True
    )
    assert node.clock.slept == [1, 2, 4]


def test_no_answer_costs_no_pcs_and_names_the_address(node, closed_port):
    with pytest.raises(CommandExecutionError) as caught:
        node.library._pcs_hosts.host_auth(node.machine, TWO, password=PASSWORD, timeout=100)
    assert f"no answer from nfs-server2 (127.0.0.1:{closed_port})" in str(caught.value)
    assert node.calls == []
    assert node.clock.slept == [1, 2, 4, 8, 16, 30, 30, 9]


@pytest.mark.parametrize(
    "secret, sentence",
    [
        ({}, "password is not set"),
        ({"password": ""}, "not empty"),
        ({"password": "a\nb"}, "one line"),
        ({"password": 12345}, "put it in quotes"),
        ({"password_pillar": "hanfs:cluster:nothing"}, "pillar hanfs:cluster:nothing is not set"),
        ({"password_pillar": "hanfs:cluster:number"}, "pillar hanfs:cluster:number must be"),
        ({"password_pillar": "hanfs:cluster:empty"}, "hanfs:cluster:empty must be one line"),
    ],
)
def test_bad_passwords_are_told_before_anything_runs(node, secret, sentence):
    with pytest.raises(SaltInvocationError, match=sentence) as caught:
        node.library._pcs_hosts.host_auth(node.machine, TWO, **secret)
    assert "12345" not in str(caught.value)
    assert node.calls == []


@pytest.mark.parametrize(
    "nodes",
    [
        None,
        {},
        [],
        "nfs-server1",
        {"a": None},
        {"a": [1]},
        {"a": [""]},
        {"--force": ["10.0.0.1"]},
        {"a=b": ["10.0.0.1"]},
        {"a b": ["10.0.0.1"]},
        {"": []},
        {3: []},
    ],
)
def test_bad_nodes_are_told_before_anything_runs(node, nodes):
    with pytest.raises(SaltInvocationError, match="nodes"):
        node.salt["pcs.cluster_setup"](nodes)
    assert node.calls == []


def test_status_pcsd_of_hosts(node):
    node.answer("status pcsd", "  nfs-server1: Online\n  nfs-server2: Offline", code=2)
    assert node.salt["pcs.hosts_authorized"](["nfs-server1", "nfs-server2", "c"]) == {
        "nfs-server1": True,
        "nfs-server2": "Offline",
        "c": "no answer from pcs",
    }


def test_setup(node):
    node.answer("cluster setup")
    node.salt["pcs.cluster_setup"](TWO, pcsclustername="nfs", totem={"token": 10000})
    assert node.calls[-1] == (
        "cluster setup nfs nfs-server1 addr=127.0.0.1 nfs-server2 addr=127.0.0.1 totem token=10000"
    )


def test_setup_of_0_9(tmp_path, monkeypatch):
    node = Node(tmp_path, monkeypatch, pcs="0.9")
    node.answer("cluster setup")
    node.salt["pcs.cluster_setup"](["a", "b"], pcsclustername="nfs")
    assert node.calls[-1] == "cluster setup --name nfs a b"


@pytest.mark.parametrize("name", ["", "two words", "--force", None, 3])
def test_bad_cluster_names(node, name):
    with pytest.raises(SaltInvocationError, match="name"):
        node.salt["pcs.cluster_setup"](TWO, pcsclustername=name)
    assert node.calls == []


def test_force_is_never_passed_on(node):
    for call in (
        lambda: node.salt["pcs.cluster_setup"](TWO, "nfs", ["--force"]),
        lambda: node.salt["pcs.cluster_destroy"](["--all", "--force"]),
        lambda: node.salt["pcs.cluster_node_add"]("c", ["--force"]),
    ):
        with pytest.raises(SaltInvocationError, match="--force"):
            call()
    assert [c for c in node.calls if not c.startswith("--version")] == []


def test_a_refused_setup_raises_with_pcs_s_words(node):
    node.answer("cluster setup", "Error: nfs-server2: The host seems to be in a cluster", code=1)
    with pytest.raises(CommandExecutionError, match="pcs cluster setup: Error: nfs-server2"):
        node.salt["pcs.cluster_setup"](TWO, "nfs")


@pytest.mark.parametrize(
    "function, args, command",
    [
        ("cluster_start", {}, "cluster start"),
        ("cluster_start", {"nodes": "--all", "wait": 60}, "cluster start --all --wait=60"),
        ("cluster_start", {"nodes": ["a", "b"]}, "cluster start a b"),
        ("cluster_stop", {}, "cluster stop"),
        ("cluster_stop", {"nodes": "a"}, "cluster stop a"),
        ("cluster_enable", {"nodes": "--all"}, "cluster enable --all"),
        ("cluster_destroy", {}, "cluster destroy"),
        ("cluster_destroy", {"extra_args": ["--all"]}, "cluster destroy --all"),
        ("node_standby", {"node": "a"}, "node standby a"),
        ("node_unstandby", {"node": "a"}, "node unstandby a"),
        (
            "cluster_node_add",
            {"node": "c", "extra_args": ["--start"], "addresses": ["10.0.0.3"]},
            "cluster node add c addr=10.0.0.3 --start",
        ),
    ],
)
def test_simple_commands(node, function, args, command):
    node.answer(" ".join(command.split()[:2]))
    assert node.salt[f"pcs.{function}"](**args) is True
    assert node.calls[-1] == command


def test_simple_commands_that_fail_raise(node):
    node.answer("node standby", "Error: Node 'a' does not appear to exist", code=1)
    with pytest.raises(CommandExecutionError, match="does not appear to exist"):
        node.salt["pcs.node_standby"]("a")


def test_an_option_is_no_node(node):
    with pytest.raises(SaltInvocationError):
        node.salt["pcs.node_standby"]("--all")


def crm_mon(node, new, old=None):
    """A crm_mon that knows ``--output-as=xml`` (``new``) or only the older ``--as-xml``."""
    name = new or old
    option = "--output-as=xml" if new else "--as-xml"
    script = node.root / "bin" / "crm_mon"
    script.write_text(
        f'#!/bin/sh\n[ "$2" = {option} ] || {{ echo "unrecognized option $2" >&2; exit 64; }}\n'
        f"cat {DATA / name}\n"
    )
    script.chmod(0o755)


def test_status_is_one_process(node):
    crm_mon(node, "crm_mon-2.1.5.xml")
    assert node.salt["pcs.status"]()["dc"] == "nfs-server1"
    assert node.world.commands == [["crm_mon", "-1", "--output-as=xml"]]


def test_what_was_seen_a_moment_ago_is_not_asked_for_again(node):
    crm_mon(node, "crm_mon-2.1.5.xml")
    first = node.library._pcs_node.recent_status(node.machine)
    assert node.library._pcs_node.recent_status(node.machine) == first == node.salt["pcs.status"]()
    assert len(node.world.commands) == 2, "one by the first question, one by pcs.status"
    node.library._pcs_node.recent_status(node.machine, age=0)
    assert len(node.world.commands) == 3


def test_status_of_an_older_crm_mon(node):
    crm_mon(node, None, "crm_mon-2.1.5-as-xml.xml")
    assert node.salt["pcs.status"]()["dc"] == "nfs-server1"


def test_status_without_a_cluster(node):
    crm_mon(node, "crm_mon-2.1.5-stopped.xml")
    with pytest.raises(CommandExecutionError, match="does not run on this node"):
        node.salt["pcs.status"]()


def test_status_without_crm_mon(node):
    with pytest.raises(CommandExecutionError, match="crm_mon"):
        node.salt["pcs.status"]()


# --- the password ---------------------------------------------------------------------------------


@pytest.fixture
def account(node):
    """hacluster with a password in a shadow file that the fake chpasswd rewrites."""
    crypt = node.world.library._pcs_hosts._crypt
    shadow = {"name": "hacluster", "passwd": "!"}
    node.salt["shadow.info"] = lambda name: (
        dict(shadow) if name == "hacluster" else {"name": "", "passwd": ""}
    )
    log = node.root / "chpasswd.stdin"
    script = node.root / "bin" / "chpasswd"
    script.write_text(f"#!/bin/sh\ncat > {log}\n")
    script.chmod(0o755)
    real = node.salt["cmd.run_all"]

    def run(argv, **kwargs):
        result = real(argv, **kwargs)
        if argv == ["chpasswd"]:
            secret = log.read_text().rstrip("\n").split(":", 1)[1]
            shadow["passwd"] = crypt(secret, "$6$saltsalt$")
        return result

    node.salt["cmd.run_all"] = run
    node.shadow = shadow
    return node


def test_passwords_are_compared_by_the_system_s_crypt(account):
    crypt = account.world.library._pcs_hosts._crypt
    for scheme in ("$6$saltsalt$", "$5$saltsalt$", "$y$j9T$saltsalt$"):
        account.shadow["passwd"] = crypt("secret", scheme)
        assert account.shadow["passwd"].startswith(scheme)
        assert (
            account.library._pcs_hosts.password_matches(account.machine, "hacluster", "secret")
            is True
        )
        assert (
            account.library._pcs_hosts.password_matches(account.machine, "hacluster", "Secret")
            is False
        )


@pytest.mark.parametrize("stored", ["", "!", "*", "!*", "!$6$x$y", "x", "$99$unknown$z"])
def test_accounts_without_a_usable_password(account, stored):
    account.shadow["passwd"] = stored
    assert (
        account.library._pcs_hosts.password_matches(account.machine, "hacluster", "secret") is False
    )


def test_no_such_account(account):
    assert (
        account.library._pcs_hosts.password_matches(account.machine, "nobody-here", "secret")
        is None
    )
    with pytest.raises(CommandExecutionError, match="no account nobody-here"):
        account.library._pcs_hosts.set_password(account.machine, "nobody-here", "secret")


def test_setting_a_password(account):
    assert (
        account.library._pcs_hosts.set_password(
            account.machine, password_pillar="hanfs:cluster:password"
        )
        is True
    )
    assert (account.root / "chpasswd.stdin").read_text() == f"hacluster:{PASSWORD}\n"
    assert account.world.commands == [["chpasswd"]]
    assert (
        account.library._pcs_hosts.password_matches(account.machine, "hacluster", PASSWORD) is True
    )


def test_a_chpasswd_that_fails_does_not_tell_the_password(account):
    script = account.root / "bin" / "chpasswd"
    script.write_text('#!/bin/sh\necho "line 1: $(cat) is bad" >&2; exit 1\n')
    account.salt["cmd.run_all"] = account.world.run
    with pytest.raises(CommandExecutionError, match="chpasswd for hacluster") as caught:
        account.library._pcs_hosts.set_password(account.machine, "hacluster", "gehe1m")
    assert "gehe1m" not in str(caught.value)


def test_a_chpasswd_without_effect_is_noticed(account):
    account.salt["cmd.run_all"] = account.world.run
    with pytest.raises(CommandExecutionError, match="not the new one"):
        account.library._pcs_hosts.set_password(account.machine, "hacluster", "secret")


@pytest.mark.parametrize("name", ["a:b", "a\nroot", "", "-x"])
def test_bad_account_names(account, name):
    with pytest.raises(SaltInvocationError, match="account"):
        account.library._pcs_hosts.set_password(account.machine, name, "secret")
    assert account.world.commands == []


# --- commands that do not end --------------------------------------------------------------------


def as_salt_does(node, after=None):
    """cmd.run_all that notes time limits; with ``after``, that command runs into its own."""
    limits = []

    def run_all(argv, timeout=None, **_):
        limits.append((" ".join(argv[:3]), timeout))
        if after and " ".join(argv).startswith(after):
            # Salt's words and exit code for a command that it killed
            said = f"{argv} : Timed out after {timeout} seconds"
            return {"retcode": 1, "stdout": said, "stderr": "", "pid": 1}
        return real(argv, **_)

    real = node.salt["cmd.run_all"]
    node.salt["cmd.run_all"] = run_all
    return limits


@pytest.mark.parametrize(
    "command, limit, call",
    [
        ("pcs --version", 300, lambda node: node.salt["pcs.version"]()),
        ("crm_mon -1", 120, lambda node: node.salt["pcs.status"]()),
        ("pcs status pcsd", 300, lambda node: node.salt["pcs.hosts_authorized"](["a"])),
        ("pcs cluster setup", 900, lambda node: node.salt["pcs.cluster_setup"](TWO)),
        ("pcs cluster destroy", 900, lambda node: node.salt["pcs.cluster_destroy"]()),
        ("pcs cluster node add", 900, lambda node: node.salt["pcs.cluster_node_add"]("c")),
        ("pcs cluster start", 900, lambda node: node.salt["pcs.cluster_start"]()),
        ("pcs cluster start", 2900, lambda node: node.salt["pcs.cluster_start"](wait=2000)),
        ("pcs cluster stop", 900, lambda node: node.salt["pcs.cluster_stop"]()),
        ("pcs cluster enable", 300, lambda node: node.salt["pcs.cluster_enable"]()),
        ("pcs node standby", 300, lambda node: node.salt["pcs.node_standby"]("a")),
        ("pcs node unstandby", 300, lambda node: node.salt["pcs.node_unstandby"]("a")),
        (
            "pcs cluster corosync",
            300,
            lambda node: node.library._pcs_cluster.conf_text_of(node.machine, "b"),
        ),
        (
            "pcs cluster corosync",
            300,
            lambda node: node.library._pcs_setup.conf_of(node.machine, "b"),
        ),
    ],
)
def test_a_command_that_does_not_end_is_ended_and_named(node, command, limit, call):
    limits = as_salt_does(node, command)
    with pytest.raises(CommandExecutionError) as caught:
        call(node)
    words = f"did not end within {limit} seconds and was stopped"
    assert str(caught.value).startswith(command[:10]) and words in str(caught.value)
    assert limits[-1][1] == limit


def test_every_command_has_a_time_limit(node, pcsd):
    limits = as_salt_does(node)
    node.answer("host auth", "nfs-server1: Authorized\nnfs-server2: Authorized")
    node.answer("status pcsd", ONLINE)
    node.library._pcs_hosts.host_auth(node.machine, TWO, password=PASSWORD)
    assert limits == [
        ("pcs --version --full", 300),
        ("pcs host auth", 300),
        ("pcs status pcsd", 300),
    ]


def test_an_authentication_that_does_not_end_is_one_try(node, pcsd):
    """The next try may find the other node in a better state; the password is not told."""
    as_salt_does(node, "pcs host auth")
    with pytest.raises(CommandExecutionError) as caught:
        node.library._pcs_hosts.host_auth(node.machine, TWO, password=PASSWORD, timeout=30)
    assert "not authenticated within 30 seconds: pcs host auth: did not end" in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert len(node.clock.slept) > 1


def test_words_about_a_timeout_are_not_taken_for_salts(node):
    node.answer("cluster setup", "Error: b : Timed out after 60 seconds", code=1)
    with pytest.raises(CommandExecutionError, match="pcs cluster setup: Error: b : Timed out"):
        node.salt["pcs.cluster_setup"](TWO)
