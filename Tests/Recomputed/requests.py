"""Computes what `tracectl requests -format json` says from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | requests.py report.json`.

For whole traces of minishop.
"""
import collections

import lines


EARLY_MAX = 1_000_000


def states(tid, start, stop, switches, wakes):
    """What the thread did between two of its events, from its switches and wake-ups."""
    times = {"running": 0, "runnable": 0, "blocked": 0}
    state, since, on = "running", start, start
    for time, direction in [one for one in switches.get(tid, []) if start < one[0] < stop]:
        if direction != "On":
            times["running"] += time - since
            state, on, since = "runnable" if direction == "Preempted" else "blocked", since, time
            continue
        ready = time if state == "blocked" else since
        if state == "blocked":
            found = [wake for wake in wakes.get(tid, []) if since <= wake <= time]
            # A wake-up may come before its switch, but not before the thread ran.
            early = [wake for wake in wakes.get(tid, [])
                     if max(since - EARLY_MAX, on) <= wake < since]
            ready = found[0] if found else since if early else time
        times["blocked"] += ready - since
        times["runnable"] += time - ready
        state, since = "running", time
    times["running"] += stop - since
    return {f"{name}_ns": time for name, time in times.items()}


def report(pid, events, switches, wakes):
    begun, groups, slowest, open_count, without_start = {}, {}, [], 0, 0
    inside = collections.defaultdict(collections.Counter)
    for event in events:
        fields, time, tid = event["fields"], event["time_ns"], event["tid"]
        if event["event"] == "RequestStart":
            begun[fields["id"]] = event
            inside[tid].clear()
        elif event["event"] != "RequestStop":
            inside[tid][f"{event['provider']}.{event['event']}"] += 1
        elif fields["id"] not in begun:
            without_start += 1
        else:
            start = begun.pop(fields["id"])
            route = start["fields"]["route"]
            duration = time - start["time_ns"]
            groups.setdefault(route, []).append(duration)
            slowest.append({
                "name": route, "id": str(fields["id"]), "start_ns": start["time_ns"],
                "duration_ns": duration, "start_tid": start["tid"], "stop_tid": tid,
                **(states(tid, start["time_ns"], time, switches, wakes) if switches else {
                    "running_ns": None, "runnable_ns": None, "blocked_ns": None}),
                "events": [{"event": name, "count": count} for name, count in sorted(
                    inside[tid].items(), key=lambda entry: (-entry[1], entry[0]))]})
    slowest.sort(key=lambda request: (-request["duration_ns"], request["start_ns"]))
    return {
        "pid": pid,
        "group_count": len(groups),
        "groups": [
            {"provider": "Shop", "activity": "Request", "name": name,
             "buckets": lines.buckets(values), **lines.durations(values)}
            for name, values in sorted(groups.items(), key=lambda group: (-sum(group[1]), group[0]))],
        "slowest": slowest[:10],
        "open_count": len(begun),
        "stops_without_start": without_start,
    }


processes = collections.defaultdict(list)
of_thread, wakes_of_thread = collections.defaultdict(list), collections.defaultdict(list)
found = lines.events()
served = {one["pid"] for one in found if one["provider"] == "Shop"}
for one in found:
    if one["pid"] in served and one["event"] not in ("ContextSwitch", "SampledProfile"):
        processes[one["pid"]].append(one)
    if one["event"] == "ContextSwitch":
        of_thread[one["tid"]].append((one["time_ns"], one["fields"]["direction"]))
    elif one["event"] == "ReadyThread":
        wakes_of_thread[one["fields"]["threadID"]].append(one["time_ns"])
lines.compare([report(pid, events, of_thread, wakes_of_thread)
               for pid, events in sorted(processes.items())])
