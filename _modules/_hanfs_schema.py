"""
What a site's pillar must look like: every key, its type and range, and the rules between keys.

Data in, sentences out. Nothing is read, run or raised here, whatever the pillar holds, and each
sentence is one printable line, whatever its keys are; the state
``hanfs.checked`` prints all problems at once, each with the key's full path and what is allowed
there.

The sections are described in modules of their own, ``_hanfs_schema_<section>``, each with ``keys``
(a checker for each key), ``relations`` (the rules between keys) and ``normalise``; the checkers are
in ``_hanfs_schema_checks``. The small sections are here. How to add a key: one line in the table of
its section, and one in ``_hanfs_types``. A rule between keys goes to ``relations``.
"""

from __future__ import annotations

import copy
import re
from typing import Any, cast

import _cib_values
import _hanfs_schema_checks as checks
import _hanfs_schema_cluster
import _hanfs_schema_exports
import _hanfs_schema_fencing
import _hanfs_schema_nfs
import _hanfs_schema_programs as programs
import _hanfs_schema_storage
from _hanfs_types import RawSite, Site

PROFILES = ("article", "hardened")
DEFAULTS = {
    "profile": "hardened",
    "server_scope": True,
    "cluster_config": {},
    "allow_disruption": False,
    "events": False,
    "firewall": {"manage": True},
    "timeouts": {"peer": 600, "storage": 300, "settle": 600},
}
_REQUIRED = ("cluster", "storage", "exports", "address", "fencing")
_SECTIONS = {
    "cluster": _hanfs_schema_cluster,
    "storage": _hanfs_schema_storage,
    "exports": _hanfs_schema_exports,
    "nfs": _hanfs_schema_nfs,
    "fencing": _hanfs_schema_fencing,
}
# Those whose rules and defaults depend on the profile.
_OF_PROFILE = ("exports", "fencing")
# The deepest of a right site, rules of constraints within ``cluster_config``, has a dozen.
_DEEPEST = 30
_LARGEST_BITS = 256
# As in map.jinja.
_LONGEST_WORD = 250
_CODE = re.compile(r"HANFS[0-9]{3}\Z")


def _is_hardened(site):
    return not isinstance(site, dict) or site.get("profile") != "article"


def problems(site: Any, path: str = "hanfs") -> list[str]:
    """
    Everything that is wrong with a site's pillar.

    site
        The site as it stands in pillar; its secrets may have been taken out, as
        ``_hanfs_site.public`` does it (see ``secret_problems``).

    path
        Colon path of the site in pillar, for the messages.

    Returns a list of sentences; empty if the site is right. Never raises, whatever the data.
    """
    found: list[str] = []
    hardened = _is_hardened(site)
    endless = _endless(site, str(path))
    if endless:
        return _lines(endless)
    keys = _site_keys(hardened)
    checks.mapping(keys, required=_REQUIRED)(site, str(path), found.append)
    # The rules between keys look only at parts that are well-formed in themselves.
    if isinstance(site, dict):
        for section, rules in _SECTIONS.items():
            more = {"hardened": hardened} if section in _OF_PROFILE else {}
            rules.relations(site, str(path), found.append, **more)
    return list(dict.fromkeys(_lines(found)))


def _lines(found):
    return [_cib_values.one_line(text) for text in found]


def _endless(site, path):
    """What neither Salt nor this module could walk through or write down: too deep, too large."""
    found, waiting = [], [(site, path, 0)]
    while waiting:
        value, here, depth = waiting.pop()
        if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
            found.append(f"{here}: no number that large is right anywhere")
        if isinstance(value, (str, bytes)) and len(value) > programs.TEXT_BYTES:
            found.append(f"{here}: no text is longer than {programs.TEXT_BYTES} signs")
        if not isinstance(value, (dict, list, tuple)):
            continue
        if depth > _DEEPEST:
            found.append(f"{here}: nested deeper than {_DEEPEST} levels")
            continue
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(key, int) and key.bit_length() > _LARGEST_BITS:
                found.append(f"{here}: no key may be a number that large")
            else:
                waiting.append((item, f"{here}:{key}", depth + 1))
    return found


def tree_problems(beside: Any = None, lookup: Any = None, known_lookup: Any = None) -> list[str]:
    """
    Everything that is wrong in the pillar ``hanfs`` outside its sites.

    beside
        Names of the keys beside ``sites`` and ``lookup``; none when the only site stands directly
        under ``hanfs``.

    lookup
        The value of ``hanfs:lookup``.

    known_lookup
        The defaults that ``lookup`` may replace, by name; a replacement has its default's type.

    Returns a list of sentences. Never raises, whatever the data.
    """
    endless = _endless({"lookup": lookup}, "hanfs") or _endless(beside, "hanfs")
    if endless:
        return _lines(endless)
    found = []
    site_keys = _site_keys(True)
    for key in beside if isinstance(beside, (list, tuple)) else ():
        if isinstance(key, str) and key in site_keys:
            found.append(
                f"hanfs:{key}: not read beside hanfs:sites; move it to hanfs:sites:<site>:{key}"
            )
        else:
            found.append(checks.unknown_key(key, "hanfs", ("sites", "lookup")))
    known = known_lookup if isinstance(known_lookup, dict) else {}
    if lookup is not None:
        keys = {key: _like(key, value) for key, value in known.items() if isinstance(key, str)}
        checks.mapping(keys)(lookup, "hanfs:lookup", found.append)
    return _lines(found)


def _like(key, default):
    """The checker for a value in the place of a default."""
    if isinstance(default, bool):
        return checks.boolean
    if isinstance(default, list):
        return checks.list_of(_rendered(checks.name), "names", least=0)
    return {
        "mount_user": _rendered(checks.account),
        "mount_group": _rendered(checks.account),
        "mount_mode": checks.mode,
    }.get(key, _rendered(checks.name))


def _rendered(check):
    """Whether a value is also one that map.jinja takes into states and their names."""

    def both(value, path, report):
        text = str(value)
        if not text.isprintable() or len(text) > _LONGEST_WORD:
            report(f"{path}: is not a printable text of at most {_LONGEST_WORD} signs")
        else:
            check(value, path, report)

    return both


def password_problems(password: Any, path: str = "hanfs:cluster:password") -> list[str]:
    """
    What is wrong with a cluster password (which never appears in the answer).

    password
        The value found in pillar, None if there is none.

    path
        Its colon path, for the messages.

    Returns a list of sentences.
    """
    if password is None:
        return [
            f"{path}: missing. Give the password of the user hacluster (from an encrypted pillar)"
        ]
    found: list[str] = []
    _hanfs_schema_cluster.password()(password, path, found.append)
    return found


def secret_problems(site: RawSite, pillar: Any, path: str = "hanfs") -> list[str]:
    """
    What is wrong with the secrets of the fencing section, and which secrets stand in clear text in
    ``cluster_config``. None of them appears in the answer.

    site
        A site without problems, its secrets taken out or not.

    pillar
        The same site as it stands in pillar.

    path
        Its colon path, for the messages.

    Returns a list of sentences.
    """
    found: list[str] = []
    part = checks.part
    here, fencing = f"{path}:fencing", part(pillar if isinstance(pillar, dict) else {}, "fencing")
    devices = part(fencing, "devices")
    for name, device in part(part(site, "fencing"), "devices").items():
        for secret in device.get("secrets") or ():
            place = f"{here}:devices:{name}:secrets:{secret}"
            value = part(part(devices, name), "secrets").get(secret)
            _hanfs_schema_fencing.report_secret(value, place, found.append)
    files = part(fencing, "key_files")
    for name in part(part(site, "fencing"), "key_files"):
        content = part(files, name).get("content")
        if not isinstance(content, str) or not content:
            found.append(f"{here}:key_files:{name}:content: must be text and not empty")
        encoding, place = part(files, name).get("encoding"), f"{here}:key_files:{name}:content"
        _hanfs_schema_fencing.report_content(content, encoding, place, found.append)
    found += _clear_text(part(site, "cluster_config"), f"{path}:cluster_config")
    return _lines(found)


# Where a description has values that may be references into pillar: kind of object, mapping of it.
_MAY_REFER = {"primitives": "attributes", "nodes": "attributes", "alerts": "options"}


def _clear_text(config, path):
    found, part = [], checks.part
    for kind, key in _MAY_REFER.items():
        for name in part(config, kind):
            one, here = part(part(config, kind), name), f"{path}:{kind}:{name}"
            places = {f"{here}:{key}": part(one, key)}
            for recipient in part(one, "recipients"):
                place = f"{here}:recipients:{recipient}:{key}"
                places[place] = part(part(part(one, "recipients"), recipient), key)
            found += [
                f"{place}:{option}: a secret in clear text would be rendered into states; write "
                "{pillar: COLON:PATH} here and the secret at that path"
                for place, values in places.items()
                for option, value in values.items()
                if isinstance(value, (str, int, float)) and _cib_values.may_be_secret(str(option))
            ]
    return found


def normalise(site: RawSite, path: str = "hanfs") -> Site:
    """
    A right site with all defaults filled in, one spelling per value and lists where there may be
    one or many: ``file_systems`` and ``addresses`` instead of ``storage`` and ``address``. What is
    in it is in ``_hanfs_types``, an example in ``tests/support/sites.py``.

    site
        A site without problems.

    path
        Colon path of the site in pillar; where its secrets are.

    Returns a new dict, without any secret.
    """
    site = _cib_values.plain(site)
    made, hardened = copy.deepcopy(site), _is_hardened(site)
    for key, value in copy.deepcopy(DEFAULTS).items():
        made[key] = (
            {**value, **(site.get(key) or {})} if isinstance(value, dict) else site.get(key, value)
        )
    made["path"] = str(path)
    made["nfs"] = None
    for section, rules in _SECTIONS.items():
        if section == "nfs" and not hardened:
            continue
        more = {"hardened": hardened} if section == "exports" else {}
        rules.normalise(site, made, **more)
    accepted = (site.get("lint") or {}).get("accept") or {}
    if isinstance(accepted, list):
        accepted = {item["code"]: item["reason"] for item in accepted}
    made["lint"] = {"accept": dict(accepted)}
    for gone in ("storage", "address"):
        del made[gone]
    made["cluster"].pop("password", None)
    return cast(Site, made)


# --- the keys -------------------------------------------------------------------------------------


def _site_keys(hardened):
    seconds = checks.number(1, 86400, " (seconds)")
    service = checks.text(
        programs.FIREWALLD_SERVICE, "the name of a firewalld service: letters, digits and _ -"
    )
    zone = checks.text(
        programs.FIREWALLD_ZONE, "the name of a firewalld zone: at most 17 letters, digits and _ -"
    )
    found = {
        "profile": checks.choice(*PROFILES),
        "server_scope": checks.scope,
        "firewall": checks.mapping(
            {
                "manage": checks.boolean,
                "zone": zone,
                "cluster_zone": zone,
                "services": checks.list_of(service, "services"),
            }
        ),
        "timeouts": checks.mapping({"peer": seconds, "storage": seconds, "settle": seconds}),
        "cluster_config": _cluster_config(),
        "allow_disruption": checks.boolean,
        "events": checks.boolean,
        "lint": checks.mapping({"accept": _accepted()}),
    }
    for rules in _SECTIONS.values():
        found.update(rules.keys(hardened))
    order = ("profile", "cluster", "storage", "exports", "address", "server_scope", "nfs")
    return {key: found[key] for key in (*order, *(key for key in found if key not in order))}


def _cluster_config():
    return checks.mapping(
        {
            "properties": checks.properties,
            "resource_defaults": checks.mapping_or_list,
            "op_defaults": checks.mapping_or_list,
            **dict.fromkeys(("primitives", "groups", "clones", "bundles"), checks.named_objects),
            "constraints": checks.free_mapping,
            "fence_levels": checks.mapping_or_list,
            "nodes": checks.free_mapping,
            "alerts": checks.named_objects,
            "tags": checks.named_objects,
            "acls": checks.free_mapping,
            "unmanaged": checks.choice("keep", "purge"),
        }
    )


def _accepted():
    """Findings that are accepted: ``{code: reason}``, or ``[{code: ..., reason: ...}]``."""
    code = checks.text(_CODE, "the code of a finding such as HANFS101")

    def reason(value, path, report):
        words = value.split() if isinstance(value, str) else []
        if len(words) < 2 or any(checks.is_control(sign) for word in words for sign in word):
            report(f"{path}: {checks.shown(value)} is no reason: say in words why this is right")

    listed = checks.list_of(
        checks.mapping({"code": code, "reason": reason}, required=("code", "reason")),
        "accepted findings",
        least=0,
    )

    def check(value, path, report):
        if isinstance(value, list):
            listed(value, path, report)
            return
        if not isinstance(value, dict):
            report(f"{path}: {checks.shown(value)} is not a mapping of codes to reasons")
            return
        for name, why in value.items():
            code(name, f"{path}:{name}", report)
            reason(why, f"{path}:{name}", report)

    return check
