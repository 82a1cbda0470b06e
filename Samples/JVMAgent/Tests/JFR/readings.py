"""Reads both recordings: our trace from `tracectl dump -format json`, JFR's from Extract."""

import bisect
import collections
import json
import re
import struct

Stop = collections.namedtuple("Stop", "start end name")
Method = collections.namedtuple("Method", "namespace name signature")
Load = collections.namedtuple("Load", "method id address size rundown")


class Trace:
    """Our events of one process."""

    def __init__(self, lines):
        self.lost = []
        self.starts = collections.defaultdict(list)
        self.ends = collections.defaultdict(list)
        self.histories = {}  # GCHistory by the collection's number
        self.heaps = {}  # bytes after a collection, by its number
        self.befores = {}  # bytes before it
        self._ended = None
        self.loads = []
        self.code = []  # loads and unloads in time order: (is_load, Load)
        self.thrown = []
        self.rethrown = collections.Counter()  # by type
        self.caught = []
        self.event_count = 0
        self.pids = set()
        for line in lines:
            self._take(json.loads(line))

    def _take(self, record):
        if "event" not in record:
            if "lost" in record:
                self.lost.append(f"{record['lost']} events lost ({record.get('cause')})")
            return
        self.event_count += 1
        self.pids.add(record["pid"])
        fields = record["fields"]
        event = record["event"]
        if event == "GCStart":
            self.starts[fields["count"]].append(record["unix_ns"])
        elif event == "GCEnd":
            self.ends[fields["count"]].append(record["unix_ns"])
            self._ended = fields["count"]
        elif event == "GCHistory":
            self.histories[fields["count"]] = fields
        elif event == "GCHeapBefore":
            self.befores[fields["count"]] = fields["size"]
        elif event == "GCHeapStats" and self._ended is not None:
            self.heaps[self._ended] = sum(
                value for key, value in fields.items() if key.startswith("generationSize"))
            self._ended = None
        elif event in ("MethodLoad", "MethodUnload"):
            method = Method(fields["namespace"], fields["name"], fields["signature"])
            load = Load(method, fields["methodID"], int(fields["startAddress"], 16),
                        fields["size"], record.get("rundown", False))
            self.code.append((event == "MethodLoad", load))
            if event == "MethodLoad":
                self.loads.append(load)
        elif event == "ExceptionThrown":
            self.thrown.append((fields["exceptionType"], fields["exceptionMessage"]))
            if "ReThrown" in fields["exceptionFlags"].split("|"):
                self.rethrown[fields["exceptionType"]] += 1
        elif event == "ExceptionCaught":
            self.caught.append(fields["exceptionType"])


class Recording:
    """The events of a JFR recording."""

    def __init__(self, lines, chunks):
        self.chunks = chunks
        self.pauses = []
        self.pause_ids = {}  # JFR's number of the collection of each pause
        self.collections = {}  # name and cause, by that number
        self.heaps = {}  # bytes after the collection, by that number
        self.befores = {}  # bytes before it
        self.operations = []
        self.compilations = []
        self.began = None
        exceptions, errors = collections.Counter(), collections.Counter()
        for line in lines:
            record = json.loads(line)
            kind = record["kind"]
            if kind == "recording":
                self.began = min(self.began or record["start_ns"], record["start_ns"])
            elif kind == "pause":
                name = f"{record['name']} of GC {record['gc']}"
                self.pauses.append(Stop(record["start_ns"], record["end_ns"], name))
                self.pause_ids[self.pauses[-1]] = record["gc"]
            elif kind == "collection":
                self.collections[record["gc"]] = (record["name"], record["cause"])
            elif kind == "heap" and record["when"] == "After GC":
                self.heaps[record["gc"]] = record["used"]
            elif kind == "heap" and record["when"] == "Before GC":
                self.befores[record["gc"]] = record["used"]
            elif kind == "operation":
                self.operations.append(
                    Stop(record["start_ns"], record["end_ns"], record["name"]))
            elif kind == "compilation":
                method = Method(external_name(record["namespace"]), record["name"],
                                record["signature"])
                self.compilations.append((method, record))
            elif kind == "constructed":
                (errors if record["error"] else exceptions)[record["type"]] += 1
        # An Error causes a JavaErrorThrow and also one or two JavaExceptionThrows.
        self.constructed = collections.Counter({**exceptions, **errors})
        self.pauses.sort()
        self.operations.sort()

    def operation_around(self, pause):
        """Returns the virtual machine operation that contains the pause, or None."""
        index = bisect.bisect_right(self.operations, (pause.start, 2**63)) - 1
        if index >= 0 and self.operations[index].end >= pause.end:
            return self.operations[index]
        return None

    @property
    def ended(self):
        return max(end for _, end in self.chunks)


def external_name(name):
    """Converts a name to the form of Class.getName. JFR writes a hidden class as
    Name+0xaddress.hash (JDK 17) or Name.0xaddress (JDK 25)."""
    return re.sub(r"[+.](0x[0-9a-f]+)(\.\d+)?$", r"/\1", name)


def read_chunks(data):
    """Returns the start and end of each chunk of a .jfr file, in unix ns, from its header."""
    chunks = []
    offset = 0
    while offset + 68 <= len(data):
        magic, _, _, size, _, _, start, duration, _, _ = struct.unpack_from(
            ">4sHHqqqqqqq", data, offset)
        if magic != b"FLR\0" or size <= 0:
            raise ValueError(f"no JFR chunk at byte {offset}")
        chunks.append((start, start + duration))
        offset += size
    if not chunks:
        raise ValueError("not a JFR recording")
    return chunks
