#!/usr/bin/env python3
"""Compares our trace of a JVM with a JFR recording of the same run; exits with 1 if they differ.

    compare.py [--oracle counts.jsonl] dump.jsonl recording.jsonl recording.jfr
"""

import argparse
import json
import sys

import causes_check
import collections_check
import compilations_check
import exceptions_check
from readings import Recording, Trace, read_chunks
from report import Report


def compare(dump, extract, recording, oracle=None):
    """Returns the reports on one run; the arguments are paths."""
    with open(dump, encoding="utf-8") as lines:
        trace = Trace(lines)
    with open(extract, encoding="utf-8") as lines, open(recording, "rb") as raw:
        recorded = Recording(lines, read_chunks(raw.read()))
    reports = [Report("trace"), Report("collections"), Report("compilations")]
    reports[0].fact(f"{trace.event_count} events")
    if len(trace.pids) != 1:
        reports[0].differ(f"events of {len(trace.pids)} processes instead of one")
    for text in trace.lost:
        reports[0].differ(text)
    owned = collections_check.check(trace, recorded, reports[1])
    causes_check.check(trace, recorded, owned, reports[1])
    compilations_check.check(trace, recorded, reports[2])
    if oracle:
        reports.append(Report("exceptions"))
        with open(oracle, encoding="utf-8") as lines:
            counts = [json.loads(line) for line in lines if line.startswith("{")]
        if not counts:
            reports[-1].differ("the program printed no counts")
        exceptions_check.check(trace, recorded, counts, reports[-1])
    return reports


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dump", help="output of `tracectl dump -format json`")
    parser.add_argument("extract", help="output of Extract.java")
    parser.add_argument("recording", help="the .jfr file")
    parser.add_argument("--oracle", help="output of KnownExceptions")
    arguments = parser.parse_args()
    reports = compare(
        arguments.dump, arguments.extract, arguments.recording, arguments.oracle)
    for report in reports:
        report.show()
    sys.exit(0 if all(report.agrees for report in reports) else 1)


if __name__ == "__main__":
    main()
