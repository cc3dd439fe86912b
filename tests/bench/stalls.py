"""A client's stall and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.figures import median
from tests.lab import timeline

# The columns of the table, in the order of time.
PARTS = ("detection", "fencing", "stop chain", "between", "start chain", "address to I/O")
# What makes the service reachable: the stall's last own part begins when it has started.
ADDRESSES = ("VIP", "ip_")


@dataclass
class Stall:
    """The longest stall of the client in one move or crash; times are epoch seconds."""

    profile: str
    what: str
    asked: float
    begun: float
    ended: float
    operations: list = field(default_factory=list)
    events: dict = field(default_factory=dict)

    @classmethod
    def of(cls, report, said, span, profile, what):
        """From the writers' ``report``, what the cluster ``said`` and the time ``span`` of it."""
        found = [
            (seconds, start)
            for writer in report["writers"].values()
            for start, seconds in writer["stalls"]
            if start + seconds > span[0] and start < span[1]
        ]
        seconds, start = max(found, default=(0.0, span[0]))
        lines = [line for line in said if span[0] <= line.when <= span[1]]
        operations, events = timeline.operations(lines), timeline.events(lines)
        return cls(profile, what, span[0], start, start + seconds, operations, events)

    @property
    def seconds(self):
        return round(self.ended - self.begun, 1)

    def parts(self):
        """Part -> seconds of the stall, in the order of time; what was not seen is not there."""
        begun = self.begun
        found = {}

        def until(name, when):
            nonlocal begun
            if when is not None and when > begun:
                found[name] = round(when - begun, 1)
                begun = when

        starts = [one for one in self.operations if one.action == "start"]
        stops = [one for one in self.operations if one.action == "stop"]
        address = [one.ended for one in starts if one.resource.startswith(ADDRESSES)]
        if self.what.startswith("crash"):
            until("detection", self.events.get("membership lost"))
            until("fencing", self.events.get("fenced"))
        else:
            until("stop chain", max((one.ended for one in stops), default=None))
        until("between", min((one.begun for one in starts), default=None))
        until("start chain", max(address, default=None))
        until("address to I/O", self.ended)
        return found

    def told(self):
        """What one figure says of it beside its seconds."""
        return {"parts": self.parts(), "slowest": self.slowest()}

    def slowest(self, number=4):
        """The operations that cost most of it, as text."""
        inside = [one for one in self.operations if one.ended > self.begun]
        inside = [one for one in inside if one.begun < self.ended]
        inside.sort(key=lambda one: -one.seconds)
        return ", ".join(
            f"{one.resource} {one.action} {one.seconds:.1f} s" for one in inside[:number]
        )


def table(stalls):
    """Markdown: each kind of event, the median and the longest stall, and the median parts."""
    head = "| profile | event | times | stall: median | longest | " + " | ".join(PARTS) + " |"
    rows = [head, "|---|---|---:|---:|---:|" + "---:|" * len(PARTS)]
    for kind in dict.fromkeys((stall.profile, stall.what) for stall in stalls):
        chosen = [stall for stall in stalls if (stall.profile, stall.what) == kind]
        seconds = [stall.seconds for stall in chosen]
        cells = [*kind, str(len(chosen)), f"{median(seconds):.1f} s", f"{max(seconds):.1f} s"]
        for part in PARTS:
            values = [stall.parts()[part] for stall in chosen if part in stall.parts()]
            cells.append(f"{median(values):.1f} s" if values else "")
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"
