"""Counts the sampled frames that have names, among those that could have one.

Every user frame of every sampled stack, including callers, is in one of these classes:

- code: in JIT code, or in an image that has a full symbol table on this machine (.symtab,
  .gnu_debugdata, or a debug file by its build id), except at places that the table does not cover
  (gaps.py). These frames must have names.
- exported: in an image that has symbols only for its exported functions (.dynsym). No file has
  names for its other functions, so missing names are expected here.
- none: in an image without symbols, or without a file.

Callers that were not recorded are not counted as frames; stacks that end there are counted as cut.
"""

import functools
import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field

import gaps

LOST = "(callers lost)"
NOT_FILES = ("//", "/memfd:", "/dev/", "/SYSV")
SYMTAB = re.compile(r"\s\.(symtab|gnu_debugdata)\s")


@functools.cache
def table(path):
    """The kind of symbol table that an image has."""
    if not os.path.isfile(path):
        return "exported" if path == "[vdso]" else "none"
    said = gaps.readelf("-SWn", path)
    if SYMTAB.search(said) or gaps.debug_file(said):
        return "code"
    return "exported" if re.search(r"\s\.dynsym\s", said) else "none"


@dataclass
class Frames:
    named: Counter = field(default_factory=Counter)
    unnamed: Counter = field(default_factory=Counter)
    # The unnamed places, with counts.
    missing: Counter = field(default_factory=Counter)
    stacks: int = 0
    cut: int = 0
    # Number of "code" frames where the image's table has no symbol.
    gaps: int = 0

    def add(self, kind, name, is_named, count):
        (self.named if is_named else self.unnamed)[kind] += count
        if not is_named:
            self.missing[name] += count

    def total(self, kind):
        return self.named[kind] + self.unnamed[kind]

    def share(self, kind="code"):
        gaps = self.gaps if kind == "code" else 0
        return min(1, self.named[kind] / (self.total(kind) - gaps or 1))

    def __str__(self):
        parts = [f"{self.share():.1%} of {self.total('code')} frames in JIT code and images with "
                 "symbols named"]
        if self.gaps:
            parts.append(f"{self.gaps} at places without a symbol left out")
        for kind in ("exported", "none"):
            if self.total(kind):
                parts.append(f"{kind}: {self.share(kind):.1%} of {self.total(kind)}")
        depth = (sum(self.named.values()) + sum(self.unnamed.values())) / (self.stacks or 1)
        parts.append(f"{depth:.1f} frames a stack, {self.cut / (self.stacks or 1):.1%} cut")
        return "; ".join(parts)


def images(tracectl, directory, pid):
    """Returns the paths of a process's images, by the name before the '!' of their functions."""
    said = subprocess.run(
        [tracectl, "dump", "trace.etl", "-event", "ImageMap", "-pid", str(pid), "-format", "json"],
        cwd=directory, check=True, capture_output=True, text=True).stdout
    paths = re.findall(r'"path":("(?:[^"\\]|\\.)*")', said)
    # Mappings that only look like files contain JIT code.
    return {os.path.basename(path): path for path in map(json.loads, paths)
            if path == "[vdso]" or path.startswith("/") and not path.startswith(NOT_FILES)}


def of_ours(folded, paths):
    """Counts the frames in the output of `tracectl stacks -format folded`."""
    frames = Frames()
    for line in folded.splitlines():
        stack, count = line.rsplit(" ", 1)
        count = int(count)
        words = stack.split(";")[1:]
        frames.stacks += count
        frames.cut += count * any(word.endswith(LOST) for word in words)
        for word in words:
            module, _, function = word.partition("!")
            if module == "[k]" or word.endswith(LOST):
                continue
            # Code outside all images is JIT code.
            kind = table(paths[module]) if module in paths else "code"
            frames.add(kind, word, not function.startswith("?"), count)
    return frames


FRAME = re.compile(r"^\s+([0-9a-f]+) (.*) \((.*)\)$")


def of_perf(script):
    """Counts the frames in the output of `perf script -F ip,sym,dso`."""
    frames = Frames()
    inside = False
    for line in script:
        found = FRAME.match(line.rstrip("\n"))
        if not found:
            inside = False
            continue
        frames.stacks += not inside
        inside = True
        address, name, image = found.groups()
        # perf shows inlined calls as separate frames.
        if int(address, 16) >> 63 or image == "inlined":
            continue
        path = image.removesuffix(" (deleted)")
        is_image = path.startswith("/") and not path.endswith(".map") or path == "[vdso]"
        kind = table(path) if is_image else "code"
        frames.add(kind, f"{name} ({image})", name != "[unknown]", 1)
    return frames
