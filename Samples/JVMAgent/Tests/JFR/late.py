"""Checks sessions that start after the JVM: with an idle agent, and with one loaded at run time."""

import json
import subprocess

from compilations_check import check_ranges
from readings import Trace
from report import Report


def check(bench, report, attach):
    """Checks one JVM; with `attach`, the agent is loaded while the JVM runs."""
    agent = [] if attach else [f"-agentpath:{bench.agent}"]
    command = [bench.bin / "java", "-Xmx64m", *agent, "-cp", "classes", "LongRunning"]
    with subprocess.Popen([str(part) for part in command], cwd=bench.directory,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as java:
        assert java.stdout.readline().strip() == b"warm"
        if attach:
            bench.run(bench.bin / "jcmd", java.pid, "JVMTI.agent_load", bench.agent)
        for round_ in ("first", "second"):
            (bench.directory / "late.etl").unlink(missing_ok=True)
            bench.run(bench.tracectl, "collect", "-p", java.pid, "-providers", "GC,JIT,Symbol",
                      "-duration", "1s", "-buffer-size", "16MB", "-o", "late.etl")
            bench.run(bench.tracectl, "dump", "late.etl", "-format", "json", out="late.jsonl")
            with open(bench.directory / "late.jsonl", encoding="utf-8") as lines:
                check_trace(list(lines), report, f"{round_} session")
        java.stdin.close()
        if java.wait(timeout=30) != 0:
            report.differ(f"the JVM exited with code {java.returncode}")


def check_trace(lines, report, title):
    trace = Trace(lines)
    told = {"SymbolLoad": set(), "ImageLoad": set()}
    for record in map(json.loads, lines):
        if record.get("event") in told:
            fields = record["fields"]
            told[record["event"]].add(fields.get("name") or fields["path"].rpartition("/")[2])
    rundown = {load.method.name for load in trace.loads
               if load.rundown and load.method.namespace == "LongRunning"}
    report.fact(f"{title}: {sum(load.rundown for load in trace.loads)} methods, "
                f"{len(told['SymbolLoad'])} other pieces of code and {len(told['ImageLoad'])} "
                f"images reported as rundown; {len(trace.starts)} collections since")
    for text in trace.lost:
        report.differ(f"{title}: {text}")
    if "hot" not in rundown:
        report.differ(f"{title}: the compiled method LongRunning.hot is not reported")
    if "Interpreter" not in told["SymbolLoad"]:
        report.differ(f"{title}: the interpreter is not reported")
    if "libjvm.so" not in told["ImageLoad"]:
        report.differ(f"{title}: libjvm.so is not reported")
    if not trace.starts:
        report.differ(f"{title}: no collection is reported")
    check_ranges(trace, report)


def reports(bench):
    found = []
    for title, attach in (("late session", False), ("late agent and session", True)):
        report = Report(title)
        check(bench, report, attach)
        found.append(report)
    return found
