"""The states about fencing: key files, SBD's settings, and what keeps the cluster from relying on
an SBD that does not run."""

import base64
import stat

import pytest

import _cib_kinds
from tests.support.cluster_tools import EMPTY_CIB
from tests.support.salt_modules import load
from tests.support.sites import PATH, pillar

KEY = b"\x00\x01binary \xff key\n"
CODED = base64.b64encode(KEY).decode()
SBD = {"devices": ["/dev/x", "/dev/y"], "watchdog": "/dev/null"}
NODES = ["n1", "n2"]


class Machine:
    """A node whose files lie below a directory, and the modules on it."""

    def __init__(self, tmp_path, test=False, pillar=None, member=None):
        self.root = tmp_path
        self.enabled = []
        self.reloads = 0
        self.world = load(
            opts={"test": test},
            pillar=pillar,
            grains={"os_family": "Debian"},
            salt={
                "service.enable": self._enable,
                "service.disable": self._disable,
                "service.systemctl_reload": self._reload,
                "_pcs_node.member_of": lambda: member,
                "_hanfs_here.own_name": lambda: "n1",
            },
        )
        sbd = self.world.library._hanfs_sbd
        self.config = tmp_path / "default-sbd"
        self.drop_in = tmp_path / "sbd.service.d" / "hanfs.conf"
        sbd.CONFIGS = {"Debian": str(self.config)}
        sbd.DROP_IN = str(self.drop_in)
        sbd.WANTS = str(tmp_path / "systemd" / "*.requires" / "sbd.service")
        sbd.PID_FILE = str(tmp_path / "sbd.pid")
        sbd.PROC = str(tmp_path / "proc")
        sbd.CIB_FILE = str(tmp_path / "cib.xml")
        self.world.library._pcs_sbd.CONFIGS = (str(self.config),)
        (tmp_path / "proc").mkdir(exist_ok=True)

    def _enable(self, name):
        link = self.root / "systemd" / "corosync.service.requires" / f"{name}.service"
        link.parent.mkdir(parents=True)
        link.touch()
        return True

    def _disable(self, name):
        (self.root / "systemd" / "corosync.service.requires" / f"{name}.service").unlink()
        return True

    def _reload(self):
        self.reloads += 1
        return True

    def process(self, pid, name, **environment):
        directory = self.root / "proc" / str(pid)
        directory.mkdir()
        (directory / "comm").write_text(f"{name}\n")
        pairs = [f"{key}={value}" for key, value in environment.items()]
        (directory / "environ").write_text("\0".join([*pairs, ""]))

    def sbd_runs(self, **environment):
        self.process(41, "pacemakerd", PATH="/bin", **environment)
        self.process(42, "sbd")
        (self.root / "sbd.pid").write_text("42\n")

    def state(self, name, sbd=None):
        """The state of a site with this SBD; what is in pillar already without."""
        if sbd is not None:
            cluster = {"name": "c", "nodes": dict.fromkeys(NODES, [])}
            self.world.pillar.update(pillar({"cluster": cluster, "fencing": {"sbd": sbd}}))
        return getattr(self.world.states.hanfs_fencing, name)("x", PATH)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


# --- key files ------------------------------------------------------------------------------------


def write_key(tmp_path, content=CODED, encoding="base64", test=False):
    file = tmp_path / "cluster" / "fence_xvm.key"
    key_files = {str(file): {"content": content, "encoding": encoding}}
    made = Machine(tmp_path, test=test, pillar=pillar({"fencing": {"key_files": key_files}}))
    return file, made.state("fencing_keys")


def test_a_key_file_is_written_for_root_only_and_never_shown(tmp_path):
    file, dry = write_key(tmp_path, test=True)
    assert (dry["result"], file.exists()) == (None, False)
    file, ret = write_key(tmp_path)
    assert ret["result"] is True
    assert ret["changes"] == dry["changes"]
    assert ret["changes"] == {str(file): {"content": {"old": None, "new": "from pillar, 15 bytes"}}}
    assert file.read_bytes() == KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CODED not in str(ret)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert write_key(tmp_path)[1]["changes"] == {}


def test_another_content_or_mode_is_put_right(tmp_path):
    file, _ = write_key(tmp_path)
    file.chmod(0o644)
    _, ret = write_key(tmp_path)
    assert ret["changes"] == {str(file): {"mode": {"old": "0644", "new": "0600"}}}
    file.write_bytes(b"old secret")
    _, ret = write_key(tmp_path)
    assert list(ret["changes"][str(file)]) == ["content"]
    assert "old secret" not in str(ret)
    assert file.read_bytes() == KEY


def test_a_text_is_written_as_it_is(tmp_path):
    file, ret = write_key(tmp_path, "p:w\\n\n", "text")
    assert ret["result"] is True
    assert file.read_bytes() == b"p:w\\n\n"


@pytest.mark.parametrize(
    "content, encoding, told",
    [
        ("no base64 at all!", "base64", "is no base64"),
        ("", "text", "there is no text at this place in pillar"),
        (8315709, "text", "there is no text at this place in pillar"),
        ("secret", "rot13", "neither text nor base64"),
    ],
)
def test_a_wrong_key_is_told_and_not_shown(tmp_path, content, encoding, told):
    file, ret = write_key(tmp_path, content, encoding)
    assert ret["result"] is False
    assert told in ret["comment"]
    assert f"{PATH}:fencing:key_files:{file}" in ret["comment"]
    assert not content or str(content) not in ret["comment"]
    assert not file.exists()


def test_what_is_no_file_stays(tmp_path):
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "fence_xvm.key").symlink_to("/etc/passwd")
    file, ret = write_key(tmp_path)
    assert ret["result"] is False
    assert file.is_symlink()


def test_no_keys_no_work(machine):
    ret = machine.state("fencing_keys", {})
    assert (ret["result"], ret["changes"]) == (True, {})


# --- SBD's settings -------------------------------------------------------------------------------

SHIPPED = """\
# SBD_DEVICE specifies the devices
#SBD_DEVICE=""

SBD_PACEMAKER=yes
SBD_STARTMODE=always
SBD_DELAY_START=no
SBD_WATCHDOG_DEV=/dev/watchdog
SBD_WATCHDOG_TIMEOUT=5
SBD_OPTS=
"""


def test_the_settings_are_written_into_the_file_of_the_distribution(tmp_path):
    machine = Machine(tmp_path)
    machine.config.write_text(SHIPPED)
    dry = Machine(tmp_path, test=True).state("sbd_configured", SBD)
    assert dry["result"] is None
    assert machine.config.read_text() == SHIPPED
    ret = machine.state("sbd_configured", SBD)
    assert ret["result"] is True
    assert ret["changes"] == dry["changes"]
    assert ret["changes"] == {
        str(machine.config): {
            "SBD_DEVICE": {"old": None, "new": "/dev/x;/dev/y"},
            "SBD_DELAY_START": {"old": "no", "new": "yes"},
            "SBD_WATCHDOG_DEV": {"old": "/dev/watchdog", "new": "/dev/null"},
            "SBD_WATCHDOG_TIMEOUT": {"old": "5", "new": "10"},
        }
    }
    assert (
        machine.config.read_text()
        == "# Set up by Salt (hanfs).\n"
        + SHIPPED.replace("DELAY_START=no", "DELAY_START=yes")
        .replace("=/dev/watchdog", "=/dev/null")
        .replace("TIMEOUT=5", "TIMEOUT=10")
        + 'SBD_DEVICE="/dev/x;/dev/y"\n'
    )
    assert stat.S_IMODE(machine.config.stat().st_mode) == 0o644
    assert "warnings" not in ret
    assert machine.state("sbd_configured", SBD)["changes"] == {}
    assert machine.world.commands == []


def test_the_settings_are_written_where_there_is_no_file(machine):
    assert machine.state("sbd_configured", SBD)["result"] is True
    assert "SBD_PACEMAKER=yes\n" in machine.config.read_text()
    assert machine.world.library._pcs_sbd.sbd_config()["SBD_DEVICE"] == "/dev/x;/dev/y"


def test_without_disks_no_disk_is_left_and_nothing_waits(machine):
    machine.state("sbd_configured", SBD)
    ret = machine.state("sbd_configured", {"watchdog": "/dev/null"})
    changed = ret["changes"][str(machine.config)]
    assert changed["SBD_DEVICE"] == {"old": "/dev/x;/dev/y", "new": None}
    assert changed["SBD_DELAY_START"] == {"old": "yes", "new": "no"}
    assert "SBD_DEVICE" not in machine.config.read_text()


def test_options_win_and_every_value_stands_once(machine):
    machine.config.write_text("SBD_STARTMODE=always\nSBD_STARTMODE=clean\n")
    options = {"SBD_STARTMODE": "always", "SBD_OPTS": "-v -n n1", "SBD_MOVE_TO_ROOT_CGROUP": False}
    machine.state("sbd_configured", {**SBD, "options": options})
    text = machine.config.read_text()
    assert text.startswith("# Set up by Salt (hanfs).\nSBD_STARTMODE=always\nSBD_DEVICE=")
    assert text.count("SBD_STARTMODE") == 1
    assert 'SBD_OPTS="-v -n n1"\n' in text
    assert "SBD_MOVE_TO_ROOT_CGROUP=no\n" in text


def test_a_watchdog_that_is_missing_stops_the_run(machine, tmp_path):
    ret = machine.state("sbd_configured", {**SBD, "watchdog": str(tmp_path / "watchdog")})
    assert ret["result"] is False
    assert "fencing:sbd:watchdog" in ret["comment"]
    assert not machine.config.exists()
    (tmp_path / "watchdog").touch()
    ret = machine.state("sbd_configured", {**SBD, "watchdog": str(tmp_path / "watchdog")})
    assert "is no character device" in ret["comment"]


@pytest.mark.parametrize(
    "sbd, seconds",
    [
        ({"devices": ["/dev/x"]}, None),
        ({"devices": ["/dev/x"], "watchdog_timeout": 60}, 144),
        ({"devices": ["/dev/x"], "msgwait": 100}, 120),
        ({"devices": ["/dev/x"], "msgwait": 100, "options": {"SBD_DELAY_START": False}}, None),
        ({"devices": ["/dev/x"], "options": {"SBD_DELAY_START": 200}}, 240),
        ({"watchdog_timeout": 60}, None),
        ({"watchdog_timeout": 60, "options": {"SBD_DELAY_START": True}}, 144),
    ],
)
def test_systemd_waits_longer_than_sbd(machine, sbd, seconds):
    machine.state("sbd_configured", {**sbd, "watchdog": "/dev/null"})
    if seconds is None:
        assert not machine.drop_in.exists()
        assert machine.reloads == 0
    else:
        assert f"\n[Service]\nTimeoutStartSec={seconds}\n" in machine.drop_in.read_text()
        assert machine.reloads == 1


def test_the_drop_in_goes_when_it_is_not_needed_any_more(machine):
    slow = {**SBD, "watchdog_timeout": 60}
    machine.state("sbd_configured", slow)
    assert machine.state("sbd_configured", slow)["changes"] == {}
    machine.state("sbd_configured", SBD)
    assert not machine.drop_in.exists()
    assert machine.reloads == 2


def test_a_running_cluster_with_other_settings_needs_a_restart_and_gets_none(machine):
    machine.state("sbd_configured", SBD)
    written = machine.world.library._pcs_sbd.sbd_config()
    machine.sbd_runs(**written)
    assert "warnings" not in machine.state("sbd_configured", SBD)
    ret = machine.state("sbd_configured", {**SBD, "watchdog_timeout": 30})
    assert ret["result"] is True
    assert "runs with other settings of SBD (SBD_WATCHDOG_TIMEOUT)" in ret["warnings"][0]
    assert "one after the other" in ret["warnings"][0]
    # As long as it is due, every run says so.
    assert machine.state("sbd_configured", {**SBD, "watchdog_timeout": 30})["warnings"]


def test_sbd_is_enabled_and_not_started(machine, tmp_path):
    dry = Machine(tmp_path, test=True).world.states.hanfs_fencing.sbd_enabled("sbd")
    assert dry["result"] is None
    ret = machine.world.states.hanfs_fencing.sbd_enabled("sbd")
    assert (ret["result"], ret["changes"]) == (True, dry["changes"])
    assert machine.world.library._hanfs_sbd.is_enabled()
    assert machine.world.states.hanfs_fencing.sbd_enabled("sbd")["changes"] == {}


# --- taken out of pillar again --------------------------------------------------------------------

CIB = EMPTY_CIB.replace
RELYING = {
    "nothing": (EMPTY_CIB, False),
    "a device of somebody else": (
        CIB(
            "<resources/>",
            '<resources><primitive id="X" class="stonith" type="fence_sbd"/></resources>',
        ),
        True,
    ),
    "a timeout": (
        CIB(
            "<crm_config/>",
            '<crm_config><cluster_property_set id="b"><nvpair id="b-t" '
            'name="stonith-watchdog-timeout" value="20s"/></cluster_property_set></crm_config>',
        ),
        True,
    ),
}


def done(**changes):
    return {"name": "x", "result": True, "changes": changes, "comment": "as described"}


def left_over(machine, cib=EMPTY_CIB, ret=None):
    world = machine.world
    world.salt["_cib_push.query"] = lambda: cib
    return world.library._hanfs_state_fencing.sbd_left_over(world.machine, ret or done())


@pytest.mark.parametrize("test", [False, True])
def test_sbd_that_the_formula_had_enabled_is_disabled_with_it(tmp_path, test):
    machine = Machine(tmp_path)
    machine.state("sbd_configured", SBD)
    machine._enable("sbd")
    machine.sbd_runs()
    machine = Machine(tmp_path, test=True) if test else machine
    ret = left_over(machine)
    assert ret["result"] is (None if test else True)
    assert ret["changes"] == {"sbd": {"enabled": {"old": True, "new": False}}}
    assert machine.world.library._hanfs_sbd.is_enabled() is test
    assert "SBD still runs on this node" in ret["warnings"][0]
    if not test:
        again = left_over(machine)
        assert again["changes"] == {} and "restart" in again["warnings"][0].lower()
        (tmp_path / "sbd.pid").unlink()
        assert left_over(machine) == done()


@pytest.mark.parametrize("case", RELYING)
def test_sbd_stays_while_anything_relies_on_it(machine, case):
    cib, relied_on = RELYING[case]
    machine.state("sbd_configured", SBD)
    machine._enable("sbd")
    ret = left_over(machine, cib)
    assert machine.world.library._hanfs_sbd.is_enabled() is relied_on
    assert (ret == done()) is relied_on


def test_what_a_dry_run_says_will_go_is_relied_on_no_more(machine):
    live = _cib_kinds.read(RELYING["a timeout"][0])
    relies = machine.world.library._hanfs_sbd.stays_relied_on
    gone = {"properties": {"stonith-watchdog-timeout": {"old": "20s", "new": None}}}
    assert relies(live, {}) and not relies(live, gone)


def test_sbd_of_somebody_else_stays(machine):
    machine.config.write_text("SBD_WATCHDOG_DEV=/dev/null\n")
    machine._enable("sbd")
    assert left_over(machine) == done() and machine.world.library._hanfs_sbd.is_enabled()
    failed = {**done(), "result": False}
    machine.state("sbd_configured", SBD)
    assert left_over(machine, ret=failed) == failed


# --- may the cluster rely on it -------------------------------------------------------------------

STATUS = (
    "SBD STATUS\n<node name>: <installed> | <enabled> | <running>\nn1: YES | YES | YES\nn2: {}\n"
)


def runs_on(machine, second, slots=None):
    """What pcs says, and who has a slot on the disks."""
    asked = []

    def run(argv, **_):
        asked.append(argv)
        return {"stdout": STATUS.format(second), "stderr": "", "retcode": 0}

    machine.world.salt["_cib_run.Machine.run"] = run
    machine.world.salt["_hanfs_sbd_disk.slots"] = lambda device: dict.fromkeys(slots or NODES)
    machine.world.library._hanfs_sbd_disk.slots = lambda device: dict.fromkeys(slots or NODES)
    return asked


def test_the_cluster_may_rely_on_an_sbd_that_runs_on_every_node(machine):
    machine.sbd_runs(SBD_WATCHDOG_TIMEOUT=10)
    asked = runs_on(machine, "YES | YES | YES")
    ret = machine.state("sbd_running", SBD)
    assert (ret["result"], ret["changes"]) == (True, {})
    assert asked == [["pcs", "stonith", "sbd", "status"]]


@pytest.mark.parametrize("sbd", [SBD, {"watchdog": "/dev/null"}], ids=["disks", "watchdog only"])
def test_a_peer_without_sbd_keeps_the_configuration_away(machine, sbd):
    machine.sbd_runs(SBD_WATCHDOG_TIMEOUT=10)
    runs_on(machine, "YES | YES |  NO", slots=["n1", "n2"])
    ret = machine.state("sbd_running", sbd)
    assert ret["result"] is False
    assert "SBD does not run on n2" in ret["comment"]
    assert "SBD does not run on n1" not in ret["comment"]
    assert "one after the other" in ret["comment"]


def test_a_peer_without_a_slot_never_ran_sbd(machine):
    machine.sbd_runs(SBD_WATCHDOG_TIMEOUT=10)
    runs_on(machine, "YES | YES | YES", slots=["n1"])
    ret = machine.state("sbd_running", SBD)
    assert (ret["result"], "SBD does not run on n2" in ret["comment"]) == (False, True)


def test_a_cluster_that_was_started_without_sbd_is_told_to_be_restarted(machine, tmp_path):
    machine.process(41, "pacemakerd")
    ret = machine.state("sbd_running", SBD)
    assert ret["result"] is False
    assert "was started without SBD" in ret["comment"]
    ret = Machine(tmp_path, test=True).state("sbd_running", SBD)
    assert ret["result"] is None


def test_a_timeout_that_pacemaker_would_end_itself_for(machine):
    """stonith-watchdog-timeout (20 s) must exceed what SBD was started with, or Pacemaker exits."""
    machine.sbd_runs(SBD_WATCHDOG_TIMEOUT=30)
    runs_on(machine, "YES | YES | YES")
    ret = machine.state("sbd_running", {"watchdog_timeout": 10})
    assert ret["result"] is False
    assert "still has a watchdog timeout of 30 s" in ret["comment"]
    assert machine.state("sbd_running", {"watchdog_timeout": 16})["result"] is True


CIB = """<cib><configuration><crm_config><cluster_property_set id="a">
<nvpair id="b" name="stonith-watchdog-timeout" value="{}"/></cluster_property_set></crm_config>
<resources>{}</resources></configuration></cib>"""
DEVICE = '<primitive id="f" class="stonith" type="fence_sbd"/>'


@pytest.mark.parametrize(
    "sbd, value, resources, asks",
    [
        (SBD, "0", DEVICE, False),
        (SBD, "0", "", True),
        ({}, "20s", "", False),
        ({}, "0", DEVICE, True),
        ({}, "0s", DEVICE, True),
    ],
)
def test_a_cluster_that_relies_on_sbd_already_asks_nobody(machine, sbd, value, resources, asks):
    machine.sbd_runs(SBD_WATCHDOG_TIMEOUT=10)
    asked = runs_on(machine, "YES | YES | YES")
    (machine.root / "cib.xml").write_text(CIB.format(value, resources))
    assert machine.state("sbd_running", sbd)["result"] is True
    assert bool(asked) is asks
