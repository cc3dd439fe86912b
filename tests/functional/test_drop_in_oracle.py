"""The same words to real pcs and to the states of old: the same cluster, on each version of pcs."""

import copy
import xml.etree.ElementTree as ET

import pytest

from tests.support.cluster_tools import VERSIONS, for_version
from tests.support.words import CASES, pcs_command, state


@pytest.fixture(params=VERSIONS)
def tools(request, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = for_version(request.param, tmp_path, "pcs.xml")
    # or crm_verify says what pcs does not look for: nothing would start without a device
    found.pcs("property set stonith-enabled=false")
    return found


def engine(tools, name="engine.xml"):
    ours = tools.another(name)
    ours.pcs("property set stonith-enabled=false")
    return ours


def run_states(tools, objects, test=False):
    """Run the states of the objects, each as Salt would; return their results."""
    world = tools.world()
    world.opts["test"] = test
    results = []
    for index, one in enumerate(objects):
        function, arguments = state(*one)
        module = world.states.pcs_compat
        vars(module)["__low__"] = {"state": "pcs", "__id__": index, "name": "x", "fun": function}
        vars(module)["__running__"] = {f"pcs_|-{i}_|-x_|-{r[0]}": 1 for i, r in enumerate(results)}
        ret = getattr(module, function)("x", **copy.deepcopy(arguments))
        results.append((function, ret))
    return [ret for _, ret in results]


def shape(text):
    """The configuration as nested tuples; a location's id is pcs's own invention."""
    root = ET.fromstring(text).find("configuration")

    def tuples(element, inside=False):
        attributes = dict(element.attrib)
        inside = inside or element.tag == "rsc_location"
        if inside:
            attributes.pop("id", None)
        if element.tag == "rule":
            attributes.setdefault("boolean-op", "and")
        children = [tuples(child, inside) for child in element]
        # pcs has properties in the order they were set, and meta attributes where they came to be
        if element.tag in ("cluster_property_set", "primitive"):
            children.sort()
        return (element.tag, tuple(sorted(attributes.items())), tuple(children))

    return {child.tag: tuples(child) for child in root if len(child)}


@pytest.mark.parametrize("case", CASES)
def test_means_what_pcs_makes_of_it(tools, case):
    objects = CASES[case]
    tools.pcs(*[pcs_command(tools.version, *one) for one in objects])
    ours = engine(tools)
    results = run_states(ours, objects)
    assert [ret["result"] for ret in results] == [True] * len(objects), results
    expected, found = shape(tools.text()), shape(ours.text())
    for section in sorted(set(expected) | set(found)):
        assert found.get(section) == expected.get(section), section


@pytest.mark.parametrize("case", CASES)
def test_nothing_to_change_in_what_pcs_made(tools, case):
    objects = CASES[case]
    tools.pcs(*[pcs_command(tools.version, *one) for one in objects])
    before = tools.text()
    for test in (True, False):
        for ret in run_states(tools, objects, test):
            assert (ret["result"], ret["changes"]) == (True, {}), ret
    assert tools.text() == before


@pytest.mark.parametrize("case", CASES)
def test_predicted_done_and_nothing_left(tools, case):
    objects = CASES[case]
    before = tools.text()
    predicted = run_states(tools, objects, test=True)
    assert tools.text() == before
    done = run_states(tools, objects)
    again = run_states(tools, objects)
    assert [ret["result"] for ret in predicted] == [None] * len(objects), predicted
    assert [ret["changes"] for ret in predicted] == [ret["changes"] for ret in done]
    assert [(ret["result"], ret["changes"]) for ret in again] == [(True, {})] * len(objects), again
