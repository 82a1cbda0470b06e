"""Checks that each successful compilation in JFR's recording has a MethodLoad with a range."""

import bisect
import collections


def check(trace, recording, report):
    by_jfr = collections.Counter(method for method, _ in recording.compilations)
    ranged = [load for load in trace.loads if load.address and load.size]
    by_us = collections.Counter(load.method for load in ranged)
    report.fact(f"{len(recording.compilations)} compilations of {len(by_jfr)} methods by JFR; "
                f"{len(ranged)} MethodLoads of {len(by_us)} methods by us")
    for load in trace.loads:
        if not (load.address and load.size):
            report.differ(f"MethodLoad of {show(load.method)} has no address range")
    for method, count in sorted(by_jfr.items()):
        if by_us[method] < count:
            details = "; ".join(
                f"id {record['id']}, level {record['level']}"
                + (", on-stack replacement" if record["osr"] else "")
                for other, record in recording.compilations if other == method)
            report.differ(f"{show(method)}: {count} compilations by JFR ({details}), "
                          f"{by_us[method]} MethodLoads by us")
    check_ranges(trace, report)


def check_ranges(trace, report):
    """Checks that live methods do not overlap."""
    starts, live, overlaps, unknown = [], {}, 0, 0
    for is_load, load in trace.code:
        if not load.address:
            continue
        if not is_load:
            if load.address in live and live[load.address].id == load.id:
                starts.pop(bisect.bisect_left(starts, load.address))
                del live[load.address]
            else:
                unknown += 1
            continue
        if load.address in live and live[load.address] == load._replace(rundown=not load.rundown):
            continue
        place = bisect.bisect_left(starts, load.address)
        before = live[starts[place - 1]] if place else None
        after = live[starts[place]] if place < len(starts) else None
        for other in (before, after):
            if other and other.address < load.address + load.size \
                    and load.address < other.address + other.size:
                overlaps += 1
                report.differ(f"{show(load.method)} at {load.address:#x} overlaps "
                              f"{show(other.method)} at {other.address:#x}, which is not unloaded")
        if load.address not in live:
            starts.insert(place, load.address)
        live[load.address] = load
    if unknown:
        report.differ(f"{unknown} MethodUnloads of code without a MethodLoad")
    unloads = sum(1 for is_load, _ in trace.code if not is_load)
    report.fact(f"{unloads} MethodUnloads, each of code that was loaded; no live ranges overlap"
                if not overlaps and not unknown else f"{overlaps} overlaps of live code")


def show(method):
    return f"{method.namespace}.{method.name}{method.signature}"
