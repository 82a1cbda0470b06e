"""Checks that each ZGC allocation stall in JFR's recording is one GCAllocationStall."""

import collections
import json

from report import Report

# The log's line is written at the end of the same scope as JFR's event, slightly later, and rounded
# to a microsecond. If the thread is preempted in between, the log's stall is longer by that time.
ROUNDING_NS = 1_000
LATER_NS = 1_000_000
# Maximum time that a JVM takes to end after the program's last stall begins.
END_NS = 500_000_000
# Fraction of the stalls that may be longer by more than that.
PREEMPTED = 0.02


def check(bench, settings, report):
    for name in ("stalls.etl", "stalls.jfr"):
        (bench.directory / name).unlink(missing_ok=True)
    jfr = f"-XX:StartFlightRecording:filename=stalls.jfr,dumponexit=true,settings={settings}"
    bench.run(bench.tracectl, "collect", "-providers", "GC", "-buffer-size", "16MB", "-o", "stalls.etl",
              "--", bench.bin / "java", "-XX:+UseZGC", "-Xmx64m", f"-agentpath:{bench.agent}", jfr,
              "-Xlog:jfr*=error", "-cp", "classes", "Stalls", out="printed.txt")
    bench.run(bench.tracectl, "dump", "stalls.etl", "-format", "json", "-event", "GCAllocationStall",
              out="stalls.jsonl")
    bench.run(bench.bin / "java", "-cp", "classes", "Extract", "stalls.jfr", out="stalls-jfr.jsonl")
    ours, theirs = collections.defaultdict(list), collections.defaultdict(list)
    for record in read(bench.directory / "stalls.jsonl"):
        if record.get("event") == "GCAllocationStall":
            fields = record["fields"]
            ours[fields["threadID"], fields["threadName"]].append(
                (int(fields["until"]), int(fields["duration"])))
        if "lost" in record:
            report.differ(f"{record['lost']} events lost")
    for record in read(bench.directory / "stalls-jfr.jsonl"):
        if record["kind"] == "stall":
            theirs[record["tid"], record["thread"]].append(
                (record["end_ns"], record["end_ns"] - record["start_ns"]))
    leave_out_the_end(ours, theirs, report)
    compare(in_order(ours), in_order(theirs), report)


def leave_out_the_end(ours, theirs, report):
    """Removes stalls after the end of JFR's recording. The JVM ends later, and its shutdown hook and
    compilers may stall until then."""
    recorded = {thread: len(theirs.get(thread, ())) for thread in ours}
    end = max((until for thread, count in recorded.items()
               for until, _ in sorted(ours[thread])[:count]), default=0)
    for thread, count in recorded.items():
        first, later = sorted(ours[thread])[:count], sorted(ours[thread])[count:]
        if later and later[0][0] >= end - (LATER_NS if first else END_NS):
            ours[thread] = first
            report.explain("stalled when JFR's recording ended", [thread[1]])


def in_order(stalls):
    """Returns the durations of each thread's stalls, in the order of their ends."""
    lengths = collections.defaultdict(list)
    for thread, found in stalls.items():
        lengths[thread] = [length for _, length in sorted(found)]
    return lengths


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def compare(ours, theirs, report):
    count = sum(map(len, theirs.values()))
    total_ms = sum(map(sum, theirs.values())) / 1e6
    own_ms = sum(map(sum, ours.values())) / 1e6
    report.fact(f"{count} stalls by JFR, {total_ms:.1f} ms in all; "
                f"{sum(map(len, ours.values()))} by us, {own_ms:.1f} ms")
    if count == 0:
        report.differ("there were no stalls")
    longer = []
    for thread in sorted(set(ours) | set(theirs)):
        if len(ours[thread]) != len(theirs[thread]):
            report.differ(f"{thread}: {len(ours[thread])} stalls, {len(theirs[thread])} by JFR")
            continue
        for own, its in zip(ours[thread], theirs[thread]):
            text = f"{thread}: a stall of {own} ns takes {its} ns according to JFR"
            if own - its < -ROUNDING_NS:
                report.differ(text)
            elif own - its > LATER_NS:
                longer.append(text)
    report.fact(f"{len(longer)} are longer by more than {LATER_NS / 1e6:.0f} ms")
    if len(longer) > PREEMPTED * count + 1:
        for text in longer[:5]:
            report.delay(text)


def reports(bench):
    report = Report("allocation stalls")
    check(bench, bench.settings, report)
    return [report]
