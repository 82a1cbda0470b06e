"""Measures the peers with the same work: LTTng-UST with babeltrace2, and Java Flight Recorder."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from measure import Failed, median, run

HERE = Path(__file__).resolve().parent


def tree_bytes(directory):
    return sum(f.stat().st_size for f in Path(directory).rglob("*") if f.is_file())


class LTTng:
    name = "LTTng-UST"

    def __init__(self, scratch, runs, scale):
        self.scratch, self.runs, self.scale = scratch, runs, scale
        self.environment = {"LTTNG_HOME": str(scratch), "LTTNG_UST_ALLOW_BLOCKING": "1"}

    def missing(self):
        for tool in ("lttng", "lttng-sessiond", "babeltrace2", "gcc"):
            if not shutil.which(tool):
                return f"{tool} is not installed"
        self.storm = self.scratch / "lttng-storm"
        source = HERE / "Peers" / "LTTng"
        try:
            run(["gcc", "-O2", "-I", source, source / "storm.c", "-o", self.storm,
                 "-llttng-ust", "-ldl", "-lpthread"])
        except Failed as error:
            return f"its program does not build: {error}"
        return None

    @contextlib.contextmanager
    def daemon(self):
        """Starts a session daemon unless one is running, and stops it at the end."""
        pid_file = self.scratch / "sessiond.pid"
        started = False
        try:
            self.lttng("list")
        except Failed:
            run(["lttng-sessiond", "--no-kernel", "--background", f"--pidfile={pid_file}"],
                self.environment, discard=True)
            started = True
        try:
            yield
        finally:
            if started:
                with contextlib.suppress(OSError, ValueError):
                    os.kill(int(pid_file.read_text()), signal.SIGTERM)
                    time.sleep(0.5)

    def lttng(self, *arguments):
        run(["lttng", "--no-sessiond", *arguments], self.environment)

    @contextlib.contextmanager
    def session(self, name, *channel):
        output = self.scratch / name
        self.lttng("create", name, f"--output={output}")
        try:
            self.lttng("enable-channel", "-u", *channel, "storm")
            self.lttng("enable-event", "-u", "storm:counter", "-c", "storm")
            self.lttng("start")
            yield output
            self.lttng("stop")
        finally:
            self.lttng("destroy", name)

    def rounds(self, events, threads, rounds):
        output = run([self.storm, events, threads, rounds], self.environment).output
        return [float(line) for line in output.split()]

    def measure(self):
        figures = {}
        events = 1_000_000
        figures["disabled"] = median(self.rounds(int(2e8 * self.scale), 1, self.runs))
        with self.daemon():
            # The first rounds touch the buffers' pages and are not counted.
            with self.session("discard", "--discard", "--subbuf-size=8M", "--num-subbuf=4"):
                figures["two"] = median(self.rounds(events, 2, self.runs + 4)[4:])
                figures["enabled"] = median(self.rounds(events, 1, self.runs + 4)[4:])
            self.lossless(figures)
        return figures

    def lossless(self, figures):
        events = int(20_000_000 * self.scale)
        rates = []
        for attempt in range(self.runs if self.scale >= 1 else 1):
            with self.session(f"block-{attempt}", "--blocking-timeout=inf",
                              "--subbuf-size=8M", "--num-subbuf=8") as output:
                rates.append(1e9 / self.rounds(events, 1, 1)[0])
            figures["bytes"] = tree_bytes(output) / events
            if attempt:
                shutil.rmtree(output)
        figures["lossless"] = median(rates)
        trace = self.scratch / "block-0"
        count = run(["babeltrace2", trace, "--component", "sink.utils.counter",
                     "--params=step=+0"], self.environment)
        if f"{events} Event messages" not in count.output:
            raise Failed("babeltrace2 counted a different number of events than was written")
        figures["replay"] = events / count.seconds
        text = run(["babeltrace2", trace], self.environment, discard=True)
        figures["dump"] = events / text.seconds
        figures["dump_memory"] = text.peak_mb
        shutil.rmtree(trace)


class FlightRecorder:
    name = "JFR"

    def __init__(self, scratch, runs, scale):
        self.scratch, self.runs, self.scale = scratch, runs, scale

    def missing(self):
        for tool in ("java", "javac", "jfr"):
            if not shutil.which(tool):
                return f"{tool} is not installed"
        try:
            run(["javac", "-d", self.scratch, HERE / "Peers" / "JFR" / "Storm.java"])
        except Failed as error:
            return f"its program does not build: {error}"
        return None

    def rounds(self, events, threads, rounds, recording):
        output = run(["java", "-cp", self.scratch, "Storm", events, threads, rounds, recording])
        return [float(line) for line in output.output.split()]

    def measure(self):
        figures = {}
        events = int(2_000_000 * self.scale)
        recording = self.scratch / "storm.jfr"
        figures["enabled"] = median(self.rounds(events, 1, self.runs + 1, recording)[1:])
        # Number of events that Storm.java emits while the compiler warms up.
        warm = 20 * 20_000
        written = events * (self.runs + 1) + warm
        figures["bytes"] = recording.stat().st_size / written
        figures["two"] = median(self.rounds(events, 2, self.runs + 1, recording)[1:])
        # Its text output is slow, so a few events suffice.
        few = 200_000
        self.rounds(few, 1, 1, recording)
        text = run(["jfr", "print", recording], discard=True)
        figures["dump"] = (few + warm) / text.seconds
        figures["dump_memory"] = text.peak_mb
        recording.unlink()
        return figures
