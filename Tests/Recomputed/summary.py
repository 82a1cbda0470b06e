"""Computes lines of `tracectl summary -format json` from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | summary.py report.json`.

For whole traces in which nothing is lost. The lines from system, threads and stacks are compared
elsewhere.
"""
import collections
import json
import sys

import lines

EVENTS = [event for event in lines.events() if "rundown" not in event]
COMMANDS = ["gc", "exceptions", "requests", "allocations", "jit"]


def by_pid(provider, *names):
    found = {}
    for event in EVENTS:
        if event["provider"] == provider and event["event"] in names:
            found.setdefault(event["pid"], []).append(event)
    return sorted(found.items())


def topic(command, pid, **values):
    keys = {"command": command, "pid": pid, "count": None, "percent": None, "amount_ns": None,
            "max_ns": None, "per_s": None, "most": None}
    return {**keys, **values}


def collections_of(pid, events):
    pauses, begun = [], 0
    for event in events:
        if event["event"] == "GCSuspendBegin":
            begun = event["time_ns"]
        elif event["event"] == "GCRestartEnd":
            pauses.append(event["time_ns"] - begun)
    return topic("gc", pid, count=sum(event["event"] == "GCStart" for event in events),
                 amount_ns=sum(pauses), max_ns=max(pauses), percent=...)


def exceptions_of(pid, events):
    types = collections.Counter(event["fields"]["exceptionType"] for event in events)
    return topic("exceptions", pid, count=len(events), most=types.most_common(1)[0][0], per_s=...)


def requests_of(pid, events):
    begun, found = {}, []
    for event in events:
        if event["event"] == "RequestStart":
            begun[event["fields"]["id"]] = event
        else:
            start = begun.pop(event["fields"]["id"])
            found.append((event["time_ns"] - start["time_ns"], start["fields"]["route"]))
    return topic("requests", pid, count=len(found), amount_ns=sum(time for time, _ in found),
                 max_ns=max(found)[0], most=max(found)[1])


def allocations_of(pid, events):
    types = collections.Counter()
    for event in events:
        types[event["fields"]["typeName"]] += event["fields"]["allocationAmount"]
    most = min(types, key=lambda name: (-types[name], name))
    return topic("allocations", pid, count=sum(types.values()), most=most, per_s=...)


def compilations_of(pid, events):
    begun, times, count = {}, 0, 0
    for event in events:
        place = event["tid"], event["fields"]["methodID"]
        if event["event"] == "MethodJittingStarted":
            begun[place] = event["time_ns"]
        else:
            count += 1
            times += event["time_ns"] - begun.pop(place, event["time_ns"])
    return topic("jit", pid, count=count, amount_ns=times, percent=...)


known = [
    *[collections_of(*one) for one in
      by_pid("Runtime", "GCSuspendBegin", "GCStart", "GCRestartEnd")],
    *[exceptions_of(*one) for one in by_pid("Runtime", "ExceptionThrown")],
    *[requests_of(*one) for one in by_pid("Shop", "RequestStart", "RequestStop")],
    *[allocations_of(*one) for one in by_pid("Runtime", "GCAllocationTick")],
    *[compilations_of(*one) for one in by_pid("Runtime", "MethodJittingStarted", "MethodLoad")],
]
with open(sys.argv[1]) as file:
    topics = json.load(file)["topics"]
differences = []
stated = [one for one in topics if one["command"] in COMMANDS]
for one in known:
    found = [other for other in stated
             if (other["command"], other["pid"]) == (one["command"], one["pid"])]
    if len(found) != 1:
        differences.append(f"{len(found)} lines for {one}")
        continue
    one = {key: value for key, value in one.items() if value is not ...}
    differences += lines.difference(found[0], one, one["command"])
if len(stated) != len(known):
    differences.append(f"{len(stated)} lines, not {len(known)}")
# What is unusual comes first; otherwise, the lines are in the order of the reports.
if [one["is_unusual"] for one in topics] != sorted((one["is_unusual"] for one in topics), reverse=True):
    differences.append("something unusual comes late")
for unusual in (True, False):
    order = [COMMANDS.index(one["command"]) for one in stated if one["is_unusual"] == unusual]
    if order != sorted(order):
        differences.append(f"another order: {order}")
sys.exit("\n".join(differences) if differences else None)
