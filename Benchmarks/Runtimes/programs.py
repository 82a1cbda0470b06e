"""The programs for the comparison, with the commands that build and run them."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

WORKLOADS = Path(__file__).resolve().parent / "workloads"


@dataclass
class Program:
    name: str
    # The command, without the seconds to run.
    command: list
    providers: str = "CPU"
    # How perf reads JIT code: "inject" for a jitdump; empty if it needs no extra step.
    perf: str = ""
    environment: dict = field(default_factory=dict)


def quiet(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def node(scratch):
    if not shutil.which("node"):
        return
    script = [WORKLOADS / "work.js"]
    stacks = "--interpreted-frames-native-stack"
    yield Program("node --perf-prof", ["node", "--perf-prof", stacks, *script], perf="inject")
    yield Program("node --perf-basic-prof", ["node", "--perf-basic-prof", stacks, *script])


def jvm(scratch, agent):
    if not shutil.which("javac") or not agent:
        return
    quiet("javac", "-d", scratch, WORKLOADS / "Work.java")
    # perf does not use the agent; the JVM writes a perf map for it at exit.
    for_perf = ["-XX:+UnlockDiagnosticVMOptions", "-XX:+DumpPerfMapAtExit"]
    yield Program(
        "JVM with the agent",
        ["java", "-XX:+PreserveFramePointer", f"-agentpath:{agent}", *for_perf, "-cp", scratch,
         "Work"],
        providers="CPU,JIT,Symbol")


def native(scratch):
    if shutil.which("gcc"):
        quiet("gcc", "-O2", "-fno-omit-frame-pointer", "-o", scratch / "work-c",
              WORKLOADS / "work.c")
        yield Program("C", [scratch / "work-c"])
    if shutil.which("swiftc"):
        quiet("swiftc", "-O", "-o", scratch / "work-swift", WORKLOADS / "work.swift")
        yield Program("Swift", [scratch / "work-swift"])


def python(scratch):
    script = WORKLOADS / "work.py"
    yield Program("CPython", [os.path.realpath(shutil.which("python3")), script])
    newer = shutil.which("python3.12")
    works = newer and subprocess.run([newer, "-X", "perf", "-c", ""], capture_output=True)
    if works and works.returncode == 0:
        yield Program("CPython -X perf", [newer, "-X", "perf", script])


def every(scratch, agent):
    return [*node(scratch), *jvm(scratch, agent), *native(scratch), *python(scratch)]
