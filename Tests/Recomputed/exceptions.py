"""Computes what `tracectl exceptions -format json` says from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | exceptions.py report.json`.

For whole traces.
"""
import collections
import json
import re
import sys

import lines

VALUE = re.compile(
    r"""(?P<number>0x[0-9a-fA-F]+|[0-9]+)|(?<![0-9A-Za-z\u0080-\U0010ffff])(?P<quote>["']).*?(?P=quote)""",
    re.DOTALL)


def pattern(message):
    """The message without its values; for messages of up to 200 bytes."""
    return VALUE.sub(
        lambda found: "#" if found["number"] else found["quote"] + "…" + found["quote"], message)


def most(methods):
    """The most frequent methods."""
    ordered = sorted(collections.Counter(filter(None, methods)).items(),
                     key=lambda entry: (-entry[1], entry[0]))
    return [{"method": name, "count": count} for name, count in ordered[:5]]


def time_line(times, end):
    """Numbers of events in parts of 1, 2, 4 … ms, of which at most 64 reach from 0 to the end."""
    last, step = max([end, 0, *times]), 1_000_000
    while last // step >= 64:
        step *= 2
    counts = [0] * (last // step + 1)
    for time in times:
        counts[max(time, 0) // step] += 1
    return {"from_ns": 0, "step_ns": step, "counts": counts}


def ends():
    """The end of the time that the report covers, by process."""
    with open(sys.argv[1]) as file:
        return {process["pid"]: process["to_ns"] for process in json.load(file)["processes"]}


ENDS = ends()


def report(pid, events):
    groups = {}
    uncaught = {}
    without_throw = 0
    has_catches = any(event["event"] == "ExceptionCaught" for event in events)
    for event in events:
        fields, waiting = event["fields"], uncaught.setdefault(event["tid"], [])
        if event["event"] == "ExceptionThrown":
            key = fields["exceptionType"], pattern(fields["exceptionMessage"])
            group = groups.setdefault(key, {
                "type": key[0], "pattern": key[1], "message": fields["exceptionMessage"],
                "thrown": 0, "rethrown": 0, "caught": 0 if has_catches else None,
                "first_ns": event["time_ns"], "throwers": [], "catchers": [], "time_line": []})
            is_again = "ReThrown" in fields["exceptionFlags"]
            group["rethrown" if is_again else "thrown"] += 1
            group["last_ns"] = event["time_ns"]
            group["time_line"].append(event["time_ns"])
            group["throwers"].append(fields["methodName"])
            waiting.append(group)
            continue
        places = [place for place, group in enumerate(waiting)
                  if fields["exceptionType"] in ("", group["type"])]
        if not places:
            without_throw += 1
            continue
        group = waiting[places[-1]]
        del waiting[places[-1]:]
        group["caught"] += 1
        group["catchers"].append(fields["methodName"])
    found = sorted(groups.values(), key=lambda group: (
        -group["thrown"] - group["rethrown"], group["type"], group["pattern"]))
    times = [time for group in found for time in group["time_line"]]
    for group in found:
        group["time_line"] = time_line(group["time_line"], ENDS.get(pid, 0))
        group["throwers"], group["catchers"] = most(group["throwers"]), most(group["catchers"])
    return {
        "pid": pid,
        "thrown": sum(group["thrown"] for group in found),
        "rethrown": sum(group["rethrown"] for group in found),
        "caught": sum(group["caught"] for group in found) if has_catches else None,
        "caught_without_throw": without_throw,
        "time_line": time_line(times, ENDS.get(pid, 0)),
        "group_count": len(found),
        "groups": found,
    }


WANTED = {"ExceptionThrown", "ExceptionCaught"}
lines.compare([report(pid, events) for pid, events in sorted(lines.by_pid(WANTED).items())])
