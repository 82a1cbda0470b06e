"""Computes what `tracectl contention -format json` says from the lines of `tracectl dump -format
json`, and compares: `tracectl dump -format json trace.etl | contention.py report.json`.

For whole traces without losses. Locks of native code are compared by kind only, because their
places are known by names alone: threads.py checks the waits themselves.
"""
import json
import sys

import lines

STARTS = {"ContentionStart": "monitor", "MonitorWaitStart": "monitor wait"}
STOPS = {"ContentionStop": "monitor", "MonitorWaitStop": "monitor wait"}
MEASURED = {"Mutex": "mutex", "Read": "rwlock", "Write": "rwlock", "Condition": "condition",
            "Semaphore": "semaphore", "Futex": "futex"}
SLACK = 1_000_000


class Process:
    def __init__(self):
        self.waits, self.open, self.running, self.ended = [], [], {}, {}
        self.without_start = 0

    def give_up(self, tid, reason):
        begun = self.running.pop(tid, None)
        if begun:
            self.open.append({**begun, "reason": reason})

    def take(self, event, first):
        name, tid, now, fields = (event[key] for key in ("event", "tid", "time_ns", "fields"))
        if name == "ThreadStart":
            self.give_up(tid, "events are missing")
        elif name == "ThreadStop":
            self.give_up(tid, "the thread ended")
        elif name == "LockWait":
            start = now - fields["duration"]
            if start < first:
                self.without_start += 1
                return
            # A short wait stands for others.
            wait = ((MEASURED[fields["kind"]], "", fields["address"]), tid, start,
                    fields["duration"])
            self.waits += [wait] * int(fields["weight"] + 0.5)
        elif name in STARTS:
            self.give_up(tid, "events are missing")
            self.running[tid] = {
                "kind": STARTS[name], "type": fields["lockType"], "lock": fields["lockID"],
                "tid": tid, "start_ns": now}
        elif name in STOPS:
            lock = (STOPS[name], fields["lockType"], fields["lockID"])
            begun = self.running.get(tid)
            is_own = bool(begun) and (begun["kind"], begun["type"], begun["lock"]) == lock
            if is_own:
                del self.running[tid]
            else:
                self.give_up(tid, "events are missing")
            length = fields["duration"]
            start = now - length if length else begun["start_ns"] if is_own else None
            before, self.ended[tid] = self.ended.get(tid, first), now
            if start is None or start < first or start < before - SLACK:
                self.without_start += 1
            else:
                self.waits.append((lock, tid, start, length or now - start))


def section(waits, *kinds):
    own = [wait for wait in waits if wait[0][0] in kinds]
    locks = {}
    for lock, tid, _, length in own:
        locks.setdefault(lock, []).append((tid, length))
    rows = [{"kind": lock[0], "type": lock[1], "lock": hex(int(lock[2], 16)),
             **lines.durations([length for _, length in found]),
             "threads": len({tid for tid, _ in found})} for lock, found in locks.items()]
    rows.sort(key=lambda row: (-row["total_ns"], -row["count"], row["type"], int(row["lock"], 16)))
    return {"waits": {**lines.durations([wait[3] for wait in own]),
                      "buckets": lines.buckets([wait[3] for wait in own])},
            "lock_count": len(rows), "locks": rows}


def monitors_only(stated):
    """The report without native code, whose waits are those of the threads report."""
    for process in stated["processes"]:
        for key in ("contended", "notified"):
            process[key]["locks"] = [
                lock for lock in process[key]["locks"] if lock["lock"] is not None]
    return stated


def main():
    events = lines.events()
    first, last = events[0]["time_ns"], events[-1]["time_ns"]
    processes, ends = {}, {}
    for event in events:
        process = processes.setdefault(event["pid"], Process())
        if event["event"] == "ProcessStop":
            ends[event["pid"]] = event["time_ns"]
        if event["provider"] in ("Runtime", "System", "Lock") and "rundown" not in event:
            process.take(event, first)
    with open(sys.argv[1]) as file:
        stated = json.load(file)
    has_native = any(lock["lock"] is None for process in stated["processes"]
                     for key in ("contended", "notified") for lock in process[key]["locks"])
    stated = {process["pid"]: process for process in monitors_only(stated)["processes"]}
    differences = []
    for pid, process in sorted(processes.items()):
        for tid in list(process.running):
            ended = ends.get(pid, last) < last
            process.give_up(tid, "the process ended" if ended else "the trace ended")
        known = {"contended": section(process.waits, "monitor", "mutex", "rwlock"),
                 "notified": section(
                     process.waits, "monitor wait", "condition", "semaphore", "futex"),
                 "stops_without_start": process.without_start}
        if pid not in stated:
            if process.waits or process.open or process.without_start:
                differences.append(f"{pid} is missing")
            continue
        said = stated[pid]
        if has_native:
            for part in (known["contended"], known["notified"]):
                del part["waits"], part["lock_count"]
        differences += [f"{pid}{text}" for text in lines.difference(said, known)]
        opened = [wait for wait in said["open"] if wait["lock"] is not None]
        order = sorted(process.open, key=lambda wait: (wait["start_ns"], wait["tid"]))
        for wait in order:
            wait["lock"] = hex(int(wait["lock"], 16))
        causes = {"the process ended", "the trace ended"}
        for one, other in zip(opened, order):
            if {one["reason"], other["reason"]} <= causes:
                other["reason"] = one["reason"]
        differences += [f"{pid}.open{text}" for text in lines.difference(opened, order)]
    sys.exit("\n".join(differences) if differences else None)


main()
