"""Computes what `tracectl system -format json` says from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | system.py report.json`.

For whole traces without -every: each reading is a part of the time.
"""
import json
import sys

import lines

# The key of the report, the field of the event, and the factor between them; None is a tick.
CPU = [(name + "_ns", name, None) for name in
       ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")]
MACHINE = [("context_switches", "contextSwitches", 1), ("interrupts", "interrupts", 1),
           ("forks", "forks", 1)]
PRESSURE = [("cpu_some_ns", "cpuSome", 1000), ("memory_some_ns", "memorySome", 1000),
            ("memory_full_ns", "memoryFull", 1000), ("io_some_ns", "ioSome", 1000),
            ("io_full_ns", "ioFull", 1000)]
DISK = [("reads", "reads", 1), ("read_bytes", "readBytes", 1), ("writes", "writes", 1),
        ("written_bytes", "writtenBytes", 1), ("busy_ns", "busy", 10**6),
        ("waited_ns", "waited", 10**6)]
NETWORK = [("received_bytes", "receivedBytes", 1), ("received_packets", "receivedPackets", 1),
           ("sent_bytes", "sentBytes", 1), ("sent_packets", "sentPackets", 1),
           ("errors", "receiveErrors", 1), ("errors", "sendErrors", 1),
           ("drops", "receiveDrops", 1), ("drops", "sendDrops", 1)]
PROCESS = [("cpu_ns", "cpu", 1), ("user_ns", "user", None), ("system_ns", "system", None),
           ("waited_ns", "waited", 1), ("minor_faults", "minorFaults", 1),
           ("major_faults", "majorFaults", 1), ("voluntary_switches", "voluntary", 1),
           ("involuntary_switches", "involuntary", 1), ("read_bytes", "readBytes", 1),
           ("written_bytes", "writtenBytes", 1)]
CPU_CGROUP = [("usage_ns", "usage", 1), ("periods", "periods", 1),
              ("throttled_periods", "throttledPeriods", 1), ("throttled_ns", "throttled", 1)]
MEMORY_CGROUP = [("high_events", "highEvents", 1), ("limit_events", "limitEvents", 1),
                 ("killed", "killed", 1)]

EVENTS = [event for event in lines.events() if event["provider"] == "System"]
SETTINGS = [event for event in EVENTS if event["event"] == "SystemCounters"][-1]["fields"]
TICK = 10**9 // SETTINGS["ticksPerSecond"]


def readings(name, key=lambda event: 0):
    """The readings of each thing, in order of time."""
    found = {}
    for event in EVENTS:
        if event["event"] == name:
            found.setdefault(key(event), []).append((event["time_ns"], event["fields"]))
    return found


def increases(columns, pairs):
    """The sums of what counters grew by."""
    sums = {key: 0 for key, _, _ in columns}
    for (_, one), (_, other) in pairs:
        for key, field, factor in columns:
            grown = max(other[field] - one[field], 0)
            sums[key] += grown * (TICK if factor is None else factor)
    return sums


def pairs(series):
    """Each reading with the one before it."""
    return list(zip(series, series[1:]))


def machine(selected):
    """The whole machine between the readings whose times `selected` admits."""
    counters = [pair for pair in pairs(readings("MachineCounters")[0]) if selected(pair[1][0])]
    now = [fields for _, (_, fields) in counters]
    row = {
        "from_ns": min(pair[0][0] for pair in counters),
        "to_ns": max(pair[1][0] for pair in counters),
        "running_mean": sum(fields["running"] for fields in now) / len(now),
        "running_max": max(fields["running"] for fields in now),
        "blocked_max": max(fields["blocked"] for fields in now),
        "available_min_bytes": min(fields["available"] for fields in now),
        "cached_max_bytes": max(fields["cached"] for fields in now),
        "dirty_max_bytes": max(fields["dirty"] for fields in now),
        "swap_used_max_bytes": max(
            max(SETTINGS["swap"] - fields["swapFree"], 0) for fields in now),
    }
    row.update(increases(MACHINE, counters))
    cpus = [pair for series in readings("CPUCounters", lambda event: event["cpu"]).values()
            for pair in pairs(series) if selected(pair[1][0])]
    row.update(increases(CPU, cpus))
    for series in readings("PressureCounters").values():
        row.update(increases(PRESSURE, [pair for pair in pairs(series) if selected(pair[1][0])]))
    return row


def usage(some):
    """What a process used between the readings of some pairs."""
    now = [fields for _, (_, fields) in some]
    row = {"from_ns": some[0][0][0], "to_ns": some[-1][1][0]}
    row.update(increases(PROCESS, some))
    measured = [fields["proportional"] for fields in now if fields["proportional"]]
    row.update({
        "cpu_percent": row["cpu_ns"] / (row["to_ns"] - row["from_ns"]) * 100,
        "resident_max_bytes": max(fields["resident"] for fields in now),
        "proportional_max_bytes": max(measured) if measured else None,
        "threads_max": max(fields["threads"] for fields in now),
        "uncounted_threads_max": max(fields["uncounted"] for fields in now),
    })
    return row


def processes():
    """The processes, by CPU time."""
    rows = []
    for pid, series in readings("ProcessCounters", lambda event: event["pid"]).items():
        some = [pair for pair in pairs(series) if pair[1][0] > pair[0][0]]
        if some:
            rows.append({
                "pid": pid,
                "cpu_cgroup": series[-1][1]["cpuCgroup"] or None,
                "memory_cgroup": series[-1][1]["memoryCgroup"] or None,
                "total": usage(some),
                "rows": [usage([pair]) for pair in some],
            })
    return sorted(rows, key=lambda row: (-row["total"]["cpu_ns"], row["pid"]))


def devices(name, columns):
    found = readings(name, lambda event: event["fields"]["name"])
    return [dict(increases(columns, pairs(found[name])), name=name) for name in sorted(found)]


def cgroups(name, columns, numbers):
    found = readings(name, lambda event: event["fields"]["number"])
    return [dict(increases(columns, pairs(found[number])), number=number,
                 path=found[number][-1][1]["path"])
            for number in sorted(found) if number in numbers]


known = processes()
report = {
    "interval_ns": SETTINGS["interval"],
    "memory_bytes": SETTINGS["memory"],
    "swap_bytes": SETTINGS["swap"],
    "total": machine(lambda time: True),
    "rows": [machine(lambda time, end=end: time == end)
             for _, (end, _) in pairs(readings("MachineCounters")[0])],
    "cpus": [dict(increases(CPU, pairs(series)), cpu=cpu) for cpu, series in
             sorted(readings("CPUCounters", lambda event: event["cpu"]).items())],
    "disks": devices("DiskCounters", DISK),
    "networks": devices("NetworkCounters", NETWORK),
    "processes": known,
    "cpu_cgroups": cgroups(
        "CgroupCPUCounters", CPU_CGROUP, {row["cpu_cgroup"] for row in known}),
    "memory_cgroups": cgroups(
        "CgroupMemoryCounters", MEMORY_CGROUP, {row["memory_cgroup"] for row in known}),
}
with open(sys.argv[1]) as file:
    stated = json.load(file)
differences = lines.difference(stated, report)
sys.exit("\n".join(differences) if differences else None)
