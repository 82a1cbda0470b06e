"""Compares the report of `tracectl threads` with the times of system calls that perf recorded on
the same run: `syscalls.py report.json < perf.data`, for the tracepoints raw_syscalls:sys_enter and
sys_exit. Ends with code 3 if perf has lost some of them.

Reads perf's file itself: perf trace and perf script of some versions crash on it.
"""
import collections
import json
import platform
import struct
import sys

SAMPLE = 9
LOST = (2, 13)
# The fields of a sample of 8 bytes each, in their order, and those that follow.
FIELDS = {"identifier": 1 << 16, "ip": 1, "thread": 2, "time": 4, "address": 8, "id": 1 << 6,
          "stream": 1 << 9, "cpu": 1 << 7, "period": 1 << 8}
RAW = 1 << 10
# The calls of the program's threads whose waits have one reason, with their numbers on x86-64 and
# arm64.
CALLS = {"sleeper": ((230, 115), "sleep"), "reader": ((0, 63), "pipe"),
         "receiver": ((45, 207), "network"), "poller": ((7, 73), "poll")}
MACHINE = ["x86_64", "aarch64"].index(platform.machine())


def tracepoint(name):
    with open(f"/sys/kernel/tracing/events/raw_syscalls/{name}/id") as file:
        return int(file.read())


def samples(data):
    """The tracepoint, thread, time and bytes of each sample."""
    assert data[:8] == b"PERFILE2"
    attr_size, attrs, attrs_size, begin, size = struct.unpack_from("<QQQQQ", data, 16)
    events, kinds = {}, set()
    for place in range(attrs, attrs + attrs_size, attr_size):
        config, _, kind = struct.unpack_from("<QQQ", data, place + 8)
        ids, ids_size = struct.unpack_from("<QQ", data, place + attr_size - 16)
        kinds.add(kind)
        for (number,) in struct.iter_unpack("<Q", data[ids:ids + ids_size]):
            events[number] = config
    (kind,) = kinds
    names = [name for name, bit in FIELDS.items() if kind & bit]
    assert kind & ~sum(FIELDS.values()) == RAW
    place = begin
    while place < begin + size:
        record, _, length = struct.unpack_from("<IHH", data, place)
        if record == SAMPLE:
            found = dict(zip(names, struct.unpack_from(f"<{len(names)}Q", data, place + 8)))
            raw = data[place + 8 + 8 * len(names) + 4:place + length]
            number = found.get("identifier", found.get("id"))
            yield events[number], found["thread"] >> 32, found["time"], raw
        if record in LOST:
            print("perf has lost events")
            sys.exit(3)
        place += length


enter, leave = tracepoint("sys_enter"), tracepoint("sys_exit")
entered, counts, times = {}, collections.Counter(), collections.Counter()
for event, tid, now, raw in sorted(samples(sys.stdin.buffer.read()), key=lambda one: one[2]):
    (number,) = struct.unpack_from("<q", raw, 8)
    if event == enter:
        entered[tid] = (number, now)
    elif event == leave and tid in entered:
        call, since = entered.pop(tid)
        if call == number:
            counts[tid, call] += 1
            times[tid, call] += now - since

with open(sys.argv[1]) as file:
    threads = {thread["thread"]: thread for thread in json.load(file)["processes"][0]["threads"]}
problems = []
for name, (numbers, reason) in CALLS.items():
    thread = threads[name]
    call = (thread["tid"], numbers[MACHINE])
    waited = sum(row["total_ns"] for row in thread["reasons"] if row["reason"] == reason)
    # A call lasts until the thread runs again; entering and leaving it takes running time.
    low, high = 0.99 * waited, 1.01 * (waited + thread["runnable_ns"] + thread["running_ns"])
    if counts[call] < 40 or not low - 2e6 <= times[call] <= high + 2e6:
        problems.append(
            f"{name}: {counts[call]} calls of {call[1]}, {times[call]} ns, not {low} to {high}")
sys.exit("\n".join(problems) or None)
