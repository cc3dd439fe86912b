"""
Alerts: programs that Pacemaker runs when something happens, and whom they tell.

Options and meta attributes of a described alert or recipient are owned whole. Recipients are
objects with an id of their own: those that others added to our alert stay. Which events an alert is
for (``select``) is compared when it is described, and stays as it is otherwise.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import _cib_values
from _cib_checker import Checker
from _cib_comparison import Plan
from _cib_values import Data
from _cib_xml import Cib

KIND = "alerts"
EVENTS = ("nodes", "fencing", "resources", "attributes")
_SETS = {"options": "instance_attributes", "meta": "meta_attributes"}


# The description ---------------------------------------------------------------------------------


def check(check: Checker, kind: str, path: str, value: Any) -> Any:
    found, ids = Data(), Data()
    for name, inner in check.mapping(path, value).items():
        here = f"{path}:{name}"
        allowed = ("path", "description", *_SETS, "select", "recipients")
        inner = check.mapping(here, inner, allowed, required=("path",))
        found[name] = _common(check, here, name, inner, "path")
        found[name]["select"] = _select(check, f"{here}:select", inner.get("select"))
        found[name]["recipients"] = {}
        recipients = check.mapping(f"{here}:recipients", inner.get("recipients"))
        for recipient, one in recipients.items():
            place = f"{here}:recipients:{recipient}"
            one = check.mapping(place, one, ("value", "description", *_SETS), required=("value",))
            found[name]["recipients"][recipient] = _common(check, place, recipient, one, "value")
            if recipient in ids or recipient in (value or {}):
                check.problem(place, f"the id is already used in {ids.get(recipient, path)}")
            ids.setdefault(recipient, place)
    return found


def _common(check, path, name, value, main):
    """What an alert and a recipient have in common; ``main`` is what it has to have."""
    check.identifier(path, name)
    options, secrets = check.attributes(f"{path}:options", value.get("options"))
    return {
        main: check.text(f"{path}:{main}", value.get(main)),
        "description": check.text(f"{path}:description", value.get("description")),
        "options": options,
        "secrets": secrets,
        "meta": check.scalars(f"{path}:meta", value.get("meta")),
    }


def _select(check, path, value):
    """``{events: [...], attributes: [names]}``; no attributes means all of them."""
    if value is None:
        return None
    value = check.mapping(path, value, ("events", "attributes"))
    events = [
        check.choice(f"{path}:events:{index}", event, EVENTS)
        for index, event in enumerate(check.names(f"{path}:events", value.get("events")))
    ]
    attributes = check.names(f"{path}:attributes", value.get("attributes"))
    if attributes and "attributes" not in events:
        events.append("attributes")
    return {"events": sorted(filter(None, events)), "attributes": sorted(attributes)}


def describe(live: Data, kind: str) -> Any:
    found = {}
    for name, one in live[kind].items():
        found[name] = {key: value for key, value in one.items() if value and key != "recipients"}
        recipients = {
            recipient: {key: value for key, value in inner.items() if value}
            for recipient, inner in one["recipients"].items()
        }
        if recipients:
            found[name]["recipients"] = recipients
    return found


# The XML -----------------------------------------------------------------------------------------


def read(cib: Cib, kind: str) -> Data:
    found = {}
    for alert in cib.configuration.findall("alerts/alert"):
        found[alert.get("id", "")] = {
            **_read_one(cib, alert, "path"),
            "select": _read_select(alert.find("select")),
            "recipients": {
                one.get("id"): _read_one(cib, one, "value") for one in alert.findall("recipient")
            },
        }
    return found


def _read_one(cib, element, main):
    found = {main: element.get(main), "description": element.get("description")}
    for part, tag in _SETS.items():
        found[part] = cib.values(cib.plain_sets(element, tag))
    return found


def _read_select(element):
    if element is None:
        return None
    return {
        "events": sorted(one.tag.replace("select_", "", 1) for one in element),
        "attributes": sorted(
            one.get("name") for one in element.findall("select_attributes/attribute")
        ),
    }


def write(cib: Cib, kind: str, name: str, action: str, data: Any) -> None:
    if action == "remove":
        cib.forget(cib.by_id[name])
        return
    if action == "create":
        _new(cib, cib.section("alerts"), "alert", name)
    element = cib.by_id[name]
    _write_one(cib, element, data, "path")
    if data.get("select"):
        _write_select(cib, element, data["select"])
    for recipient, one in data.get("recipients", {}).items():
        if one.get("remove"):
            cib.forget(cib.by_id[recipient])
            continue
        if "create" in one:
            _new(cib, element, "recipient", recipient)
        values = one.get("create") or one["change"]
        _write_one(cib, cib.by_id[recipient], values, "value")


def _new(cib, parent, tag, name):
    cib.register(ET.SubElement(parent, tag, {"id": name}))


def _write_one(cib, element, data, main):
    if main in data:
        element.set(main, data[main])
    cib.set_description(element, data)
    for part, tag in _SETS.items():
        cib.write_values(element, tag, data.get(part, {}), index=0)


def _write_select(cib, alert, values):
    for old in alert.findall("select"):
        cib.forget(old)
    select = ET.Element("select")
    alert.insert(0, select)
    for event in values["events"]:
        inner = ET.SubElement(select, f"select_{event}")
        for name in values["attributes"] if event == "attributes" else ():
            new_id = cib.new_id(f"{alert.get('id')}-select-{name}")
            ET.SubElement(inner, "attribute", {"id": new_id, "name": name})


# The comparison ----------------------------------------------------------------------------------


def compare(plan: Plan, kind: str) -> None:
    want, live = plan.want[kind], plan.live[kind]
    for name, wanted in want.items():
        if name in live:
            _compare_one(plan, name, wanted, live[name])
        elif plan.claim(f"{kind}:{name}", name):
            _create(plan, name, wanted)
    for name in plan.leaving(kind):
        plan.add(kind, name, "remove", True, {"old": _told(plan, live[name]), "new": None})
    plan.note_others(kind)
    plan.record[kind] = list(want)
    plan.record["recipients"] = [
        f"{name}:{recipient}" for name, wanted in want.items() for recipient in wanted["recipients"]
    ]


def _present(plan, one):
    """What is written of a new alert or recipient."""
    found = {k: v for k, v in one.items() if v is not None and k not in ("secrets", "recipients")}
    return {**found, **{part: plan.present(one[part]) for part in _SETS}}


def _told(plan, one, secrets=()):
    """An alert or recipient as it is shown."""
    told = {k: v for k, v in one.items() if v and k != "secrets"}
    secrets = one.get("secrets", secrets)
    if "options" in told:
        told["options"] = {
            name: plan.shown(name, value, name in secrets) for name, value in one["options"].items()
        }
    if "recipients" in told:
        told["recipients"] = {name: _told(plan, r) for name, r in one["recipients"].items()}
    return told


def _create(plan, name, wanted):
    new, recipients = _present(plan, wanted), {}
    for recipient, one in wanted["recipients"].items():
        if plan.claim(f"{KIND}:{name}:recipients:{recipient}", recipient):
            recipients[recipient] = {"create": _present(plan, one)}
    new["recipients"] = recipients
    plan.add(KIND, name, "create", new, {"old": None, "new": _told(plan, wanted)})


def _compare_one(plan, name, wanted, found):
    edit, change = _differences(plan, wanted, found, ("path", "description"))
    if wanted["select"] is not None and wanted["select"] != found["select"]:
        edit["select"] = wanted["select"]
        change["select"] = {"old": found["select"], "new": wanted["select"]}
    recipients = {}
    for recipient, one in wanted["recipients"].items():
        place = f"recipients:{recipient}"
        if recipient in found["recipients"]:
            inner, told = _differences(
                plan, one, found["recipients"][recipient], ("value", "description")
            )
            if inner:
                recipients[recipient] = {"change": inner}
            change.update({f"{place}:{key}": values for key, values in told.items()})
        elif plan.claim(f"{KIND}:{name}:{place}", recipient):
            recipients[recipient] = {"create": _present(plan, one)}
            change[place] = {"old": None, "new": _told(plan, one)}
    for recipient in _leaving(plan, name, wanted, found):
        recipients[recipient] = {"remove": True}
        old = _told(plan, found["recipients"][recipient])
        change[f"recipients:{recipient}"] = {"old": old, "new": None}
    if recipients:
        edit["recipients"] = recipients
    if edit:
        plan.add(KIND, name, "change", edit, change)


def _leaving(plan, name, wanted, found):
    """Recipients of a described alert that are to go; those of others are told."""
    others = [one for one in found["recipients"] if one not in wanted["recipients"]]
    if plan.partial:
        return []
    ours = plan.owned.get("recipients", ())
    going = [one for one in others if plan.purge or f"{name}:{one}" in ours]
    left = [f"{name}:{one}" for one in others if one not in going]
    if left:
        plan.unmanaged["recipients"] = sorted(plan.unmanaged.get("recipients", []) + left)
    return going


def _differences(plan, wanted, found, fields):
    """``(edit, change)`` of what an alert and a recipient have in common."""
    edit, change = Data(), Data()
    plan.compare_fields(fields, wanted, found, edit, change)
    options = plan.differences(wanted["options"], found["options"], _cib_values.same_text)
    meta = plan.differences(wanted["meta"], found["meta"])
    for part, edited in (("options", options), ("meta", meta)):
        if edited:
            edit[part] = edited
        for key, value in edited.items():
            secrets = {*wanted["secrets"], *found.get("secrets", ())}
            secret = part == "options" and key in secrets
            old = plan.shown(key, found[part].get(key), secret)
            change[f"{part}:{key}"] = {"old": old, "new": plan.shown(key, value, secret)}
    return edit, change
