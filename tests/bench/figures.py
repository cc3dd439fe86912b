"""Figures: one JSON line each, and the table that the documents show."""

from __future__ import annotations

import json
import statistics


class Figures:
    """What was measured. ``broken`` has the promised counts (not times) that were missed."""

    def __init__(self):
        self.all = []

    def add(self, figure, value, unit, most=None, least=None, **more):
        """One figure; with a promise (``most`` or ``least``) also whether it was met."""
        line = {"figure": figure, "value": value, "unit": unit, **more}
        if most is not None:
            line.update(most=most, met=value <= most)
        if least is not None:
            line.update(least=least, met=value >= least)
        self.all.append(line)
        print(json.dumps(line), flush=True)

    @property
    def broken(self):
        return [one for one in self.all if "processes" in one["unit"] and not one.get("met", True)]

    def growth(self):
        """The Markdown table of plan times and processes by number of resources."""
        head = (
            "| resources | nothing to change: state | processes | first plan | processes |\n"
            "|---:|---:|---:|---:|---:|"
        )
        rows = [head]
        for count in sorted({one["resources"] for one in self.all if "resources" in one}):
            found = {one["figure"]: one for one in self.all if one.get("resources") == count}
            names = ("unchanged", "unchanged-processes", "first-plan", "first-plan-processes")
            cells = [_cell(found[name]) for name in names]
            rows.append(f"| {count} | " + " | ".join(cells) + " |")
        return "\n".join(rows) + "\n"


def _cell(one):
    return f"{one['value']:.2f} s" if one["unit"] == "s" else str(one["value"])


def median(values):
    """The middle one, in thousandths: more digits would be noise."""
    return round(statistics.median(values), 3)
