"""Computes what `tracectl requests -format json` says from the lines of `tracectl dump -format json`,
and compares: `tracectl dump -format json trace.etl | requests.py report.json`.

For whole traces of minishop.
"""
import collections

import lines


def report(pid, events):
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
for one in lines.events():
    if one["provider"] == "Shop":
        processes[one["pid"]].append(one)
lines.compare([report(pid, events) for pid, events in sorted(processes.items())])
