"""Formats the figures as a Markdown table with targets and ratios."""

OURS = "this project"


def nanoseconds(value):
    return f"{value:.2f} ns"


def millions(value):
    return f"{value / 1e6:.1f} M/s"


def megabytes(value):
    return f"{value:.0f} MB"


# For each row: its title, its key, its formatter, its target as text and as a predicate on our
# figures, and whether less is better.
ROWS = [
    ("reading the counter (`rdtsc`)", "rdtsc", nanoseconds, "", None, True),
    ("disabled event", "disabled", nanoseconds, "≤ 1 ns", lambda f: f["disabled"] <= 1, True),
    ("enabled event, one thread", "enabled", nanoseconds, "≤ 1.35 × rdtsc",
     lambda f: f["enabled_ratio"] <= 1.35, True),
    ("enabled event, each of two threads", "two", nanoseconds, "≥ 1.8 × one thread",
     lambda f: 2 * f["one"] / f["two"] >= 1.8, True),
    ("lossless to disk, one producer", "lossless", millions, "≥ 12 M/s",
     lambda f: f["lossless"] >= 12e6, False),
    ("file size", "bytes", lambda v: f"{v:.2f} B/event", "≤ 2.0 B/event",
     lambda f: f["bytes"] <= 2, True),
    ("typed replay, one thread", "replay", millions, "≥ 30 M/s",
     lambda f: f["replay"] >= 30e6, False),
    ("dump to text, to /dev/null", "dump", millions, "≥ 4 M/s",
     lambda f: f["dump"] >= 4e6, False),
    ("`info`, total time", "info", lambda v: f"{v:.1f} ms", "≤ 50 ms",
     lambda f: f["info"] <= 50, True),
    ("peak memory of dump", "dump_memory", megabytes, "≤ 200 MB",
     lambda f: f["dump_memory"] <= 200, True),
    ("peak memory of collect, including its child", "collect_memory", megabytes, "≤ 200 MB",
     lambda f: f["collect_memory"] <= 200, True),
    ("registering a provider, no session", "start", lambda v: f"{v:.2f} ms", "≤ 1 ms",
     lambda f: f["start"] <= 1, True),
    ("`stacks`, 1 M samples in 100,000 methods", "stacks", lambda v: f"{v:.2f} s", "≤ 2 s",
     lambda f: f["stacks"] <= 2, True),
    ("its peak memory", "stacks_memory", megabytes, "", None, True),
    ("looking up frames in time order, first time", "resolve_cold", millions,
     "≥ 5 M/s", lambda f: f["resolve_cold"] >= 5e6, False),
    ("looking up frames again", "resolve_warm", millions, "≥ 5 M/s",
     lambda f: f["resolve_warm"] >= 5e6, False),
    ("code map of 1 M methods", "code_map", megabytes, "≤ 200 MB",
     lambda f: f["code_map"] <= 200, True),
    ("peak memory while building it", "prepare_memory", megabytes, "", None, True),
    ("writing a sample's stack of 31 frames", "stack_cost", lambda v: f"{v:.0f} ns", "≤ 1 µs",
     lambda f: f["stack_cost"] <= 1000, True),
    ("file size, samples with stacks of 31 frames", "sample_bytes",
     lambda v: f"{v:.1f} B/sample", "", None, True),
]

NOTES = """
- An event has a 64-bit sequence number and a 32-bit worker. ns/event is measured in discard mode,
  with 128 MB of buffers per CPU that have been touched before; no events are lost.
- While two threads emit, the session is paused, so each has a CPU to itself (in the same way, one
  thread costs {one}, so two do {scaling} the work of one).
- LTTng-UST: discard mode for ns/event, blocking mode for the lossless row; its replay and dump
  rows are babeltrace2's counter and its text output. JFR: an event without a stack or a duration;
  its dump is `jfr print`.
- The lossless row covers the time from the command's start to its end, when everything is in the
  file; LTTng's covers the producer only, which favors LTTng.
- Stacks and names: synthetic samples of four processes with 32,000 different stacks of 20 to 40
  frames. A tenth of the inner frames are at addresses that five methods use one after the other.
- Ratios: for ns/event, the ratio to `rdtsc`; in all other rows, how many times better this project
  is than the peer. `rdtsc` is measured in each round of our enabled event, because its cost changes
  from minute to minute; that row's ratio is the median of the rounds' ratios.
"""


def cell(figures, name, row):
    _, key, write, _, _, less_is_better = row
    value = figures.get(name, {}).get(key)
    if value is None:
        return "–"
    text = write(value)
    rdtsc = figures.get(OURS, {}).get("rdtsc")
    if key in ("enabled", "two") and rdtsc:
        ratio = figures[name].get(f"{key}_ratio", value / rdtsc)
        return f"{text} ({ratio:.2f} × rdtsc)"
    ours = figures.get(OURS, {}).get(key)
    if name != OURS and ours:
        ratio = value / ours if less_is_better else ours / value
        return f"{text} ({ratio:.1f} ×)"
    return text


def verdict(figures, row):
    _, key, _, target, reached, _ = row
    ours = figures.get(OURS, {})
    if reached is None or key not in ours:
        return target
    return f"{target} {'✓' if reached(ours) else '✗'}"


def notes(ours):
    if "two" not in ours:
        return NOTES.format(one="–", scaling="–")
    return NOTES.format(
        one=nanoseconds(ours["one"]), scaling=f"{2 * ours['one'] / ours['two']:.2f} ×")


def render(figures, heading, load):
    names = list(figures)
    lines = [f"# Benchmarks: {heading}", ""]
    if load > 1.5:
        lines += [f"The machine was busy (load {load:.1f}): the figures are less reliable.", ""]
    lines += [
        "| what | " + " | ".join(names) + " | target |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for row in ROWS:
        cells = [cell(figures, name, row) for name in names]
        if any(text != "–" for text in cells):
            lines.append(f"| {row[0]} | " + " | ".join(cells) + f" | {verdict(figures, row)} |")
    widest = max(figures.get(OURS, {}).get("spread", {}).items(), key=lambda i: i[1], default=None)
    text = "\n".join(lines) + "\n" + notes(figures.get(OURS, {}))
    if widest:
        text += f"- Widest spread of our runs: ± {widest[1]:.0%} ({widest[0]}).\n"
    return text
