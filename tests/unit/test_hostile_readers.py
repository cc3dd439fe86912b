"""Broken and odd outputs of others: each reader says what it could not read, never a traceback.

What pcs, Pacemaker, corosync, LVM and wipefs really printed is cut, bent and filled with hostile
values, by seeded chance; a failure names its seed. A few hundred of each here, thousands with
``--all``.
"""

import random
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

from tests.support.hostile import SIGNS
from tests.support.salt_modules import load

DATA = Path(__file__).with_name("data")
PVS = """{"report": [{"pv": [
 {"pv_name":"/dev/null", "pv_uuid":"0HcDYe-abcd", "vg_name":"NFS_SHARED", "vg_systemid":"n1",
  "vg_extent_size":"4194304", "vg_extent_count":"127", "vg_free_count":"0", "lv_name":"data",
  "lv_active":"", "segtype":"linear", "seg_start":"0", "pe_start":"1048576",
  "pvseg_start":"0"}]}]}"""
WIPEFS = "# offset,uuid,label,type\n0x438,1b2c-3d,a label,ext4\n0x1fe,,,dos\n"
TEXTS = ["", "0", "-1", "x", "true", "99999999999999999999", "1e9", "INFINITY", "a" * 300]
TEXTS += [sign for sign in SIGNS if sign and sign.isprintable()]


def texts(*names):
    return [Path(DATA, name).read_text() for name in names]


class Answer:
    """In the place of commands: whatever is asked, this is printed."""

    def __init__(self):
        self.commands, self.stdins, self.text = [], [], ""

    def __call__(self, cmd, stdin=None, env=None, **more):
        self.commands.append(cmd)
        return {"retcode": 0, "stdout": self.text, "stderr": ""}


ANSWER = Answer()
WORLD = load(run=ANSWER, opts={"test": False})
LIBRARY = WORLD.library


def of_command(function, *arguments):
    def read(text):
        ANSWER.text = text
        WORLD.machine.kept.clear()
        return function(WORLD.machine, *arguments)

    return read


# Reader: what it reads, and from what.
READERS = {
    "CIB": (of_command(LIBRARY._pcs_cib.query), texts("cib/pcs-0.11.xml", "pcs/cib-stub.xml")),
    "CIB as a description": (
        of_command(lambda _: WORLD.salt["pcs.export"]()),
        texts("cib/pcs-0.11.xml"),
    ),
    "CIB on disk": (
        LIBRARY._pcs_files.somebodys_work,
        texts("pcs/cib-stub.xml", "cib/pcs-0.11.xml"),
    ),
    "crm_mon": (
        LIBRARY._pcs_status.parse,
        texts("pcs/crm_mon-2.0.5.xml", "pcs/crm_mon-2.1.5.xml", "pcs/crm_mon-3.0.0.xml",
              "pcs/crm_mon-2.1.5-stopped.xml", "pcs/crm_mon-2.1.5-as-xml.xml"),
    ),
    "corosync.conf": (
        LIBRARY._pcs_files.corosync_conf,
        texts("pcs/corosync-0.9.conf", "pcs/corosync-0.11.conf", "pcs/corosync-debian.conf"),
    ),
    "known-hosts": (LIBRARY._pcs_files.known_hosts, texts("pcs/known-hosts.json")),
    "tokens": (LIBRARY._pcs_files.token_marks, texts("pcs/tokens-0.9.json")),
    "pvs": (of_command(LIBRARY._hanfs_storage.lvm_rows), [PVS]),
    "wipefs": (of_command(LIBRARY._hanfs_storage_probe.signatures, "/dev/null"), [WIPEFS]),
    "an agent's metadata": (
        of_command(LIBRARY._cib_agent.metadata, "ocf:heartbeat:IPaddr2"),
        texts("cib/agent-IPaddr2.xml", "cib/agent-Stateful.xml", "cib/agent-fence_ipmilan.xml"),
    ),
}  # fmt: skip
SEEDS = (1, 2, 3)
COUNT = {False: 60, True: 5000}


def bent_xml(text, chance):
    """Elements and attributes that are gone, twice there, elsewhere, or have another value."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    for _ in range(chance.choice((1, 1, 2, 5))):
        parent = {child: above for above in root.iter() for child in above}
        one = chance.choice(list(root.iter()))
        names = list(one.attrib)
        what = chance.randrange(6)
        if what == 0 and names:
            del one.attrib[chance.choice(names)]
        elif what == 1 and names:
            one.set(chance.choice(names), chance.choice(TEXTS))
        elif what == 2 and one in parent:
            parent[one].remove(one)
        elif what == 3 and one in parent:
            parent[one].append(one)
        elif what == 4:
            one.tag = chance.choice(["zzz", "nvpair", "node", "primitive", "rule", "resources"])
        elif what == 5:
            one.text = chance.choice(TEXTS)
    return ElementTree.tostring(root, encoding="unicode")


def bent(text, chance):
    made = bent_xml(text, chance) if chance.random() < 0.7 else None
    if made is not None:
        return made
    place = chance.randrange(len(text) + 1)
    end = min(len(text), place + chance.choice((0, 1, 3, 40)))
    what = chance.randrange(4)
    if what == 0:
        return text[:place]
    if what == 1:
        return (
            text[:place] + chance.choice([*TEXTS, "\n", '"', "<", "{", "}", ",", ":"]) + text[end:]
        )
    if what == 2:
        return text[:place] + text[end:]
    found = list(re.finditer(r'"[^"\n]*"|\b\w+\b', text))
    if not found:
        return text
    word = chance.choice(found)
    other = chance.choice(["null", "7", "[]", "{}", '""', '"x"', "true", '"a,b"', "-1"])
    return text[: word.start()] + other + text[word.end() :]


def seen(reader, text):
    """Whether it was read; if not it has been said why, in a line that can be printed."""
    try:
        reader(text)
    except (CommandExecutionError, SaltInvocationError) as err:
        assert str(err) and len(str(err)) < 2000, err
        return False
    return True


@pytest.mark.parametrize("name", READERS)
def test_what_is_broken_is_told(name, request):
    reader, known = READERS[name]
    for text in known:
        seen(reader, text)
    for seed in SEEDS:
        chance = random.Random(f"{name}-{seed}")
        for number in range(COUNT[request.config.getoption("--all")] // len(SEEDS)):
            text = bent(chance.choice(known), chance)
            try:
                seen(reader, text)
            except Exception as err:
                raise AssertionError(f"{name}, seed {seed}, number {number}: {text!r}") from err


@pytest.mark.parametrize(
    "name", [name for name in READERS if name not in ("corosync.conf", "wipefs")]
)
@pytest.mark.parametrize("text", ["", " ", "x", "<x/>", "<cib/>", "null", "[]", "{}", "7", '"x"'])
def test_something_else_is_no_answer(name, text):
    if name in ("known-hosts", "tokens") and text == "{}":
        return
    assert seen(READERS[name][0], text) is False
