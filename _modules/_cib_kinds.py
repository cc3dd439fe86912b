"""
The kinds of objects in a cluster's configuration: one entry says all that is known of a kind.

What goes over all kinds at once is here, too: reading a configuration and writing edits to it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import _cib_alerts
import _cib_bundles
import _cib_constraint_plan
import _cib_constraints
import _cib_groups
import _cib_nodes
import _cib_primitives
import _cib_properties
import _cib_tags_acls
import _cib_templates
import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib, counters


@dataclass(frozen=True)
class Kind:
    """
    What can be done with objects of a kind. Functions may serve several: each gets the kind's name.

    check
        A description's value, checked and in one form; the checker collects the problems.

    read
        ``{id: object}`` of a configuration.

    compare
        Adds to the plan what differs.

    write
        ``write(cib, kind, id, action, data)`` makes one of the edits that ``compare`` added; the
        action is create, change or remove.

    describe
        What was read, as a description of it.
    """

    check: Callable[[Checker, str, str, Any], Any]
    read: Callable[[Cib, str], Data]
    compare: Callable[[Plan, str], None]
    write: Callable[[Cib, str, str, str, Any], None]
    describe: Callable[[Data, str], Any]


_DEFAULTS = Kind(
    check=_cib_properties.check_defaults,
    read=_cib_properties.read_pairs,
    compare=_cib_properties.compare_defaults,
    write=_cib_properties.write_defaults,
    describe=_cib_properties.describe_defaults,
)
# In the order in which they are compared and written: what others refer to comes first.
KINDS = {
    "properties": Kind(
        check=_cib_properties.check_pairs,
        read=_cib_properties.read_pairs,
        compare=_cib_properties.compare_pairs,
        write=_cib_properties.write_pairs,
        describe=_cib_properties.describe_pairs,
    ),
    "resource_defaults": _DEFAULTS,
    "op_defaults": _DEFAULTS,
    "primitives": Kind(
        check=_cib_primitives.check,
        read=_cib_primitives.read,
        compare=_cib_primitives.compare,
        write=_cib_primitives.write,
        describe=_cib_primitives.describe,
    ),
    "groups": Kind(
        check=_cib_groups.check_groups,
        read=_cib_groups.read_groups,
        compare=_cib_groups.compare_groups,
        write=_cib_groups.write_groups,
        describe=_cib_groups.describe_groups,
    ),
    "clones": Kind(
        check=_cib_groups.check_clones,
        read=_cib_groups.read_clones,
        compare=_cib_groups.compare_clones,
        write=_cib_groups.write_clones,
        describe=_cib_groups.describe_clones,
    ),
    "bundles": Kind(
        check=_cib_bundles.check,
        read=_cib_bundles.read,
        compare=_cib_bundles.compare,
        write=_cib_bundles.write,
        describe=_cib_bundles.describe,
    ),
    # once it is known which resources go
    "templates": Kind(
        check=_cib_templates.check,
        read=_cib_templates.read,
        compare=_cib_templates.compare,
        write=_cib_templates.write,
        describe=_cib_templates.describe,
    ),
    # a constraint may name a tag
    "tags": Kind(
        check=_cib_tags_acls.check_tags,
        read=_cib_tags_acls.read_tags,
        compare=_cib_tags_acls.compare_tags,
        write=_cib_tags_acls.write_tags,
        describe=_cib_tags_acls.describe_tags,
    ),
    "constraints": Kind(
        check=_cib_constraints.check,
        read=_cib_constraints.read,
        compare=_cib_constraint_plan.compare,
        write=_cib_constraints.write,
        describe=_cib_constraints.describe,
    ),
    "nodes": Kind(
        check=_cib_nodes.check_nodes,
        read=_cib_nodes.read_nodes,
        compare=_cib_nodes.compare_nodes,
        write=_cib_nodes.write_nodes,
        describe=_cib_nodes.describe_nodes,
    ),
    "fence_levels": Kind(
        check=_cib_nodes.check_levels,
        read=_cib_nodes.read_levels,
        compare=_cib_nodes.compare_levels,
        write=_cib_nodes.write_levels,
        describe=_cib_nodes.describe_levels,
    ),
    "alerts": Kind(
        check=_cib_alerts.check,
        read=_cib_alerts.read,
        compare=_cib_alerts.compare,
        write=_cib_alerts.write,
        describe=_cib_alerts.describe,
    ),
    # a permission may name anything
    "acls": Kind(
        check=_cib_tags_acls.check_acls,
        read=_cib_tags_acls.read_acls,
        compare=_cib_tags_acls.compare_acls,
        write=_cib_tags_acls.write_acls,
        describe=_cib_tags_acls.describe_acls,
    ),
}


def read(text: str) -> Data:
    """
    Return the configuration in a CIB as plain data.

    Returns a dictionary with one entry per kind and ``ownership``, each ``{id: object}``;
    ``default_sets`` (:py:func:`_cib_properties.read_sets`), ``version`` (the CIB's three counters)
    and ``ids`` (every id in use). Raises ``ValueError`` when the text is no CIB.
    """
    try:
        cib = Cib(text)
    except ET.ParseError as err:
        raise ValueError(f"this is no XML: {err}") from err
    try:
        found: Data = {name: kind.read(cib, name) for name, kind in KINDS.items()}
        found["default_sets"] = _cib_properties.read_sets(cib)
        found["ownership"] = _cib_properties.read_pairs(cib, "ownership")
        _cib_values.mark(found)
        found["version"] = counters(cib.root)
    except (AttributeError, IndexError, KeyError, TypeError) as err:
        # Pacemaker keeps none of this kind, but for `validate-with="none"`, and files may.
        raise ValueError(
            f"something in this CIB is in no schema of Pacemaker ({type(err).__name__}: {err})"
        ) from err
    found["ids"] = sorted(cib.taken)
    return found


def edit(text: str, edits: Iterable[Data] = ()) -> str:
    """
    Return the CIB's XML with the edits made; what they do not name stays as it is.

    edits
        A list of ``{"kind": ..., "id": ..., "create": object}``, ``"change": {...}`` or
        ``"remove": True``, as :py:func:`_cib_plan.compare` makes them. With none, the result is the
        same CIB without its indentation.
    """
    cib = Cib(text)
    # crm_diff falls back to an old format, which loses changes, for a CIB that never ran
    cib.root.attrib.setdefault("crm_feature_set", "3.1.0")
    for one in edits:
        action = next(word for word in ("create", "change", "remove") if word in one)
        kind = "properties" if one["kind"] == "ownership" else one["kind"]
        KINDS[kind].write(cib, one["kind"], one["id"], action, one[action])
    return ET.tostring(cib.root, encoding="unicode")
