"""The events of `tracectl dump -format json`, and sums that the reports state."""
import json
import sys


def events():
    """The events of standard input, in order of time."""
    found = [json.loads(line) for line in sys.stdin]
    return [event for event in found if "event" in event]


def by_pid(wanted, with_rundown=False, known=None):
    """The wanted events of the provider Runtime by process id: of those known, else of standard
    input."""
    processes = {}
    for event in events() if known is None else known:
        is_wanted = event["provider"] == "Runtime" and event["event"] in wanted
        if is_wanted and (with_rundown or "rundown" not in event):
            processes.setdefault(event["pid"], []).append(event)
    return processes


def durations(values):
    """The summary of durations in nanoseconds."""
    values = sorted(values)

    def rank(permille):
        return values[max(-(-len(values) * permille // 1000), 1) - 1] if values else 0

    return {
        "count": len(values),
        "total_ns": sum(values),
        "max_ns": values[-1] if values else 0,
        "mean_ns": sum(values) // len(values) if values else 0,
        "p50_ns": rank(500),
        "p90_ns": rank(900),
        "p95_ns": rank(950),
        "p99_ns": rank(990),
        "p999_ns": rank(999),
    }


def buckets(values):
    """The histogram of durations, from the first to the last that is not empty."""
    bounds = [0] + [step * 10**power for power in range(3, 19) for step in (1, 2, 5)]
    found = []
    for low, high in zip(bounds, bounds[1:]):
        count = sum(low <= value < high for value in values)
        found.append({"from_ns": low, "below_ns": high, "count": count})
    used = [index for index, bucket in enumerate(found) if bucket["count"]]
    return found[used[0]:used[-1] + 1] if used else []


def difference(said, known, place=""):
    """The places at which a value differs from what is known of it; it may have further keys."""
    if isinstance(known, dict) and isinstance(said, dict):
        return [text for key, value in known.items()
                for text in difference(said.get(key, "absent"), value, f"{place}.{key}")]
    if isinstance(known, list) and isinstance(said, list) and len(known) == len(said):
        return [text for index, (one, other) in enumerate(zip(said, known))
                for text in difference(one, other, f"{place}[{index}]")]
    return [] if said == known else [f"{place}: {said}, not {known}"]


def compare(computed):
    """Compares processes with those of the report in the file that is the program's argument, key by
    key; prints the differences, and fails if there are any."""
    with open(sys.argv[1]) as file:
        stated = json.load(file)["processes"]
    differences = []
    if [process["pid"] for process in stated] != [process["pid"] for process in computed]:
        differences.append("other processes")
    for said, known in zip(stated, computed):
        differences += [f"{known['pid']}{text}" for text in difference(said, known)]
    sys.exit("\n".join(differences) if differences else None)
