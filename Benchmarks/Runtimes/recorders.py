"""One run of a program, alone or under a recorder: what it got done, what it cost, what was written."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# Runs a command as a child, and notes its time, its CPU time and what it said.
WRAPPER = """
import json, os, subprocess, sys, time
start = time.monotonic()
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, text=True)
said = child.stdout.read()
_, status, usage = os.wait4(child.pid, 0)
json.dump({"seconds": time.monotonic() - start, "cpu": usage.ru_utime + usage.ru_stime,
           "said": said, "code": os.waitstatus_to_exitcode(status)}, open(sys.argv[1], "w"))
"""

ALONE = "alone"
PERF = "perf -g"
TRACECTL = "tracectl"
PERF_DWARF = "perf --call-graph dwarf"
TRACECTL_DWARF = "tracectl -unwind dwarf"
WITH_NAMES = "tracectl, with names"
EVERY = [ALONE, PERF, TRACECTL, PERF_DWARF, TRACECTL_DWARF, WITH_NAMES]


@dataclass
class Recorder:
    name: str
    # What stands before the program's command, and the file that it writes.
    command: list
    file: str = ""


@dataclass
class Run:
    # What the program printed.
    said: str
    seconds: float
    # CPU seconds: the program's, and the recorder's with this wrapper's.
    cpu: float
    recorder_cpu: float
    # Seconds from the program's end to the recorder's.
    ending: float
    samples: int
    bytes: int


def recorders(tracectl, rate, providers="CPU"):
    """By name. perf's files have no names in them: neither do tracectl's but for the last."""
    perf = ["perf", "record", "-q", "-F", rate, "-k", "mono", "-o", "perf.data"]
    collect = [tracectl, "collect", "-o", "trace.etl", "-providers"]
    sampling = f"CPU:{rate}"
    plain = [*collect, sampling, "-no-symbols"]
    made = [
        Recorder(ALONE, []),
        Recorder(PERF, [*perf, "-g", "--"], "perf.data"),
        Recorder(TRACECTL, [*plain, "--"], "trace.etl"),
        Recorder(PERF_DWARF, [*perf, "--call-graph", "dwarf", "--"], "perf.data"),
        Recorder(TRACECTL_DWARF, [*plain, "-unwind", "dwarf", "--"], "trace.etl"),
        Recorder(WITH_NAMES, [*collect, providers.replace("CPU", sampling), "--"], "trace.etl"),
    ]
    return {recorder.name: recorder for recorder in made}


def run(command, recorder, directory, environment={}):
    """
    - Raises: subprocess.CalledProcessError, or RuntimeError where the program failed.
    """
    note = Path(directory) / "note"
    before = os.times()
    start = time.monotonic()
    said = subprocess.run(
        [*recorder.command, sys.executable, "-c", WRAPPER, str(note), *map(str, command)],
        cwd=directory, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace", check=True).stderr
    seconds = time.monotonic() - start
    after = os.times()
    noted = json.loads(note.read_text())
    if noted["code"] != 0:
        raise RuntimeError(f"{command[0]} ended with {noted['code']}: {noted['said'][-200:]}")
    spent = sum(after[2:4]) - sum(before[2:4])
    return Run(
        said=noted["said"], seconds=noted["seconds"], cpu=noted["cpu"],
        recorder_cpu=spent - noted["cpu"], ending=seconds - noted["seconds"],
        samples=samples(recorder.file, said, directory),
        bytes=(Path(directory) / recorder.file).stat().st_size if recorder.file else 0)


def samples(file, said, directory):
    if not file:
        return 0
    if file == "trace.etl":
        found = re.search(r"([\d,]+)\s+System/SampledProfile", said)
    else:
        stats = subprocess.run(
            ["perf", "report", "--stats", "-i", file], cwd=directory, capture_output=True,
            text=True).stdout
        found = re.search(r"SAMPLE events:\s+(\d+)", stats)
    return int(found[1].replace(",", "")) if found else 0
