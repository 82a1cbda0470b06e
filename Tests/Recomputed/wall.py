"""Computes the time of each thread in each state from the lines of `tracectl dump -format json`,
and compares it with the call tree of wall-clock time: `tracectl dump -format json trace.etl |
wall.py report.json`, for a report of `tracectl stacks trace.etl -wall -threads -threshold 0`.
"""
import collections
import json
import re
import sys

import lines
import threads


def stated(tree):
    """The exclusive time by thread id and state of a tree's nodes; running time has no state."""
    tids, sums = [], collections.Counter()
    for node in tree:
        tid = None if node["caller"] is None else tids[node["caller"]]
        if node["kind"] == "thread":
            tid = int(re.search(r"\((\d+)\)$", node["function"])[1])
        tids.append(tid)
        state = node["function"].strip("[]") if node["kind"] == "state" else "running"
        sums[tid, state] += node["exclusive_ns"]
    return +sums


def computed(events):
    sums = collections.Counter()
    for thread in threads.threads([event for event in events if event["provider"] == "System"]):
        row = thread.report()
        for state in ("running", "runnable", "unknown"):
            sums[thread.tid, state] += row[state + "_ns"]
        for reason in row["reasons"]:
            sums[thread.tid, "blocked: " + reason["reason"]] += reason["total_ns"]
    return +sums


with open(sys.argv[1]) as file:
    said = stated(json.load(file)["tree"])
known = computed(lines.events())
sys.exit("\n".join(f"{key}: {said[key]}, not {known[key]}" for key in {*said, *known}
                   if said[key] != known[key]) or None)
