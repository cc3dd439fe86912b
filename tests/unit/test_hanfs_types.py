"""``_hanfs_types`` says what ``_hanfs_schema.normalise`` returns: every key, and of what type."""

import typing

import pytest

import _hanfs_schema
import _hanfs_types
from tests.support.sites import hardened, site

OWNED = {"user": "root", "group": 0, "mode": "0750"}
SITES = {
    "article": site(),
    "hardened": hardened(),
    "all": hardened(
        {
            "cluster:totem": {"token": 3000},
            "cluster:links": [{"link_priority": 2}, {"link_priority": 1}],
            "storage": [{**hardened()["storage"], "size": "1G", **OWNED}],
            "exports:0": {**hardened()["exports"][0], **OWNED},
            "nfs": {"notify_name": "nfs.example.com"},
            "fencing:sbd": {"devices": ["/dev/vdc"]},
            "fencing:levels": {"nfs-server1": [["fence-1"]]},
            "fencing:devices:fence-1:delay": 5,
            "fencing:key_files": {"/etc/cluster/fence_xvm.key": {"content": "x"}},
            "firewall": {"zone": "a", "cluster_zone": "b", "services": ["nfs"]},
            "lint": {"accept": {"HANFS601": "why not"}},
            "server_scope": "nfs",
        }
    ),
}


def wrong(value, kind, place="site"):
    """Where a value is not of a type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is typing.Any:
        return []
    if typing.is_typeddict(kind):
        if not isinstance(value, dict):
            return [f"{place}: no mapping"]
        hints = typing.get_type_hints(kind)
        odd = set(value) - set(hints) | kind.__required_keys__ - set(value)
        found = [f"{place}:{key}" for key in odd]
        for key in set(value) & set(hints):
            found += wrong(value[key], hints[key], f"{place}:{key}")
        return found
    if origin in (dict, list):
        if not isinstance(value, origin):
            return [f"{place}: no {origin}"]
        items = value.items() if origin is dict else enumerate(value)
        return [one for key, item in items for one in wrong(item, inner[-1], f"{place}:{key}")]
    if origin is not None:
        return [] if any(not wrong(value, one, place) for one in inner) else [f"{place}: {value!r}"]
    return [] if isinstance(value, kind) else [f"{place}: {value!r} is no {kind}"]


@pytest.mark.parametrize("name", SITES)
def test_a_normalised_site_is_what_its_type_says(name):
    assert _hanfs_schema.problems(SITES[name]) == []
    assert wrong(_hanfs_schema.normalise(SITES[name]), _hanfs_types.Site) == []
