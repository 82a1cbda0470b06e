#!/usr/bin/env python3
"""Measures what libtracelock.so adds to an uncontended lock and unlock.

    Benchmarks/Locks/run.py [--tracectl .build/release/tracectl] [--runs 15] [--json FILE]

Each row is one kind of lock in a program with one or two threads. The program runs in turn without
the library, with it, and with it while a session records. Numbers are nanoseconds of a pair: the
median of the runs, of which each is the lowest of 2,000 batches of 5,000 pairs.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KINDS = ("mutex", "recursive", "read", "write", "semaphore")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tracectl", default=os.path.join(ROOT, ".build/release/tracectl"))
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json")
    options = parser.parse_args()
    library = os.path.join(
        os.path.dirname(os.path.abspath(options.tracectl)), "libtracelock.so")
    scratch = tempfile.mkdtemp()
    program = os.path.join(scratch, "pairs")
    subprocess.run(
        ["gcc", "-O2", "-pthread", "-o", program, os.path.join(HERE, "pairs.c")], check=True)
    plain = dict(os.environ, TRACE_RUNTIME_DIR=os.path.join(scratch, "run"))
    plain.pop("LD_PRELOAD", None)
    os.mkdir(plain["TRACE_RUNTIME_DIR"], 0o700)
    loaded = dict(plain, LD_PRELOAD=library)
    results = {}
    for kind in KINDS:
        for threads in ("1", "2"):
            times = {"without": [], "loaded": [], "recording": []}
            for _ in range(options.runs):
                run = lambda variables: float(subprocess.run(
                    [program, kind, threads], env=variables, stdout=subprocess.PIPE, text=True,
                    check=True).stdout)
                times["without"].append(run(plain))
                times["loaded"].append(run(loaded))
                session = subprocess.Popen(
                    [options.tracectl, "collect", "-providers", "Lock:*", "-o",
                     os.path.join(scratch, "t.etl")],
                    env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                while "collecting into" not in session.stderr.readline():
                    pass
                times["recording"].append(run(loaded))
                session.terminate()
                session.communicate()
            row = {name: statistics.median(values) for name, values in times.items()}
            results[f"{kind} {threads}"] = row
            print(f"{kind:10} {threads} thread{'s' if threads == '2' else ' '}  "
                  f"without {row['without']:6.2f}  loaded {row['loaded'] - row['without']:+6.2f}  "
                  f"recording {row['recording'] - row['without']:+6.2f} ns")
            sys.stdout.flush()
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


main()
