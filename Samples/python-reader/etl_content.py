"""Reads blocks' contents (SPEC.md, sections 6 to 12): schemas, events, stacks, symbols, losses, clocks."""

import struct
from collections import namedtuple

from etl_columns import Broken, Bytes, lz4, signed, unzigzag

SCALARS = {1: "u8", 2: "u16", 3: "u32", 4: "u64", 5: "i8", 6: "i16", 7: "i32", 8: "i64", 9: "bool",
           10: "float", 11: "double", 12: "pointer"}
WIDTHS = {1: 8, 2: 16, 3: 32, 4: 64, 5: 8, 6: 16, 7: 32, 8: 64, 9: 1, 10: 32, 11: 64, 12: 64}
MIB = 1 << 20

Field = namedtuple("Field", "name code is_array hint enum")
Enum = namedtuple("Enum", "name code is_flags cases")
Schema = namedtuple("Schema", "provider id version name level keywords fields")
Session = namedtuple("Session", "clock mode rate ticks monotonic realtime cpus page texts")
Event = namedtuple("Event", "ticks stream cpu process pid tid flags stack ref row")
Loss = namedtuple("Loss", "stream cpu cause process count from_ticks to_ticks")


def unpacked(payload, limit=16 * MIB):
    if len(payload) < 8 or payload[0] > 1:
        raise Broken("P1", "not a packed payload")
    size = struct.unpack_from("<I", payload, 4)[0]
    if size > limit:
        raise Broken("Z1", "content too large")
    if payload[0] == 1:
        return lz4(payload[8:], size)
    if size != len(payload) - 8:
        raise Broken("P2", "other size")
    return payload[8:]


# Metadata


def read_schema(data):
    provider, number, version = data.string(), data.fixed("H"), data.fixed("B")
    if number >= 4096:
        raise Broken("M4", "event id")
    name, level, keywords = data.string(), data.fixed("B"), data.fixed("Q")
    fields = tuple(read_field(data) for _ in range(data.count(256)))
    return Schema(provider, number, version, name, level, keywords, fields)


def read_field(data):
    name, code, enum = data.string(), data.fixed("B"), None
    is_array, code = bool(code & 0x80), code & 0x7F
    if code == 13:
        enum_name, base, is_flags = data.string(), data.fixed("B"), data.fixed("B") != 0
        if base not in SCALARS:
            raise Broken("M4", "type of an enumeration")
        cases = tuple((data.string(), data.varint()) for _ in range(data.count(4096)))
        enum = Enum(enum_name, base, is_flags, cases)
    elif not 1 <= code <= 15:
        raise Broken("M4", f"type {code}")
    hint = data.fixed("B")
    return Field(name, code, is_array, hint if hint <= 10 else 0, enum)


def read_record(tag, data):
    if tag == 1:
        clock, mode = data.fixed("B"), data.fixed("B")
        if clock not in (1, 2):
            raise Broken("M4", f"clock {clock}")
        numbers = [data.fixed("Q") for _ in range(4)]
        cpus, page = data.number(), data.number()
        texts = tuple(data.string() for _ in range(4))
        return Session(clock, mode if mode < 3 else 0, *numbers, cpus, page, texts)
    if tag == 2:
        name = data.string()
        return name, tuple((data.string(), data.fixed("Q")) for _ in range(data.count(64)))
    if tag == 3:
        ref = data.fixed("H")
        if ref == 0:
            raise Broken("M3", "ref 0")
        return ref, read_schema(data)
    if tag == 4:
        numbers = [data.number() for _ in range(4)] + [data.varint(), data.varint()]
        executable = data.string(65536)
        arguments = tuple(data.string(65536) for _ in range(data.count(4096)))
        return numbers[0], (tuple(numbers[1:]), executable, arguments)
    if tag == 5:
        return data.number(), data.varint()
    return None


class Definitions:
    """The definitions of all metadata blocks. A block is added as a whole or not at all."""

    def __init__(self):
        self.session, self.schemas = None, {}
        self.providers, self.processes, self.ends = {}, {}, {}

    def same(self, other):
        return vars(self) == vars(other)

    def is_part(self, whole):
        """Whether `whole` defines everything that is defined here, although some may have changed."""
        return self.session in (None, whole.session) \
            and all(whole.schemas.get(ref) == schema for ref, schema in self.schemas.items()) \
            and all(name in whole.providers for name in self.providers) \
            and all(index in whole.processes and whole.processes[index][0][0] == record[0][0]
                    for index, record in self.processes.items())

    def absorb(self, content):
        """Adds a block; returns the number of records, and whether the first is the session."""
        data, records = Bytes(content), []
        while data.rest:
            tag, length = data.varint(), data.varint()
            records.append((tag, read_record(tag, Bytes(data.take(length)))))
        session, schemas, pids = self.session, {}, {}
        for tag, record in records:
            if tag == 1:
                if session is not None and session != record:
                    raise Broken("M2", "another session")
                session = record
            elif tag == 3:
                known = self.schemas.get(record[0], schemas.get(record[0]))
                if known is not None and known != record[1]:
                    raise Broken("M2", f"ref {record[0]} is defined twice")
                schemas[record[0]] = record[1]
            elif tag == 4:
                index, pid = record[0], record[1][0][0]
                known = self.processes.get(index)
                if (known[0][0] if known else pids.get(index, pid)) != pid:
                    raise Broken("M5", f"process {index} has two pids")
                pids[index] = pid
        tables = {2: self.providers, 3: self.schemas, 4: self.processes, 5: self.ends}
        for tag, record in records:
            if tag == 1:
                self.session = record
            elif tag in tables:
                tables[tag][record[0]] = record[1]
        return len(records), bool(records) and records[0][0] == 1


# Events


class EventBlock:
    """A block of events. Fields are decoded by event type, on demand."""

    def __init__(self, header, payload):
        self.payload, self.columns = payload, {}
        self.sections = self._directory(header.count)
        data = Bytes(self._section(0))
        self.stretches = self._stretches(data, header)
        self.writers, self.runs = self._writers(data, header.count)
        self.types = self._types(data, header.count)
        self.ticks = self._ticks(data, header)
        self.flags = data.narrow(header.count, 8)
        self.stacks = data.narrow(header.count, 32)
        if 0xFFFFFFFF in self.stacks:
            raise Broken("E7", "stack id")
        data.ended()

    def _directory(self, events):
        payload = self.payload
        count = struct.unpack_from("<I", payload)[0] if len(payload) >= 4 else 0
        if not 1 <= count <= min(65536, (len(payload) - 4) // 16):
            raise Broken("E1", "directory")
        at, memory, total, sections, refs = 4 + 16 * count, 0, 0, [], set()
        for position in range(count):
            ref, packed, _, number, stored, raw = struct.unpack_from(
                "<HBBIII", payload, 4 + 16 * position)
            memory += raw
            if packed > 1 or stored > len(payload) - at or memory > 16 * MIB:
                raise Broken("E2", "section")
            if raw > 255 * stored if packed else raw != stored:
                raise Broken("E2", "size")
            if position == 0 and (ref != 0 or number != events):
                raise Broken("E1", "common section")
            if position > 0:
                if ref == 0 or number == 0 or ref in refs:
                    raise Broken("E3", "type section")
                refs.add(ref)
                total += number
            sections.append((ref, packed, number, at, stored, raw))
            at += stored
        if total != events or at != len(payload):
            raise Broken("E4", "sections do not add up")
        return sections

    def _section(self, position):
        _, packed, _, at, stored, raw = self.sections[position]
        data = self.payload[at : at + stored]
        return lz4(data, raw) if packed else data

    def _stretches(self, data, header):
        count = data.count(header.count)
        streams, cpus = data.column(count), data.column(count)
        lengths, firsts = data.column(count), data.column(count)
        if sum(lengths) != header.count or 0 in lengths:
            raise Broken("E5", "stretches")
        if any(stream >> 32 for stream in streams) or any(cpu >> 16 for cpu in cpus):
            raise Broken("E7", "stream or CPU")
        if any((header.first + first) >> 64 for first in firsts):
            raise Broken("E9", "ticks overflow")
        return list(zip(streams, cpus, lengths, [header.first + first for first in firsts]))

    def _writers(self, data, events):
        count = data.count(65536)
        writers = list(zip(*(data.narrow(count, 32) for _ in range(3))))
        runs = data.count(events)
        indexes, lengths = data.column(runs), data.column(runs)
        if sum(lengths) != events or 0 in lengths or any(index >= count for index in indexes):
            raise Broken("E6", "runs")
        return writers, list(zip(indexes, lengths))

    def _types(self, data, events):
        types = data.column(events)
        numbers = [0] * (len(self.sections) - 1)
        for value in types:
            if value >= len(numbers):
                raise Broken("E8", "type")
            numbers[value] += 1
        if numbers != [section[2] for section in self.sections[1:]]:
            raise Broken("E8", "numbers of types")
        return types

    def _ticks(self, data, header):
        steps, at, result = data.column(header.count), 0, []
        for _, _, length, now in self.stretches:
            if steps[at] != 0:
                raise Broken("E9", "first difference")
            for step in steps[at : at + length]:
                now += step
                result.append(now)
            if now >> 64:
                raise Broken("E9", "ticks overflow")
            if now > header.last:
                raise Broken("B7", "ticks after the last")
            at += length
        return result

    def events(self):
        """Returns all events, in the block's order."""
        rows, index, result = [0] * len(self.sections), 0, []
        writers = [w for w, length in self.runs for _ in range(length)]
        for stream, cpu, length, _ in self.stretches:
            for index in range(index, index + length):
                kind = self.types[index]
                result.append(Event(
                    self.ticks[index], stream, cpu, *self.writers[writers[index]],
                    self.flags[index], self.stacks[index], self.sections[kind + 1][0], rows[kind]))
                rows[kind] += 1
            index += 1
        return result

    def decode(self, schemas):
        """Decodes the fields of all types that have a schema; returns the refs of the others."""
        missing, memory, heap = [], 0, [0]
        self.columns = {}
        for position, (ref, _, number, *_) in enumerate(self.sections[1:], 1):
            if ref not in schemas:
                missing.append((ref, number))
                continue
            fields = schemas[ref].fields
            data = Bytes(self._section(position))
            if data.count(256) != len(fields):
                raise Broken("E11", "number of fields")
            memory += 8 * number * len(fields)
            if memory > 16 * MIB:
                raise Broken("Z1", "fields")
            self.columns[ref] = read_fields(data, fields, number, heap)
            data.ended()
        return missing


def read_fields(data, fields, rows, heap):
    texts = []
    heap[0] = (heap[0] + 7) & ~7
    if any(field.code in (14, 15) for field in fields):
        lengths = data.column(data.count(2 * MIB))
        if sum(lengths) > data.rest:
            raise Broken("C2", "texts")
        grow(heap, sum(lengths))
        texts = [data.take(length) for length in lengths]
    return [read_column(data, field, rows, texts, heap) for field in fields]


def grow(heap, size):
    heap[0] += size
    if heap[0] > 16 * MIB:
        raise Broken("Z1", "decoded size")


def read_column(data, field, rows, texts, heap):
    column = data.column(rows)
    if not field.is_array:
        return values(column, field, texts)
    total = data.count(2 * MIB)
    elements = data.column(total)
    if sum(column) != total:
        if field.code not in (14, 15):
            values(elements, field, texts)
        raise Broken("E13", "elements")
    found = values(elements, field, texts)
    heap[0] = (heap[0] + 7) & ~7
    if field.code in (14, 15):
        grow(heap, sum(8 + (len(text) + 7 & ~7) for text in found))
    else:
        grow(heap, 8 * total)
    at, result = 0, []
    for count in column:
        result.append(found[at : at + count])
        at += count
    return result


def values(column, field, texts):
    """Returns integers for scalars (negative ones for signed types), and bytes for texts."""
    if field.code in (14, 15):
        if column and max(column) >= len(texts):
            raise Broken("E12", "text")
        return [texts[index] for index in column]
    code = field.enum.code if field.code == 13 else field.code
    bits = WIDTHS[code]
    if 5 <= code <= 8:
        column = [signed(value) for value in column]
        if any(not -(1 << bits - 1) <= value < 1 << bits - 1 for value in column):
            raise Broken("E14", SCALARS[code])
    elif column and max(column) >> bits:
        raise Broken("E14", SCALARS[code])
    return column


# Other kinds of blocks


class StackIDs:
    """The ids in the headers of the stack blocks."""

    def __init__(self):
        self.epochs = []

    @property
    def last(self):
        return self.epochs[-1][1] if self.epochs else 0

    def add(self, header):
        first, last, count = header.first, header.last, header.count
        if not (1 <= first <= last < 0xFFFFFFFF and last - first < MIB
                and 1 <= count <= 262144 and count <= last - first + 1):
            raise Broken("S1", "ids")
        end = self.last
        if last - count + 1 <= end:
            raise Broken("S2", "ids go back")
        if self.epochs and self.epochs[-1][0] == first:
            self.epochs[-1][1] = last
        elif first > end:
            self.epochs.append([first, last])
        else:
            raise Broken("S2", "epochs overlap")


def read_stacks(header, content):
    data = Bytes(content)
    first, count = data.count(0xFFFFFFFF, "S3"), data.count(262144)
    if first < header.first or count < 1 or first + count > 0xFFFFFFFF or header.first < 1:
        raise Broken("S1", "ids")
    distances, steps = data.column(count), data.column(count)
    data.ended()
    if count != header.count or first + count != header.last + 1:
        raise Broken("S3", "ids are not the header's")
    nodes, latest, previous = [], {}, 0
    for index in range(count):
        if distances[index] > first + index - header.first:
            raise Broken("S4", "parent before the epoch")
        parent = first + index - distances[index] if distances[index] else 0
        previous = (latest.get(parent, previous) + unzigzag(steps[index])) & ((1 << 64) - 1)
        latest[parent] = previous
        nodes.append((first + index, parent, previous))
    return nodes


def read_symbols(content):
    """Returns pairs of an image (kind, path, build id) and its functions (offset, size, name)."""
    data, images = Bytes(content), []
    lengths = data.column(data.count(262144))
    if lengths and max(lengths) > 65536:
        raise Broken("Z1", "text")
    texts = [data.take(length) for length in lengths]
    count = data.count(4096)
    kinds, paths, builds, numbers = (data.column(count) for _ in range(4))
    total = data.count(262144)
    steps, sizes, names = (data.column(total) for _ in range(3))
    if any(index >= len(texts) for index in paths + builds + names):
        raise Broken("N1", "text")
    if sum(numbers) != total:
        raise Broken("N2", "functions")
    data.ended()
    at = 0
    for kind, path, build, number in zip(kinds, paths, builds, numbers):
        if len(texts[build]) > 64 or len(texts[path]) > 4096:
            raise Broken("Z1", "path or build id")
        offset, functions = 0, []
        for index in range(at, at + number):
            offset = (offset + unzigzag(steps[index])) & ((1 << 64) - 1)
            functions.append((offset, sizes[index], texts[names[index]]))
        at += number
        images.append(((kind, texts[path], texts[build]), functions))
    return images


def read_losses(data, limit=65536):
    count = data.count(limit)
    streams, cpus, causes, processes, counts, starts, ends = (data.column(count) for _ in range(7))
    result = []
    for row in range(count):
        if streams[row] >> 32 or cpus[row] >> 16 or causes[row] >> 8 or processes[row] > 1 << 32:
            raise Broken("L1", "width")
        if starts[row] > ends[row]:
            raise Broken("L2", "from > to")
        result.append(Loss(streams[row], cpus[row], causes[row], processes[row] - 1, counts[row],
                           starts[row], ends[row]))
    return result


def read_clock(data, limit=65536):
    count = data.count(limit)
    return list(zip(*(data.column(count) for _ in range(3))))
