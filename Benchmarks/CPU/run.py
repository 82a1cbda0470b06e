#!/usr/bin/env python3
"""Measures what a CPU profile costs a program, beside the way of swift-profile-recorder.

    Benchmarks/CPU/run.py [--server .build/release/pprof-server] [--rounds 20] [--json FILE]

The program does a fixed amount of work in two threads: alone, while `/debug/pprof/profile` samples it
by timers, while `/debug/pprof/trace` has the kernel sample it, and while Peers/StopAll stops all its
threads by signals. Each runs once a round, in random order. Figures are the differences of CPU time
(of the whole process, with the threads that sample) and of wall time to the run without samples in
the same round: the median, and half the width of its 95 % confidence interval.
"""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Runtimes"))
from paired import difference, rounds  # noqa: E402

RATES = (99, 1000)
WAYS = {"timers": "profile?seconds=300&rate={}", "kernel": "trace?seconds=300&providers=CPU:{}",
        "stop all": None}
# What else runs beside the two threads that work.
SCENES = {"2 busy threads": 0, "2 busy and 64 sleeping threads": 64}


class Program:
    """The sample server, which waits for a line before it begins to work."""

    def __init__(self, options, sleepers, work, variables=None):
        self.child = subprocess.Popen(
            [options.server, "0", "fixed", str(work), str(sleepers)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **(variables or {})})
        address = self.child.stdout.readline()
        self.port = int(address.split(":")[2].split("/")[0])

    def ask(self, path):
        """Sends a request; its answer is read with `answer`."""
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall((f"GET /debug/pprof/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                        "Connection: close\r\n\r\n").encode())
        return client

    def run(self):
        """Lets it work; returns its wall time and its CPU time in seconds."""
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        wall, cpu = self.child.stdout.readline().split()
        self.child.wait()
        return int(wall) / 1e9, int(cpu) / 1e9

    def end(self):
        self.child.kill()
        self.child.wait()


def answer(client):
    """The body of an answer."""
    parts = []
    while part := client.recv(1 << 16):
        parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise SystemExit(body.decode(errors="replace"))
    return body


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """The fields of a protobuf message: numbers and their values."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value


def sample_count(profile):
    """The number of samples of a gzipped profile in pprof's format."""
    count = 0
    for number, sample in fields(zlib.decompress(profile, 31)):
        if number == 2:
            values = next(value for key, value in fields(sample) if key == 2)
            count += varint(values, 0)[0]
    return count


class Measurement:
    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch
        self.library = scratch / "stop_all.so"
        subprocess.run(
            ["gcc", "-O2", "-g", "-shared", "-fPIC", "-pthread", "-fno-omit-frame-pointer", "-o",
             str(self.library), str(HERE.parent / "Peers/StopAll/stop_all.c")], check=True)

    def variables(self, rate):
        return {"LD_PRELOAD": self.options.peer or str(self.library), "STOP_ALL_HZ": str(rate),
                "STOP_ALL_OUTPUT": str(self.scratch / "samples")}

    def once(self, sleepers, way, rate):
        """One run; `way` is None for one without samples."""
        peer = way == "stop all"
        program = Program(self.options, sleepers, self.options.work,
                          self.variables(rate) if peer else None)
        client = program.ask(WAYS[way].format(rate)) if way and not peer else None
        # Samples are being taken, and the threads are known.
        time.sleep(0.3)
        result = program.run()
        if client:
            client.close()
        return result

    def samples(self, sleepers, way, rate):
        """Number of samples that a way takes in a second while the threads work; a timer's counts
        the periods that it stands for."""
        if way == "kernel":
            return None
        program = Program(self.options, sleepers, 10**9,
                          self.variables(rate) if way == "stop all" else None)
        program.child.stdin.write("\n")
        program.child.stdin.flush()
        started = time.monotonic()
        if way == "stop all":
            time.sleep(3)
            taken = time.monotonic() - started
            program.end()
            text = (self.scratch / "samples").read_text(errors="replace")
            return text.count("thread ") / taken
        count = sample_count(answer(program.ask(f"profile?seconds=3&rate={rate}")))
        program.end()
        return count / 3


def show(name, values, base):
    cpu = difference([run[1] / other[1] - 1 for run, other in zip(values, base)])
    wall = difference([run[0] / other[0] - 1 for run, other in zip(values, base)])
    return {"name": name, "cpu": cpu.middle, "cpu_margin": cpu.margin, "wall": wall.middle,
            "wall_margin": wall.margin}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default=str(HERE.parents[1] / ".build/release/pprof-server"))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--work", type=int, default=20_000, help="rounds of work of each thread")
    parser.add_argument("--peer", help="another library to preload in place of Peers/StopAll")
    parser.add_argument("--json")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as directory:
        measurement = Measurement(options, Path(directory))
        names = {"alone": (None, 0)}
        names |= {f"{way}, {rate} Hz": (way, rate) for rate in RATES for way in WAYS}
        for scene, sleepers in SCENES.items():
            runs = rounds(options.rounds, list(names),
                          lambda name: measurement.once(sleepers, *names[name]))
            alone = statistics.median(run[1] for run in runs["alone"])
            print(f"{scene}: {alone:.2f} s of CPU time alone; load {os.getloadavg()[0]:.1f}")
            results[scene] = []
            for name in list(names)[1:]:
                row = show(name, runs[name], runs["alone"])
                row["samples"] = measurement.samples(sleepers, *names[name])
                results[scene].append(row)
                taken = "" if row["samples"] is None else f"{row['samples']:8.0f} samples/s"
                print(f"  {name:20} CPU {row['cpu']:+7.2%} ± {row['cpu_margin']:.2%}  "
                      f"wall {row['wall']:+7.2%} ± {row['wall_margin']:.2%} {taken}")
            sys.stdout.flush()
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
