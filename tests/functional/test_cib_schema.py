"""The schema of the configuration is raised when something that is described needs it."""

import os
import re

import pytest

from tests.support.cluster_tools import VERSIONS, for_version

OLD = "pacemaker-2.0"
DUMMY = "ocf:pacemaker:Dummy"
TAGS = {"primitives": {"A": {"agent": DUMMY}}, "tags": {"t": ["A"]}}
ALERT = {**TAGS, "alerts": {"a": {"path": "/x", "select": {"events": ["nodes"]}}}}


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = for_version(request.param, tmp_path)
    text = re.sub(r'validate-with="[^"]*"', f'validate-with="{OLD}"', found.text())
    found.cib.write_text(text)
    return found


def schema(text):
    return re.search(r'validate-with="([^"]*)"', text).group(1)


@pytest.mark.parametrize("as_file", [False, True], ids=["live", "file"])
def test_it_is_predicted_raised_and_told(tools, as_file):
    world = tools.world()
    options = {"file": str(tools.cib)} if as_file else {}
    world.salt["cib.apply"](TAGS, wait=0, **options)
    before = tools.text()
    assert schema(before) == OLD
    files = sorted(os.listdir(tools.directory))
    plan = world.salt["cib.plan"](ALERT, **options)
    assert (tools.text(), sorted(os.listdir(tools.directory))) == (before, files)
    assert plan["changes"]["schema"]["validate-with"]["old"] == OLD
    done = world.salt["cib.apply"](ALERT, wait=0, **options)
    assert (done["pushed"], done["changes"]) == (True, plan["changes"])
    assert schema(tools.text()) == plan["changes"]["schema"]["validate-with"]["new"]
    again = world.salt["cib.apply"](ALERT, wait=0, **options)
    assert (again["pushed"], again["changes"]) == (False, {})


def test_what_no_pacemaker_here_knows_is_an_error(tools):
    world = tools.world()
    world.library._cib_push.needed = lambda edits: [99, 0]
    before = tools.text()
    with pytest.raises(Exception, match="needs the schema pacemaker-99.0"):
        world.salt["cib.apply"](TAGS, wait=0)
    assert tools.text() == before
