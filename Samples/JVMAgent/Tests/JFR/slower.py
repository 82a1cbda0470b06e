"""Checks 'tracectl compare' on a program one of whose methods is made slower by a known factor."""

import json

from report import Report

METHODS = ("parse", "layout", "paint", "store")


def collect(bench, name, slowness):
    bench.run(bench.tracectl, "collect", "-providers", "CPU:4000,JIT", "-o", name, "--",
              bench.bin / "java", f"-agentpath:{bench.agent}", "-XX:CompileCommand=quiet",
              "-XX:CompileCommand=dontinline,SlowPhases::*", "-cp", "classes", "SlowPhases",
              200_000, slowness)


def compare(bench, base, new):
    bench.run(bench.tracectl, "compare", base, new, "-per", "cpu", "-o", "compare.json")
    return json.loads((bench.directory / "compare.json").read_text())


def share(functions, side):
    """The share that layout has of the four methods' CPU time, in percent."""
    times = {method: sum(one["exclusive"][side] for one in functions
                         if f"SlowPhases.{method}(" in one["name"]) for method in METHODS}
    return times["layout"] / sum(times.values()) * 100


def reports(bench):
    report = Report("slower")
    for name, slowness in (("a.etl", 100), ("again.etl", 100), ("b.etl", 200)):
        collect(bench, name, slowness)
    functions = compare(bench, "a.etl", "b.etl")["functions"]
    base, new = share(functions, "base"), share(functions, "new")
    report.fact(f"layout has {base:.1f} % before and {new:.1f} % now; 25 and 40 are right")
    first = functions[0]
    if "SlowPhases.layout(" not in first["name"] or first["exclusive"]["verdict"] != "higher":
        report.differ(f"the first function is {first['name']}, {first['exclusive']['verdict']}")
    if abs(base - 25) > 2 or abs(new - 40) > 2:
        report.delay("the shares are more than 2 points off")
    unchanged = compare(bench, "a.etl", "again.etl")
    found, count = unchanged["distinguishable_count"], unchanged["function_count"]
    report.fact(f"{found} of {count} functions of an unchanged pair differ")
    if found > 0.05 * count:
        report.differ("more than 5 % of an unchanged pair's functions differ")
    return [report]
