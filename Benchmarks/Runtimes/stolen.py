#!/usr/bin/env python3
"""Measures the share of a busy thread's time that sampling takes: tracectl and perf.

More precise than the throughput of programs (overhead.py): the thread reads the clock and adds up
the gaps. "In interrupts" is the time in gaps of less than 50 us, which include the samples; "in
all" also includes the time for which another program, such as a recorder, had the CPU. Prints the
shares over rounds in changing order, with 95 % confidence intervals (paired.py). Leave the machine
idle otherwise.

    Benchmarks/Runtimes/stolen.py --tracectl .build/release/tracectl --rounds 40
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import paired
import programs
from recorders import ALONE, EVERY, PERF, TRACECTL, recorders, run


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracectl", required=True, type=os.path.abspath)
    parser.add_argument("--seconds", default="2", help="how long each run lasts")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rate", default="999")
    parser.add_argument("--brief", action="store_true", help="only perf -g and tracectl")
    return parser.parse_args()


def shares(run):
    """Returns the shares in interrupts and in all."""
    return [float(word) for word in re.findall(r"[\d.]+(?=,|$)", run.said.strip())]


def main():
    options = arguments()
    missing = [tool for tool in ("perf", "gcc") if not shutil.which(tool)]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 69
    with tempfile.TemporaryDirectory(prefix="stolen-") as scratch:
        program = Path(scratch) / "stolen"
        programs.quiet("gcc", "-O2", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls",
                       "-o", program, programs.WORKLOADS / "stolen.c")
        ways = recorders(options.tracectl, options.rate)
        names = [ALONE, PERF, TRACECTL] if options.brief else EVERY
        runs = paired.rounds(
            options.rounds, names,
            lambda name: shares(run([program, options.seconds], ways[name], scratch)))
    print(f"| recorder | in interrupts | more than {PERF} | in all | more than {PERF} |")
    print("|---|---|---|---|---|")
    for name in names:
        cells = []
        for which in range(2):
            own = [shares[which] for shares in runs[name]]
            theirs = [shares[which] for shares in runs[PERF]]
            more = paired.difference([mine - other for mine, other in zip(own, theirs)])
            cells += [paired.difference(own).unsigned(), "" if name in (ALONE, PERF) else more]
        print(f"| {name} | {' | '.join(map(str, cells))} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
