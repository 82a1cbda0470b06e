"""Computes what `tracectl allocations -format json` says from the lines of `tracectl dump -format
json`, and compares: `tracectl dump -format json trace.etl | allocations.py report.json`.

For whole traces. Stacks are compared by the names of their functions, without remarks such as the
JIT's tier.
"""
import json
import re
import sys

import lines


def amount(events):
    sizes = [(event["fields"]["allocationAmount"], event["fields"]["objectSize"])
             for event in events]
    return {
        "samples": len(events),
        "allocated_bytes": sum(bytes for bytes, _ in sizes),
        "objects": sum(max(1, bytes // size) for bytes, size in sizes if size),
    }


def grouped(events, key):
    groups = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return sorted(
        ((key, amount(found)) for key, found in groups.items()),
        key=lambda group: (-group[1]["allocated_bytes"], group[0]))


def plain(name):
    """The name of a frame without remarks; ? if it has none."""
    name = re.sub(r" \(.*\)$", "", name)
    return "?" if name.endswith("!?") else name


def function(frame):
    if "unresolved" in frame:
        return "?"
    module = frame.get("module")
    return plain((f"{module}!" if module else "") + frame["function"])


def report(pid, events):
    types = grouped(events, lambda event: event["fields"]["typeName"])
    return {
        "pid": pid,
        **amount(events),
        "without_stack": amount([event for event in events if "stack" not in event]),
        "type_count": len(types),
        "types": [{"type": name, **found} for name, found in types],
    }


def stacks(events):
    """Amounts by the names of frames."""
    return dict(grouped([event for event in events if "stack" in event], lambda event: tuple(
        function(frame) for frame in event["frames"][:64])))


def check_stacks(processes):
    """The report's stacks must be those of the events, if it has all of them."""
    with open(sys.argv[1]) as file:
        stated = json.load(file)["processes"]
    nothing = dict.fromkeys(("samples", "allocated_bytes", "objects"), 0)
    for process in stated:
        if process["stack_count"] > len(process["stacks"]):
            continue
        found = {}
        for stack in process["stacks"]:
            key = tuple(map(plain, stack["frames"]))
            sums = found.setdefault(key, dict(nothing))
            for name in sums:
                sums[name] += stack[name]
        if found != stacks(processes[process["pid"]]):
            sys.exit(f"{process['pid']}: other stacks")


PROCESSES = lines.by_pid({"GCAllocationTick"})
check_stacks(PROCESSES)
lines.compare([report(pid, events) for pid, events in sorted(PROCESSES.items())])
