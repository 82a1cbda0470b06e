#!/usr/bin/env python3
"""Measures what sampling the heap costs, beside tcmalloc's sampling.

    Benchmarks/Heap/run.py [--tracectl .build/release/tracectl] [--runs 15] [--json FILE]

Each program runs alternately without and with the library, loaded and recording (a session
collects HeapAlloc and HeapFree), with glibc's malloc and with tcmalloc's, and with tcmalloc's own
sampling (TCMALLOC_SAMPLE_PARAMETER, 512 KiB). Numbers are CPU time of the program, user and system:
the lowest of all runs, because other load only adds. Overheads are relative to the same allocator
without sampling.
"""
import argparse, json, os, resource, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def cpu(command, environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def build(directory):
    commands = []
    for name, compiler in (("trees.c", "gcc"), ("words.cpp", "g++"), ("cache.c", "gcc"),
                           ("pairs.c", "gcc")):
        path = os.path.join(directory, name.split(".")[0])
        subprocess.run([compiler, "-O2", "-o", path, os.path.join(HERE, name)], check=True)
        commands.append((name.split(".")[0], [path]))
    python = "d={}\nfor r in range(12):\n d={str(i):[i,str(i*r)] for i in range(60000)}\n"
    commands.append(("python3", ["python3", "-c", python]))
    return commands


def library(name):
    found = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
    return next((line.split()[-1] for line in found.splitlines() if name + " " in line), None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tracectl", default=os.path.join(ROOT, ".build/release/tracectl"))
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json")
    options = parser.parse_args()
    ours = os.path.join(os.path.dirname(os.path.abspath(options.tracectl)), "libtraceheap.so")
    tcmalloc = library("libtcmalloc.so.4")
    scratch = tempfile.mkdtemp()
    plain = dict(os.environ, TRACE_RUNTIME_DIR=os.path.join(scratch, "run"))
    plain.pop("LD_PRELOAD", None)
    os.mkdir(plain["TRACE_RUNTIME_DIR"], 0o700)
    variants = {"glibc": ("glibc", {}), "ours": ("glibc", {"LD_PRELOAD": ours}),
                "ours, recording": ("glibc", {"LD_PRELOAD": ours})}
    if tcmalloc:
        sampled = {"LD_PRELOAD": tcmalloc, "TCMALLOC_SAMPLE_PARAMETER": "524288"}
        variants["tcmalloc"] = ("tcmalloc", {"LD_PRELOAD": tcmalloc})
        variants["tcmalloc, sampling"] = ("tcmalloc", sampled)
        variants["ours on tcmalloc"] = ("tcmalloc", {"LD_PRELOAD": ours + ":" + tcmalloc})
    results = {}
    for program, command in build(scratch):
        best = {}
        for _ in range(options.runs):
            for variant, (_, variables) in variants.items():
                session = None
                if "recording" in variant:
                    session = subprocess.Popen(
                        [options.tracectl, "collect", "-providers", "Heap:*", "-stacks", "Heap",
                         "-o", os.path.join(scratch, "t.etl")],
                        env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                    while "collecting into" not in session.stderr.readline():
                        pass
                time = cpu(command, dict(plain, **variables))
                if session:
                    session.terminate()
                    session.communicate()
                best[variant] = min(best.get(variant, time), time)
        results[program] = best
        print(program)
        for variant, (base, _) in variants.items():
            more = (best[variant] / best[base] - 1) * 100
            print(f"  {variant:20} {best[variant] * 1000:8.1f} ms  {more:+6.2f} %")
        sys.stdout.flush()
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


main()
