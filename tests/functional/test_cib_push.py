"""Changes through the real cibadmin, crm_diff and crm_verify, on a configuration file."""

import copy
import os
import re
import stat

import pytest
from salt.exceptions import CommandExecutionError

from tests.support.cluster_tools import Tools, find_root

ROOT = find_root()
pytestmark = pytest.mark.skipif(ROOT is None, reason="neither the lab's root nor this host has pcs")

DUMMY = "ocf:pacemaker:Dummy"
START = {
    "properties": {"stonith-enabled": False, "batch-limit": 10},
    "resource_defaults": {"resource-stickiness": 100},
    "op_defaults": {"timeout": "60s"},
    "primitives": {
        "A": {
            "agent": DUMMY,
            "attributes": {"fake": "one", "op_sleep": 1},
            "meta": {"failure-timeout": "60s"},
            "operations": {"monitor": {"interval": "20s"}},
        },
        "B": {"agent": DUMMY},
        "C": {"agent": DUMMY},
        "D": {"agent": DUMMY},
    },
    "groups": {"g": {"members": ["A", "B", "C"], "meta": {"priority": 5}}},
    "constraints": {
        "order": [{"first": "g", "then": "D", "kind": "Optional"}],
        "colocation": [{"resource": "D", "with": "g", "score": 50}],
    },
}
_GONE = object()


def changed(*steps):
    """START with values put at paths, or taken away."""
    new = copy.deepcopy(START)
    for path, value in steps:
        where = new
        *way, last = path
        for key in way:
            where = where.setdefault(key, {}) if isinstance(where, dict) else where[key]
        if value is _GONE:
            del where[last]
        else:
            where[last] = value
    return new


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Tools(ROOT, tmp_path)


@pytest.fixture
def started(tools):
    tools.world().salt["cib.apply"](START, wait=0)
    return tools


A = ("primitives", "A")
CHANGES = {
    "property added": (
        changed((("properties", "no-quorum-policy"), "freeze")),
        {"properties": {"no-quorum-policy": {"old": None, "new": "freeze"}}},
    ),
    "property changed": (
        changed((("properties", "batch-limit"), 20)),
        {"properties": {"batch-limit": {"old": "10", "new": "20"}}},
    ),
    "property removed": (
        changed((("properties", "batch-limit"), _GONE)),
        {"properties": {"batch-limit": {"old": "10", "new": None}}},
    ),
    "property that must not be there": (
        changed((("properties", "batch-limit"), None)),
        {"properties": {"batch-limit": {"old": "10", "new": None}}},
    ),
    "default changed": (
        changed((("resource_defaults", "resource-stickiness"), 200)),
        {"resource_defaults": {"resource-stickiness": {"old": "100", "new": "200"}}},
    ),
    "default removed": (
        changed((("op_defaults",), {})),
        {"op_defaults": {"timeout": {"old": "60s", "new": None}}},
    ),
    "attribute added": (
        changed(((*A, "attributes", "state"), "/run/a")),
        {"primitives": {"A": {"attributes:state": {"old": None, "new": "/run/a"}}}},
    ),
    "attribute changed": (
        changed(((*A, "attributes", "fake"), "two")),
        {"primitives": {"A": {"attributes:fake": {"old": "one", "new": "two"}}}},
    ),
    "attribute removed": (
        changed(((*A, "attributes", "op_sleep"), _GONE)),
        {"primitives": {"A": {"attributes:op_sleep": {"old": "1", "new": None}}}},
    ),
    "meta changed": (
        changed(((*A, "meta", "failure-timeout"), 90)),
        {"primitives": {"A": {"meta:failure-timeout": {"old": "60s", "new": "90"}}}},
    ),
    "meta removed": (
        changed(((*A, "meta"), {})),
        {"primitives": {"A": {"meta:failure-timeout": {"old": "60s", "new": None}}}},
    ),
    "operation changed": (
        changed(((*A, "operations", "monitor"), {"interval": 30, "on-fail": "block"})),
        {
            "primitives": {
                "A": {
                    "operations:monitor:20s:interval": {"old": "20s", "new": "30"},
                    "operations:monitor:20s:on-fail": {"old": None, "new": "block"},
                }
            }
        },
    ),
    "operation added": (
        changed(((*A, "operations", "start"), {"timeout": "90s"})),
        {"primitives": {"A": {"operations:start:0s:timeout": {"old": "20s", "new": "90s"}}}},
    ),
    "operation given back": (
        changed(((*A, "operations"), {})),
        {"primitives": {"A": {"operations:monitor:20s:interval": {"old": "20s", "new": "10s"}}}},
    ),
    "second monitor": (
        changed(
            ((*A, "operations", "monitor"), [{"interval": 20}, {"interval": 60, "timeout": 30}])
        ),
        {
            "primitives": {
                "A": {
                    "operations:monitor:60": {
                        "old": None,
                        "new": {"name": "monitor", "interval": "60", "timeout": "30"},
                    }
                }
            }
        },
    ),
    "description": (
        changed(((*A, "description"), "the first")),
        {"primitives": {"A": {"description": {"old": None, "new": "the first"}}}},
    ),
    "agent": (
        changed((("primitives", "D", "agent"), "ocf:heartbeat:Dummy")),
        {"primitives": {"D": {"agent": {"old": DUMMY, "new": "ocf:heartbeat:Dummy"}}}},
    ),
    "members reordered": (
        changed((("groups", "g", "members"), ["C", "A", "B"])),
        {"groups": {"g": {"members": {"old": ["A", "B", "C"], "new": ["C", "A", "B"]}}}},
    ),
    "member leaves": (
        changed((("groups", "g", "members"), ["A", "C"])),
        {"groups": {"g": {"members": {"old": ["A", "B", "C"], "new": ["A", "C"]}}}},
    ),
    "group's meta": (
        changed((("groups", "g", "meta", "priority"), 7)),
        {"groups": {"g": {"meta:priority": {"old": "5", "new": "7"}}}},
    ),
    "kind of an order": (
        changed((("constraints", "order", 0, "kind"), "Mandatory")),
        {"constraints": {"order-g-D-Optional": {"kind": {"old": "Optional", "new": "Mandatory"}}}},
    ),
    "score": (
        changed((("constraints", "colocation", 0, "score"), "INFINITY")),
        {"constraints": {"colocation-D-g-50": {"score": {"old": "50", "new": "INFINITY"}}}},
    ),
    "constraint removed": (
        changed((("constraints", "colocation"), [])),
        {
            "constraints": {
                "colocation-D-g-50": {
                    "old": {"type": "colocation", "resource": "D", "with": "g", "score": "50"},
                    "new": None,
                }
            }
        },
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_and_back(started, case):
    new, expected = CHANGES[case]
    world, before = started.world(), started.text()
    predicted = world.salt["cib.plan"](new)
    assert started.text() == before
    done = world.salt["cib.apply"](new, wait=0)
    assert done["changes"] == predicted["changes"]
    done["changes"].pop("ownership", None)
    assert done["changes"] == expected
    assert world.salt["cib.plan"](new)["changes"] == {}
    started.run("crm_verify", "--xml-file", str(started.cib))
    world.salt["cib.apply"](START, wait=0)
    assert world.salt["cib.plan"](START)["changes"] == {}


def epoch(text):
    return int(re.search(r'\bepoch="(\d+)"', text).group(1))


def test_one_push_is_one_epoch(started):
    before = epoch(started.text())
    new = changed(((*A, "attributes", "fake"), "two"), (("properties", "batch-limit"), 20))
    started.world().salt["cib.apply"](new, wait=0)
    assert epoch(started.text()) == before + 1


def test_one_attribute_touches_one_pair(started):
    before = started.text().splitlines()
    started.world().salt["cib.apply"](changed(((*A, "attributes", "fake"), "two")), wait=0)
    differing = [new for old, new in zip(before, started.text().splitlines()) if old != new]
    recorded = [line for line in differing if "salt-owned-applied" in line]
    # the epoch and the pair, and the record of what was applied
    assert (len(differing), len(recorded)) == (3, 1)
    assert 'id="A-instance_attributes-fake" name="fake" value="two"' in differing[-1]


def test_moved_between_groups_is_the_same_resource(started):
    new = changed(
        (("groups",), {"g": {"members": ["A", "C"], "meta": {"priority": 5}}, "h": ["D", "B"]}),
        (("constraints",), {}),
    )
    done = started.world().salt["cib.apply"](new, wait=0)
    assert "primitives" not in done["changes"]
    assert done["changes"]["groups"]["h"] == {"old": None, "new": {"members": ["D", "B"]}}
    assert started.text().count('<primitive id="B"') == 1


def test_group_gone_and_members_kept(started):
    new = changed((("groups",), {}), (("constraints",), {}))
    done = started.world().salt["cib.apply"](new, wait=0)
    assert set(done["changes"]) == {"groups", "constraints", "ownership"}
    assert "<group" not in started.text()
    assert started.text().count("<primitive") == 4


def test_resource_gone_with_what_refers_to_it(started):
    # somebody else's constraint and tag about the resource that goes
    started.pcs("constraint location D prefers n1=5", "tag create t D A")
    new = changed((("primitives", "D"), _GONE), (("constraints",), {}))
    done = started.world().salt["cib.apply"](new, wait=0)
    assert done["changes"]["primitives"]["D"]["new"] is None
    assert len(done["changes"]["constraints"]) == 3
    assert '"D"' not in started.text()
    assert '<obj_ref id="A"' in started.text()


def test_renamed(started):
    """The new one may have what the old one had, although that must be unique."""
    address = {"agent": "ocf:heartbeat:IPaddr2", "attributes": {"ip": "10.0.0.9"}}
    started.world().salt["cib.apply"](changed((("primitives", "VIP"), address)), wait=0)
    new = changed((("primitives", "Address"), address))
    done = started.world().salt["cib.apply"](new, wait=0)
    assert set(done["changes"]["primitives"]) == {"VIP", "Address"}


@pytest.mark.parametrize("text", ["größer “”", '<&> "it\'s" \\n'])
def test_odd_text(started, text):
    new = changed(((*A, "attributes", "fake"), text))
    world = started.world()
    assert world.salt["cib.apply"](new, wait=0)["pushed"]
    assert world.salt["cib.apply"](new, wait=0)["changes"] == {}


RUNNING = """\
<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">
<lrm id="1"><lrm_resources><lrm_resource id="D" class="ocf" provider="pacemaker" type="Dummy">
<lrm_rsc_op id="D_last_0" operation_key="D_start_0" operation="start" call-id="5" rc-code="0"
 transition-key="4:1:0:11111111-2222-3333-4444-555555555555" op-status="0" interval="0"
 transition-magic="0:0;4:1:0:11111111-2222-3333-4444-555555555555"/>
</lrm_resource></lrm_resources></lrm></node_state></status>"""


def test_a_running_resource_may_go(started):
    """crm_verify warns then; it is Pacemaker's business to stop it."""
    started.cib.write_text(
        started.text()
        .replace("<nodes/>", '<nodes><node id="1" uname="n1"/></nodes>')
        .replace("<status/>", RUNNING)
    )
    new = changed((("primitives", "D"), _GONE), (("constraints",), {}))
    done = started.world().salt["cib.apply"](new, wait=0)
    assert (done["pushed"], done["notes"]) == (True, [])
    warned = started.run("crm_verify", "-VV", "--xml-file", str(started.cib), check=False)
    assert warned.returncode == 78 and "active orphan D" in warned.stderr


def test_everything_gone(started):
    done = started.world().salt["cib.apply"]({"properties": {"stonith-enabled": False}}, wait=0)
    assert set(done["changes"]["primitives"]) == {"A", "B", "C", "D"}
    assert "<primitive" not in started.text()
    assert 'value="stonith-enabled"' in started.text()


def test_others_objects_stay(started):
    started.pcs(
        f"resource create X {DUMMY} --group g",
        f"resource create Y {DUMMY}",
        "constraint order Y then D",
        "property set no-quorum-policy=freeze",
    )
    found = started.world().salt["cib.plan"](START)
    assert found["changes"] == {}
    assert found["unmanaged"] == {
        "properties": ["no-quorum-policy"],
        "primitives": ["X", "Y"],
        "constraints": ["order-Y-D-mandatory"],
    }
    new = changed((("groups", "g", "members"), ["B", "A", "C"]))
    started.world().salt["cib.apply"](new, wait=0)
    assert re.findall(r'<primitive id="(\w)"', started.text()) == ["B", "A", "C", "X", "D", "Y"]


def test_intent_stays(started):
    node = '<node id="1" uname="n1"/>'
    started.run("cibadmin", "--create", "--scope", "nodes", "--xml-text", node)
    started.pcs(
        "node standby n1",
        "resource disable A",
        "resource unmanage B",
        "property set maintenance-mode=true",
        "resource ban D n1",
    )
    before = started.text()
    done = started.world().salt["cib.apply"](START, wait=0)
    assert (done["changes"], started.text()) == ({}, before)
    told = "\n".join(done["intent"])
    for what in (
        "A has target-role=Stopped",
        "B has is-managed=false",
        "maintenance-mode=true",
        "node n1 is in standby",
    ):
        assert what in told
    assert "cli-ban-D-on-n1" in told


# The push itself ---------------------------------------------------------------------------------


class Between:
    """A runner that lets somebody else act right before a command of ours."""

    def __init__(self, run, when, act):
        self.run, self.when, self.act = run, when, act
        self.commands, self.seen = run.commands, 0

    def __call__(self, command, **options):
        if self.when in command:
            self.seen += 1
            options = self.act(self.seen, command, options) or options
        return self.run(command, **options)


def world_with(tools, when, act):
    world = tools.world()
    world.salt["cmd.run_all"] = Between(world.run, when, act)
    return world


def write(tools, value):
    tools.run("crm_attribute", "--type", "crm_config", "--name", "batch-limit", "--update", value)


def test_a_writer_in_between_loses_nothing(started):
    new = changed((("properties", "batch-limit"), _GONE), ((*A, "attributes", "fake"), "two"))
    new["properties"]["cluster-ipc-limit"] = 700

    def act(times, command, options):
        if times <= 2:
            started.run(
                *("crm_attribute", "--type", "crm_config"),
                *("--name", f"migration-limit-{times}", "--update", str(times)),
            )

    done = world_with(started, "--patch", act).salt["cib.apply"](new, wait=0)
    assert done["pushed"] and done["conflicts"] == 2
    text = started.text()
    assert "migration-limit-1" in text and "migration-limit-2" in text
    assert 'name="fake" value="two"' in text and 'name="batch-limit"' not in text


@pytest.mark.parametrize("pacemaker", ["any", "3.0.2"])
def test_states_of_resources_do_not_starve_a_push(started, pacemaker):
    """They move on with every monitor; the same plan is pushed again, quickly."""

    def act(times, command, options):
        # the newer one takes a version of three numbers only, and so must wait for a quiet moment
        if pacemaker == "3.0.2" and "num_updates" not in options["stdin"].partition("/>")[0]:
            return {**options, "stdin": "no XML"}
        if times <= 20:
            text = started.text()
            number = int(re.search(r'num_updates="(\d+)"', text).group(1))
            new = text.replace(f'num_updates="{number}"', f'num_updates="{number + 1}"')
            started.cib.write_text(new)

    world = world_with(started, "--patch", act)
    done = world.salt["cib.apply"](changed(((*A, "attributes", "fake"), "two")), wait=0)
    assert done["pushed"] and 'value="two"' in started.text()
    assert done["conflicts"] == {"any": 1, "3.0.2": 10}[pacemaker]
    assert sum(command[0] == "crm_verify" for command in world.commands) == 1


def test_a_description_made_of_the_present_one_counts_once(started):
    def one_more(present):
        return {"properties": {"batch-limit": int(present["properties"]["batch-limit"]) + 1}}

    def act(times, command, options):
        if times == 1:
            write(started, "40")

    world = world_with(started, "--patch", act)
    done = world.salt["cib.apply"](one_more, wait=0, partial=True)
    assert done["conflicts"] == 1 and not done["unsettled"]
    assert done["changes"]["properties"]["batch-limit"] == {"old": "40", "new": "41"}
    assert 'name="batch-limit" value="41"' in started.text()


def test_a_writer_that_never_stops(started):
    before = epoch(started.text())

    def act(times, command, options):
        write(started, str(100 + times))

    new = changed(((*A, "attributes", "fake"), "two"))
    new["properties"].pop("batch-limit")
    with pytest.raises(CommandExecutionError, match="each of 10 tries.*primitives:A"):
        world_with(started, "--patch", act).salt["cib.apply"](new, wait=0)
    assert epoch(started.text()) == before + 10
    assert 'value="two"' not in started.text()


def test_a_writer_that_undoes_ours(started):
    def act(times, command, options):
        if times == 1:
            return  # the first read, before anything is pushed
        write(started, "99")

    new = changed((("properties", "batch-limit"), 20))
    found = world_with(started, "--query", act).salt["cib.apply"](new, wait=0)
    assert "differs again: properties:batch-limit" in found["unsettled"]
    assert found["pushed"] and found["changes"], "what was pushed is told"


def test_a_backslash_arrives_as_it_was_written(started):
    """Salt makes a line feed of a backslash and an n on a command's input unless told not to."""
    new = changed(((*A, "attributes", "fake"), r"C:\new"))
    found = started.world().salt["cib.apply"](new, wait=0)
    assert found["pushed"] and not found["unsettled"]
    assert started.world().salt["cib.plan"](new)["changes"] == {}
    assert r'value="C:\new"' in started.text()


SECRET = "s3cr3t-of-the-fence"
FENCE = {
    "agent": "stonith:fence_ipmilan",
    "attributes": {"ip": "10.0.0.1", "username": "root", "password": SECRET},
}


def test_secrets_stay_out_of_sight(started):
    modes = []

    def act(times, command, options):
        for name in command:
            if name.endswith(".xml"):
                modes.append(stat.S_IMODE(os.stat(name).st_mode))
                modes.append(stat.S_IMODE(os.stat(os.path.dirname(name)).st_mode))

    world = world_with(started, "crm_diff", act)
    new = changed((("primitives", "F"), FENCE))
    done = world.salt["cib.apply"](new, wait=0)
    assert SECRET in started.text()
    assert SECRET not in repr(done) and "********" in repr(done["changes"])
    assert SECRET not in repr(world.commands)
    assert set(modes) == {0o600, 0o700}
    assert not list(started.directory.glob("salt-cib-*"))
    assert SECRET not in repr(world.salt["cib.query"]())
    new = changed((("primitives", "F"), copy.deepcopy(FENCE)))
    new["primitives"]["F"]["attributes"]["password"] = "another"
    assert world.salt["cib.plan"](new)["changes"]["primitives"]["F"] == {
        "attributes:password": {"old": "********", "new": "********"}
    }


def test_a_refused_push_prints_no_secret(started):
    def act(times, command, options):
        return {**options, "stdin": options["stdin"].replace("<primitive", "<nonsense")}

    world = world_with(started, "--patch", act)
    with pytest.raises(CommandExecutionError, match="the cluster refused") as error:
        world.salt["cib.apply"](changed((("primitives", "F"), FENCE)), wait=0)
    assert SECRET not in str(error.value) and "<" not in str(error.value)


# Refusals before the push ------------------------------------------------------------------------

REFUSED = {
    "unknown agent": (
        changed((("primitives", "B", "agent"), "ocf:heartbeat:Nonsense")),
        "primitives:B:agent: the agent ocf:heartbeat:Nonsense is not installed",
    ),
    "unknown parameter": (
        changed(((*A, "attributes", "faek"), 1)),
        "primitives:A:attributes:faek: the agent ocf:pacemaker:Dummy has no such parameter; it "
        "knows: envfile, fail_start_on, fake",
    ),
    "missing parameter": (
        changed((("primitives", "E"), {"agent": "ocf:heartbeat:IPaddr2"})),
        "primitives:E:attributes: ip is required by the agent ocf:heartbeat:IPaddr2",
    ),
    "unknown operation": (
        changed(((*A, "operations", "moniter"), {})),
        "primitives:A:operations:moniter: the agent ocf:pacemaker:Dummy has no such action",
    ),
    "unknown property": (
        changed((("properties", "stonith-enable"), True)),
        "properties:stonith-enable: Pacemaker has no such property",
    ),
    "value of a property": (
        changed((("properties", "no-quorum-policy"), "often")),
        "properties:no-quorum-policy: 'often' is no select (stop, freeze, ignore, demote, suicide)",
    ),
    "same address twice": (
        changed(
            (
                ("primitives", "E"),
                {"agent": "ocf:heartbeat:IPaddr2", "attributes": {"ip": "10.0.0.9"}},
            ),
            (
                ("primitives", "F"),
                {"agent": "ocf:heartbeat:IPaddr2", "attributes": {"ip": "10.0.0.9"}},
            ),
        ),
        "primitives:F:attributes: ip must not be the same in two resources",
    ),
    "dangling constraint": (
        changed((("constraints", "order", 0, "then"), "Nobody")),
        "constraints:order:0: there is no resource Nobody",
    ),
    "dangling member": (
        changed((("groups", "g", "members"), ["A", "Nobody"])),
        "groups:g:members: there is no primitive Nobody",
    ),
    "id clash": (
        changed((("primitives", "A-instance_attributes"), {"agent": DUMMY})),
        "primitives:A-instance_attributes: the id A-instance_attributes is already used in "
        "the cluster",
    ),
    "no fencing device": (
        changed((("properties", "stonith-enabled"), True)),
        "crm_verify refuses the new configuration (see properties:stonith-enabled):",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_the_push(started, case):
    new, message = REFUSED[case]
    world, before = started.world(), started.text()
    for function in ("cib.plan", "cib.apply"):
        with pytest.raises(CommandExecutionError) as error:
            world.salt[function](new)
        assert message in str(error.value)
    assert started.text() == before
    assert not [command for command in world.commands if "--patch" in command]


def test_validate_needs_no_cluster(started):
    world = started.world()
    found = world.salt["cib.validate"](REFUSED["unknown parameter"][0])
    assert len(found) == 1 and found[0].startswith("primitives:A:attributes:faek: ")
    assert world.salt["cib.validate"](START) == []
    assert not [command for command in world.commands if command[0] == "cibadmin"]


def test_optional_attribute_the_agent_lacks(started):
    new = changed(((*A, "attributes", "futuristic"), 1), ((*A, "optional"), ["futuristic"]))
    done = started.world().salt["cib.apply"](new, wait=0)
    assert (done["changes"], done["pushed"]) == ({}, False)
    assert done["notes"] == [
        "primitives:A:attributes:futuristic: left out, the installed ocf:pacemaker:Dummy does not "
        "know it"
    ]


AHEAD = (((*A, "attributes", "futuristic"), 1), ((*A, "ahead"), ["futuristic"]))


def test_attribute_ahead_of_the_agent(started):
    """It is there, costs the next run nothing, and pcs is told to take it, too."""
    new = changed(*AHEAD)
    assert started.world().salt["cib.validate"](new) == []
    told = started.world().salt["cib.plan"](new)["commands"]
    assert ["pcs", "resource", "update", "A", "futuristic=1", "--force"] in told
    done = started.world().salt["cib.apply"](new, wait=0)
    assert done["pushed"] and done["notes"] == []
    assert started.text().count('name="futuristic"') == 1
    world = started.world()
    assert world.salt["cib.apply"](new, wait=0)["changes"] == {}
    assert [command[0] for command in world.commands] == ["cibadmin"]
    other = changed(*AHEAD, ((*A, "attributes", "faek"), 1))
    with pytest.raises(CommandExecutionError, match="faek: the agent .* has no such parameter"):
        started.world().salt["cib.plan"](other)


def test_pcs_makes_what_is_ahead_of_the_agent(tools):
    """The commands of a plan, run by pcs: a new one, and one that is changed."""
    new = changed(*AHEAD)
    world = tools.world()
    for description in (new, changed(*AHEAD, ((*A, "attributes", "futuristic"), 2))):
        tools.pcs(*(command[1:] for command in world.salt["cib.plan"](description)["commands"]))
        assert "futuristic" not in str(world.salt["cib.plan"](description)["changes"])


def test_no_cluster(tools):
    tools.cib.unlink()
    with pytest.raises(CommandExecutionError, match="cannot be read"):
        tools.world().salt["cib.query"]()


def test_no_tools(tools):
    world = tools.world()
    world.run.prefix, world.run.env = [], {"PATH": str(tools.directory)}
    with pytest.raises(CommandExecutionError, match="pacemaker-cli-utils"):
        world.salt["cib.query"]()
