"""The textfile of metrics: read by a parser that accepts no more than the format says."""

import os
import re
from pathlib import Path

import pytest
import yaml
from salt.exceptions import CommandExecutionError

from tests.support.salt_modules import load

WORLD = load(states=False)
METRICS = WORLD.library._hanfs_metrics
CODES = WORLD.library._hanfs_health_codes

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})\{{({LABEL}(?:,{LABEL})*)\}} (-?\d+)")


def parsed(text):
    """``{name: {labels as text: value}}``; raises AssertionError for what is not in the format."""
    assert text.endswith("\n") and not text.endswith("\n\n")
    found, helped, typed = {}, set(), set()
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped and name not in found and len(line.split(" ", 3)) == 4
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helped and name not in typed and kind == "gauge"
            typed.add(name)
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match.groups()
            assert name in typed and (name not in found or list(found)[-1] == name)
            assert labels not in found.setdefault(name, {}), "a series is there twice"
            found[name][labels] = int(value)
    assert set(found) == helped == typed
    return found


def health(*codes, site="hanfs:sites:athens", active="n1"):
    findings = [CODES.finding(code, "x") for code in codes]
    return {
        "site": site,
        "node": "n1",
        "time": 1_800_000_000,
        "code": CODES.worst(findings),
        "findings": findings,
        "active_node": active,
    }


def values(*codes, **more):
    found = parsed(METRICS.text(health(*codes, **more)))
    return {name: next(iter(each.values())) for name, each in found.items()}, found


def test_a_service_that_is_well():
    plain, found = values()
    assert (plain["hanfs_up"], plain["hanfs_active"], plain["hanfs_health_code"]) == (1, 1, 0)
    assert plain["hanfs_health_timestamp_seconds"] == 1_800_000_000
    assert sum(len(each) for each in found.values()) * 2 <= 40
    assert list(found["hanfs_up"]) == ['site="athens",node="n1"']


def test_what_is_found_is_counted_and_nothing_is_ever_absent():
    _, well = values()
    plain, ill = values("node-offline", "link-down", "node-standby", active="n2")
    assert {name: set(each) for name, each in well.items()} == {
        name: set(each) for name, each in ill.items()
    }
    assert (plain["hanfs_health_code"], plain["hanfs_active"]) == (2, 0)
    own = 'site="athens",node="n1"'
    assert ill["hanfs_health_findings"][f'{own},severity="critical"'] == 1
    assert ill["hanfs_health_check_code"][f'{own},check="links"'] == 1
    assert ill["hanfs_health_check_code"][f'{own},check="disk"'] == 0


def test_a_cluster_that_is_down_is_a_value():
    plain, _ = values("cluster-stopped", active=None)
    assert (plain["hanfs_up"], plain["hanfs_active"]) == (0, 0)


def test_every_code_is_of_a_check_that_has_a_series():
    assert {row.check for row in CODES.CODES.values()} == set(CODES.CHECKS)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\\", "ä b", "{x}", 'a",b="c'])
def test_a_site_of_any_name(name):
    _, found = values(site=f"hanfs:sites:{name}")
    (labels,) = found["hanfs_up"]
    written = re.match(r'site="((?:[^"\\]|\\.)*)",', labels).group(1)
    assert written.replace('\\"', '"').replace("\\\\", "\\") == name


def test_the_file_is_replaced_at_once(tmp_path):
    path = tmp_path / "hanfs.prom"
    path.write_text("old")
    with open(path, encoding="utf-8") as old:
        METRICS.write(str(path), "new\n")
        assert old.read() == "old"
    assert path.read_text() == "new\n" and os.listdir(tmp_path) == ["hanfs.prom"]
    assert path.stat().st_mode & 0o777 == 0o644
    with pytest.raises(CommandExecutionError, match="textfile collector"):
        METRICS.write(str(tmp_path / "none/hanfs.prom"), "new\n")


def test_a_machine_of_no_site_writes_it_too(tmp_path):
    text = load(states=False).salt["hanfs.metrics"](str(tmp_path / "h.prom"))
    assert (tmp_path / "h.prom").read_text() == text
    found = parsed(text)
    assert set(found["hanfs_up"].values()) == {0}
    assert set(found["hanfs_health_code"].values()) == {3}


@pytest.mark.parametrize("name", ["hanfs.rules.yml", "grafana-dashboard.json"])
def test_rules_and_dashboard_use_the_metrics_that_there_are(name):
    path = Path(__file__).parents[2] / "docs/prometheus" / name
    text = path.read_text()
    assert yaml.safe_load(text)
    used = set(re.findall(r"\bhanfs_\w+", text))
    assert used and used <= set(METRICS._HELP)
    assert {"hanfs_up", "hanfs_health_check_code"} <= used
