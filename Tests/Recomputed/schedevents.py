"""Compares the report of `tracectl threads` with the scheduler's own events of the same run, which
schedrecord.py recorded: `schedevents.py report.json < events`.

Ends with code 3 if the kernel lost events of the recording. Some kernels write no events of certain
threads, and count none of them. A switch from such a thread is then missing; it was between the two
switches of that CPU that do not fit together, and its time is that uncertain. With too many of
them, the program ends with code 3, too.

A thread's sums must lie between those up to its last steps before its end and those up to its last
switch: tracectl ends a thread somewhere between the two.
"""
import collections
import json
import re
import sys

LINE = re.compile(r".* \[(\d+)\] .* (\d+)\.(\d{6}): (sched_\w+): (.*)")
SWITCH = re.compile(r".* ?prev_pid=(\d+) prev_prio=-?\d+ prev_state=(\S+) ==> .*next_pid=(\d+) ")
WAKING = re.compile(r".* ?pid=(\d+) prio=")
# Two records of one switch differ by some microseconds, and by interrupts.
SLACK_NS = 2_000_000
# Fewer threads with smaller uncertainties are no comparison.
LEAST_COMPARED = 7
MOST_UNCERTAIN_NS = 5_000_000
# As Docs/reports.md says.
EARLY_MAX_NS = 1_000_000


class Thread:
    """The sums of a thread's times up to now, and those when its end began."""

    def __init__(self):
        self.sums, self.state, self.since, self.wake = collections.Counter(), None, 0, None
        self.least, self.is_broken, self.uncertain = None, False, 0

    def is_known(self):
        is_complete = not self.is_broken and self.least is not None
        return is_complete and self.uncertain <= MOST_UNCERTAIN_NS

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


class Events:
    """The threads, by what the kernel's events say of them."""

    def __init__(self):
        self.threads = collections.defaultdict(Thread)
        # The thread that runs on each CPU, and since when.
        self.running = {}

    def switch(self, cpu, before, state, after, now):
        runs, since = self.running.get(cpu, (before, now))
        if runs != before:
            self.threads[runs].is_broken = True
            self.threads[before].on(since)
            self.threads[before].uncertain += now - since
        self.threads[before].off(state, now)
        self.threads[after].on(now)
        self.running[cpu] = after, now

    def read(self, stream):
        for match in filter(None, map(LINE.match, stream)):
            cpu, event, text = match[1], match[4], match[5]
            now = int(match[2] + match[3]) * 1000
            if event == "sched_switch":
                before, state, after = SWITCH.match(text).groups()
                self.switch(cpu, int(before), state, int(after), now)
            elif event in ("sched_waking", "sched_wakeup_new"):
                woken = self.threads[int(WAKING.match(text)[1])]
                woken.woken(now, event == "sched_wakeup_new")
            elif event == "sched_process_exit":
                self.threads[int(WAKING.match(text)[1])].ends(now)


def check(thread, one):
    """The differences between what is said of a thread and what follows from the events."""
    name = f"{thread['thread']} {thread['tid']}"
    said = {"switches": thread["wait_count"] + thread["preemptions"],
            "running": thread["running_ns"], "blocked": thread["blocked_ns"],
            "preempted": thread["preempted_ns"],
            "delay": thread["runnable_ns"] - thread["preempted_ns"]}
    problems = []
    for key, value in said.items():
        low, high = one.least[key], one.sums[key]
        slack = 0 if key == "switches" else 0.01 * high + SLACK_NS + one.uncertain
        if not low - slack <= value <= high + slack:
            problems.append(f"{name} {key}: {value}, not {low} to {high}")
    return problems


def main():
    lines = sys.stdin.readlines()
    if lines[-1] != "lost 0\n":
        print(f"the kernel's own recording is incomplete: {lines[-1]}")
        sys.exit(3)
    events = Events()
    events.read(lines)
    with open(sys.argv[1]) as file:
        process = json.load(file)["processes"][0]
    # The first thread ran before it executed the program.
    threads = [thread for thread in process["threads"] if thread["tid"] != process["pid"]]
    problems = [] if len(threads) == 9 else [f"{len(threads)} threads"]
    compared = [(thread, events.threads[thread["tid"]]) for thread in threads]
    compared = [(thread, one) for thread, one in compared if one.is_known()]
    for thread, one in compared:
        problems += check(thread, one)
    if problems:
        sys.exit("\n".join(problems))
    if len(compared) < LEAST_COMPARED:
        print(f"the kernel wrote the switches of {len(compared)} threads only")
        sys.exit(3)


if __name__ == "__main__":
    main()
