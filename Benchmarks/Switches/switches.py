#!/usr/bin/env python3
"""Cost of recording context switches with stacks and wake-ups, next to perf record.

    switches.py TRACECTL [ROUNDS [SECONDS [SWITCHES_A_SECOND]]]

A program that switches 20,000 times a second runs alone, under tracectl and under perf record, in
turn. A row has the medians over the rounds, and the median of each round's ratio to perf:

- trip: time of a round trip between two threads, that is two waits and two wake-ups;
- added: what the recorder adds to it;
- recorder: CPU time of the recorder itself, as a share of one CPU;
- bytes: size of the recording by switch.

Needs root, tracefs (Docs/sampling.md), perf and gcc.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def recorders(tracectl, directory):
    """Each recorder's command, and the files that it writes."""
    ours, perf = directory + "/ours.etl", directory + "/perf.data"
    return {
        "alone": ([], None),
        "tracectl": ([tracectl, "collect", "-providers", "ContextSwitch", "-stacks",
                      "ContextSwitch", "-o", ours, "--"], ours),
        "perf record": (["perf", "record", "-q", "-e", "sched:sched_switch,sched:sched_waking",
                         "-g", "-o", perf, "--"], perf),
    }


def run(command, file, program, directory):
    """Runs the program once; returns what it and its recorder took."""
    if file and os.path.exists(file):
        os.remove(file)
    path = directory + "/out"
    begin = time.monotonic()
    with open(path, "wb") as out:
        child = subprocess.Popen(command + program, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
    elapsed = time.monotonic() - begin
    with open(path) as text:
        numbers = [line.split() for line in text if len(line.split()) == 3]
    numbers = [row for row in numbers if all(field.isdigit() for field in row)]
    if status != 0 or not numbers:
        sys.exit(f"{command[:2]} failed: {status}")
    trips, spent_us, cpu_us = map(int, numbers[0])
    recorder = (used.ru_utime + used.ru_stime) * 1e6 - cpu_us
    return {"trip": spent_us * 1e3 / trips, "cpu": cpu_us * 1e3 / trips, "trips": trips,
            "recorder": max(recorder, 0) * 1e3 / trips, "share": recorder / 1e4 / elapsed,
            "bytes": os.path.getsize(file) / (2 * trips) if file else 0}


def main():
    tracectl = os.path.abspath(sys.argv[1])
    given = [int(text) for text in sys.argv[2:5]]
    rounds, seconds, rate = given + [9, 4, 20000][len(given):]
    with tempfile.TemporaryDirectory() as directory:
        binary = directory + "/pingpong"
        subprocess.run(["gcc", "-O1", "-g", "-fno-omit-frame-pointer", "-pthread", "-o", binary,
                        HERE + "/pingpong.c"], check=True)
        program = [binary, str(rate), str(seconds)]
        found = {name: [] for name in recorders(tracectl, directory)}
        for _ in range(rounds):
            for name, (command, file) in recorders(tracectl, directory).items():
                found[name].append(run(command, file, program, directory))

    def median(name, key):
        return statistics.median(one[key] for one in found[name])

    print(f"{rounds} rounds of {seconds} s, {rate} switches a second\n")
    print("| recorder | trip ns | added ns | program CPU ns | recorder CPU ns a trip "
          "| recorder % of a CPU | bytes a switch |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in found:
        added = statistics.median(
            one["trip"] - alone["trip"] for one, alone in zip(found[name], found["alone"]))
        print(f"| {name} | {median(name, 'trip'):.0f} | {added:.0f} | {median(name, 'cpu'):.0f} "
              f"| {median(name, 'recorder'):.0f} | {median(name, 'share'):.2f} "
              f"| {median(name, 'bytes'):.1f} |")
    pairs = list(zip(found["tracectl"], found["perf record"]))
    for key, what in (("trip", "time of a trip"), ("recorder", "CPU time of the recorder")):
        ratio = statistics.median(ours[key] / max(perf[key], 1) for ours, perf in pairs)
        print(f"\n{what}: {ratio:.2f} times perf's (median of the rounds)")


main()
