"""Checks the cause, the generation and the heap of each collection against JFR's."""

import collections

from collections_check import name_of

# JFR's names of collectors that collect only the young generation.
YOUNG = ("DefNew", "ParallelScavenge", "G1New")
# The collection that consists of a concurrent cycle's pauses.
CYCLE = "G1Old"


def check(trace, recording, owned, report):
    """`owned` has the pauses of JFR's recording that each of our collections surrounds."""
    counts = {name_of(count): count for count in trace.starts}
    causes, heaps, befores, unknown = collections.Counter(), 0, 0, []
    for stop, pauses in owned.items():
        count = counts[stop.name]
        # In one operation, the young generation and then the whole heap may be collected.
        number = recording.pause_ids[max(pauses)]
        if number not in recording.collections:
            report.differ(f"JFR has no collection {number}, but {max(pauses).name}")
            continue
        name, cause = recording.collections[number]
        history = trace.histories.get(count)
        if history is None:
            report.differ(f"{stop.name} has no GCHistory")
            continue
        causes[history["cause"]] += 1
        # The counters state the cause of an operation, not of each of its collections.
        told = {recording.collections.get(recording.pause_ids[pause], (None, cause))[1]
                for pause in pauses}
        if name == CYCLE and history["cause"] == "":
            unknown.append(f"{stop.name}: {cause}")
        elif history["cause"] not in told:
            report.differ(f"{stop.name} has the cause {history['cause']}, by JFR {cause} ({name})")
        if history["depth"] != (0 if name in YOUNG else 1):
            report.differ(f"{stop.name} has the generation {history['depth']}; JFR's is {name}")
        # Of several collections in one operation, the first. JFR's heap before a cycle is that at
        # its beginning, before several pauses.
        first = recording.pause_ids[min(pauses)]
        if first in recording.befores and recording.collections[first][0] != CYCLE:
            befores += 1
            if trace.befores.get(count) != recording.befores[first]:
                report.differ(f"{stop.name} begins with {trace.befores.get(count)} bytes, by JFR "
                              f"{recording.befores[first]} ({name})")
        # The heap of a cycle is that at its end, after several pauses.
        if number in recording.heaps and count in trace.heaps and name != CYCLE:
            heaps += 1
            if recording.heaps[number] != trace.heaps[count]:
                report.differ(f"{stop.name} leaves {trace.heaps[count]} bytes, by JFR "
                              f"{recording.heaps[number]} ({name})")
    report.fact("; ".join(f"{number} for {cause or 'no known cause'}" for cause, number in causes.most_common()))
    report.explain("steps of concurrent cycles without a cause: HotSpot's counters do not state "
                   "which collection began the cycle", unknown)
    report.fact(f"the heap after {heaps} collections is JFR's, and that before {befores}")
    if owned and (heaps == 0 or befores == 0):
        report.differ("no heap could be compared")
