"""Walk through a case of the matrix on a cluster that runs on paper.

The cluster is a configuration file with the status of two nodes that ``crm_simulate`` has booted:
after every step it carries out what the scheduler wants, so the next step meets running resources.
"""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET

NODES = ("n1", "n2")
# What others have set: nothing starts without a fencing device or moves for the balance alone.
OTHERS = ("property set stonith-enabled=false", "resource defaults update resource-stickiness=1000")
# Commands that write nothing, by their first words.
READING = (
    ["cibadmin", "--query"],
    ["crm_resource", "--show-metadata"],
    ["crm_verify"],
    ["crm_diff"],
    ["crm_simulate"],
    ["pcs", "--version"],
)
DAEMON = re.compile(r"/usr/lib/pacemaker/pacemaker-\w+$")
ACTION = re.compile(r"\* Resource action:\s+(\S+)\s+(start|stop|promote|demote|migrate_\w+) on ")
ROUNDS = 5
MASK = "********"


class Walk:
    """A case on one version of pcs."""

    def __init__(self, tools, case):
        self.tools, self.case = tools, case
        self.copy = tools.another("commands.xml")
        self.world = tools.world(states=False)
        self._start()

    def _start(self):
        root = ET.fromstring(self.tools.text())
        root.set("have-quorum", "1")
        for number, name in enumerate(NODES, 1):
            node = {"id": str(number), "uname": name}
            ET.SubElement(root.find("configuration/nodes"), "node", node)
        self.tools.cib.write_text(ET.tostring(root, encoding="unicode"))
        self.tools.pcs(*OTHERS)
        self.world.salt["cib.apply"](self.case.base, wait=0)
        self.settle(*(f"--node-up={name}" for name in NODES))

    # The cluster on paper

    def settle(self, *options):
        """What the scheduler does until it wants nothing more; the resources that it touches."""
        touched = set()
        for _ in range(ROUNDS):
            done = self._simulate(*options)
            acted = {name.split(":")[0] for name, _ in ACTION.findall(done)}
            touched |= acted
            if not acted and not options:
                return touched
            options = ()
        raise AssertionError(f"the scheduler is not content after {ROUNDS} rounds: {done}")

    def _simulate(self, *options):
        """One transition; the status it leads to is the file's then."""
        path = self.tools.directory / "simulated.xml"
        path.unlink(missing_ok=True)
        words = ["crm_simulate", f"--xml-file={self.tools.cib}", "--simulate", *options]
        done = self.tools.run(*words, f"--save-output={path}")
        root, simulated = ET.fromstring(self.tools.text()), ET.parse(path).getroot()
        root.remove(root.find("status"))
        root.append(simulated.find("status"))
        self.tools.cib.write_text(ET.tostring(root, encoding="unicode"))
        return done.stdout

    # One step

    def step(self, name):
        """Plan it, do it, do it with pcs, and see what the scheduler says."""
        want = self.case.described(name)
        before = self.tools.text()
        plan = self.planned(want)
        assert told(plan["changes"]) == self.case.paths[name], name
        self.applied(want, plan)
        if told(plan["changes"]):
            self.with_pcs(name, want, plan["commands"], before)
        touched = self.settle()
        assert touched <= self.case.may_touch(name, plan["changes"]), name
        self.tools.run("crm_verify", f"--xml-file={self.tools.cib}")

    def planned(self, want):
        """The plan, which writes nothing."""
        files = contents(self.tools.directory)
        self.world.commands.clear()
        plan = self.world.salt["cib.plan"](want)
        written = [command for command in self.world.commands if not reads(command)]
        assert not written, "a plan runs commands that can write"
        assert contents(self.tools.directory) == files
        return plan

    def applied(self, want, plan):
        """It does what was planned, and then there is nothing left to do."""
        done = self.world.salt["cib.apply"](want, wait=0)
        assert (done["pushed"], done["changes"]) == (True, plan["changes"])
        text = self.tools.text()
        for function, options in (("cib.plan", {}), ("cib.apply", {"wait": 0})):
            self.world.commands.clear()
            assert self.world.salt[function](want, **options)["changes"] == {}
            assert self.world.commands == [["cibadmin", "--query"]]
        assert self.tools.text() == text

    def with_pcs(self, name, want, commands, before):
        """The plan's commands, run by this pcs on what was there before, mean the same."""
        assert commands, "a plan that changes something has commands"
        reason = self.case.unsayable(name, self.tools.version)
        remarks = [command for command in commands if command[0] == "#"]
        if reason:
            assert remarks, f"pcs can say {name} now, but: {reason}"
            return
        shown = "\n".join(map(shlex.join, commands))
        assert not remarks, shown
        self.copy.cib.write_text(before)
        for command in commands:
            words = [unmasked(word, want) for word in command[1:]]
            done = self.copy.pcs(words, check=False)
            assert (command[0], done.returncode) == ("pcs", 0), (
                f"{shlex.join(command)}: {done.stdout}{done.stderr}\nof\n{shown}"
            )
        left = self.world.salt["cib.plan"](want, file=str(self.copy.cib))["changes"]
        left.pop("ownership", None)
        assert left == {}, f"{name}, left after\n{shown}"

    def read_by_pcs(self):
        """pcs reads what is there without a complaint."""
        done = self.tools.pcs("config")
        assert not re.search("error|warning|traceback", done.stdout + done.stderr, re.I)


def unmasked(word, want):
    """A secret is not shown in a command; who pastes it knows it."""
    name, _, value = word.partition("=")
    if value != MASK:
        return word
    given = [one.get("attributes", {}) for one in want["primitives"].values()]
    return next(f"{name}={one[name]}" for one in given if name in one)


def told(changes):
    """
    A plan's changes as ``{(kind, id, path)}``, without the record of what is ours and without the
    schema, which old configurations are raised to once.
    """
    found = set()
    for kind, objects in changes.items():
        if kind in ("ownership", "schema"):
            continue
        for name, change in objects.items():
            whole = set(change) == {"old", "new"}
            found |= {(kind, name, path) for path in ([None] if whole else change)}
    return found


def reads(command):
    """Whether a command is one of those that write nothing, but to a copy of their own."""
    if command[0] == "env" and re.match(r"CIB_file=\S+/salt-cib-[^/]+/\w+\.xml$", command[1]):
        return True
    return bool(DAEMON.match(command[0])) or any(
        command[: len(words)] == words for words in READING
    )


def contents(directory):
    return {path: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}
