"""Measures this project: tracectl traces event-storm, then the trace is read back."""

import json
import os
import re
import signal
import subprocess
import time

from measure import Failed, median, run, spread


class Ours:
    name = "this project"

    def __init__(self, tools, scratch, runs, scale):
        self.tools, self.scratch, self.runs, self.scale = tools, scratch, runs, scale
        self.environment = {"TRACE_RUNTIME_DIR": str(scratch / "runtime")}
        os.makedirs(scratch / "runtime", mode=0o700, exist_ok=True)

    def storm(self, events, *arguments):
        result = run([self.tools / "event-storm", "--events", events, *arguments],
                     self.environment)
        return json.loads(result.output)

    def collect(self, name, *arguments, events, threads=1, pinned=False):
        """Runs event-storm under a separate session; returns the run, its report and the file.

        If pinned, event-storm runs on one CPU.
        """
        trace = self.scratch / f"{name}.etl"
        trace.unlink(missing_ok=True)
        result = run(
            [self.tools / "tracectl", "collect", "-providers", "Storm", "-o", trace, *arguments,
             "--", *(["taskset", "-c", "0"] if pinned else []),
             self.tools / "event-storm", "--events", events, "--threads", threads,
             "--wait-for-enable", 10],
            self.environment)
        lines = [line for line in result.output.splitlines() if line.startswith("{")]
        if not lines:
            raise Failed(f"event-storm reported nothing under {name}")
        return result, json.loads(lines[0]), trace

    def measure(self):
        figures = {"spread": {}}
        self.measure_emitting(figures)
        self.measure_lossless(figures)
        self.measure_start(figures)
        self.measure_symbols(figures)
        return figures

    def note(self, figures, key, values):
        figures[key] = median(values)
        figures["spread"][key] = spread(values)

    def measure_emitting(self, figures):
        reports = [self.storm(int(200_000_000 * self.scale)) for _ in range(self.runs)]
        self.note(figures, "disabled", [r["ns_per_event"][0] for r in reports])
        with self.session("discard", "-mode", "discard", "-buffer-size", "128MB") as session:
            rounds = self.rounds(session, 1)
            self.note(figures, "enabled", [r["cost"] for r in rounds])
            # The counter's cost changes from minute to minute, so each round has its own.
            self.note(figures, "rdtsc", [r["rdtsc"] for r in rounds])
            self.note(figures, "enabled_ratio", [r["cost"] / r["rdtsc"] for r in rounds])
            for key, threads in ("one", 1), ("two", 2):
                rounds = self.rounds(session, threads, paused=True)
                self.note(figures, key, [r["cost"] for r in rounds])

    def rounds(self, session, threads, paused=False):
        """Returns the cost of an event and of the counter in each round, in ns.

        If paused, the session is stopped during emission.
        """
        # A round fills 96 of 128 MB. The first rounds touch the memory and are not counted. Shorter
        # rounds would measure how soon the kernel distributes two threads to two CPUs.
        # A round takes a tenth of a second, and a neighbour on the machine disturbs some.
        events, untouched = 4_000_000, 4
        rounds = untouched + max(self.runs, 15)
        go = self.scratch / "go"
        go.unlink(missing_ok=True)
        storm = subprocess.Popen(
            [str(self.tools / "event-storm"), "--events", str(events), "--threads", str(threads),
             "--rounds", str(rounds), "--wait-for-enable", "10", "--wait-for-file", str(go)],
            env={**os.environ, **self.environment}, stdout=subprocess.PIPE)
        time.sleep(0.3)
        figures = []
        for _ in range(rounds):
            if paused:
                session.child.send_signal(signal.SIGSTOP)
            go.touch()
            line = json.loads(storm.stdout.readline())
            figures.append(
                {"cost": sum(line["ns_per_event"]) / threads, "rdtsc": line["rdtsc_ns"]})
            session.child.send_signal(signal.SIGCONT)
            # Gives the session time to empty the rings.
            time.sleep(0.5)
        storm.communicate(timeout=60)
        return figures[untouched:]

    def session(self, name, *arguments):
        return Session(self, self.scratch / f"{name}.etl", arguments)

    def measure_lossless(self, figures):
        events = int(60_000_000 * self.scale)
        rates = []
        for _ in range(self.runs if self.scale >= 1 else 1):
            result, report, trace = self.collect(
                "lossless", "-mode", "block", "-buffer-size", "64MB", events=events)
            # From the command's start to its end, when the last byte is in the file.
            rates.append(events / result.seconds)
        self.note(figures, "lossless", rates)
        figures["bytes"] = trace.stat().st_size / events
        self.measure_reading(figures, trace, events)
        trace.unlink()
        # On one CPU, so that one of the buffers is used. Otherwise, the figure depends on when the
        # kernel moves the thread to another CPU, with another buffer of 64 MB.
        result, _, trace = self.collect(
            "memory", "-mode", "block", "-buffer-size", "64MB", events=events, pinned=True)
        figures["collect_memory"] = result.peak_mb
        trace.unlink()

    def measure_reading(self, figures, trace, events):
        replays, dumps, infos = [], [], []
        peak = 0.0
        for _ in range(self.runs):
            replay = run([self.tools / "replay-bench", trace])
            count, seconds, _ = replay.output.split()
            if int(count) != events:
                raise Failed(f"{count} events in the file, {events} were emitted")
            replays.append(events / float(seconds))
            dump = run([self.tools / "tracectl", "dump", trace], discard=True)
            dumps.append(events / dump.seconds)
            peak = max(peak, dump.peak_mb)
            infos.append(run([self.tools / "tracectl", "info", trace]).seconds * 1000)
        self.note(figures, "replay", replays)
        self.note(figures, "dump", dumps)
        self.note(figures, "info", infos)
        figures["dump_memory"] = peak

    def measure_symbols(self, figures):
        """Measures stacks and names with synthetic traces; see Sources/symbol-bench."""
        bench, samples = self.tools / "symbol-bench", int(1_000_000 * self.scale)
        trace, bare = self.scratch / "samples.etl", self.scratch / "bare.etl"
        methods = self.scratch / "methods.etl"
        run([bench, "make", trace, samples, 100_000])
        shown = [run([self.tools / "tracectl", "stacks", trace]) for _ in range(self.runs)]
        self.note(figures, "stacks", [r.seconds for r in shown])
        figures["stacks_memory"] = max(r.peak_mb for r in shown)
        asked = [json.loads(run([bench, "resolve", trace]).output) for _ in range(self.runs)]
        self.note(figures, "resolve_cold", [r["cold"] for r in asked])
        self.note(figures, "resolve_warm", [r["warm"] for r in asked])
        run([bench, "make-methods", methods, 1_000_000])
        prepared = json.loads(run([bench, "prepare", methods]).output)
        figures["code_map"], figures["prepare_memory"] = prepared["tables_mb"], prepared["peak_mb"]
        written = [json.loads(run([bench, "write", bare]).output) for _ in range(self.runs)]
        self.note(figures, "stack_cost", [r["stack_ns"] for r in written])
        run([bench, "make", bare, samples, 0])
        figures["sample_bytes"] = bare.stat().st_size / samples
        for path in (trace, bare, methods):
            path.unlink()

    def measure_start(self, figures):
        """Measures the registration of the first provider in an app that is not traced."""
        costs = [self.storm(1)["register_us"] / 1000 for _ in range(30)]
        self.note(figures, "start", costs)


class Session:
    """tracectl, collecting from all processes until the block ends."""

    def __init__(self, ours, trace, arguments):
        self.ours, self.trace, self.arguments = ours, trace, arguments

    def __enter__(self):
        self.child = subprocess.Popen(
            [str(self.ours.tools / "tracectl"), "collect", "-providers", "Storm",
             "-o", str(self.trace), *self.arguments],
            env={**os.environ, **self.ours.environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *failure):
        self.child.send_signal(signal.SIGINT)
        output, _ = self.child.communicate(timeout=60)
        self.trace.unlink(missing_ok=True)
        lost = re.search(rb"lost[^\n]*[1-9]", output)
        if failure[0] is None and lost:
            print("note: events were lost while measuring ns/event:", lost.group().decode())
