"""Runs a program once, alone or under a recorder: its work, its cost, and the recorder's output."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# Runs a command as a child, and writes its time, CPU time and output to a file.
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
    # The words before the program's command, and the file that the recorder writes.
    command: list
    file: str = ""


@dataclass
class Run:
    # The program's output.
    said: str
    seconds: float
    # CPU seconds of the program, and of the recorder including the wrapper.
    cpu: float
    recorder_cpu: float
    # Seconds from the program's end to the recorder's end.
    ending: float
    samples: int
    bytes: int


def recorders(tracectl, rate, providers="CPU"):
    """Returns the recorders by name. Only the last one's file contains names of functions."""
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
    """Runs a command once under a recorder.

    - Raises: subprocess.CalledProcessError, or RuntimeError if the program failed.
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
