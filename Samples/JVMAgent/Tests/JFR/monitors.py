"""Checks that each wait for an object's lock or notification in JFR's recording is one of ours.

The waits of the program's own classes are compared, thread by thread and in order. Our lengths are
those of the stop events and, apart from them, the times between the events of each pair.
"""

import collections
import json
import pathlib
import subprocess
import sys

from report import Report

RECOMPUTED = pathlib.Path(__file__).resolve().parents[4] / "Tests/Recomputed/contention.py"
OWN = "Monitors$"
NEAR_NS = 1_000_000
# Fraction of the waits that may differ by more, because the thread was preempted in between.
PREEMPTED = 0.02
KINDS = {"ContentionStop": "enter", "MonitorWaitStop": "wait"}
STARTS = {"ContentionStart": "enter", "MonitorWaitStart": "wait"}
Wait = collections.namedtuple("Wait", "end length type timed_out between")


def check(bench, settings, report, owners):
    for name in ("monitors.etl", "monitors.jfr"):
        (bench.directory / name).unlink(missing_ok=True)
    jfr = f"-XX:StartFlightRecording:filename=monitors.jfr,dumponexit=true,settings={settings}"
    bench.run(bench.tracectl, "collect", "-providers", "Contention", "-stacks", "Contention",
              "-buffer-size", "16MB", "-o", "monitors.etl", "--", bench.bin / "java",
              f"-agentpath:{bench.agent}=owners={owners}", jfr, "-Xlog:jfr*=error",
              "-cp", "classes", "Monitors", out="printed.txt")
    bench.run(bench.tracectl, "dump", "monitors.etl", "-format", "json", out="monitors.jsonl")
    bench.run(bench.tracectl, "contention", "monitors.etl", "-format", "json", out="monitors.json")
    bench.run(bench.bin / "java", "-cp", "classes", "Extract", "monitors.jfr",
              out="monitors-jfr.jsonl")
    ours, theirs = collections.defaultdict(list), collections.defaultdict(list)
    names, named, owned = {}, 0, []
    begun = {}
    for record in read(bench.directory / "monitors.jsonl"):
        if "lost" in record:
            report.differ(f"{record['lost']} events lost")
        event, fields = record.get("event"), record.get("fields", {})
        if event == "ContentionOwner" and begun.get(("enter", record["tid"]), ("", 0))[0]:
            owned.append((record["tid"], fields, "stack" in record))
        if not fields.get("lockType", "").startswith(OWN):
            continue
        if event in STARTS:
            begun[STARTS[event], record["tid"]] = (fields["lockType"], record["unix_ns"])
        elif event in KINDS:
            kind, tid = KINDS[event], record["tid"]
            _, start = begun.pop((kind, tid), ("", None))
            ours[kind, tid].append(
                Wait(record["unix_ns"], fields["duration"], fields["lockType"],
                     fields.get("timedOut"), None if start is None else record["unix_ns"] - start))
    for record in read(bench.directory / "monitors-jfr.jsonl"):
        if record["kind"] in ("enter", "wait") and record["type"].startswith(OWN):
            names[record["tid"]] = record["thread"]
            theirs[record["kind"], record["tid"]].append(
                Wait(record["end_ns"], record["end_ns"] - record["start_ns"], record["type"],
                     record.get("timed_out"), None))
    compare(ours, theirs, names, report)
    check_owners(owned, names, owners, report)
    check_report(bench, ours, report)
    recompute(bench, report)


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def compare(ours, theirs, names, report):
    for kind in ("enter", "wait"):
        own = [wait for (each, _), waits in ours.items() if each == kind for wait in waits]
        its = [wait for (each, _), waits in theirs.items() if each == kind for wait in waits]
        report.fact(f"{kind}: {len(its)} by JFR, {sum(w.length for w in its) / 1e6:.1f} ms in all; "
                    f"{len(own)} by us, {sum(w.length for w in own) / 1e6:.1f} ms")
        if not its:
            report.differ(f"nothing of the kind {kind} happened")
    far, most, count = [], 0, 0
    for kind, tid in sorted(set(ours) | set(theirs)):
        own, its = sorted(ours[kind, tid]), sorted(theirs[kind, tid])
        name = f"{kind} of thread {tid} {names.get(tid, '?')}"
        if len(own) != len(its):
            report.differ(f"{name}: {len(own)} waits, {len(its)} by JFR")
            continue
        for one, other in zip(own, its):
            count += 1
            if one.type != other.type or one.timed_out != other.timed_out:
                report.differ(f"{name}: {one}, by JFR {other}")
            if one.between is None:
                report.differ(f"{name}: {one} has no start")
                continue
            difference = max(abs(one.length - other.length), abs(one.between - other.length))
            most = max(most, difference)
            if difference > NEAR_NS:
                far.append(f"{name}: {one.length} ns ({one.between} ns between the events), by JFR "
                           f"{other.length} ns")
    report.fact(f"the lengths differ by at most {most / 1e3:.0f} µs; {len(far)} of {count} by more "
                "than 1 ms")
    if len(far) > PREEMPTED * count:
        for text in far[:5]:
            report.delay(text)


def check_owners(owned, names, owners, report):
    known = [fields["ownerThreadName"] for _, fields, _ in owned]
    report.fact(f"{len(owned)} owners were looked up, {sum(stack for _, _, stack in owned)} with a "
                "stack")
    if bool(owned) != bool(owners):
        report.differ(f"{len(owned)} owners with owners={owners}")
    for tid, fields, _ in owned:
        owner = fields["ownerThreadID"]
        if owner == tid:
            report.differ(f"thread {tid} waits for itself")
        if owner in names and names[owner] != fields["ownerThreadName"]:
            report.differ(f"the owner {owner} is {fields['ownerThreadName']}, by JFR {names[owner]}")
    if owners and not any(name.startswith("customer-") for name in known):
        report.differ(f"no customer held a lock: {known[:5]}")


def check_report(bench, ours, report):
    """`tracectl contention` states the sums of our events."""
    process = json.loads((bench.directory / "monitors.json").read_text())["processes"][0]
    stated = collections.Counter()
    for section, kind in (("contended", "enter"), ("notified", "wait")):
        for lock in process[section]["locks"]:
            if lock["type"].startswith(OWN):
                stated[kind] += lock["count"]
                stated[f"{kind} ns"] += lock["total_ns"]
    found = collections.Counter()
    for (kind, _), waits in ours.items():
        found[kind] += len(waits)
        found[f"{kind} ns"] += sum(wait.length for wait in waits)
    if stated != found:
        report.differ(f"the report states {dict(stated)}, the events are {dict(found)}")


def recompute(bench, report):
    """A program computes the report again from all events."""
    with open(bench.directory / "monitors.jsonl", "rb") as events:
        run = subprocess.run(
            [sys.executable, "-B", RECOMPUTED, bench.directory / "monitors.json"], stdin=events,
            capture_output=True, text=True, timeout=60)
    for line in run.stderr.splitlines()[:10] if run.returncode else []:
        report.differ(f"recomputed: {line}")


def reports(bench):
    reports = []
    for owners in (1, 0):
        report = Report(f"waits for locks, owners={owners}")
        check(bench, bench.settings, report, owners)
        reports.append(report)
    return reports
