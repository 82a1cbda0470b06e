"""Runs a program, and measures its time and its peak memory."""

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Run:
    seconds: float
    peak_mb: float
    output: str


class Failed(Exception):
    pass


def run(arguments, environment=None, discard=False):
    """Runs a program once; with `discard`, its standard output goes to /dev/null."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        child = subprocess.Popen(
            [str(a) for a in arguments],
            stdout=subprocess.DEVNULL if discard else output,
            stderr=errors,
            env={**os.environ, **(environment or {})},
        )
        # Not `wait`: only wait4 returns the peak of this child (and of its children).
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            words = " ".join(str(a) for a in arguments)
            said = errors.read().decode(errors="replace")[-300:]
            raise Failed(f"{words} ended with {child.returncode}: {said}")
        return Run(seconds, usage.ru_maxrss / 1024, output.read().decode())


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the difference between the extremes, as a fraction of the median."""
    middle = median(values)
    return (max(values) - min(values)) / 2 / middle if middle else 0.0
