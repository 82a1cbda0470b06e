#!/usr/bin/env python3
"""Measures the cost of sampling to the sampled program, and the files' sizes: tracectl and perf.

Each round runs the same program alone and under each recorder, in changing order. The programs run
for a fixed time and print the number of rounds of work that they completed; the cost is the
reduction of this number compared with the run alone. Costs are estimated from differences within
one round, with 95 % confidence intervals (paired.py); the other columns are medians. Leave the
machine idle otherwise. Prints Markdown.

    Benchmarks/Runtimes/overhead.py --tracectl .build/release/tracectl --agent libtracejvm.so
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import paired
import programs
from recorders import (
    ALONE, EVERY, PERF, PERF_DWARF, TRACECTL, TRACECTL_DWARF, WITH_NAMES, recorders, run)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracectl", required=True, type=os.path.abspath)
    parser.add_argument(
        "--agent", type=os.path.abspath, help="libtracejvm.so; without it, no JVM is measured")
    parser.add_argument("--only", default="", help="only programs whose name contains this")
    parser.add_argument("--seconds", default="3", help="how long each program runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", default="999")
    parser.add_argument(
        "--dwarf-rounds", type=int, default=6, help="maximum number of rounds with copied stacks")
    parser.add_argument(
        "--brief", action="store_true", help="only perf -g and tracectl, both without names")
    return parser.parse_args()


def speed(measured):
    return int(re.search(r"(\d+) rounds", measured.said)[1]) / measured.seconds


def slower(runs, name, than):
    """Returns, for each round, how much less work a program did under one recorder than under
    another, as a fraction of its work alone."""
    return [1 - (speed(own) + speed(alone) - speed(other)) / speed(alone)
            for own, other, alone in zip(runs[name], runs[than], runs[ALONE])]


def middle(values):
    return statistics.median(list(values))


def overhead(program, options, directory):
    """Prints the program's table; returns the difference in cost of tracectl and perf per round."""
    ways = recorders(options.tracectl, options.rate, program.providers)
    command = [*program.command, options.seconds]
    limits = dict.fromkeys((PERF_DWARF, TRACECTL_DWARF), options.dwarf_rounds)
    names = [ALONE, PERF, TRACECTL] if options.brief else EVERY
    runs = paired.rounds(options.rounds, names, lambda name: run(
        command, ways[name], directory, program.environment), limits)
    alone = [speed(measured) for measured in runs[ALONE]]
    # Every row includes the time to start the wrapper.
    idle = middle(measured.recorder_cpu / measured.seconds for measured in runs[ALONE])
    print(f"\n{program.name}: {middle(alone):.1f} rounds a second alone "
          f"(± {statistics.stdev(alone) / middle(alone):.1%} from run to run)\n")
    print(f"| recorder | slower than alone | than {PERF} | recorder's CPU | samples "
          "| bytes a sample | ends after |")
    print("|---|---|---|---|---|---|---|")
    for name in names[1:]:
        own = runs[name]
        cpu = middle(measured.recorder_cpu / measured.seconds for measured in own) - idle
        size = sum(one.bytes for one in own) / (sum(one.samples for one in own) or 1)
        more = "" if name == PERF else paired.difference(slower(runs, name, PERF))
        print(f"| {name} | {paired.difference(slower(runs, name, ALONE))} | {more} | {cpu:.2%} "
              f"| {middle(one.samples for one in own):.0f} | {size:.1f} "
              f"| {middle(one.ending for one in own):.2f} s |", flush=True)
    return {name: slower(runs, name, PERF) for name in (TRACECTL, WITH_NAMES) if name in runs}


def jitdump(program, options, directory):
    """Compares perf inject --jit, which writes an ELF file per method, with collect's output."""
    ways = recorders(options.tracectl, options.rate, program.providers)
    command = [*program.command, options.seconds]
    print(f"\n{program.name}, its JIT's functions:\n")
    print("| recorder | after the program's end | files | bytes |")
    print("|---|---|---|---|")
    run(command, ways[PERF], directory, program.environment)
    report(f"{PERF}, perf inject --jit", *inject(directory))
    for left in directory.glob("jit*"):
        left.unlink()
    measured = run(command, ways[WITH_NAMES], directory, program.environment)
    report(WITH_NAMES, measured.ending, 1, measured.bytes)


def report(name, seconds, files, size):
    print(f"| {name} | {seconds:.2f} s | {files} | {size / 1e6:.2f} MB |")


def inject(directory):
    """Runs perf inject; returns the seconds, the number of files and their bytes."""
    watch = os.times()
    subprocess.run(["perf", "inject", "--jit", "-i", "perf.data", "-o", "injected.data"],
                   cwd=directory, check=True, capture_output=True)
    seconds = os.times().elapsed - watch.elapsed
    # They are in the directory of the jitdump file.
    written = [directory / "injected.data", *directory.glob("jitted-*.so")]
    return seconds, len(written), sum(path.stat().st_size for path in written)


def main():
    options = arguments()
    if not shutil.which("perf"):
        print("perf is not installed; there is nothing to compare with", file=sys.stderr)
        return 69
    more = {TRACECTL: [], WITH_NAMES: []}
    with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
        scratch = Path(scratch)
        for index, program in enumerate(programs.every(scratch, options.agent)):
            if options.only.lower() not in program.name.lower():
                continue
            directory = scratch / str(index)
            directory.mkdir()
            try:
                for name, differences in overhead(program, options, directory).items():
                    more[name] += differences
                if program.perf == "inject" and not options.brief:
                    jitdump(program, options, directory)
            except subprocess.CalledProcessError as error:
                print(f"\n{program.name}: failed: {error}: {(error.stderr or '')[-400:]}")
                return 1
    print()
    for name, differences in more.items():
        if not differences:
            continue
        print(f"Over all programs, {name} slows by {paired.difference(differences)} "
              f"of the work more than {PERF} ({len(differences)} rounds).")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
