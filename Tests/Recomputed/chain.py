"""Computes what `tracectl chain -format json` says from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | chain.py report.json`.

For whole traces without losses, and a report of a thread's whole life.
"""
import json
import sys

import lines
import threads

HOPS_MAX = 64


def waker(every, wake, ready, waiting):
    """The thread that ended a wait; otherwise the reason why the chain does not go there."""
    if wake is None:
        return None, "no wake-up"
    event = wake["event"]
    if event["fields"]["context"] != "Thread":
        return None, "interrupt"
    if event["pid"] == 0:
        return None, "another program"
    found = [thread for thread in every
             if (thread.pid, thread.tid) == (event["pid"], event["tid"])
             and thread.start <= ready and thread.end >= ready - threads.EARLY_MAX]
    if not found:
        return None, "events do not fit"
    if found[-1] in waiting:
        return None, "cycle"
    return (found[-1], None) if len(waiting) < HOPS_MAX else (None, "too long")


def chain(every, thread, low, high, waiting=()):
    """The steps from one time to another that a thread spends for those that wait for it."""
    waiting = (*waiting, thread)
    found = []
    while high > low:
        past = [one for one in thread.stretches if one[1] < high]
        state, begin, end, off, wake = past[-1] if past else ("unknown", low, high, None, None)
        if end < high:
            state, begin, end = "unknown", end, high
        begin, step = max(begin, low), {"end": None}
        if state == "blocked":
            step["reason"] = threads.reason(off)
            if end == high:
                cause, step["end"] = waker(every, wake, high, waiting)
                if cause:
                    found = chain(every, cause, begin, high, waiting) + found
                    high = begin
                    continue
            else:
                step["end"] = "not ended" if len(waiting) == 1 else "events do not fit"
        step = {"tid": thread.tid, "pid": thread.pid, "start_ns": begin,
                "duration_ns": high - begin, "state": state, "reason": step.get("reason"),
                "end": step["end"], "depth": len(waiting) - 1}
        found.insert(0, step)
        high = begin
    return found


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    every = threads.threads([event for event in lines.events() if event["provider"] == "System"])
    chosen = max((thread for thread in every if thread.tid == report["tid"]),
                 key=lambda thread: thread.end - thread.start)
    steps = chain(every, chosen, chosen.start, chosen.end)
    sums = {}
    for step in steps:
        key = (step["tid"], step["state"], step["reason"])
        sums[key] = sums.get(key, 0) + step["duration_ns"]
    said = {}
    for cause in report["causes"]:
        key = (cause["tid"], cause["state"], cause["reason"])
        said[key] = said.get(key, 0) + cause["total_ns"]
    problems = lines.difference(report, {
        "from_ns": chosen.start, "to_ns": chosen.end, "step_count": len(steps), "steps": steps})
    if said != sums:
        problems.append(f"causes: {said}, not {sums}")
    sys.exit("\n".join(problems) or None)


if __name__ == "__main__":
    main()
