"""
The description of a cluster's configuration: checked, and brought into one form.

A description is what people write in pillar or give to ``pcs.configured``:

.. code-block:: yaml

    properties: {stonith-enabled: false}      # None: the property must not be there
    resource_defaults: {resource-stickiness: 100}
    op_defaults: {timeout: 60s}
    primitives:
      VIP:
        agent: ocf:heartbeat:IPaddr2
        attributes: {ip: 192.168.16.100, cidr_netmask: 24}
        optional: [nic]                       # left out, with a note, if the agent lacks it
        meta: {failure-timeout: 60s}
        utilization: {cpu: 1}
        operations: {monitor: {interval: 20s}}
    groups:
      service: [SharedFS, VIP]                # or {members: [...], meta: {...}}
    clones:
      Other-clone: {resource: Other, promotable: true, meta: {promoted-max: 1}}   # or a group
    bundles:
      web:
        type: podman                          # or docker
        container: {image: "web:1", replicas: 2}
        network: {ip-range-start: 192.168.16.110}
        ports: [{port: 80}]                   # their order says nothing, nor does that of storage
        storage: [{source-dir: /srv, target-dir: /var/www, options: ro}]
        resource: Site
    constraints:
      order: [{first: service, then: Other, kind: Optional}]
      colocation: [{resource: Other, with: service, score: 50}]
      location: [{resource: service, rule: "#uname eq n1", score: 10}]
    tags:
      front: [VIP, Other]                     # in this order; constraints may name a tag
    nodes:                                    # each attribute is owned by itself
      n1: {attributes: {rack: a}, utilization: {cpu: 4}}
    fence_levels:                             # or target-pattern, or target-attribute and -value
      - {target: n1, level: 1, devices: [fence-a, fence-b]}
    alerts:
      mail:
        path: /usr/local/bin/tell
        options: {password: {pillar: "hanfs:mail:password"}}
        meta: {timeout: 10s}
        select: {events: [fencing, attributes], attributes: [pingd]}   # not said: it stays
        recipients:
          mail-us: {value: us@example.com}
    acls:                                     # they count with the property enable-acl
      roles:
        reader: {permissions: [{access: read, xpath: /cib}]}
      users: {anna: [reader]}
      groups: {staff: [reader]}

Constraints of every kind are in ``cib_constraint_check``, sets of defaults in ``cib_defaults``.

Nothing here runs a command or knows a cluster. What each kind of object may say is known by its
module (``cib_kinds``), which gets the checker.
"""

from __future__ import annotations

import re

import salt.utils.data
from salt.exceptions import SaltInvocationError

ROLES = ("Promoted", "Started", "Stopped", "Unpromoted")
_OLD_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}
_ID = re.compile(r"^[A-Za-z_][\w.-]*$", re.A)
_DURATION = re.compile(r"^(\d+\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?|P[\dT].*)$", re.I)
_SCORE = re.compile(r"^[+-]?(INFINITY|\d+)$")
_BOOLEAN = re.compile(r"^(true|false|on|off|yes|no|y|n|1|0)$", re.I)


class Checker:
    """Collects every problem with its path, so that one run shows them all."""

    def __init__(self):
        self.problems = []

    def problem(self, path, text):
        self.problems.append(__salt__["cib_meaning.one_line"](f"{path}: {text}"))

    def mapping(self, path, value, allowed=None, required=()):
        """``value`` as a dictionary with text keys; {} and a problem when it is none."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.problem(path, f"must be a mapping, not {_kind_of(value)}")
            return {}
        value = {str(key): inner for key, inner in value.items()}
        if allowed is not None:
            for key in sorted(set(value) - set(allowed)):
                known = ", ".join(sorted(allowed))
                self.problem(f"{path}:{key}", f"unknown key; allowed: {known}")
        for key in required:
            if value.get(key) in (None, ""):
                self.problem(path, f"{key} is missing")
        return value

    def listing(self, path, value):
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.problem(path, f"must be a list, not {_kind_of(value)}")
            return []
        return list(value)

    def names(self, path, value):
        """A list of ids, none twice."""
        found = []
        for index, name in enumerate(self.listing(path, value)):
            if not isinstance(name, (str, int)) or isinstance(name, bool):
                self.problem(f"{path}:{index}", f"must be an id, not {_kind_of(name)}")
            elif str(name) in found:
                self.problem(path, f"{name} is listed twice")
            else:
                found.append(str(name))
        return found

    def identifier(self, path, name):
        if not _ID.fullmatch(name):
            self.problem(
                path,
                f"{name!r} is no valid id (a letter or '_', then letters, digits, '.', '_', '-')",
            )

    def word(self, path, name):
        """The record of what is ours is a list of such names."""
        if not re.fullmatch(r"\S+", name):
            self.problem(path, f"{name!r} is no name: it must be one word")

    def scalars(self, path, value, keep_booleans=False):
        """Names and values as text; None stays (it must not be there)."""
        found = {}
        for name, inner in self.mapping(path, value).items():
            if isinstance(inner, (dict, list, tuple, set)):
                self.problem(f"{path}:{name}", f"must be one value, not {_kind_of(inner)}")
            else:
                self.storable(f"{path}:{name}", inner)
                found[name] = inner if keep_booleans and isinstance(inner, bool) else _text(inner)
        return found

    def attributes(self, path, value):
        """
        Instance attributes: values as text (a boolean stays one, it means any spelling), and the
        names of those that are secret because they came from pillar: ``{pillar: a:b}``.
        """
        values, secrets = dict(self.mapping(path, value)), []
        for name, inner in values.items():
            if isinstance(inner, dict) and list(inner) == ["pillar"]:
                values[name] = self.from_pillar(f"{path}:{name}", str(inner["pillar"]))
                self.word(f"{path}:{name}", name)
                secrets.append(name)
        return self.scalars(path, values, keep_booleans=True), secrets

    def from_pillar(self, path, place):
        found = salt.utils.data.traverse_dict_and_list(__pillar__, place, None)
        if found is None or isinstance(found, (dict, list)):
            self.problem(path, f"there is no value at {place} in pillar")
            return None
        return _text(found)

    def storable(self, path, value):
        """What Pacemaker can keep: some of its versions write the rest as broken XML."""
        text = str(value)
        if not text.isprintable():
            self.problem(path, "must be printable text on one line")
        elif not text.isascii() and re.search("[<>&\"']", text):
            self.problem(path, "has <, >, & or quotes together with letters beyond ASCII")

    def text(self, path, value):
        if isinstance(value, (dict, list, tuple, set)):
            self.problem(path, f"must be text, not {_kind_of(value)}")
        elif value is not None:
            self.storable(path, value)
        return _text(value)

    def choice(self, path, value, allowed):
        """One of ``allowed``, in its spelling, whatever case it was written in."""
        if value is None:
            return None
        for one in allowed:
            if str(value).lower() == one.lower():
                return one
        self.problem(path, f"{value!r} is not one of: {', '.join(allowed)}")
        return None

    def role(self, path, value):
        value = _OLD_ROLES.get(str(value).capitalize(), value) if value is not None else None
        return self.choice(path, value, ROLES)

    def pattern(self, path, value, pattern, what):
        if value is None:
            return None
        if not pattern.fullmatch(_text(value)):
            self.problem(path, f"{value!r} is not {what}")
        return _text(value)

    def boolean(self, path, value):
        value = self.pattern(path, value, _BOOLEAN, "true or false")
        if value is None:
            return None
        return "true" if value.lower() in ("true", "on", "yes", "y", "1") else "false"

    def score(self, path, value):
        return self.pattern(path, value, _SCORE, "a score (a number, INFINITY or -INFINITY)")

    def duration(self, path, value):
        return self.pattern(path, value, _DURATION, "a time (such as 20s, 500ms or 2min)")


def _kind_of(value):
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), f"a value ({type(value).__name__})")


def _text(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# What concerns more than one object --------------------------------------------------------------


def _check_ids(check, want):
    owner, taken = __salt__["cib_tree.check"](check, want)
    for constraint in want["constraints"]:
        name = constraint.get("id")
        if name in taken:
            check.problem(
                f"{constraint['path']}:id", f"the id {name} is already used in {taken[name]}"
            )
        if name:
            taken[name] = constraint["path"]
    return owner


def normalise(description):
    """
    Check a description and return it in one form, as :py:func:`cib_plan.compare` takes it.

    description
        A dictionary as in this module's documentation.

    Values become text, operations and constraints lists; an order between two members of one group
    becomes the order of the members. Raises SaltInvocationError with every problem and its path.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_describe.normalise '{"properties": {"stonith-enabled": false}}'
    """
    want, found = _checked(description)
    if found:
        raise SaltInvocationError("the description has errors:\n" + "\n".join(found))
    return want


def problems(description):
    """
    Everything that is wrong with a description.

    description
        As for :py:func:`cib_describe.normalise`.

    Returns a list of lines, each with its path (``primitives:WebSite:agent: ...``).

    CLI Example:

    .. code-block:: bash

        salt '*' cib_describe.problems '{"properties": {"stonith-enabled": [1]}}'
    """
    return _checked(description)[1]


def _checked(description):
    """The description in one form, and what is wrong with it."""
    check = Checker()
    if not isinstance(description, dict):
        raise SaltInvocationError(f"a description is a mapping, not {_kind_of(description)}")
    description = dict(description)
    kinds = __salt__["cib_kinds.modules"]()
    for key in sorted(set(map(str, description)) - {*kinds, "unmanaged"}):
        check.problem(key, f"unknown key; allowed: {', '.join(kinds)}, unmanaged")
    want = {
        kind: __salt__[f"{module}.check"](check, kind, kind, description.get(kind))
        for kind, module in kinds.items()
    }
    want["unmanaged"] = check.choice(
        "unmanaged", description.get("unmanaged", "keep"), ("keep", "purge")
    )
    if not check.problems:
        owner = _check_ids(check, want)
        __salt__["cib_ordering.order_members"](check, want, owner)
        __salt__["cib_ordering.check_twice"](check, want["constraints"])
        check.problems += __salt__["cib_contradictions.described"](want)
    return want, check.problems
