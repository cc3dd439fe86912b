"""A cluster that real pcs has built, written out and applied to itself: nothing changes."""

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.cluster_tools import VERSIONS, for_version
from tests.support.descriptions import NODES, SECRET, descriptions, in_pillar
from tests.support.repeated import repeated

MASK = "********"


@pytest.fixture(params=repeated(VERSIONS, unless=["0.10", "0.12"]))
def tools(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return for_version(request.param, tmp_path)


def emptied(text):
    """A configuration with two nodes and nothing else."""
    root = ET.fromstring(text)
    for number, name in enumerate(NODES, 1):
        node = {"id": str(number), "uname": name}
        ET.SubElement(root.find("configuration/nodes"), "node", node)
    return ET.tostring(root, encoding="unicode")


def compiled(tools, world, description):
    """Have pcs build it, with the commands that a plan tells; a remark is no command."""
    for command in world.salt["cib.plan"](description)["commands"]:
        if command[0] == "pcs":
            tools.pcs(command[1:])
    # commands are shown without secrets
    tools.cib.write_text(tools.text().replace(MASK, SECRET))


def left(world, tools, description):
    """What applying it would change, but for the record of what is ours."""
    done = world.salt["cib.plan"](description)
    done["changes"].pop("ownership", None)
    return done["changes"], done["unmanaged"]


def in_letters_of(tools, description):
    """The description without what the oldest Pacemaker cannot keep."""
    if tools.version != "0.10":
        return description
    return json.loads(json.dumps(description, ensure_ascii=False).replace("größer", "greater"))


def test_exported_and_applied_nothing_changes(tools):
    empty = emptied(tools.text())
    world = tools.world(states=False)

    @settings(
        max_examples=8,  # on each version of pcs
        deadline=None,
        # seconds an example: an hour of looking for a shorter one helps nobody
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(descriptions())
    def holds(description):
        tools.cib.write_text(empty)
        compiled(tools, world, in_letters_of(tools, description))
        found = world.salt["pcs.export"]()
        assert SECRET not in repr(found)
        assert not [note for note in found["notes"] if "cannot be applied" in note]
        world.pillar.clear()
        world.pillar.update(in_pillar(found["secrets"]))
        assert left(world, tools, found["description"]) == ({}, {})

    holds()
