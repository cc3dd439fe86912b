"""
The kinds of objects in a cluster's configuration, and the module that knows each of them.

A kind's module has these functions; one module may serve several kinds, so each gets the kind's
name as the description has it:

``check(check, kind, path, value)``
    A description's value, checked and in one form. ``check`` collects the problems
    (``cib_describe``).

``read(cib, kind)``
    ``{id: object}`` of a configuration. ``cib`` is the parsed XML (``cib_xml``).

``compare(plan, kind)``
    Adds to the plan (``cib_plan``) what differs.

``write(cib, kind, name, action, data)``
    Makes one of the edits that ``compare`` added; ``action`` is create, change or remove.

``describe(live, kind)``
    What was read, as a description of it.
"""

from __future__ import annotations

# In the order in which they are compared and written: what others refer to comes first.
RESOURCES = {
    "primitives": "cib_primitives",
    "groups": "cib_groups",
    "clones": "cib_clones",
    "bundles": "cib_bundles",
}
KINDS = {
    "properties": "cib_pairs",
    "resource_defaults": "cib_defaults",
    "op_defaults": "cib_defaults",
    **RESOURCES,
    # a constraint may name a tag
    "tags": "cib_tags",
    "constraints": "cib_constraints",
    "nodes": "cib_nodes",
    "fence_levels": "cib_levels",
    "alerts": "cib_alerts",
    # a permission may name anything
    "acls": "cib_acls",
}


def modules():
    """
    Return the module of each kind, ``{kind: module}``, in the order of comparison.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_kinds.modules
    """
    return dict(KINDS)


def resources():
    """
    Return the kinds that are resources: constraints, tags and the like may name their ids.

    CLI Example:

    .. code-block:: bash

        salt '*' cib_kinds.resources
    """
    return list(RESOURCES)
