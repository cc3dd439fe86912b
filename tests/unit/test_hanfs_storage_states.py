"""The storage states: what they answer, in a real run and in a dry one."""

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.salt_modules import load
from tests.support.sites import PATH, pillar, site

SITE = site({"cluster:password": ...})
BOTH = pytest.mark.parametrize("test", [True, False], ids=["dry", "real"])


def world(test=False, tree=None, **salt):
    """The states on functions given as ``module__function=...``."""
    functions = {name.replace("__", ".", 1): function for name, function in salt.items()}
    made = load(opts={"test": test}, pillar=tree, salt=functions)
    made.library._hanfs_state_storage._PAUSE = 0
    return made


def raises(text):
    def function(*args, **kwargs):
        raise CommandExecutionError(text)

    return function


# --- mount_point ----------------------------------------------------------------------------------


@BOTH
def test_a_mounted_mount_point_is_left_alone(test):
    ret = world(test).states.hanfs_storage.mount_point("/proc", None, "nobody", "nogroup", "0700")
    assert ret["result"] is True and ret["changes"] == {}


def test_one_that_is_a_link_to_a_mounted_place_is_left_alone_too(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/proc")
    made = world()
    made.states.hanfs_storage.__states__ = {}  # nothing may be asked to change it
    ret = made.states.hanfs_storage.mount_point(str(link), None, "nobody", "nogroup", "0700")
    assert (ret["result"], ret["changes"]) == (True, {}) and "left alone" in ret["comment"]


def test_the_directory_is_salts_own_business(tmp_path):
    made = world(file__user_to_uid=lambda _: 0, file__group_to_gid=lambda _: 0)
    seen = []

    def directory(name, **options):
        seen.append((name, options))
        return {"name": name, "result": True, "changes": {"d": "new"}, "comment": "made"}

    made.states.hanfs.__states__["file.directory"] = directory
    name = str(tmp_path / "x")
    ret = made.states.hanfs_storage.mount_point(name, user="root", group="root", mode=755)
    assert ret["changes"] == {"d": "new"} and ret["comment"] == "made"
    assert seen == [(name, {"user": "root", "group": "root", "mode": "755", "makedirs": True})]


def test_owner_and_mode_are_what_the_site_says(tmp_path):
    name, seen = str(tmp_path / "x"), []

    def directory(name, **options):
        seen.append([options[key] for key in ("user", "group", "mode")])
        return {"name": name, "result": True, "changes": {}, "comment": "as it is"}

    for change, wanted in (
        ({}, ["root", "nogroup", "0555"]),
        ({"storage:user": "data", "storage:mode": "0700"}, ["data", "nogroup", "0700"]),
        ({"storage:group": 7, "storage:mode": 700}, ["root", 7, "700"]),
    ):
        made = world(tree=pillar(site({"storage:mountpoint": name, **change})))
        made.states.hanfs.__states__["file.directory"] = directory
        ret = made.states.hanfs_storage.mount_point(name, PATH, "root", "nogroup", "0555")
        assert ret["result"] is True and seen.pop() == wanted
    ret = made.states.hanfs_storage.mount_point("/elsewhere", PATH, "root")
    assert (ret["result"], ret["changes"]) == (False, {}) and "/elsewhere" in ret["comment"]
    assert seen == []


def test_a_directory_that_cannot_be_made_is_a_failed_step_and_no_traceback(tmp_path):
    made = world()
    made.states.hanfs.__states__["file.directory"] = raises("not below a file")
    ret = made.states.hanfs_storage.mount_point(str(tmp_path / "x"))
    assert (ret["result"], ret["changes"], ret["comment"]) == (False, {}, "not below a file")


def test_a_dry_run_before_the_packages_made_the_owner(tmp_path):
    made = world(True, file__user_to_uid=lambda _: "", file__group_to_gid=lambda _: 0)
    ret = made.states.hanfs_storage.mount_point(str(tmp_path / "x"), None, "nfsnobody", "root")
    assert ret["result"] is None and ret["changes"] == {} and "nfsnobody" in ret["comment"]


# --- storage_ready --------------------------------------------------------------------------------


STORAGE = SITE["storage"]
READY = {"verdict": "ready", "step": None, "why": "it carries xfs"}
WAIT = {"verdict": "wait", "step": None, "why": "the group is not there"}
REFUSE = {"verdict": "refuse", "step": None, "why": "it carries gpt"}


def step(name):
    return {"verdict": "step", "step": name, "why": "it is missing"}


class Disk:
    def __init__(self, *decisions, node="nfs-server1", member=None):
        self.decisions, self.done, self.leave, self.rescans = list(decisions), [], [], 0
        self.functions = {
            "_pcs_node__member_of": lambda: member,
            "_hanfs_here__own_name": lambda: node,
            "_hanfs_storage__inspect": lambda *_: {"lvm": [], "device": {"block": True}},
            "_hanfs_storage_rules__decide": self.decide,
            "_hanfs_storage__perform": self.perform,
            "_hanfs_storage__rescan": self.rescan,
        }

    def decide(self, facts, storage, may_create, creates, file_systems, member):
        self.leave.append((may_create, creates))
        return self.decisions.pop(0) if len(self.decisions) > 1 else self.decisions[0]

    def perform(self, name, storage, cluster, protection):
        if name in ("mkfs", "deactivate") and "broken" in self.done:
            raise CommandExecutionError(f"{name} failed")
        self.done.append(name)
        return {name: {"old": None, "new": name}}

    def rescan(self, storage, cluster):
        self.rescans += 1

    def run(self, test=False, timeout=0):
        made = world(test, **self.functions)
        state = made.library._hanfs_state_storage.storage_ready
        return state(made.machine, "x", STORAGE, "nfs-server1", "c", timeout)


def test_steps_are_done_until_it_is_ready():
    disk = Disk(step("pvcreate"), step("vgcreate"), step("lvcreate"), step("mkfs"), READY)
    ret = disk.run()
    assert ret["result"] is True
    assert list(ret["changes"]) == disk.done == ["pvcreate", "vgcreate", "lvcreate", "mkfs"]
    assert set(disk.leave) == {(True, True)}


def test_a_failure_keeps_what_was_changed_before_it():
    disk = Disk(step("lvcreate"), step("mkfs"))
    disk.done.append("broken")
    ret = disk.run()
    assert ret["result"] is False and list(ret["changes"]) == ["lvcreate"]


def test_what_is_refused_does_not_stay_active():
    """A volume of unknown content, which had to be active to be looked at."""
    disk = Disk(step("activate"), {**REFUSE, "step": "deactivate"})
    ret = disk.run()
    assert (ret["result"], ret["comment"]) == (False, REFUSE["why"])
    assert disk.done == ["activate", "deactivate"]
    held = Disk({**REFUSE, "step": "deactivate"})
    held.done.append("broken")
    ret = held.run()
    assert ret["result"] is False and ret["changes"] == {}
    assert ret["comment"].startswith(REFUSE["why"]) and "stays active" in ret["comment"]
    dry = Disk({**REFUSE, "step": "deactivate"})
    assert dry.run(test=True)["result"] is False and dry.done == []


def test_the_other_node_is_patient_with_a_disk_that_is_being_written():
    disk = Disk(READY, node="nfs-server2")
    looks = [CommandExecutionError("pvs failed: checksum"), {"lvm": [], "device": {"block": True}}]

    def inspect(*_):
        found = looks.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    disk.functions["_hanfs_storage__inspect"] = inspect
    assert disk.run(timeout=60)["result"] is True
    looks.append(CommandExecutionError("pvs failed: checksum"))
    assert "checksum" in disk.run(timeout=0)["comment"]
    creator = Disk(READY)
    creator.functions["_hanfs_storage__inspect"] = raises("pvs failed")
    assert creator.run(timeout=60)["comment"] == "pvs failed"


def test_a_disk_that_never_gets_ready_ends():
    disk = Disk(step("activate"))
    ret = disk.run()
    assert ret["result"] is False and "gave up" in ret["comment"] and len(disk.done) == 10


def test_the_other_node_waits_and_looks_again():
    disk = Disk(WAIT, WAIT, step("activate"), READY, node="nfs-server2")
    ret = disk.run(timeout=60)
    assert ret["result"] is True and disk.done == ["activate"] and disk.rescans == 2
    assert set(disk.leave) == {(True, False)}


def test_the_deadline_says_what_was_last_seen():
    ret = Disk(WAIT, node="nfs-server2").run()
    assert ret["result"] is False
    assert "waited for nfs-server1 in vain: the group is not there" in ret["comment"]


UNLISTED = {"verdict": "unlisted", "step": None, "why": "lvmdevices --adddev"}


@pytest.mark.parametrize("member", [None, "c"])
def test_a_label_that_lvm_does_not_list_is_rescanned_once(member):
    disk = Disk(UNLISTED, step("activate"), READY, member=member)
    assert disk.run()["result"] is True and disk.rescans == 1
    disk = Disk(UNLISTED, member=member)
    ret = disk.run(timeout=60)
    assert ret["result"] is False and ret["comment"] == "lvmdevices --adddev" and disk.rescans == 1


def test_a_dry_run_does_not_rescan():
    disk = Disk(UNLISTED)
    assert disk.run(test=True)["result"] is None and disk.rescans == 0


def test_a_member_may_make_nothing():
    disk = Disk(READY, member="c")
    assert disk.run()["changes"] == {} and disk.leave == [(False, True)]


@pytest.mark.parametrize(
    ("decision", "result", "changes"),
    [
        (READY, True, 0),
        (REFUSE, False, 0),
        (WAIT, None, 0),
        ({"verdict": "unknown", "step": None, "why": "lvm2"}, None, 0),
        (step("pvcreate"), None, 4),
        (step("activate"), None, 1),
    ],
)
def test_a_dry_run_does_no_step(decision, result, changes):
    disk = Disk(decision)
    ret = disk.run(test=True, timeout=60)
    assert ret["result"] is result and len(ret["changes"]) == changes and disk.done == []


def test_lvm2_missing_in_a_real_run():
    disk = Disk(step("pvcreate"))
    disk.functions["_hanfs_storage__inspect"] = lambda *_: {"lvm": None, "device": {"block": True}}
    ret = disk.run()
    assert ret["result"] is False and ret["comment"] == "lvm2 is not installed" and disk.done == []
