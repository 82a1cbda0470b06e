"""Tests that the comparison detects each kind of difference. Run: python3 -m unittest."""

import collections
import json
import struct
import unittest

import causes_check
import collections_check
import compilations_check
import exceptions_check
import monitors
from readings import Recording, Trace, external_name, read_chunks
from report import Report

MS = 1_000_000


def event(kind, time=0, rundown=False, /, **fields):
    record = {"unix_ns": time, "pid": 1, "event": kind, "fields": fields}
    return json.dumps({**record, "rundown": True} if rundown else record)


def collection(count, start, end):
    return [event("GCStart", start, count=count), event("GCEnd", end, count=count)]


def load(name, address, size=64, kind="MethodLoad"):
    return event(kind, methodID=f"0x{name}", startAddress=hex(address), size=size, namespace="A",
                 name=name, signature="()V")


def pause(start, end, name="GC Pause"):
    return json.dumps(
        {"kind": "pause", "start_ns": start, "end_ns": end, "gc": 1, "name": name})


def operation(start, end):
    return json.dumps({"kind": "operation", "start_ns": start, "end_ns": end, "name": "GC"})


def compilation(name, namespace="A"):
    return json.dumps({"kind": "compilation", "start_ns": 0, "end_ns": 1, "namespace": namespace,
                       "name": name, "signature": "()V", "id": 1, "level": 4, "osr": False})


BEGAN = json.dumps({"kind": "recording", "start_ns": 100 * MS, "end_ns": 100 * MS, "began_ns": 0})


def recording(*lines):
    return Recording([BEGAN, *lines], [(90 * MS, 1000 * MS)])


class Collections(unittest.TestCase):
    def check(self, ours, theirs):
        report = Report("")
        collections_check.check(Trace(ours), recording(*theirs), report)
        return report

    def test_around_agrees(self):
        report = self.check(collection(1, 200 * MS, 210 * MS), [pause(200_050_000, 209_990_000)])
        self.assertTrue(report.agrees)

    def test_missing_pair(self):
        self.assertTrue(self.check([], [pause(200 * MS, 210 * MS)]).differences)

    def test_pair_that_jfr_lacks(self):
        self.assertTrue(self.check(collection(1, 200 * MS, 210 * MS), []).differences)

    def test_pairs_outside_the_recording_are_explained(self):
        report = self.check(
            collection(1, 50 * MS, 60 * MS) + collection(2, 1001 * MS, 1002 * MS), [])
        self.assertTrue(report.agrees)
        self.assertEqual([len(names) for _, names in report.explained], [1, 1])

    def test_more_than_a_millisecond_away(self):
        for start, end in ((198 * MS, 210 * MS), (200 * MS, 213 * MS)):
            report = self.check(collection(1, start, end), [pause(200 * MS, 210 * MS)])
            self.assertTrue(report.late)
            self.assertFalse(report.agrees)

    def test_within_the_pause(self):
        ours = collection(1, 200_500_000, 210 * MS)
        self.assertTrue(self.check(ours, [pause(200 * MS, 210 * MS)]).differences)
        report = self.check(ours, [pause(200 * MS, 210 * MS, "Pause Remark")])
        self.assertTrue(report.agrees)
        self.assertEqual(len(report.explained), 1)

    def test_two_pauses_in_one_pair(self):
        ours = collection(1, 200 * MS, 220 * MS)
        theirs = [pause(200 * MS, 205 * MS), pause(215 * MS, 220 * MS)]
        self.assertTrue(self.check(ours, theirs).differences)
        self.assertTrue(self.check(ours, [*theirs, operation(199 * MS, 210 * MS)]).differences)
        report = self.check(ours, [*theirs, operation(199 * MS, 221 * MS)])
        self.assertTrue(report.agrees)
        self.assertEqual(len(report.explained), 1)

    def test_start_without_end(self):
        self.assertTrue(self.check([event("GCStart", 200 * MS, count=1)], []).differences)


class Causes(unittest.TestCase):
    THEIRS = [
        pause(200_050_000, 209_990_000),
        json.dumps({"kind": "collection", "start_ns": 0, "end_ns": 0, "gc": 1, "name": "G1New",
                    "cause": "G1 Evacuation Pause"}),
        json.dumps({"kind": "heap", "start_ns": 0, "end_ns": 0, "gc": 1, "when": "After GC",
                    "used": 30}),
        json.dumps({"kind": "heap", "start_ns": 0, "end_ns": 0, "gc": 1, "when": "Before GC",
                    "used": 90}),
    ]

    def check(self, cause="G1 Evacuation Pause", depth=0, old=20, has_history=True, before=90):
        ours = collection(1, 200 * MS, 210 * MS)
        if before is not None:
            ours.insert(1, event("GCHeapBefore", count=1, size=before))
        if has_history:
            ours.append(event("GCHistory", count=1, depth=depth, cause=cause, collector="G1"))
        ours.append(event("GCHeapStats", generationSize0=10, generationSize1=old))
        trace, recorded, report = Trace(ours), recording(*self.THEIRS), Report("")
        owned = collections_check.check(trace, recorded, report)
        causes_check.check(trace, recorded, owned, report)
        return report

    def test_agrees(self):
        self.assertTrue(self.check().agrees)

    def test_differences(self):
        self.assertTrue(self.check(cause="No GC").differences)
        self.assertTrue(self.check(depth=1).differences)
        self.assertTrue(self.check(old=21).differences)
        self.assertTrue(self.check(before=91).differences)
        self.assertTrue(self.check(before=None).differences)
        self.assertTrue(self.check(has_history=False).differences)


class Monitors(unittest.TestCase):
    @staticmethod
    def waits(*lengths, between=None, kind="Monitors$Till", timed_out=None):
        return {("enter", 7): [
            monitors.Wait(number * 10 * MS, length, kind, timed_out,
                          length if between is None else between)
            for number, length in enumerate(lengths)]}

    def check(self, ours, theirs):
        report = Report("")
        several = collections.defaultdict(list, ours), collections.defaultdict(list, theirs)
        for side in several:
            side["wait", 7] = [monitors.Wait(5, 5, "Monitors$Bell", False, 5)]
        monitors.compare(*several, {7: "customer"}, report)
        return report

    def test_agrees(self):
        self.assertTrue(self.check(self.waits(5000, 7000), self.waits(5100, 6900)).agrees)

    def test_differences(self):
        theirs = self.waits(5000, 7000)
        self.assertTrue(self.check(self.waits(5000), theirs).differences)
        self.assertTrue(self.check(self.waits(5000, 7000, kind="Monitors$Shelf"), theirs).differences)
        self.assertTrue(self.check(self.waits(5000, 7000, timed_out=True), theirs).differences)
        self.assertTrue(self.check({}, {}).differences)

    def test_lengths(self):
        theirs = self.waits(5000, 7000)
        self.assertTrue(self.check(self.waits(5000, 7000 + MS), theirs).agrees)
        self.assertTrue(self.check(self.waits(5000, 7001 + MS), theirs).late)
        self.assertTrue(self.check(self.waits(5000, 7000, between=2 * MS), theirs).late)


class Compilations(unittest.TestCase):
    def check(self, ours, theirs):
        report = Report("")
        compilations_check.check(Trace(ours), recording(*theirs), report)
        return report

    def test_agrees(self):
        ours = [load("a", 0x1000), load("b", 0x2000)]
        self.assertTrue(self.check(ours, [compilation("a")]).agrees)

    def test_missing_method(self):
        self.assertTrue(self.check([load("a", 0x1000)], [compilation("b")]).differences)

    def test_one_load_for_two_compilations(self):
        self.assertTrue(self.check([load("a", 0x1000)], [compilation("a")] * 2).differences)

    def test_load_without_a_range(self):
        self.assertTrue(self.check([load("a", 0x1000, size=0)], []).differences)

    def test_address_used_again(self):
        first, second = load("a", 0x1000), load("b", 0x1020)
        unload = load("a", 0x1000, kind="MethodUnload")
        self.assertTrue(self.check([first, second], []).differences)
        self.assertTrue(self.check([second, first], []).differences)
        self.assertTrue(self.check([first, unload, second], []).agrees)

    def test_unload_of_the_unknown(self):
        self.assertTrue(self.check([load("a", 0x1000, kind="MethodUnload")], []).differences)

    def test_hidden_classes(self):
        self.assertEqual(external_name("a.B$$Lambda+0x00007f.123"), "a.B$$Lambda/0x00007f")
        self.assertEqual(external_name("a.B$$Lambda.0x800000027"), "a.B$$Lambda/0x800000027")
        self.assertEqual(external_name("a.B"), "a.B")


class Exceptions(unittest.TestCase):
    ORACLE = [{"type": "K$A", "constructed": 2, "thrown": 4, "caught": 4}]

    def check(self, messages, caught=4, constructed=2, rethrown=1):
        ours = [event("ExceptionThrown", exceptionType="K$A", exceptionMessage=message,
                      exceptionFlags="HasInner|ReThrown" if number % 2 == rethrown else "0")
                for number, message in enumerate(messages)]
        ours += [event("ExceptionCaught", exceptionType="K$A")] * caught
        theirs = [json.dumps({"kind": "constructed", "start_ns": 0, "end_ns": 0, "type": "K$A",
                              "error": False})] * constructed
        report = Report("")
        exceptions_check.check(Trace(ours), recording(*theirs), self.ORACLE, report)
        return report

    def test_agrees(self):
        self.assertTrue(self.check(["A-0", "A-0", "A-1", "A-1"]).agrees)

    def test_one_lost_and_one_twice(self):
        self.assertTrue(self.check(["A-0", "A-0", "A-0", "A-1"]).differences)

    def test_wrong_counts(self):
        right = ["A-0", "A-0", "A-1", "A-1"]
        self.assertTrue(self.check(right[:3]).differences)
        self.assertTrue(self.check(right, caught=3).differences)
        self.assertTrue(self.check(right, rethrown=2).differences)
        self.assertTrue(self.check(right, constructed=3).differences)

    def test_errors_are_counted_once(self):
        lines = [json.dumps({"kind": "constructed", "start_ns": 0, "end_ns": 0, "type": "E",
                             "error": error}) for error in (True, False, False)]
        self.assertEqual(recording(*lines).constructed["E"], 1)


class Files(unittest.TestCase):
    def test_losses_are_kept(self):
        self.assertEqual(len(Trace(['{"lost":3,"cause":"bufferFull"}']).lost), 1)

    def test_chunks(self):
        header = struct.pack(">4sHHqqqqqqq", b"FLR\0", 2, 1, 100, 0, 0, 5, 7, 0, 1)
        self.assertEqual(read_chunks(header.ljust(100, b"\0") * 2), [(5, 12), (5, 12)])
        for damaged in (b"", b"FLR", header.replace(b"FLR", b"FLX").ljust(100, b"\0")):
            with self.assertRaises(ValueError):
                read_chunks(damaged)


if __name__ == "__main__":
    unittest.main()
