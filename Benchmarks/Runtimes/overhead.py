#!/usr/bin/env python3
"""What sampling costs the sampled program, and what it writes: tracectl beside perf.

The same program, alone and under each recorder in turn, round after round; medians. The programs
run for a fixed time and say how many rounds of their work they did: the cost is what they did less
than alone. Leave the machine alone meanwhile. Prints tables in Markdown.

    Benchmarks/Runtimes/overhead.py --tracectl .build/release/tracectl --agent libtracejvm.so
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import programs

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


@dataclass
class Cost:
    # Rounds of work a second.
    speed: float
    # CPU seconds a second: the program's, and the recorder's.
    own: float
    recorder: float
    # From the program's end to the recorder's.
    ending: float
    samples: int
    bytes: int


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracectl", required=True, type=os.path.abspath)
    parser.add_argument("--agent", type=os.path.abspath, help="libtracejvm.so; without it no JVM")
    parser.add_argument("--only", default="", help="only programs whose name has this in it")
    parser.add_argument("--seconds", default="6", help="how long each program runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", default="999")
    return parser.parse_args()


def recorders(options, program):
    """By name: the command before the program's, and the file that it writes."""
    perf = ["perf", "record", "-q", "-F", options.rate, "-k", "mono", "-o", "perf.data"]
    # perf's files have no names in them: neither do these, but for the last.
    sampling = f"CPU:{options.rate}"
    collect = [options.tracectl, "collect", "-o", "trace.etl"]
    tracectl = [*collect, "-providers", sampling]
    if has_no_symbols(options):
        tracectl.append("-no-symbols")
    sources = program.providers.replace("CPU", sampling)
    return {
        "alone": ([], None),
        "perf -g": ([*perf, "-g", "--"], "perf.data"),
        "tracectl": ([*tracectl, "--"], "trace.etl"),
        "perf --call-graph dwarf": ([*perf, "--call-graph", "dwarf", "--"], "perf.data"),
        "tracectl -unwind dwarf": ([*tracectl, "-unwind", "dwarf", "--"], "trace.etl"),
        "tracectl, with names": ([*collect, "-providers", sources, "--"], "trace.etl"),
    }


def has_no_symbols(options):
    said = subprocess.run([options.tracectl, "collect", "-h"], capture_output=True, text=True)
    return "no-symbols" in said.stdout


def measure(program, recorder, file, options, directory):
    note = directory / "note"
    command = [str(word) for word in program.command] + [options.seconds]
    before = os.times()
    start = time.monotonic()
    said = subprocess.run(
        [*recorder, sys.executable, "-c", WRAPPER, str(note), *command], cwd=directory,
        env={**os.environ, **program.environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace", check=True).stderr
    seconds = time.monotonic() - start
    after = os.times()
    spent = sum(after[2:4]) - sum(before[2:4])
    run = json.loads(note.read_text())
    done = re.search(r"(\d+) rounds", run["said"])
    if run["code"] != 0 or not done:
        raise RuntimeError(f"{program.name} ended with {run['code']}: {run['said'][-200:]}")
    return Cost(
        speed=int(done[1]) / run["seconds"], own=run["cpu"] / run["seconds"],
        recorder=(spent - run["cpu"]) / run["seconds"], ending=seconds - run["seconds"],
        samples=sample_count(file, said, directory),
        bytes=(directory / file).stat().st_size if file else 0)


def sample_count(file, said, directory):
    if file == "trace.etl":
        found = re.search(r"([\d,]+)\s+System/SampledProfile", said)
    elif file:
        stats = subprocess.run(
            ["perf", "report", "--stats", "-i", file], cwd=directory, capture_output=True,
            text=True).stdout
        found = re.search(r"SAMPLE events:\s+(\d+)", stats)
    else:
        return 0
    return int(found[1].replace(",", "")) if found else 0


def middle(costs, field):
    return statistics.median(getattr(cost, field) for cost in costs)


def overhead(program, options, directory):
    ways = recorders(options, program)
    costs = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, (recorder, file) in ways.items():
            costs[name].append(measure(program, recorder, file, options, directory))
    # What starting the wrapper takes is in every row.
    idle = middle(costs["alone"], "recorder")
    alone = middle(costs["alone"], "speed")
    speeds = [cost.speed for cost in costs["alone"]]
    noise = (max(speeds) - min(speeds)) / 2 / alone
    print(f"\n{program.name}: {alone:.1f} rounds a second alone (± {noise:.1%})\n")
    print("| recorder | slower by | recorder's CPU | samples | bytes a sample | ends after |")
    print("|---|---|---|---|---|---|")
    for name in list(ways)[1:]:
        own = costs[name]
        slower = 1 - middle(own, "speed") / alone
        samples = middle(own, "samples")
        size = sum(cost.bytes for cost in own) / (sum(cost.samples for cost in own) or 1)
        print(f"| {name} | {slower:.2%} | {middle(own, 'recorder') - idle:.2%} | {samples:.0f} "
              f"| {size:.1f} | {middle(own, 'ending'):.2f} s |")


def jitdump(program, options, directory):
    """perf inject --jit, which makes an ELF file of each method, against what collect writes."""
    for name, (recorder, file) in recorders(options, program).items():
        if name in ("perf -g", "tracectl, with names"):
            cost = measure(program, recorder, file, options, directory)
            if name == "perf -g":
                print(f"\n{program.name}, its JIT's functions:\n")
                print("| recorder | after the program's end | files | bytes |")
                print("|---|---|---|---|")
                report(name + ", perf inject --jit", *inject(directory))
                for left in directory.glob("jit*"):
                    left.unlink()
            else:
                report(name, cost.ending, 1, cost.bytes)


def report(name, seconds, files, size):
    print(f"| {name} | {seconds:.2f} s | {files} | {size / 1e6:.2f} MB |")


def inject(directory):
    """Seconds, files and bytes."""
    start = time.monotonic()
    subprocess.run(["perf", "inject", "--jit", "-i", "perf.data", "-o", "injected.data"],
                   cwd=directory, check=True, capture_output=True)
    seconds = time.monotonic() - start
    # They lie beside the jitdump file.
    written = [directory / "injected.data", *directory.glob("jitted-*.so")]
    return seconds, len(written), sum(path.stat().st_size for path in written)


def main():
    options = arguments()
    if not shutil.which("perf"):
        print("perf is not installed: nothing to compare with", file=sys.stderr)
        return 69
    with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
        scratch = Path(scratch)
        for index, program in enumerate(programs.every(scratch, options.agent)):
            if options.only.lower() not in program.name.lower():
                continue
            directory = scratch / str(index)
            directory.mkdir()
            try:
                overhead(program, options, directory)
                if program.perf == "inject":
                    jitdump(program, options, directory)
            except subprocess.CalledProcessError as error:
                print(f"\n{program.name}: failed: {error}: {(error.stderr or '')[-400:]}")
                return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
