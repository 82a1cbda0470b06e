#!/usr/bin/env python3
"""Runs real Java programs with our agent and JFR at the same time, and compares the recordings.

Exits with 1 if any run differs. A run is repeated only if its sole difference is a time that is too
far off: on a busy machine, HotSpot's thread may be preempted between notifying JFR and the agent.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import late
import monitors
import slower
import stacks
import stalls
from compare import compare

HERE = pathlib.Path(__file__).resolve().parent
ATTEMPTS = 3
TIMEOUT_S = 300

JAVAC = ["-Xmx256m", "-m", "jdk.compiler/com.sun.tools.javac.Main", "-d", "javac-out", "@files.txt"]
# Name, providers, the JVM's arguments, and whether the program prints its counts of exceptions.
PROGRAMS = [
    ("javac", "GC,JIT", JAVAC, False),
    # With a code cache that is too small, the JVM discards code and reuses its addresses.
    ("javac, small code cache", "GC,JIT", ["-XX:ReservedCodeCacheSize=8m", *JAVAC], False),
    ("exceptions", "GC,JIT,Exception", ["-Xmx96m", "-cp", "classes", "KnownExceptions"], True),
    ("allocations", "GC,JIT", ["-Xmx96m", "-cp", "classes", "Allocations"], False),
]
COLLECTORS = ["-XX:+UseSerialGC", "-XX:+UseParallelGC", "-XX:+UseG1GC"]


class Bench:
    """The directory in which the programs run, and the tools."""

    def __init__(self, tracectl, agent, java_home, directory):
        self.tracectl = str(tracectl)
        self.agent = agent
        self.settings = HERE / "recording.jfc"
        self.bin = pathlib.Path(java_home) / "bin"
        self.directory = pathlib.Path(directory)

    def run(self, *command, out=None):
        with open(self.directory / out if out else os.devnull, "wb") as stdout:
            subprocess.run([str(part) for part in command], cwd=self.directory, stdout=stdout,
                           check=True, timeout=TIMEOUT_S)

    def isolate(self):
        """Prevents other processes of this user from joining our sessions, and raises the priority
        if allowed."""
        runtime = self.directory / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["TRACE_RUNTIME_DIR"] = str(runtime)
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -20)
        except PermissionError:
            print("not allowed to raise the priority; on a busy machine, times may be far off")

    def prepare(self):
        self.run(self.bin / "javac", "-d", "classes", *sorted(HERE.glob("*.java")))
        self.run(sys.executable, HERE / "sources.py", "sources")
        files = sorted((self.directory / "sources").rglob("*.java"))
        (self.directory / "files.txt").write_text("".join(f"{file}\n" for file in files))

    def collect(self, collector, providers, arguments):
        """Runs a program once under both recorders."""
        for name in ("trace.etl", "recording.jfr"):
            (self.directory / name).unlink(missing_ok=True)
        shutil.rmtree(self.directory / "javac-out", ignore_errors=True)
        jfr = ("-XX:StartFlightRecording:filename=recording.jfr,dumponexit=true,maxsize=2g,"
               f"settings={HERE / 'recording.jfc'}")
        self.run(self.tracectl, "collect", "-providers", providers, "-buffer-size", "64MB",
                 "-o", "trace.etl", "--", self.bin / "java", collector, f"-agentpath:{self.agent}",
                 jfr, "-Xlog:jfr*=error", *arguments, out="printed.txt")
        self.run(self.tracectl, "dump", "trace.etl", "-format", "json", out="dump.jsonl")
        self.run(self.bin / "java", "-cp", "classes", "Extract", "recording.jfr",
                 out="recording.jsonl")

    def compare(self, has_counts):
        place = self.directory
        return compare(place / "dump.jsonl", place / "recording.jsonl", place / "recording.jfr",
                       place / "printed.txt" if has_counts else None)


def agrees(title, run):
    """Runs a comparison, which returns its reports, again while only delays differ."""
    for attempt in range(1, ATTEMPTS + 1):
        print(f"\n== {title}" + (f", again ({attempt})" if attempt > 1 else ""))
        reports = run()
        for report in reports:
            report.show()
        sys.stdout.flush()
        if all(report.agrees for report in reports):
            return True
        if any(report.differences for report in reports):
            return False
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracectl", required=True, type=pathlib.Path)
    parser.add_argument("--agent", required=True, help="libtracejvm.so")
    parser.add_argument("--java-home", required=True)
    parser.add_argument("--only", default="",
                        help="run only programs whose name contains this; also late, stacks, stalls, "
                             "monitors, slower")
    arguments = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="jvm-jfr-") as directory:
        bench = Bench(arguments.tracectl, arguments.agent, arguments.java_home, directory)
        bench.isolate()
        bench.prepare()
        for title, providers, options, has_counts in PROGRAMS:
            for collector in COLLECTORS:
                def run():
                    bench.collect(collector, providers, options)
                    return bench.compare(has_counts)

                name = f"{title}, {collector}"
                if arguments.only in title and not agrees(name, run):
                    failed.append(name)
        for title, part in (("late", late), ("stacks", stacks), ("stalls", stalls),
                            ("monitors", monitors), ("slower", slower)):
            if arguments.only in title and not agrees(title, lambda: part.reports(bench)):
                failed.append(title)
    print(f"\nThe agent and JFR differ on: {'; '.join(failed)}" if failed
          else "\nThe agent and JFR agree on every run.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
