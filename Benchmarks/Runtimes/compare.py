#!/usr/bin/env python3
"""Compares the hottest functions of real programs as reported by tracectl and by perf.

Each tool samples a separate run of the same work. Called by Scripts/compare-perf. The tools agree
on a program if their five hottest functions are the same, with shares within three points, and if
98 % of the user frames in code with symbols have names (frames.py defines these frames). The exit
code is 1 if they disagree on any program. With `--unwind dwarf`, both tools copy stacks and unwind
them.
"""

import argparse
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import frames
import gaps
import programs

TOP = 5
POINTS = 3.0
NAMED = 0.98
# Maximum number of missing names to list.
MISSING = 3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracectl", required=True, type=os.path.abspath)
    parser.add_argument(
        "--agent", type=os.path.abspath, help="libtracejvm.so; without it, no JVM is measured")
    parser.add_argument("--only", default="", help="only programs whose name contains this")
    parser.add_argument("--seconds", default="6", help="how long each program runs")
    parser.add_argument("--unwind", default="fp", choices=["fp", "dwarf"])
    parser.add_argument(
        "--perf-frames", action="store_true",
        help="also count perf's frames (perf script takes minutes with --unwind dwarf)")
    parser.add_argument("--keep", help="directory for the recordings")
    return parser.parse_args()


def run(program, options, directory, recorder):
    """Runs the program under a recorder; returns the program's process id."""
    note = directory / "pid"
    command = [str(word) for word in program.command] + [options.seconds]
    wrapped = ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(note), *command]
    subprocess.run(
        [*recorder, *wrapped], cwd=directory, env={**os.environ, **program.environment},
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return int(note.read_text())


@functools.cache
def demangled(name):
    """Demangles Swift names, which perf does not demangle."""
    if not name.startswith("$s") or not shutil.which("swift"):
        return name
    said = subprocess.run(["swift", "demangle", "-compact", "-simplified", name],
                          capture_output=True, text=True)
    return said.stdout.strip() or name


def key(name):
    """Returns a function's bare name, which is the same in the notations of all tools."""
    name = demangled(re.sub(r"^\[[.kgu]\]\s+", "", name.strip()))
    name = name.split("!", 1)[-1]
    name = re.sub(r"^(?:JS|LazyCompile|Function|Script|py):+[~*^+o]*", "", name)
    # Position of a script's function, and tracectl's name of its tier.
    name = re.sub(r"\s\S+:\d+:\d+(?:\s\(\w+\))?$", "", name)
    name = re.sub(r"^specialized\s+", "", name)
    name = re.sub(r"\.(?:constprop|part|isra|cold)(?:\.\d+)*", "", name)
    # Java's return types precede the name; file names of scripts follow it.
    head = name.split("(")[0].strip() if "(" in name[1:] else name.split(" ")[0]
    head = head.split("<")[0].split(" ")[-1] or name
    return re.split(r"[.;]|::", head)[-1] or name


def shares(counts):
    total = sum(counts.values()) or 1
    return {name: 100 * count / total for name, count in counts.items()}


def add(counts, name, count):
    counts[name] = counts.get(name, 0) + count


def by_perf(program, directory, pid):
    data = "perf.data"
    if program.perf == "inject":
        data = "injected.data"
        subprocess.run(["perf", "inject", "--jit", "-i", "perf.data", "-o", data], cwd=directory,
                       check=True, capture_output=True)
    report = subprocess.run(
        ["perf", "report", "-i", data, "--stdio", "--no-children", "-g", "none", "-F",
         "sample,sym", "-t", "|", f"--pid={pid}"],
        cwd=directory, check=True, capture_output=True, text=True)
    counts = {}
    for line in report.stdout.splitlines():
        if line.startswith("#") or "|" not in line:
            continue
        count, name = line.split("|", 1)
        add(counts, key(name), int(count))
    return counts


def by_us(options, directory, pid):
    """Returns tracectl's counts, and which frames have names."""
    folded = subprocess.run(
        [options.tracectl, "stacks", "trace.etl", "-pid", str(pid), "-format", "folded"],
        cwd=directory, check=True, capture_output=True, text=True).stdout
    counts = {}
    for line in folded.splitlines():
        stack, count = line.rsplit(" ", 1)
        if ";" in stack:
            add(counts, key(stack.rsplit(";", 1)[-1]), int(count))
    found = frames.of_ours(folded, frames.images(options.tracectl, directory, pid))
    found.gaps = gaps.count(
        options.tracectl, directory, pid, lambda path: frames.table(path) == "code")
    return counts, found


def perf_frames(program, directory, pid):
    data = "injected.data" if program.perf == "inject" else "perf.data"
    script = subprocess.Popen(
        ["perf", "script", "-i", data, f"--pid={pid}", "-F", "ip,sym,dso"], cwd=directory,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
    return frames.of_perf(script.stdout)


def compare(program, options, directory):
    perf = ["perf", "record", "-q", "-F", "999", "--call-graph", options.unwind, "-k", "mono",
            "-o", "perf.data", "--"]
    pid = run(program, options, directory, perf)
    theirs = by_perf(program, directory, pid)
    their_frames = perf_frames(program, directory, pid) if options.perf_frames else None
    collect = [options.tracectl, "collect", "-quiet", "-providers", program.providers, "-unwind",
               options.unwind, "-o", "trace.etl", "--"]
    ours, our_frames = by_us(options, directory, run(program, options, directory, collect))
    share = our_frames.share()
    samples = sum(theirs.values()), sum(ours.values())
    theirs, ours = shares(theirs), shares(ours)
    hottest = sorted(theirs, key=theirs.get, reverse=True)[:TOP]
    own = sorted(ours, key=ours.get, reverse=True)[:TOP]
    print(f"\n== {program.name}, -unwind {options.unwind}: {samples[0]} samples by perf, "
          f"{samples[1]} by tracectl")
    print(f"  tracectl: {our_frames}")
    if their_frames:
        print(f"  perf: {their_frames}")
    for name, count in our_frames.missing.most_common(MISSING):
        print(f"  without a name: {count} {name}")
    print(f"  {'function':<40} {'perf':>7} {'tracectl':>9}")
    for name in hottest + [name for name in own if name not in hottest]:
        print(f"  {name[:40]:<40} {theirs.get(name, 0):6.1f}% {ours.get(name, 0):8.1f}%")
    problems = []
    for name in hottest:
        if abs(theirs[name] - ours.get(name, 0)) > POINTS:
            problems.append(f"the share of {name} differs by more than {POINTS:g} points")
    # Equally hot functions may change places at the end of the list.
    least = min((theirs[name] for name in hottest), default=0)
    for name in own:
        if name not in hottest and ours[name] > least + POINTS:
            problems.append(f"{name} is among our first {TOP} only")
    if share < NAMED:
        problems.append(f"only {share:.1%} of the frames are named")
    for problem in problems:
        print(f"  DISAGREE: {problem}")
    return not problems


def main():
    options = arguments()
    if not shutil.which("perf"):
        print("perf is not installed; there is nothing to compare with", file=sys.stderr)
        return 69
    agreed = True
    with tempfile.TemporaryDirectory(prefix="compare-perf-", dir=options.keep) as scratch:
        scratch = Path(scratch)
        for index, program in enumerate(programs.every(scratch, options.agent)):
            if options.only.lower() not in program.name.lower():
                continue
            directory = scratch / str(index)
            directory.mkdir()
            try:
                agreed &= compare(program, options, directory)
            except subprocess.CalledProcessError as error:
                said = (error.stderr or b"")[-400:]
                print(f"\n== {program.name}: failed: {error}: {said}")
                agreed = False
    print("\n" + ("All agree." if agreed else "Not all agree."))
    return 0 if agreed else 1


if __name__ == "__main__":
    raise SystemExit(main())
