"""Computes what `tracectl threads -format json` says from the lines of `tracectl dump -format
json`, and compares: `tracectl dump -format json trace.etl | threads.py report.json`.

For whole traces without losses. Names of frames decide about reasons, as Docs/reports.md says.
"""
import collections

import lines

FAULTS = ["exc_page_fault", "handle_mm_fault", "do_page_fault", "do_mem_abort"]
PARTS = [
    ("futex", "futex"), ("nanosleep", "sleep"), ("pipe_", "pipe"), ("fifo_", "pipe"),
    ("ep_poll", "poll"), ("epoll_wait", "poll"), ("do_sys_poll", "poll"), ("do_select", "poll"),
    ("poll_schedule", "poll"), ("io_schedule", "disk"), ("folio_wait", "disk"), ("blk_", "disk"),
    ("bio_wait", "disk"), ("jbd2_", "disk"), ("wait_on_buffer", "disk"),
    ("wait_on_page", "disk"), ("fsync", "disk"), ("sk_wait", "network"), ("skb_wait", "network"),
    ("skb_recv", "network"), ("tcp_", "network"), ("inet_", "network"), ("unix_", "network"),
    ("sock_", "network"), ("netlink_", "network"), ("vsock_", "network"), ("do_wait", "child"),
    ("wait4", "child"), ("waitid", "child"), ("wait_for_vfork_done", "child"),
    ("do_signal_stop", "signal"), ("ptrace_stop", "signal"), ("sigtimedwait", "signal"),
    ("sigsuspend", "signal"), ("sys_pause", "signal"), ("rwsem_", "kernel lock"),
    ("mutex_lock", "kernel lock"), ("down_read", "kernel lock"), ("down_write", "kernel lock"),
]
EARLY_MAX = 1_000_000


def reason(event):
    """The reason of the wait that begins with a switch; of kernels whose functions have names."""
    if event["fields"]["state"] in ("Stopped", "Traced"):
        return "signal"
    kernel = [frame.get("function", "?") for frame in event.get("frames", [])
              if frame.get("module") == "[k]"]
    if any(fault in name for name in kernel for fault in FAULTS):
        return "page fault"
    for name in kernel:
        for part, found in PARTS:
            if part in name:
                return found
    return "other" if kernel else "unknown"


class Thread:
    def __init__(self, event, start):
        self.pid, self.tid, self.since, self.start = event["pid"], event["tid"], start, start
        self.state, self.preempted = "unknown", False
        self.wake = self.off = self.end = None
        self.times = collections.Counter()
        self.waits, self.preemptions, self.reasons = 0, 0, {}
        # What it did one after another: state, beginning, end, and a wait's beginning and end.
        self.stretches = []

    def keep(self, state, now, since=None, off=None, wake=None):
        since = self.since if since is None else since
        if now > since and state != "ended":
            self.stretches.append((state, since, now, off, wake))

    def go(self, state, now, keep=False):
        """Ends the current state."""
        length = now - self.since
        self.keep(self.state if self.state != "blocked" else "unknown", now)
        if self.state in ("running", "runnable"):
            self.times[self.state] += length
            if self.state == "runnable" and self.preempted:
                self.times["preempted"] += length
        elif self.state != "ended":
            self.times["unknown"] += length
        self.state, self.since, self.preempted = state, now, False
        if not keep:
            self.wake = None

    def finish_wait(self, now):
        wake = self.wake
        if wake and wake["early"] and self.since - wake["time"] > EARLY_MAX:
            wake = None
        ready = min(max(wake["time"], self.since), now) if wake else now
        self.keep("blocked", ready, None, self.off, wake)
        self.keep("runnable", now, ready)
        self.times["blocked"] += ready - self.since
        self.times["runnable"] += now - ready
        found = self.reasons.setdefault(
            reason(self.off), {"count": 0, "total_ns": 0, "max_ns": 0})
        found["count"] += 1
        found["total_ns"] += ready - self.since
        found["max_ns"] = max(found["max_ns"], ready - self.since)
        self.since = now

    def skip(self, now):
        """The times up to now are not known."""
        self.keep("unknown", now)
        self.times["unknown"] += now - self.since
        self.since = now

    def switch(self, event, now):
        direction = event["fields"]["direction"]
        if direction == "On":
            if self.state == "blocked":
                self.finish_wait(now)
            elif self.state == "running":
                self.skip(now)
            self.go("running", now)
            return
        if self.state in ("blocked", "runnable"):
            self.skip(now)
        is_wait = direction == "Off"
        self.go("blocked" if is_wait else "runnable", now, keep=is_wait)
        self.preempted, self.off = not is_wait, event
        self.waits += is_wait
        self.preemptions += not is_wait

    def woken(self, now, event):
        if self.state == "running":
            self.wake = {"time": now, "early": True, "event": event}
        elif self.state == "blocked" and (self.wake is None or self.wake["early"]):
            self.wake = {"time": now, "early": False, "event": event}
        elif self.state == "unknown":
            self.go("runnable", now)

    def stop(self, now):
        if self.state in ("blocked", "runnable"):
            self.skip(now)
        self.go("ended", now)
        self.end = now

    def close(self, now):
        if self.end is None:
            self.end = max(now, self.since)
            if self.state == "blocked":
                self.finish_wait(self.end)
            else:
                self.go("ended", self.end)

    def report(self):
        ordered = sorted(self.reasons.items(), key=lambda entry: (-entry[1]["total_ns"], entry[0]))
        return {
            "tid": self.tid, "from_ns": self.start, "to_ns": self.end,
            "life_ns": self.end - self.start,
            "running_ns": self.times["running"], "runnable_ns": self.times["runnable"],
            "preempted_ns": self.times["preempted"], "blocked_ns": self.times["blocked"],
            "unknown_ns": self.times["unknown"], "wait_count": self.waits,
            "preemptions": self.preemptions,
            "reasons": [{"reason": name, **sums} for name, sums in ordered],
        }


def threads(events):
    living, ended, every, ends = {}, set(), [], {}
    first, last = events[0]["time_ns"], events[-1]["time_ns"]

    def thread(event, start):
        found = living.get(event["tid"])
        if found is None and event["tid"] not in ended and event["tid"] not in (0, 2**32 - 1):
            found = living[event["tid"]] = Thread(event, start)
            every.append(found)
        return found

    for event in events:
        now, name, tid = event["time_ns"], event["event"], event["tid"]
        if name == "ReadyThread":
            found = living.get(event["fields"]["threadID"])
            if found:
                found.woken(max(now, found.since), event)
        elif name in ("ThreadStart", "ProcessStart"):
            if "rundown" in event:
                found = thread(event, first)
                if found and found.start > first:
                    found.times["unknown"] += found.start - first
                    found.start = first
                continue
            if tid in living:
                living.pop(tid).stop(now)
            ended.discard(tid)
            thread(event, now).go("runnable", now)
        elif name == "ThreadStop" and tid in living:
            living.pop(tid).stop(now)
            ended.add(tid)
        elif name == "ProcessStop":
            ends[event["pid"]] = now
        elif name == "ContextSwitch":
            found = thread(event, now)
            if found:
                found.switch(event, max(now, found.since))
        elif name == "ProcessExec":
            found = thread(event, now)
            if found and found.state != "running":
                found.go("running", max(now, found.since))
    for found in every:
        found.close(min(last, ends.get(found.pid, last)))
    return [found for found in every if found.end > found.start or found.waits]


def report(pid, found):
    rows = sorted((thread.report() for thread in found),
                  key=lambda row: (-row["running_ns"], -row["life_ns"], row["tid"]))
    return {
        "pid": pid, "thread_count": len(rows), "threads": rows,
        **{key: sum(row[key] for row in rows) for key in (
            "life_ns", "running_ns", "runnable_ns", "preempted_ns", "blocked_ns", "unknown_ns",
            "wait_count", "preemptions")},
    }


def main():
    by_pid = {}
    for one in threads([event for event in lines.events() if event["provider"] == "System"]):
        by_pid.setdefault(one.pid, []).append(one)
    lines.compare([report(pid, found) for pid, found in sorted(by_pid.items())])


if __name__ == "__main__":
    main()
