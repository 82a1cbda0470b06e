"""Each exception of a program with known counts is told once for each time it is thrown.

JFR counts constructions, not throws: the table shows both beside what the program says.
"""

import collections


def check(trace, recording, oracle, report):
    thrown = collections.Counter(kind for kind, _ in trace.thrown)
    caught = collections.Counter(trace.caught)
    messages = collections.defaultdict(collections.Counter)
    for kind, message in trace.thrown:
        messages[kind][message] += 1
    report.fact(f"{'type':44} {'constructed':>11} {'by JFR':>8} {'thrown':>8} {'by us':>8} "
                f"{'caught':>8} {'by us':>8}")
    for entry in oracle:
        kind = entry["type"]
        report.fact(f"{kind:44} {known(entry['constructed']):>11} "
                    f"{recording.constructed[kind]:>8} {known(entry['thrown']):>8} "
                    f"{thrown[kind]:>8} {known(entry['caught']):>8} {caught[kind]:>8}")
        compare(report, kind, "thrown", entry["thrown"], thrown[kind])
        compare(report, kind, "caught", entry["caught"], caught[kind])
        compare(report, kind, "constructed, by JFR's count,", entry["constructed"],
                recording.constructed[kind])
        check_each(report, entry, messages[kind])
        if entry["constructed"] > 0 and entry["thrown"] > 0:
            compare(report, kind, "thrown again", entry["thrown"] - entry["constructed"],
                    trace.rethrown[kind])


def compare(report, kind, what, expected, seen):
    if expected >= 0 and expected != seen:
        report.differ(f"{kind} was {what} {expected} times by the program, {seen} by the trace")


def check_each(report, entry, messages):
    """The program numbers its exceptions' messages from 0, so each can be told from the others."""
    kind, constructed, thrown = entry["type"], entry["constructed"], entry["thrown"]
    if constructed <= 0 or thrown <= 0:
        return
    short = kind.rpartition("$")[2]
    each = thrown // constructed
    wrong = [(f"{short}-{i}", messages[f"{short}-{i}"]) for i in range(constructed)
             if messages[f"{short}-{i}"] != each]
    for message, count in wrong[:10]:
        report.differ(f"{kind} \"{message}\" was told {count} times, not {each}")
    if len(wrong) > 10:
        report.differ(f"{kind}: {len(wrong) - 10} more such")


def known(count):
    return "?" if count < 0 else count
