"""Computes what `tracectl jit -format json` says from the lines of `tracectl dump -format json`, and
compares: `tracectl dump -format json trace.etl | jit.py report.json`.

For whole traces.
"""
import collections

import lines


def times(rows):
    return lines.durations([row["compile_ns"] for row in rows if row["compile_ns"] is not None])


def parameters(signature):
    """A signature without the result type that .NET's begin with; not for Java's descriptors."""
    return signature[max(signature.find("("), 0):]


def report(pid, events):
    rows, begun, tiers, changes = [], {}, {}, collections.Counter()
    live, peak = {}, 0
    unloads, moves, without_code = [], 0, 0
    before = {}
    for event in events:
        fields, time = event["fields"], event["time_ns"]
        place = event["tid"], fields["methodID"]
        if event["event"] == "MethodJittingStarted":
            without_code += place in begun
            begun[place] = time, fields["ilSize"]
        elif event["event"] == "MethodLoad":
            code = fields["startAddress"], fields["methodID"], fields["reJITID"]
            is_known = live.get(code[0], (None,))[1:] == code[1:]
            if "rundown" in event:
                if not is_known:
                    before[code] = fields["size"]
                    live[code[0]] = fields["size"], *code[1:]
                    tiers[fields["methodID"]] = fields["tier"]
                continue
            start, il = begun.pop(place, (None, None))
            former = tiers.get(fields["methodID"])
            if is_known and before.pop(code, None) is not None:
                former = None
            tiers[fields["methodID"]] = fields["tier"]
            if former not in (None, fields["tier"]):
                changes[former, fields["tier"]] += 1
            live[code[0]] = fields["size"], *code[1:]
            rows.append({
                "method_id": fields["methodID"],
                "method": f"{fields['namespace']}.{fields['name']}{parameters(fields['signature'])}",
                "tier": fields["tier"],
                "start_ns": time if start is None else start,
                "compile_ns": None if start is None else time - start,
                "code_bytes": fields["size"],
                "il_bytes": il,
                "is_again": former is not None,
            })
        elif event["event"] == "MethodUnload":
            live.pop(fields["startAddress"], None)
            unloads.append(fields["size"])
        else:
            moves += 1
            if fields["oldStartAddress"] in live:
                live[fields["newStartAddress"]] = live.pop(fields["oldStartAddress"])
        peak = max(peak, sum(piece[0] for piece in live.values()))
    rows.sort(key=lambda row: (
        -(row["compile_ns"] or 0), -row["code_bytes"], row["start_ns"], int(row["method_id"], 16)))
    summary = times(rows)
    summary["buckets"] = lines.buckets(
        [row["compile_ns"] for row in rows if row["compile_ns"] is not None])
    by_tier = {}
    for row in rows:
        by_tier.setdefault(row["tier"], []).append(row)
    return {
        "pid": pid,
        "compiled": len(rows),
        "code_bytes": sum(row["code_bytes"] for row in rows),
        "times": summary,
        "recompiled": sum(row["is_again"] for row in rows),
        "unloaded": len(unloads),
        "unloaded_bytes": sum(unloads),
        "moved": moves,
        "before": len(before),
        "before_bytes": sum(before.values()),
        "without_code": without_code + len(begun),
        "peak_code_bytes": peak,
        "last_code_bytes": sum(piece[0] for piece in live.values()),
        # QuickJitted comes before OptimizedTier1.
        "tiers": [
            {"tier": tier, "compiled": len(found), "times": times(found),
             "code_bytes": sum(row["code_bytes"] for row in found)}
            for tier, found in sorted(by_tier.items(), reverse=True)],
        "tier_changes": [
            {"from_tier": old, "to_tier": new, "count": count}
            for (old, new), count in changes.most_common()],
        "compilations": rows,
    }


WANTED = {"MethodJittingStarted", "MethodLoad", "MethodUnload", "MethodMove"}
lines.compare([report(pid, events)
               for pid, events in sorted(lines.by_pid(WANTED, with_rundown=True).items())])
