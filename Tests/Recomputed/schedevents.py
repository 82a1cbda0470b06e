"""Compares the report of `tracectl threads` with the scheduler's own events of the same run, which
perf recorded: `perf script -i perf.data --ns -F time,event,trace | schedevents.py report.json`.

Ends with code 3 if perf has all switches of fewer than LEAST_COMPARED of the nine threads, or
prints one that cannot be read.

A thread's sums must lie between those up to its last steps before its end and those up to its last
switch: tracectl ends a thread somewhere between the two.
"""
import collections
import json
import re
import sys

LINE = re.compile(r"\s*(\d+)\.(\d{9}):\s+sched:(\w+):\s(.*)")
SWITCH = re.compile(r".* ?prev_pid=(\d+) prev_prio=-?\d+ prev_state=(\S+) ==> .*next_pid=(\d+) ")
WAKING = re.compile(r".* ?pid=(\d+) prio=")
# Two records of one switch differ by some microseconds, and by interrupts.
SLACK_NS = 2_000_000
LEAST_COMPARED = 7
# As Docs/reports.md says.
EARLY_MAX_NS = 1_000_000


class Thread:
    """The sums of a thread's times up to now, and those when its end began."""

    def __init__(self):
        self.sums, self.state, self.since, self.wake = collections.Counter(), None, 0, None
        self.least, self.is_broken = None, False

    def add(self, kind, now):
        self.sums[kind] += now - self.since

    def on(self, now):
        if self.state == "running":
            self.is_broken = True
        elif self.state == "blocked":
            early = self.wake is not None and self.wake < self.since - EARLY_MAX_NS
            ready = now if self.wake is None or early else max(self.wake, self.since)
            self.sums["blocked"] += ready - self.since
            self.sums["delay"] += now - ready
        elif self.state in ("new", "preempted"):
            self.add("delay" if self.state == "new" else "preempted", now)
        self.state, self.since, self.wake = "running", now, None

    def off(self, state, now):
        if self.state == "running":
            self.add("running", now)
        elif self.state is not None:
            self.is_broken = True
        self.sums["switches"] += 1
        is_preempted = state.startswith("R")
        if is_preempted:
            self.wake = None
        self.state, self.since = "preempted" if is_preempted else "blocked", now

    def woken(self, now, is_new):
        if is_new:
            self.state, self.since = "new", now
        elif self.state == "running" or self.wake is None or self.wake < self.since:
            self.wake = now

    def ends(self, now):
        self.least = self.sums.copy()
        if self.state == "running":
            self.least["running"] += now - self.since


def read(stream):
    threads = collections.defaultdict(Thread)
    for match in filter(None, map(LINE.match, stream)):
        now, event, text = int(match[1] + match[2]), match[3], match[4]
        if event == "sched_switch":
            switch = SWITCH.match(text)
            if switch is None:
                print(f"perf's line cannot be read: {text}")
                sys.exit(3)
            before, state, after = switch.groups()
            threads[int(before)].off(state, now)
            threads[int(after)].on(now)
        elif event in ("sched_waking", "sched_wakeup_new"):
            threads[int(WAKING.match(text)[1])].woken(now, event == "sched_wakeup_new")
        elif event == "sched_process_exit":
            threads[int(WAKING.match(text)[1])].ends(now)
    return threads


def main():
    known = read(sys.stdin)
    with open(sys.argv[1]) as file:
        process = json.load(file)["processes"][0]
    # The first thread ran before it executed the program.
    threads = [thread for thread in process["threads"] if thread["tid"] != process["pid"]]
    problems, compared = [], 0
    for thread in threads:
        one = known[thread["tid"]]
        if one.is_broken or one.least is None:
            continue
        compared += 1
        said = {"switches": thread["wait_count"] + thread["preemptions"],
                "running": thread["running_ns"], "blocked": thread["blocked_ns"],
                "preempted": thread["preempted_ns"],
                "delay": thread["runnable_ns"] - thread["preempted_ns"]}
        for key, value in said.items():
            low, high = one.least[key], one.sums[key]
            slack = 0 if key == "switches" else 0.01 * high + SLACK_NS
            if not low - slack <= value <= high + slack:
                name = f"{thread['thread']} {thread['tid']}"
                problems.append(f"{name} {key}: {value}, not {low} to {high}")
    if len(threads) != 9:
        problems.append(f"{len(threads)} threads")
    if problems:
        sys.exit("\n".join(problems))
    # perf's file lacks some switches; a thread's sums are then not known.
    if compared < LEAST_COMPARED:
        print(f"perf has all switches of {compared} threads only")
        sys.exit(3)


if __name__ == "__main__":
    main()
