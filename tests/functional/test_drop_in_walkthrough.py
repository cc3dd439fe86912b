"""The walkthrough of Salt's old state module, run by real Salt 3006, 3007 and 3008 on real pcs."""

import pytest

from tests.lab import paths
from tests.support.cluster_tools import VERSIONS, find_root, for_version
from tests.support.repeated import repeated
from tests.support.salt_call import SaltCall

PASSWORD = "hoonetorg"

# The examples of the old module's documentation; what they refer to (vip_galera, haproxy) is
# made first, and so is the cibname that each of them names.
WALKTHROUGH = """
{% macro batch(name) %}
present_{{ name }}:
  pcs.cib_present:
    - cibname: {{ name }}
    - scope: None
    - extra_args: None
{{ caller() }}
pushed_{{ name }}:
  pcs.cib_pushed:
    - cibname: {{ name }}
    - scope: None
    - extra_args: None
{% endmacro %}

{% call batch("cib_for_cluster_settings") %}
pcs_properties__prop_has_value_no-quorum-policy:
  pcs.prop_has_value:
    - prop: no-quorum-policy
    - value: ignore
    - cibname: cib_for_cluster_settings

pcs_properties__resource_defaults_to_resource-stickiness:
  pcs.resource_defaults_to:
    - default: resource-stickiness
    - value: 100
    - cibname: cib_for_cluster_settings

pcs_properties__resource_op_defaults_to_monitor-interval:
  pcs.resource_op_defaults_to:
    - op_default: monitor-interval
    - value: 60s
    - cibname: cib_for_cluster_settings
{% endcall %}

{% call batch("cib_for_stonith") %}
pcs_stonith__created_eps_fence:
  pcs.stonith_present:
    - stonith_id: eps_fence
    - stonith_device_type: fence_eps
    - stonith_device_options:
        - 'pcmk_host_map=node1.example.org:01;node2.example.org:02'
        - 'ipaddr=myepsdevice.example.org'
        - 'power_wait=5'
        - 'verbose=1'
        - 'debug=/var/log/pcsd/eps_fence.log'
        - 'login=hidden'
        - 'passwd=hoonetorg'
    - cibname: cib_for_stonith
{% endcall %}

{% call batch("cib_for_galera") %}
mysql_pcs__resource_present_galera:
  pcs.resource_present:
    - resource_id: galera
    - resource_type: "ocf:heartbeat:galera"
    - resource_options:
        - 'wsrep_cluster_address=gcomm://node1.example.org,node2.example.org,node3.example.org'
        - '--master'
    - cibname: cib_for_galera
{% endcall %}

{% call batch("cib_for_haproxy") %}
vip_galera:
  pcs.resource_present:
    - resource_id: vip_galera
    - resource_type: "ocf:heartbeat:IPaddr2"
    - resource_options: ['ip=10.0.0.1', 'cidr_netmask=24', 'op', 'monitor', 'interval=20s']
    - cibname: cib_for_haproxy

haproxy:
  pcs.resource_present:
    - resource_id: haproxy
    - resource_type: "ocf:pacemaker:Dummy"
    - resource_options: ['fake=x', 'clone']
    - cibname: cib_for_haproxy

haproxy_pcs__constraint_present_colocation-vip_galera-haproxy-clone-INFINITY:
  pcs.constraint_present:
    - constraint_id: colocation-vip_galera-haproxy-clone-INFINITY
    - constraint_type: colocation
    - constraint_options:
        - 'add'
        - 'vip_galera'
        - 'with'
        - 'haproxy-clone'
    - cibname: cib_for_haproxy
{% endcall %}
"""

STATES = 4 * 2 + 3 + 1 + 1 + 3


@pytest.fixture(scope="module", params=paths.SALTS)
def salt(request, tmp_path_factory):
    return SaltCall(request.param, tmp_path_factory.mktemp(f"salt-{request.param}"))


@pytest.fixture
def tools(request, tmp_path):
    found = for_version(request.param, tmp_path)
    # Debian 13's root has few fence agents
    agent = (find_root("0.11") / "usr/sbin/fence_eps").read_text()
    found.run("sh", "-c", "cat >/usr/sbin/fence_eps; chmod 755 /usr/sbin/fence_eps", stdin=agent)
    return found


def test_no_function_of_the_old_modules_comes_through(salt):
    """Files of one virtual name are merged; the built-in module of 3006 and 3007 is not seen."""
    states = {name.split(".")[1] for name in salt("sys.list_state_functions", "pcs")}
    functions = {name.split(".")[1] for name in salt("sys.list_functions", "pcs")}
    old_states = "auth cluster_setup cluster_node_present cib_present cib_pushed prop_has_value"
    old_states += " resource_defaults_to resource_op_defaults_to stonith_present resource_present"
    old_states += " constraint_present"
    old = "item_show item_create auth is_auth cluster_setup cluster_destroy cluster_node_add"
    old += " cib_create cib_push config_show prop_show prop_set stonith_show stonith_create"
    old += " resource_show resource_create"
    assert {*old_states.split(), "configured", "cluster_created"} <= states
    assert {*old.split(), "status", "plan"} <= functions
    documented = {**salt("sys.doc", "pcs"), **salt("sys.state_doc", "pcs")}
    assert not [name for name, text in documented.items() if "versionadded" in (text or "")]


# Each Salt on one pcs: what Salt does with a module does not depend on the program that it starts.
PAIRS = [(salt, version) for salt in paths.SALTS for version in VERSIONS]
EACH_ONCE = list(zip(paths.SALTS, VERSIONS, strict=True))


@pytest.mark.parametrize("salt, tools", repeated(PAIRS, unless=EACH_ONCE), indirect=True)
def test_walkthrough(salt, tools, note):
    salt.use(tools)
    before = tools.text()
    files = sorted(salt.cache.glob("pcs/**/*"))
    predicted = salt.states(WALKTHROUGH, test=True)
    assert tools.text() == before and sorted(salt.cache.glob("pcs/**/*")) == files
    done = salt.states(WALKTHROUGH)
    assert [ret["result"] for ret in done] == [True] * STATES, done
    assert PASSWORD not in repr(done) + repr(predicted)
    expected = [
        (ret["result"] and None if ret["changes"] else True, ret["changes"]) for ret in done
    ]
    assert [(ret["result"], ret["changes"]) for ret in predicted] == expected
    for test in (False, True):
        again = salt.states(WALKTHROUGH, test=test)
        assert [(ret["result"], ret["changes"]) for ret in again] == [(True, {})] * STATES, again
    for path in salt.cache.glob("pcs/**/*.cib*"):
        assert path.stat().st_mode & 0o777 == 0o600, path
    listed = tools.pcs("resource config").stdout + tools.pcs("stonith config").stdout
    for name in ("galera-clone", "vip_galera", "haproxy-clone", "eps_fence"):
        assert name in listed
    note(f"Salt {salt.program.parents[1].name}, pcs {tools.version}: {STATES} states clean")

    changed = WALKTHROUGH.replace("'ip=10.0.0.1', 'cidr_netmask=24',", "'ip=10.0.0.9',")
    changed = changed.replace("interval=20s", "interval=33s").replace(
        "value: ignore", "value: stop"
    )
    found = {ret["__id__"]: ret["changes"] for ret in salt.states(changed)}
    vip = found["pushed_cib_for_haproxy"]["primitives"]["vip_galera"]
    assert vip["attributes:ip"] == {"old": "10.0.0.1", "new": "10.0.0.9"}
    assert vip["attributes:cidr_netmask"] == {"old": "24", "new": None}
    assert [one for one in vip.values() if one["new"] == "33s"]
    assert list(found["pushed_cib_for_haproxy"]) == ["primitives"]
    policy = found["pushed_cib_for_cluster_settings"]["properties"]["no-quorum-policy"]
    assert policy == {"old": "ignore", "new": "stop"}
    assert all(ret["changes"] == {} for ret in salt.states(changed))
