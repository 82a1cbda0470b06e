"""Computes what `tracectl gc -format json` says from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | gc.py report.json`.

For whole traces: nothing is lost, and no collection is cut off at either end.
"""
import collections

import lines

BEFORE_NS, THREADS = 10_000_000, 5
GENERATIONS = range(5)
# Causes in the order of their numbers.
CAUSES = ["AllocSmall", "Induced", "LowMemory", "Empty", "AllocLarge"]


class Process:
    def __init__(self, events):
        self.collections = []
        self.pauses = []
        self.longest = []
        self.suspensions = []
        self.allocated = None
        self.step = self.since_start = self.since_heap = 0
        self.heap = None
        self.peaks = []
        for event in events:
            getattr(self, event["event"])(event["fields"], event["time_ns"])

    def GCSuspendBegin(self, fields, time):
        self.suspended, self.inside = time, []

    def GCSuspendEnd(self, fields, time):
        self.stopped = time

    def GCRestartEnd(self, fields, time):
        pause, suspend = time - self.suspended, self.stopped - self.suspended
        self.pauses.append(pause)
        self.longest.append((-pause, self.suspended))
        self.suspensions.append(suspend)
        for row in self.inside:
            row["pause_ns"], row["suspend_ns"] = pause, suspend

    def GCStart(self, fields, time):
        row = {
            "number": fields["count"],
            "generation": fields["depth"],
            "cause": fields["reason"],
            "type": fields["type"],
            "collector": None,
            "start_ns": time,
            "pause_ns": None,
            "suspend_ns": None,
            "allocated_bytes": self.since_start,
            "before": None if self.heap is None else self.heap + self.since_heap,
            "stated": None,
        }
        self.since_start = 0
        self.inside.append(row)
        self.collections.append(row)

    def GCHeapBefore(self, fields, time):
        row = self.collections[-1]
        assert row["number"] == fields["count"]
        row["stated"] = fields["size"]

    def GCEnd(self, fields, time):
        row = self.collections[-1]
        assert row["number"] == fields["count"]
        row["collect_ns"] = time - row["start_ns"]

    def GCHistory(self, fields, time):
        row = self.collections[-1]
        assert row["number"] == fields["count"]
        row["generation"], row["collector"] = fields["depth"], fields["collector"]
        row["cause"] = fields["cause"] or row["cause"]

    def GCHeapStats(self, fields, time):
        row = self.collections[-1]
        self.heap = sum(fields[f"generationSize{number}"] for number in GENERATIONS)
        self.peaks.append(self.heap)
        self.since_heap = 0
        row["heap_after_bytes"] = self.heap
        row["promoted_bytes"] = sum(
            fields[f"totalPromotedSize{number}"] for number in GENERATIONS)

    def GCAllocationTick(self, fields, time):
        amount = fields["allocationAmount"]
        self.allocated = (self.allocated or 0) + amount
        self.step = max(self.step, amount)
        self.since_start += amount
        self.since_heap += amount

    def finish(self, row):
        """Adds what is known only at the end."""
        before, stated = row.pop("before"), row.pop("stated")
        if self.allocated is None:
            row["allocated_bytes"] = None
            before = None
        is_known = before is not None and self.step <= before // 10
        if stated is not None:
            is_known, before = True, stated
        row["heap_before_bytes"] = before if is_known else None
        after = row["heap_after_bytes"]
        row["survival_percent"] = after / before * 100 if is_known else None
        if is_known:
            self.peaks.append(before)

    def groups(self, key):
        found = {}
        for row in self.collections:
            found.setdefault(row[key], []).append(row)
        return [
            {
                key: value,
                "collection_count": len(rows),
                "pauses": lines.durations([row["pause_ns"] for row in rows]),
                "collect_ns": sum(row["collect_ns"] for row in rows),
                "promoted_bytes": sum(row["promoted_bytes"] for row in rows),
            }
            for value, rows in found.items()
        ]

    def threads_before(self, start, events):
        """What the process's threads did just before a pause."""
        threads = {}
        for event in events:
            if start - BEFORE_NS <= event["time_ns"] < start and "rundown" not in event:
                threads.setdefault(event["tid"], []).append(event)
        rows = []
        for tid, found in threads.items():
            counts = collections.Counter(
                f"{event['provider']}.{event['event']}" for event in found)
            rows.append({
                "tid": tid, "last_ns": found[-1]["time_ns"],
                "cpu_ns": sum(event["fields"]["weight"] for event in found
                              if event["event"] == "SampledProfile"),
                "events": [{"event": name, "count": count} for name, count in sorted(
                    counts.items(), key=lambda entry: (-entry[1], entry[0]))]})
        rows.sort(key=lambda row: (
            -row["cpu_ns"], -sum(entry["count"] for entry in row["events"]), row["tid"]))
        return rows[:THREADS]

    def longest_pauses(self, events):
        rows = [{"start_ns": start, "pause_ns": -length,
                 "before": self.threads_before(start, events)}
                for length, start in sorted(self.longest)[:10]]
        if not any(event["event"] == "SampledProfile" for event in EVENTS):
            for row in rows:
                for thread in row["before"]:
                    thread["cpu_ns"] = None
        return rows

    def report(self, pid):
        for row in self.collections:
            self.finish(row)
        pauses = lines.durations(self.pauses)
        pauses["buckets"] = lines.buckets(self.pauses)
        return {
            "pid": pid,
            "collection_count": len(self.collections),
            "pauses": pauses,
            "longest_pauses": self.longest_pauses(
                [event for event in EVENTS if event["pid"] == pid]),
            "suspensions": lines.durations(self.suspensions),
            "allocated_bytes": self.allocated,
            "promoted_bytes": sum(row["promoted_bytes"] for row in self.collections),
            "peak_heap_bytes": max(self.peaks),
            "last_heap_bytes": self.heap,
            "generations": sorted(self.groups("generation"), key=lambda row: row["generation"]),
            "causes": sorted(self.groups("cause"), key=lambda row: CAUSES.index(row["cause"])),
            "open": [],
            "collections_without_start": 0,
            "suspensions_without_start": 0,
            "collections": self.collections,
        }


WANTED = {
    "GCSuspendBegin", "GCSuspendEnd", "GCRestartEnd", "GCStart", "GCEnd", "GCHeapStats",
    "GCAllocationTick", "GCHistory", "GCHeapBefore",
}
EVENTS = lines.events()
PROCESSES = lines.by_pid(WANTED, known=EVENTS)
lines.compare([Process(events).report(pid) for pid, events in sorted(PROCESSES.items())])
