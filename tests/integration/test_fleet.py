"""The runner against a real master and a pair: refusals, a rollout, work on both nodes, a death."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest

from tests.integration import site
from tests.lab import paths
from tests.lab.pair import NAMES
from tests.lab.wait import wait_until
from tests.support.repeated import repeated
from tests.support.watching import Watch

LEASE = '<cluster_property_set id="cluster-work-lease">{}</cluster_property_set>'.format(
    "".join(
        f'<nvpair id="cluster-work-lease-{key}" name="cluster-work-lease-{key}" value="{value}"/>'
        for key, value in (("run", "other"), ("node", "x"), ("until", 4_000_000_000))
    )
)
LOCK = (
    '<cluster_property_set id="cluster-layer-change"><nvpair id="cluster-layer-change-holder" '
    'name="cluster-layer-change" value=\''
    '{"node": "x", "pending": [], "purpose": "links"}\'/></cluster_property_set>'
)
WORKED = "/root/worked"
# Not '*': the master knows minions of other tests, which are gone, and would be waited for.
PAIR = [",".join(NAMES), "tgt_type=list"]
SHELL = ["function=cmd.run", 'kwargs={"python_shell": true}']


class Runner:
    """``salt-run`` as an operator types it."""

    def __init__(self, master):
        self._command = [
            str(paths.SALT_VENV / "bin" / "salt-run"),
            f"--config-dir={master.daemon.config_dir}",
            "--log-level=error",
        ]

    def begin(self, function, *arguments):
        return subprocess.Popen(
            [*self._command, "--out=json", function, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, function, *arguments, timeout=900):
        """Exit code, the data, and what it said meanwhile."""
        process = self.begin(function, *arguments)
        out, err = process.communicate(timeout=timeout)
        try:
            return process.returncode, json.loads(out), err
        except ValueError:
            raise AssertionError(f"{function}: {process.returncode}\n{out}\n{err}") from None


@pytest.fixture(scope="module")
def pair(make_module_pair):
    return make_module_pair("installed")


@pytest.fixture(scope="module")
def runner(master):
    found = Runner(master)
    assert "runners.hanfs" in found.run("saltutil.sync_runners")[1]
    return found


def version(node):
    """What the cluster counts with each change of its configuration."""
    cib = node.run(["cibadmin", "--query"]).stdout
    return re.search(r'admin_epoch="(\d+)"', cib)[1], re.search(r'[^_]epoch="(\d+)"', cib)[1]


def codes(told):
    return {one["code"] for name in told["sites"].values() for one in name["findings"]}


def test_a_rollout_makes_a_site_and_a_second_one_changes_nothing(master, pair, runner):
    master.set_pillar({"*": {"hanfs": {"sites": {"athens": site.hardened(pair)}}}})
    master.salt(pair, "saltutil.sync_modules")
    master.salt(pair, "saltutil.refresh_pillar")
    code, told, said = runner.run("hanfs.rollout", *PAIR, "stable=1", "run=make")
    assert (code, told["state"], told["done"]) == (0, "done", ["athens"]), (told, said)
    assert "athens: applying" in said
    site.assert_serving(pair, {*site.started(pair[0])})
    code, told, said = runner.run("hanfs.rollout", *PAIR, "stable=1", "test=True")
    assert code == 0 and told["sites"]["athens"]["changes"] == dict.fromkeys(pair.names, 0)


def standby(pair):
    pair[0].run(["crm_attribute", "-N", pair.names[0], "-n", "standby", "-v", "on"])
    return lambda: pair[0].run(["crm_attribute", "-N", pair.names[0], "-n", "standby", "-D"])


def maintenance(pair):
    name = ["crm_attribute", "--type=crm_config", "--name=maintenance-mode"]
    pair[0].run([*name, "--update=true"])
    return lambda: pair[0].run([*name, "--delete"])


def ban(pair):
    other = next(name for name in pair.names if name != site.started(pair[0])["fs_nfs"])
    pair[0].run(["crm_resource", "--ban", "--resource=nfs", f"--node={other}"])
    return lambda: pair[0].run(["crm_resource", "--clear", "--resource=nfs"])


def held(xml):
    def hold(pair):
        pair[0].run(["cibadmin", "--create", "--scope=crm_config", f"--xml-text={xml}"])
        name = re.search(r'id="([^"]+)"', xml)[1]
        path = f"//cluster_property_set[@id='{name}']"
        return lambda: pair[0].run(["cibadmin", "--delete", f"--xpath={path}"])

    return hold


def stopped(pair):
    name = next(name for name in pair.names if name != site.started(pair[0])["fs_nfs"])
    pair[name].run(["pcs", "cluster", "stop"])
    return lambda: pair[name].run(["pcs", "cluster", "start", "--wait=120"])


def unfinished(pair):
    record = {"run": "old", "phase": "working", "counter": 1, "boot": "b"}
    pair[0].run(["mkdir", "-p", "/var/lib/hanfs"])
    pair[0].put("/var/lib/hanfs/work.json", json.dumps(record))
    return lambda: pair[0].run(["rm", "/var/lib/hanfs/work.json"])


def failed(pair):
    where = site.started(pair[0])["nfs_notify"]
    pair[where].run(["crm_resource", "--fail", "--resource=nfs_notify", f"--node={where}"])
    return lambda: pair[0].run(["crm_resource", "--cleanup"])


def older(pair):
    """One minion has the modules of another release."""
    found = "/var/cache/salt/minion/extmods/modules/_hanfs_release.py"
    pair[0].run(["sed", "-i", "s/^RELEASE = .*/RELEASE = '0.0.1'/", found])
    return lambda: pair[0].run(["salt-call", "saltutil.sync_modules"])


def deaf(pair):
    pair[0].run(["systemctl", "stop", "salt-minion"])
    return lambda: pair[0].run(["systemctl", "start", "salt-minion"])


DEFECTS = {
    "standby": standby,
    "maintenance": maintenance,
    "ban": ban,
    "locked": held(LOCK),
    "leased": held(LEASE),
    "unfinished": unfinished,
    "health": failed,
    "node-offline": stopped,
    "release": older,
    "no-minion": deaf,
}


# Each code's way through the runner is in tests/unit/test_fleet.py.
@pytest.mark.parametrize("code", repeated(DEFECTS, unless=["standby", "leased", "release"]))
def test_a_defect_is_refused_by_its_name_and_nothing_is_written(pair, master, runner, code):
    undo = DEFECTS[code](pair)
    try:
        before = version(pair[1])
        work = [*SHELL, f"args=['echo x >> {WORKED}']"]
        exit_code, told, said = runner.run("hanfs.maintain", *PAIR, *work, "stable=1")
        assert (exit_code, told["state"]) == (2, "refused"), (told, said)
        assert code in codes(told), told
        assert version(pair[1]) == before
    finally:
        since = time.time()
        undo()
        if code == "no-minion":
            master.wait_for([pair[0]], since=since)
    wait_until(lambda: well(pair, master), 180, "the site to be well again")


def well(pair, master):
    try:
        answers = master.salt(pair, "hanfs.gate", timeout=60)
    except RuntimeError as err:
        return False, str(err)
    wrong = [one["findings"] for one in answers.values() if one["findings"]]
    return len(answers) == len(pair.names) and not wrong, f"{answers}"


class Watcher(Watch):
    """Looks whether a node is a member that may run the service, and who serves."""

    def __init__(self, pair):
        super().__init__(0.5)
        self.pair, self.both_out, self.served = pair, 0, []

    def look(self):
        seen = [self._look(node) for node in self.pair]
        self.both_out += not any(seen)

    def _look(self, node):
        xml = node.run(["crm_mon", "-1", "--output-as=xml"], check=False).stdout
        own = re.search(rf'<node name="{node.name}"[^>]*>', xml)
        placed = site.service.started_on(xml) if own else {}
        if placed.get("fs_nfs") == node.name and self.served[-1:] != [node.name]:
            self.served.append(node.name)
        return bool(own) and 'online="true"' in own[0] and 'standby="false"' in own[0]


def begun(node, runner):
    assert runner.poll() is None, runner.communicate()
    return node.run(["test", "-e", WORKED], check=False).returncode == 0, "no work yet"


def worked(pair):
    return [node.run(["cat", WORKED], check=False).stdout.count("x") for node in pair]


def test_maintain_restarts_minions_outlives_its_runner_and_moves_the_service_once(
    pair, master, runner, note
):
    """The runner is killed as soon as the first node is out; the operator goes on with the run."""
    active = site.started(pair[0])["fs_nfs"]
    passive = next(name for name in pair.names if name != active)
    work = f"echo x >> {WORKED}; systemctl restart salt-minion"
    with Watcher(pair) as watched:
        first = runner.begin(
            "hanfs.maintain", *PAIR, *SHELL, f"args=['{work}']", "stable=1", "run=w1"
        )  # fmt: skip
        wait_until(lambda: begun(pair[passive], first), 240, "the work on the passive node")
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        _, told, _ = runner.run("hanfs.status", "w1")
        assert told["state"] == "dead"
        # another run may not begin meanwhile
        code, other, _ = runner.run("hanfs.maintain", *PAIR, "function=test.ping", "stable=1")
        assert code == 2, other
        code, told, said = runner.run("hanfs.resume", "w1")
    assert (code, told["state"]) == (0, "done"), (told["sites"]["athens"]["findings"], said[:800])
    assert worked(pair) == [1, 1]
    assert watched.both_out == 0 and watched.looks > 10
    assert watched.served == [active, passive]
    phases = [(one["phase"], one["node"]) for one in told["sites"]["athens"]["times"]]
    note(f"phases: {phases}")
    code, told, _ = runner.run("hanfs.resume", "w1")
    assert (code, told["error"]) == (2, "run: w1 is done")
    assert worked(pair) == [1, 1]


def test_work_that_fails_ends_the_run_and_the_other_node_is_left_alone(pair, master, runner):
    active = site.started(pair[0])["fs_nfs"]
    code, told, _ = runner.run(
        "hanfs.maintain", *PAIR, *SHELL, "args=['exit 7']", "stop=False", "stable=1", "run=bad",
    )  # fmt: skip
    assert (code, told["failed"]) == (1, ["athens"]), told["sites"]["athens"]["findings"]
    assert "exit code 7" in told["sites"]["athens"]["findings"][0]["text"]
    assert site.started(pair[0])["fs_nfs"] == active
    passive = next(name for name in pair.names if name != active)
    # it is still in standby, and the next run says so
    code, told, _ = runner.run("hanfs.maintain", *PAIR, "function=test.ping", "stable=1")
    assert code == 2 and "standby" in codes(told)
    pair[passive].run(["pcs", "node", "unstandby", passive])
    # it would run out by itself
    assert master.salt([pair[active]], "hanfs.lease", "bad", seconds=0) == {active: None}


def test_a_run_of_the_formula_does_not_start_what_is_stopped_for_work(pair, master, runner):
    """Work fails while the cluster is stopped here: it stays stopped until somebody looked."""
    active = site.started(pair[0])["fs_nfs"]
    passive = next(name for name in pair.names if name != active)
    code, told, _ = runner.run(
        "hanfs.maintain", *PAIR, *SHELL, "args=['exit 7']", "stable=1", "run=stopped"
    )
    assert (code, told["failed"]) == (1, ["athens"]), told["sites"]["athens"]["findings"]
    corosync = ["pgrep", "-x", "corosync"]
    assert pair[passive].run(corosync, check=False).returncode == 1
    refused = site.comments(master.apply([pair[passive]]))
    assert "for the work of run stopped, which is at 'working'" in refused
    assert pair[passive].run(corosync, check=False).returncode == 1
    assert master.salt([pair[passive]], "hanfs.work_forget", "stopped") == {passive: True}
    site.assert_applied({**master.apply([pair[passive]]), active: {}}, pair)
    assert pair[passive].run(corosync, check=False).returncode == 0
    assert site.started(pair[0])["fs_nfs"] == active
