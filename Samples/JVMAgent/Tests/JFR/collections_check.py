"""Checks that each pause in JFR's recording is surrounded by one GCStart/GCEnd pair."""

import bisect
import collections

from readings import Stop

LIMIT_NS = 1_000_000
# The clocks differ: JFR converts ticks by its own estimate of their rate.
CLOCK_NS = 100_000
# HotSpot begins these pauses for JFR before it notifies JVMTI, and ends them after it
# (VM_G1Concurrent, VM_G1PauseConcurrent: the timer's scope surrounds SvcGCMarker's). For all other
# pauses, the order is the reverse.
OPENED_FIRST_FOR_JFR = ("Pause Remark", "Pause Cleanup")


def name_of(count):
    return f"collection {count}"


def pairs(trace, report):
    """Returns our collections: each GCStart with the GCEnd of the same count."""
    found = []
    for count in sorted(set(trace.starts) | set(trace.ends)):
        starts, ends = trace.starts.get(count, []), trace.ends.get(count, [])
        if len(starts) != 1 or len(ends) != 1:
            report.differ(f"collection {count} has {len(starts)} GCStart and {len(ends)} GCEnd")
            continue
        if ends[0] < starts[0]:
            report.differ(f"collection {count} ends before it starts")
            continue
        found.append(Stop(starts[0], ends[0], name_of(count)))
    return sorted(found)


def match(pauses, ours):
    """Yields each pause with the pair that overlaps it most, or None."""
    starts = [stop.start for stop in ours]
    for pause in pauses:
        index = bisect.bisect_right(starts, pause.end)
        near = ours[max(0, index - 3):index + 1]
        best = max(near, key=lambda stop: overlap(stop, pause), default=None)
        yield pause, best if best and overlap(best, pause) > 0 else None


def overlap(a, b):
    return min(a.end, b.end) - max(a.start, b.start)


def check(trace, recording, report):
    """Returns the pauses of JFR's recording that each of our pairs surrounds."""
    ours = pairs(trace, report)
    owned = collections.defaultdict(list)
    for pause, stop in match(recording.pauses, ours):
        if stop is None:
            report.differ(f"JFR's {pause.name} has no GCStart/GCEnd pair")
        else:
            owned[stop].append(pause)
    joined = {stop: join(stop, pauses, recording, report) for stop, pauses in owned.items()}
    report.fact(f"{len(recording.pauses)} pauses by JFR; {len(owned)} of our {len(ours)} pairs match "
                "them")
    compare_times(joined, recording, report)
    tell_unmatched([stop for stop in ours if stop not in owned], recording, report)
    return owned


def join(stop, pauses, recording, report):
    """Returns the pause in JFR's recording for a pair: one pause, or all pauses of one operation.

    In a single operation, the serial collector may collect the young generation and then the whole
    heap. JFR reports two collections; JVMTI is notified once per operation.
    """
    if len(pauses) == 1:
        return pauses[0]
    names = " and ".join(pause.name for pause in pauses)
    operations = {recording.operation_around(pause) for pause in pauses}
    if len(operations) == 1 and None not in operations:
        report.explain("pairs that span several pauses of one HotSpot operation, as JFR's "
                       "ExecuteVMOperation shows; HotSpot notifies JVMTI once per operation",
                       [f"{stop.name}: {names} in {operations.pop().name}"])
    else:
        report.differ(f"{stop.name} matches {names}")
    return Stop(pauses[0].start, pauses[-1].end, pauses[-1].name)


def compare_times(joined, recording, report):
    leads, lags, inside = [], [], []
    for stop, pause in joined.items():
        lead, lag = pause.start - stop.start, stop.end - pause.end
        if abs(lead + lag) > LIMIT_NS:
            report.delay(f"{stop.name} takes {(lead + lag) / 1000:.0f} us longer than JFR's "
                         f"{pause.name}{around(pause, recording)}")
        leads.append(lead)
        lags.append(lag)
        told_inside = pause.name.startswith(OPENED_FIRST_FOR_JFR)
        for what, distance in (("starts", lead), ("ends", lag)):
            if abs(distance) > LIMIT_NS:
                report.delay(f"{stop.name} {what} {distance / 1000:.0f} us away from JFR's "
                             f"{pause.name}{around(pause, recording)}")
            elif distance < -CLOCK_NS and not told_inside:
                report.differ(
                    f"{stop.name} {what} {-distance / 1000:.0f} us inside JFR's {pause.name}")
        if min(lead, lag) < 0 and told_inside:
            inside.append(f"{pause.name}: starts {-lead / 1000:.1f} us and ends "
                          f"{-lag / 1000:.1f} us within it")
    if leads:
        report.fact(
            f"our start is {median(leads) / 1000:.1f} us before JFR's (from "
            f"{min(leads) / 1000:.1f} to {max(leads) / 1000:.1f}), our end "
            f"{median(lags) / 1000:.1f} us after ({min(lags) / 1000:.1f} to "
            f"{max(lags) / 1000:.1f})")
    report.explain(
        "pairs within JFR's pause, not around it: HotSpot begins these pauses for JFR before it "
        "notifies JVMTI", inside)


def around(pause, recording):
    """Describes how far JFR's operation extends beyond its pause, which shows HotSpot's delays."""
    operation = recording.operation_around(pause)
    if not operation:
        return ""
    return (f" (by JFR the operation around it starts {(pause.start - operation.start) / 1000:.0f} "
            f"us before and ends {(operation.end - pause.end) / 1000:.0f} us after it)")


def tell_unmatched(stops, recording, report):
    before = [stop for stop in stops if recording.began and stop.start <= recording.began]
    after = [stop for stop in stops if stop.end >= recording.ended]
    for stop in stops:
        if stop not in before and stop not in after:
            report.differ(f"{stop.name} has no pause in JFR's recording")
    report.explain("pairs from before JFR's recording began", [
        f"{stop.name}: {(recording.began - stop.start) / 1e6:.1f} ms before" for stop in before])
    report.explain("pairs from after JFR's recording ended", [
        f"{stop.name}: {(stop.end - recording.ended) / 1e6:.1f} ms after" for stop in after])


def median(values):
    return sorted(values)[len(values) // 2]
