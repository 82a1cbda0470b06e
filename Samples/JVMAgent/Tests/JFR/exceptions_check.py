"""Checks that each throw of an exception is reported once, by a program with known counts.

JFR counts constructions, not throws; the table shows both next to the program's counts.
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
        report.differ(f"{kind} was {what} {expected} times according to the program, "
                      f"{seen} times according to the trace")


def check_each(report, entry, messages):
    """Checks each exception by its message, which the program numbers from 0."""
    kind, constructed, thrown = entry["type"], entry["constructed"], entry["thrown"]
    if constructed <= 0 or thrown <= 0:
        return
    short = kind.rpartition("$")[2]
    each = thrown // constructed
    wrong = [(f"{short}-{i}", messages[f"{short}-{i}"]) for i in range(constructed)
             if messages[f"{short}-{i}"] != each]
    for message, count in wrong[:10]:
        report.differ(f"{kind} \"{message}\" was reported {count} times instead of {each}")
    if len(wrong) > 10:
        report.differ(f"{kind}: {len(wrong) - 10} more such messages")


def known(count):
    return "?" if count < 0 else count
