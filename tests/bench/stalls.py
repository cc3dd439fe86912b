"""A client's stall and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.figures import median
from tests.lab import timeline

# The columns of the table, in the order of time.
PARTS = ("detection", "fencing", "stop chain", "between", "start chain", "address to I/O")
# What makes the service reachable: the stall's last own part begins when it has started.
ADDRESSES = ("VIP", "ip_")
# The move without a cluster, which all others are compared with.
FLOOR = ("floor", "move")


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
    ended_processes: list = field(default_factory=list)

    @classmethod
    def of(cls, report, said, span, profile, what, processes=(), operations=None):
        """From the writers' ``report``, what the cluster ``said`` and the time ``span`` of it.

        ``processes``: those that ended on the servers (``process_log.Ended``); ``operations`` in
        place of what the cluster said.
        """
        found = [
            (seconds, start)
            for writer in report["writers"].values()
            for start, seconds in writer["stalls"]
            if start + seconds > span[0] and start < span[1]
        ]
        seconds, start = max(found, default=(0.0, span[0]))
        lines = [line for line in said if span[0] <= line.when <= span[1]]
        if operations is None:
            operations = timeline.operations(lines)
        events = timeline.events(lines)
        inside = [one for one in processes if span[0] <= one.when <= span[1]]
        return cls(profile, what, span[0], start, start + seconds, operations, events, inside)

    @property
    def seconds(self):
        return round(self.ended - self.begun, 1)

    def parts(self):
        """Part -> seconds of the stall, in the order of time; what was not seen is not there."""
        return {name: round(end - begin, 1) for name, (begin, end) in self.spans().items()}

    def processes(self):
        """How many processes ended from the wish to move until all had moved, on both servers."""
        return len(self.ended_processes)

    def part_processes(self):
        """Part -> how many of them ended in it."""
        return {
            name: sum(1 for one in self.ended_processes if begin < one.when <= end)
            for name, (begin, end) in self.spans().items()
        }

    def operation_figures(self):
        """(action, resource) -> (seconds, processes that ended meanwhile on its node).

        What runs side by side has each other's processes, too.
        """
        return {
            (one.action, one.resource): (
                one.seconds,
                sum(
                    1
                    for process in self.ended_processes
                    if process.node == one.node and one.begun < process.when <= one.ended
                ),
            )
            for one in self.operations
        }

    def spans(self):
        """Part -> (begin, end) in epoch seconds."""
        begun = self.begun
        found = {}

        def until(name, when):
            nonlocal begun
            if when is not None and when > begun:
                found[name] = begun, when
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
        began, over = (self.events.get(f"grace {word}") for word in ("began", "over"))
        return {
            "parts": self.parts(),
            "grace": round(over - began, 1) if began and over else None,
            "processes": self.processes(),
            "part_processes": self.part_processes(),
            "slowest": self.slowest(),
        }

    def slowest(self, number=4):
        """The operations that cost most of it, as text."""
        inside = [one for one in self.operations if one.ended > self.begun]
        inside = [one for one in inside if one.begun < self.ended]
        inside.sort(key=lambda one: -one.seconds)
        return ", ".join(
            f"{one.resource} {one.action} {one.seconds:.1f} s" for one in inside[:number]
        )


def table(stalls):
    """Markdown: each kind of event, and below it each operation of the moves.

    The first table has the median and the longest stall and the median parts; a part as its
    seconds, how many times the floor's that is, and its processes.
    """
    kinds = list(dict.fromkeys((stall.profile, stall.what) for stall in stalls))
    floor = _of(stalls, FLOOR)
    least = median([stall.seconds for stall in floor]) if floor else None
    head = "| profile | event | times | stall: median | longest | floors | processes | "
    rows = [
        head + " | ".join(PARTS) + " |",
        "|---|---|---:|---:|---:|---:|---:|" + "---:|" * len(PARTS),
    ]
    for kind in kinds:
        chosen = _of(stalls, kind)
        seconds = [stall.seconds for stall in chosen]
        cells = [*kind, str(len(chosen)), f"{median(seconds):.1f} s", f"{max(seconds):.1f} s"]
        cells += [_times(median(seconds), least), _median_of(chosen, Stall.processes)]
        cells += [_part(chosen, floor, part) for part in PARTS]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n" + _operations(stalls, kinds)


def _of(stalls, kind):
    return [stall for stall in stalls if (stall.profile, stall.what) == kind]


def _median_of(stalls, function):
    values = [function(stall) for stall in stalls]
    return f"{median(values):.0f}" if any(values) else ""


def _times(seconds, least):
    return f"{seconds / least:.1f}x" if least else ""


def _part(chosen, floor, part):
    values = [stall.parts()[part] for stall in chosen if part in stall.parts()]
    if not values:
        return ""
    base = [stall.parts()[part] for stall in floor if part in stall.parts()]
    counts = [stall.part_processes().get(part, 0) for stall in chosen]
    words = [f"{median(values):.1f} s", _times(median(values), median(base) if base else None)]
    words.append(f"{median(counts):.0f}" if any(counts) else "")
    return ", ".join(word for word in words if word)


def _operations(stalls, kinds):
    """What each operation of a move costs: median seconds, and processes meanwhile."""
    rows = []
    for kind in kinds:
        found = {}
        for stall in _of(stalls, kind) if kind[1] == "move" else ():
            for key, figures in stall.operation_figures().items():
                found.setdefault(key, []).append(figures)
        for (action, resource), figures in found.items():
            seconds, processes = (median(values) for values in zip(*figures))
            cells = [kind[0], action, resource, f"{seconds:.1f} s", f"{processes:.0f}"]
            rows.append("| " + " | ".join(cells) + " |")
    if not rows:
        return ""
    head = "\n| profile | operation | resource | median | processes |\n|---|---|---|---:|---:|\n"
    return head + "\n".join(rows) + "\n"
