"""Records the scheduler's events of all processes while a command runs: `schedrecord.py FILE
COMMAND...`. Ends with the command's exit code.

The kernel writes the events into a ring buffer of ftrace's own, and counts those that it loses. The
last line of the file says how many these were.

Some kernels (6.18 in a virtual machine) write no events while a CPU's idle thread is current, and
count none of them. So a process of the lowest priority keeps each CPU from being idle.
"""
import ctypes
import os
import signal
import subprocess
import sys

TRACEFS = "/sys/kernel/tracing"
EVENTS = ("switch", "waking", "wakeup_new", "process_exit")
BUFFER_KB = 32768
LOSSES = ("overrun:", "commit overrun:", "dropped events:")
PR_SET_PDEATHSIG = 1


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def lost(instance):
    """The number of events that the kernel did not keep, by its own account."""
    total = 0
    for cpu in os.listdir(f"{instance}/per_cpu"):
        with open(f"{instance}/per_cpu/{cpu}/stats") as stats:
            total += sum(int(line.split()[-1]) for line in stats if line.startswith(LOSSES))
    return total


def spin(cpu):
    """Starts a process that uses the CPU whenever nothing else does; returns its id."""
    child = os.fork()
    if child != 0:
        return child
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True:
        pass


def record(instance, command):
    write(f"{instance}/trace_clock", "mono")
    write(f"{instance}/buffer_size_kb", str(BUFFER_KB))
    for event in EVENTS:
        write(f"{instance}/events/sched/sched_{event}/enable", "1")
    code = subprocess.call(command)
    write(f"{instance}/tracing_on", "0")
    return code


def main():
    path, command = sys.argv[1], sys.argv[2:]
    instance = f"{TRACEFS}/instances/oracle-{os.getpid()}"
    os.mkdir(instance)
    spinners = [spin(cpu) for cpu in os.sched_getaffinity(0)]
    try:
        code = record(instance, command)
        with open(f"{instance}/trace") as trace, open(path, "w") as file:
            file.writelines(trace)
            file.write(f"lost {lost(instance)}\n")
    finally:
        for spinner in spinners:
            os.kill(spinner, signal.SIGKILL)
        os.rmdir(instance)
    sys.exit(code)


if __name__ == "__main__":
    main()
