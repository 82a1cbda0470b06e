"""Tests of the comparison of allocation stalls (python3 -m unittest)."""

import unittest

import stalls
from report import Report

MS = 1_000_000
STALL = (9, 5)


def agrees(ours, theirs):
    """Compares stalls given by thread: in ours, when they ended."""
    ours = {thread: [(end * MS, 5) for end in ends] for thread, ends in ours.items()}
    theirs = {thread: [STALL] * count for thread, count in theirs.items()}
    report = Report("stalls")
    stalls.leave_out_the_end(ours, theirs, report)
    stalls.compare(stalls.in_order(ours), stalls.in_order(theirs), report)
    return report.agrees


class TheEnd(unittest.TestCase):
    def test_later_than_the_recording(self):
        self.assertTrue(agrees({(1, "main"): [100, 200], (2, "b"): [150]},
                               {(1, "main"): 1, (2, "b"): 1}))

    def test_a_thread_that_was_never_recorded(self):
        self.assertTrue(agrees({(1, "a"): [150], (3, "hook"): [140]}, {(1, "a"): 1}))
        self.assertFalse(agrees({(1, "a"): [950], (3, "hook"): [140]}, {(1, "a"): 1}))

    def test_within_the_recording(self):
        self.assertFalse(agrees({(1, "a"): [100, 120], (2, "b"): [150]},
                                {(1, "a"): 1, (2, "b"): 1}))

    def test_missing(self):
        self.assertFalse(agrees({(1, "a"): [100]}, {(1, "a"): 2}))


if __name__ == "__main__":
    unittest.main()
