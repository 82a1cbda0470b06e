"""Compares the report of `tracectl threads` with that of perf on the same run: `perf sched timehist
-i perf.data | timehist.py report.json`.

perf's last line of a thread that ends belongs to no thread, so that its last wait is missing.
"""
import collections
import json
import re
import sys

LINE = re.compile(r"\s*[\d.]+ \[\d+\]\s+.*?\[(\d+)(?:/\d+)?\]\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$")
# Clock readings differ by some microseconds for each switch.
SLACK_NS = 4_000_000
# The last wait is that of a sleep of a nanosecond, which ends when the thread gets a CPU.
LAST_DELAY_NS = 20_000_000

counts, sums = collections.Counter(), collections.Counter()
for match in filter(None, map(LINE.match, sys.stdin)):
    tid = int(match[1])
    counts[tid] += 1
    for name, text in zip(("wait", "delay", "run"), match.groups()[1:]):
        sums[tid, name] += float(text) * 1e6

with open(sys.argv[1]) as file:
    process = json.load(file)["processes"][0]
# perf also counts what the first thread did before it executed the program.
threads = [thread for thread in process["threads"] if thread["tid"] != process["pid"]]
problems = []


def compare(name, own, perf, slack):
    if abs(own - perf) > 0.01 * max(own, perf) + slack:
        problems.append(f"{name}: {own}, not {perf:.0f}")


compared = []
for thread in threads:
    tid, name = thread["tid"], f"{thread['thread']} {thread['tid']}"
    switches = thread["wait_count"] + thread["preemptions"]
    if abs(switches - counts[tid]) > 1:
        problems.append(f"{name}: {switches} switches, not {counts[tid]}")
    if switches != counts[tid]:
        # perf lacks a switch of it, and counts a wait as running.
        continue
    compared.append(thread)
    # perf measures a run from the CPU's last switch in its recording, and may lack the one to a new
    # thread: of threads that hardly run, its sums are too large.
    if thread["running_ns"] > 50_000_000:
        compare(name + " run", thread["running_ns"], sums[tid, "run"], SLACK_NS)
    waits = thread["blocked_ns"] + thread["runnable_ns"]
    compare(name + " wait", waits, sums[tid, "wait"], LAST_DELAY_NS)
    delays = thread["runnable_ns"] - thread["preempted_ns"]
    compare(name + " delay", delays, sums[tid, "delay"], LAST_DELAY_NS)
own = sum(thread["blocked_ns"] + thread["runnable_ns"] for thread in compared)
compare("all wait", own, sum(sums[thread["tid"], "wait"] for thread in compared), SLACK_NS)
if len(compared) < 6:
    problems.append(f"only {len(compared)} threads can be compared")
if len(threads) != 9:
    problems.append(f"{len(threads)} threads")
sys.exit("\n".join(problems) or None)
