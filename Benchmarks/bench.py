#!/usr/bin/env python3
"""Measures this project and its peers in one run on one machine; called by Scripts/bench.

Prints the table and writes it to Benchmarks/results/. Every figure is the median of the runs.
"""

import argparse
import datetime
import os
import platform
import tempfile
from pathlib import Path

import peers
from measure import Failed
from ours import Ours
from table import render

HERE = Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", type=Path, required=True, help="directory of the programs")
    parser.add_argument("--runs", type=int, default=5, help="runs of each measurement")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the events to use")
    parser.add_argument("--only", choices=("ours", "peers"), help="measure only these")
    parser.add_argument("--scratch", help="directory for traces; needs 3 GB (default: temporary)")
    return parser.parse_args()


def attempt(subject, figures):
    """Measures one subject; if it cannot be measured, prints the reason and leaves it out."""
    print(f"measuring {subject.name} …", flush=True)
    try:
        figures[subject.name] = subject.measure()
    except Failed as error:
        print(f"{subject.name}: not measured: {error}")


def machine():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}"


def main():
    options = arguments()
    figures = {}
    with tempfile.TemporaryDirectory(prefix="trace-bench-", dir=options.scratch) as directory:
        scratch = Path(directory)
        if options.only != "peers":
            attempt(Ours(options.tools, scratch, options.runs, options.scale), figures)
        if options.only != "ours":
            for peer in (peers.LTTng, peers.FlightRecorder):
                subject = peer(scratch, options.runs, options.scale)
                reason = subject.missing()
                if reason:
                    print(f"{subject.name}: skipped, {reason}")
                else:
                    attempt(subject, figures)
    today = datetime.date.today().isoformat()
    load = os.getloadavg()[0]
    text = render(figures, f"{today}, {machine()}, medians of {options.runs} runs", load)
    print("\n" + text)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    if options.scale >= 1 and options.only is None:
        (results / f"{today}.md").write_text(text)
        print(f"written to Benchmarks/results/{today}.md")
    return 0 if figures else 1


if __name__ == "__main__":
    raise SystemExit(main())
