"""Compares the stacks of exceptions with Java's own, and checks the stacks of allocations."""

import collections
import json
import subprocess

from report import Report

# The program's stacks are the same whether its methods are interpreted or compiled.
WAYS = [("interpreted", ["-Xint", "-XX:+UseSerialGC"]), ("compiled", ["-XX:+UseSerialGC"]),
        ("ZGC", ["-XX:+UseZGC", "-Drounds=100"])]


def frames(record):
    return [f"{frame.get('function', '?').partition('(')[0]}:{frame.get('line', -1)}"
            for frame in record.get("frames", [])]


def check(bench, options, report):
    (bench.directory / "stacks.etl").unlink(missing_ok=True)
    bench.run(bench.tracectl, "collect", "-providers", "GC,Exception", "-stacks", "GC,Exception",
              "-buffer-size", "64MB", "-o", "stacks.etl", "--", bench.bin / "java", "-Xmx48m",
              *options, f"-agentpath:{bench.agent}", "-cp", "classes", "KnownStacks",
              out="printed.txt")
    bench.run(bench.tracectl, "dump", "stacks.etl", "-format", "json", "-lines", out="stacks.jsonl")
    records = [json.loads(line) for line in open(bench.directory / "stacks.jsonl",
                                                  encoding="utf-8")]
    expected = {}
    for line in open(bench.directory / "printed.txt", encoding="utf-8"):
        entry = json.loads(line)
        expected[entry["message"]] = entry["stack"]
    check_exceptions(records, expected, report)
    check_allocations(records, report)
    check_heap(records, report)
    for record in records:
        if "lost" in record:
            report.differ(f"{record['lost']} events lost")


def check_exceptions(records, expected, report):
    seen = collections.Counter()
    flags = collections.Counter()
    for record in records:
        if record.get("event") != "ExceptionThrown":
            continue
        message = record["fields"]["exceptionMessage"]
        if message not in expected:
            continue
        seen[message] += 1
        flags[record["fields"]["exceptionFlags"]] += 1
        if frames(record) != expected[message]:
            report.differ(f"{message}: {frames(record)}, according to Java {expected[message]}")
    missing = [message for message in expected if seen[message] != 1]
    for message in missing[:10]:
        report.differ(f"{message} was reported {seen[message]} times")
    report.fact(f"{len(expected)} exceptions, each with Java's stack and lines")
    if set(flags) != {"0"}:
        report.differ(f"exceptions thrown once are marked as {dict(flags)}")


def check_allocations(records, report):
    ticks = [frames(record) for record in records if record.get("event") == "GCAllocationTick"
             and any(frame.startswith("KnownStacks.main:") for frame in frames(record))]
    outer = [stack for stack in ticks if not stack[-1].startswith("KnownStacks.main:")]
    report.fact(f"{len(ticks)} allocation samples below main")
    if not ticks or outer:
        report.differ(f"allocation samples do not end in main: {outer[:3]}")
    unnamed = [stack for stack in ticks if any(frame.startswith("?") for frame in stack)]
    if unnamed:
        report.differ(f"{len(unnamed)} allocation samples have unnamed frames: {unnamed[:3]}")


def check_heap(records, report):
    stats = [record["fields"] for record in records if record.get("event") == "GCHeapStats"]
    ends = sum(record.get("event") == "GCEnd" for record in records)
    report.fact(f"{len(stats)} heap statistics for {ends} collections")
    if len(stats) != ends or not ends:
        report.differ(f"{len(stats)} heap statistics for {ends} collections")
    sizes = [sum(fields[f"generationSize{number}"] for number in range(3)) for fields in stats]
    if any(not 0 < size <= 48 << 20 for size in sizes):
        report.differ(f"impossible heap sizes: {sizes}")


def check_reasons(bench, report):
    """Checks that a session gets the reason if a running JVM cannot provide the events any more."""
    with subprocess.Popen([str(bench.bin / "java"), f"-agentpath:{bench.agent}", "-cp", "classes",
                           "LongRunning"], cwd=bench.directory, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as java:
        assert java.stdout.readline().strip() == b"warm"
        for providers, option in (("Exception", "exceptions=1"), ("Method", "methods=1"),
                                  ("GC", None)):
            (bench.directory / "late.etl").unlink(missing_ok=True)
            said = subprocess.run(
                [bench.tracectl, "collect", "-p", str(java.pid), "-providers", providers,
                 "-duration", "0.5s", "-o", "late.etl"], cwd=bench.directory, check=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60).stdout.decode()
            if option and option not in said or not option and "=1" in said:
                report.differ(f"-providers {providers} prints: {said}")
        java.stdin.close()
    report.fact("a late session gets the reasons for missing exceptions and calls, and no others")


def check_late(bench, report):
    """Checks that a session receives the methods that an earlier session's stacks contained."""
    with subprocess.Popen([str(bench.bin / "java"), f"-agentpath:{bench.agent}", "-cp", "classes",
                           "LongRunning"], cwd=bench.directory, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as java:
        assert java.stdout.readline().strip() == b"warm"
        for round_ in ("first", "second"):
            (bench.directory / "late.etl").unlink(missing_ok=True)
            bench.run(bench.tracectl, "collect", "-p", java.pid, "-providers", "GC", "-stacks",
                      "GC", "-duration", "1s", "-o", "late.etl")
            bench.run(bench.tracectl, "dump", "late.etl", "-format", "json", "-lines",
                      "-event", "GCAllocationTick", out="late.jsonl")
            stacks = [frames(json.loads(line)) for line
                      in open(bench.directory / "late.jsonl", encoding="utf-8")]
            of_worker = [stack for stack in stacks
                         if stack and stack[-1].startswith("java.lang.Thread.run:")]
            report.fact(f"{round_} session: {len(of_worker)} allocation samples in Thread.run")
            unnamed = [stack for stack in stacks if any(frame.startswith("?") for frame in stack)]
            if not of_worker or unnamed:
                report.differ(f"{round_} session: {len(of_worker)} samples in Thread.run, "
                              f"{len(unnamed)} with unnamed frames: {unnamed[:2]}")
        java.stdin.close()


def reports(bench):
    found = []
    for title, options in WAYS:
        report = Report(f"stacks, {title}")
        check(bench, options, report)
        found.append(report)
    for title, part in (("stacks, late session", check_late), ("reasons", check_reasons)):
        report = Report(title)
        part(bench, report)
        found.append(report)
    return found
