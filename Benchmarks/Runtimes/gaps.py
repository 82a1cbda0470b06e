"""Counts the sampled frames at places that an image's symbol tables do not cover.

Compilers emit some functions without a symbol (a Swift library's private specializations). Their
names are not available anywhere, so a missing name there is not the symbolizer's fault. Whether a
place has a symbol is determined from the files with readelf, independently of tracectl.
"""

import bisect
import functools
import json
import re
import subprocess
from pathlib import Path

LOAD = re.compile(r"^\s+LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", re.M)
PLT = re.compile(r"\s\.plt\S*\s+PROGBITS\s+(\w+) \w+ (\w+)")
SYMBOL = re.compile(r"^\s*\d+: (\w+)\s+(\w+) (FUNC|IFUNC|NOTYPE)\s+\w+\s+\w+\s+\d+ \S", re.M)


def readelf(what, path):
    return subprocess.run(
        ["readelf", what, path], capture_output=True, text=True, errors="replace").stdout


def debug_file(said):
    """Returns the debug file for the build id in readelf's output; None if there is none."""
    found = re.search(r"Build ID: ([0-9a-f]{4,})", said)
    path = Path(f"/usr/lib/debug/.build-id/{found[1][:2]}/{found[1][2:]}.debug") if found else None
    return str(path) if path and path.is_file() else None


class Coverage:
    """The places where an image's symbol tables have a function."""

    def __init__(self, path):
        said = readelf("-lSsnW", path)
        debug = debug_file(said)
        self.loads = [[int(word, 16) for word in found] for found in LOAD.findall(said)]
        ranges = [(int(start, 16), int(start, 16) + int(size, 16))
                  for start, size in PLT.findall(said)]
        labels = []
        # The debug file has the same addresses.
        symbols = SYMBOL.findall(said) + (SYMBOL.findall(readelf("-sW", debug)) if debug else [])
        for value, size, kind in symbols:
            start, length = int(value, 16), int(size, 0)
            if length:
                ranges.append((start, start + length))
            elif start:
                labels.append(start)
        self.labels = sorted(labels)
        self.ranges = self.joined(sorted(ranges))
        self.starts = [start for start, _ in self.ranges]

    @staticmethod
    def joined(ranges):
        result = []
        for start, end in ranges:
            if result and start <= result[-1][1]:
                result[-1] = (result[-1][0], max(end, result[-1][1]))
            else:
                result.append((start, end))
        return result

    def has(self, offset):
        """Whether a function covers a byte of the file. A label without a size extends to the next
        symbol."""
        for place, address, size in self.loads:
            if place <= offset < place + size:
                address += offset - place
                break
        else:
            return False
        index = bisect.bisect(self.starts, address) - 1
        if index >= 0 and address < self.ranges[index][1]:
            return True
        label = bisect.bisect(self.labels, address) - 1
        end = self.ranges[index][1] if index >= 0 else 0
        return label >= 0 and self.labels[label] >= end


coverage = functools.cache(Coverage)


def events(tracectl, directory, pid, name):
    said = subprocess.run(
        [tracectl, "dump", "trace.etl", "-event", name, "-pid", str(pid), "-format", "json"],
        cwd=directory, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def count(tracectl, directory, pid, is_full):
    """Counts the frames at such places in images whose path satisfies `is_full`."""
    maps = []
    for event in events(tracectl, directory, pid, "ImageMap"):
        fields = event["fields"]
        start = int(fields["baseAddress"], 16)
        maps.append((start, start + fields["size"], int(fields["fileOffset"], 16), fields["path"]))
    # A later mapping hides an earlier one.
    maps.reverse()
    places = {}
    for event in events(tracectl, directory, pid, "SampledProfile"):
        former = None
        for address in (int(word, 16) for word in event.get("stack", [])):
            if address >> 63:
                continue
            # A caller's address is the return address, which follows the call.
            address -= former is not None
            former = address
            places[address] = places.get(address, 0) + 1
    gaps = 0
    for address, frames in places.items():
        for start, end, offset, path in maps:
            if start <= address < end:
                if is_full(path) and not coverage(path).has(address - start + offset):
                    gaps += frames
                break
    return gaps
