"""Compares the report of `tracectl threads` with the times of system calls that perf measured on
the same run: `perf trace -s -o trace.txt ...; perftrace.py report.json < trace.txt`.
"""
import json
import re
import sys

HEAD = re.compile(r"^ .*\((\d+)\), \d+ events")
CALL = re.compile(r"^\s+(\w+)\s+(\d+)\s+\d+\s+([\d.]+)\s")
# The calls of the program's threads whose waits have one reason.
CALLS = {"sleeper": ("clock_nanosleep", "sleep"), "reader": ("read", "pipe"),
         "receiver": ("recvfrom", "network"), "poller": ("poll", "poll")}

calls, tid, has_crashed = {}, None, False
for line in sys.stdin:
    has_crashed = has_crashed or line.startswith("assertion failed at util/build-id.c")
    if match := HEAD.match(line):
        tid = int(match[1])
    elif match := CALL.match(line):
        calls[tid, match[1]] = (int(match[2]), float(match[3]) * 1e6)

if has_crashed and not calls:
    # Some builds of perf fail on their own assertion and print no summary: nothing to compare with.
    sys.exit(None)
with open(sys.argv[1]) as file:
    threads = {thread["thread"]: thread for thread in json.load(file)["processes"][0]["threads"]}
problems = []
for name, (call, reason) in CALLS.items():
    thread = threads[name]
    count, time = calls.get((thread["tid"], call), (0, 0))
    waited = sum(row["total_ns"] for row in thread["reasons"] if row["reason"] == reason)
    # A call lasts until the thread runs again; entering and leaving it takes running time.
    low, high = 0.99 * waited, 1.01 * (waited + thread["runnable_ns"] + thread["running_ns"])
    if count < 40 or not low - 2e6 <= time <= high + 2e6:
        problems.append(f"{name}: {count} calls of {call}, {time:.0f} ns, not {low} to {high}")
sys.exit("\n".join(problems) or None)
