"""Reads a file (SPEC.md, sections 2 to 4 and 12 to 16): scanning, the index, damage, time, order.

This reader always scans, so its verdict on a file is that of a reader that checks everything. If the
index breaks no rule, events are then delivered as by a reader that opens the file by its index.
"""

import struct
from collections import namedtuple

from etl_columns import Broken, Bytes, crc32c
from etl_content import (Definitions, EventBlock, StackIDs, read_clock, read_losses, read_stacks,
                         read_symbols, unpacked)

MAGIC = b"\x89TRC\r\n\x1a\n"
MARK = b"\xc5BLK"
METADATA, EVENTS, STACKS, SYMBOLS, LOSSES, CLOCK, INDEX, END = range(1, 9)
MIB = 1 << 20
SYNCS_MAX = 1 << 21
Header = namedtuple("Header", "kind size count sequence first last checksum")


class NotATrace(Exception):
    pass


def clamped(distance, rate):
    """Converts a difference in ticks to nanoseconds."""
    product = distance * rate
    return 1 << 62 if product >> 64 >= 1 << 30 else min(product >> 32, 1 << 62)


def wrapped(value):
    """Converts to a signed 64-bit number."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


class TraceFile:
    """`damage` is a list of (offset, rule). An empty rule means that the file was cut there."""

    def __init__(self, data):
        self.data, self.damage, self.damaged_blocks = data, [], set()
        self.definitions, self.syncs, self.losses = Definitions(), [], []
        self.blocks, self.nodes, self.symbols = [], {}, []
        self.is_complete, self.file_id = False, None
        self._ids, self._closing, self._index = StackIDs(), None, None
        self._ends_well = False
        self._event_blocks, self._symbol_bytes, self._functions = [], 0, 0
        self._loss_records = 0
        start = self._read_header()
        self._scan(start)
        if not self.blocks and start == 0 and self._closing is None and not self._saw_block:
            raise NotATrace("neither a file header nor a whole block")
        is_whole = not self.damage
        self._compare_index()
        self._check_types(is_whole)
        if self.blocks and self.definitions.session is None and not self.damage:
            self._note(32, "M1")
        self._open_by_index()

    @property
    def verdict(self):
        if self.damage:
            return "damaged"
        return "ok" if self.is_complete else "unfinished"

    # Finding blocks

    def _read_header(self):
        data = self.data
        if data[:8] != MAGIC or len(data) < 32 or crc32c(data[:28]) != struct.unpack_from("<I", data, 28)[0]:
            self._note(0, "F1")
            return 0
        major, minor, size, self.file_id = struct.unpack_from("<HHII", data, 8)
        if major != 1:
            raise NotATrace(f"format version {major}.{minor}")
        if size != 32:
            self._note(0, "F3")
        return 32

    def _header(self, at):
        """Returns the header at an offset, or the rule that it breaks."""
        raw = self.data[at : at + 48]
        if len(raw) < 48 or raw[:4] != MARK or crc32c(raw[:44]) != struct.unpack_from("<I", raw, 44)[0]:
            return "B1"
        file_id, kind = struct.unpack_from("<IB", raw, 4)
        if self.file_id is not None and file_id != self.file_id:
            return "B1"
        header = Header(kind, *struct.unpack_from("<IIIQQI", raw, 12))
        if header.first > header.last:
            return "B2"
        if header.size > (512 if kind == INDEX else 32) * MIB or (kind == EVENTS and header.count > 65536):
            return "B3"
        return header

    def _scan(self, at):
        expected, end, self._saw_block = 0, len(self.data), False
        while at < end:
            header = self._header(at)
            if isinstance(header, str):
                found = at
                while True:
                    found = self.data.find(MARK, found + 1)
                    if found < 0 or not isinstance(self._header(found), str):
                        break
                if found < 0:
                    self._note(at, "" if end - at < 48 else header)
                    return
                self._note(at, header)
                at, expected = found, self._header(found).sequence
                continue
            payload = self.data[at + 48 : at + 48 + header.size]
            if len(payload) < header.size:
                self._note(at, "")
                return
            if header.sequence != expected:
                self._note(at, "B5")
            expected = (header.sequence + 1) & 0xFFFFFFFF
            if crc32c(payload) != header.checksum:
                self._note(at, "B4")
            else:
                self._saw_block = True
                if self.file_id is None:
                    self.file_id = struct.unpack_from("<I", self.data, at + 4)[0]
                try:
                    self._absorb(header, at, payload)
                except Broken as broken:
                    self._note(at, broken.rule, is_block=True)
            at += 48 + header.size

    def _note(self, at, rule, is_block=False):
        if is_block:
            if at in self.damaged_blocks:
                return
            self.damaged_blocks.add(at)
        self.damage.append((at, rule))

    # Contents of blocks

    def _absorb(self, header, at, payload):
        closing, self._closing = self._closing, None
        if closing is not None and header.kind != END:
            self._note(closing, "B8", is_block=True)
        if header.kind == END:
            return self._end(header, at, payload, closing)
        if header.kind == INDEX:
            self._closing = at
            return self._read_index(header, at, payload)
        self.blocks.append((at, header))
        if header.kind == METADATA:
            count, has_session = self.definitions.absorb(unpacked(payload))
            self._expect(header, count)
            if header.sequence == 0 and not has_session:
                self._note(32, "M1")
        elif header.kind == EVENTS:
            block = EventBlock(header, payload)
            block.last_id = self._ids.last
            self._event_blocks.append((at, header, block, len(self.blocks) - 1))
        elif header.kind == STACKS:
            self._ids.add(header)
            for identity, parent, address in read_stacks(header, unpacked(payload)):
                self.nodes[identity] = (parent, address, header.first)
        elif header.kind == SYMBOLS:
            content = unpacked(payload)
            self._symbol_bytes += len(content)
            images = read_symbols(content)
            self._expect(header, len(images))
            self._functions += sum(len(functions) + 1 for image, functions in images if image[0] < 3)
            if self._symbol_bytes > 128 * MIB or self._functions > MIB:
                raise Broken("Z2", "symbols")
            self.symbols += images
        elif header.kind == LOSSES:
            data = Bytes(unpacked(payload))
            losses = read_losses(data)
            data.ended()
            self._expect(header, len(losses))
            if any(not header.first <= loss.to_ticks <= header.last for loss in losses):
                raise Broken("B7", "loss")
            self.losses += [(loss, at) for loss in losses]
        elif header.kind == CLOCK and len(self.syncs) < SYNCS_MAX:
            data = Bytes(unpacked(payload))
            syncs = read_clock(data)
            data.ended()
            self._expect(header, len(syncs))
            if any(not header.first <= sync[0] <= header.last for sync in syncs):
                raise Broken("B7", "clock sync")
            self.syncs = (self.syncs + syncs)[:SYNCS_MAX]

    def _expect(self, header, count):
        if header.count != count:
            raise Broken("B6", f"{count} records, not {header.count}")

    def _end(self, header, at, payload, closing):
        if header.size != 16:
            raise Broken("I4", "size")
        self._ends_well = struct.unpack("<QQ", payload) == (closing, at) \
            and self._index is not None and self._index[0] == closing
        if at + 64 != len(self.data):
            raise Broken("B8", "end in the middle")
        self.is_complete = True
        if header.count:
            raise Broken("B6", "records in the end")
        if self.damage:
            return
        if closing is None:
            raise Broken("B8", "end without an index")
        if struct.unpack("<QQ", payload) != (closing, at):
            raise Broken("I4", "offsets")

    def _read_index(self, header, at, payload):
        content = unpacked(payload, 512 * MIB)
        was_damaged = bool(self.damage)
        try:
            data = Bytes(content)
            metadata = data.take(data.varint())
        except Broken:
            raise Broken("I1", "metadata") from None
        conflict = None
        if was_damaged or self.definitions.session is None:
            try:
                self.definitions.absorb(metadata)
            except Broken as broken:
                conflict = broken
        definitions = Definitions()
        definitions.absorb(metadata)
        try:
            syncs = read_clock(data, SYNCS_MAX)
            losses = read_losses(data, 131072)
            blocks = self._index_blocks(data, at)
            data.ended()
        except Broken as broken:
            if conflict is not None:
                raise conflict from None
            if was_damaged and broken.rule == "I2":
                return
            raise Broken("I1" if broken.rule in ("C2", "P3") else broken.rule) from None
        self._expect(header, len(blocks))
        self._index = (at, definitions, syncs, losses, blocks)
        if conflict is not None:
            raise conflict

    def _index_blocks(self, data, end):
        count = data.varint()
        if count > end // 48:
            raise Broken("I2", "number of blocks")
        columns = [data.column(count) for _ in range(7)]
        total = data.varint()
        if total > end // 16:
            raise Broken("I2", "number of types")
        refs, numbers = data.column(total), data.column(total)
        at, used, blocks = 32, 0, []
        for offset, kind, size, count, first, last, types in zip(*columns):
            if offset != at or size > 32 * MIB or kind > 255 or kind in (INDEX, END) \
                    or count >> 32 or first > last or types > total - used:
                raise Broken("I2", "block")
            at += 48 + size
            if at > end:
                raise Broken("I2", "block")
            own = list(zip(refs[used : used + types], numbers[used : used + types]))
            used += types
            if any(not 0 < ref < 65536 or not 0 < number <= count for ref, number in own) \
                    or sum(number for _, number in own) != (count if kind == EVENTS else 0):
                raise Broken("I3", "types")
            blocks.append((offset, kind, size, count, first, last, dict(own)))
        if at != end or used != total:
            raise Broken("I2", "gaps")
        return blocks

    # Rules about the whole file

    def _check_types(self, is_whole):
        strange = []
        for at, header, block, _ in self._event_blocks:
            try:
                if block.decode(self.definitions.schemas):
                    self._note(at, "E10", is_block=True)
            except Broken as broken:
                self._note(at, broken.rule, is_block=True)
                block.columns = {}
                continue
            if any(not self._has_node(stack, block.last_id) for stack in set(block.stacks) - {0}):
                strange.append(at)
        if is_whole:
            for at in strange:
                self._note(at, "E15", is_block=True)

    def _has_node(self, stack, last_id):
        """Ids ascend, so all ids up to the last one before a block are in earlier blocks."""
        return stack <= last_id and any(first <= stack <= last for first, last in self._ids.epochs)

    def _compare_index(self):
        if self._index is None:
            return
        at, definitions, syncs, losses, blocks = self._index
        listed, is_whole = {block[0]: block for block in blocks}, not self.damage
        types = {at: {s[0]: s[2] for s in block.sections[1:]}
                 for at, _, block, _ in self._event_blocks}
        same = not is_whole or len(blocks) == len(self.blocks)
        for offset, header in self.blocks:
            if offset in self.damaged_blocks:
                continue
            found = (offset, header.kind, header.size, header.count, header.first, header.last,
                     types.get(offset, {}))
            same = same and listed.get(offset) == found
        if is_whole:
            same = same and definitions.same(self.definitions) and syncs == self.syncs
            same = same and totals(losses) == totals(loss for loss, _ in self.losses)
        if not same:
            self._note(at, "I3", is_block=True)

    def _open_by_index(self):
        """Uses the index as the authority on definitions and blocks, as a reader that does not scan."""
        if self._index is None or not self._ends_well or (0, "F1") in self.damage \
                or not self._agrees_with_index():
            return
        _, self.definitions, self.syncs, _, blocks = self._index
        listed = {block[0]: block for block in blocks}
        kept = []
        for item in self._event_blocks:
            at, header, block, _ = item
            if listed.get(at, ())[1:6] != (header.kind, header.size, header.count, header.first, header.last):
                continue
            try:
                block.decode(self.definitions.schemas)
            except Broken:
                continue
            kept.append(item)
        self._event_blocks = kept
        loss_blocks = {at for at, block in listed.items() if block[1] == LOSSES}
        self.losses = [item for item in self.losses if item[1] in loss_blocks]

    def _agrees_with_index(self):
        """Compares the index with what a reader reads that does not scan: with all headers, with
        directories, and with blocks that the index repeats. A damaged block contradicts nothing."""
        _, definitions, syncs, losses, blocks = self._index
        read, is_whole = dict(self.blocks), True
        for offset, kind, size, count, first, last, types in blocks:
            header = self._header(offset)
            if isinstance(header, str):
                is_whole = False
                continue
            if (kind, size, count, first, last) != \
                    (header.kind, header.size, header.count, header.first, header.last):
                return False
            if kind == EVENTS and self._directory(offset, size) != types:
                return False
            if kind in (METADATA, CLOCK, LOSSES) and (offset not in read or offset in self.damaged_blocks):
                is_whole = False
        if not is_whole:
            return self.definitions.is_part(definitions)
        return definitions.same(self.definitions) and syncs == self.syncs \
            and totals(losses) == totals(loss for loss, _ in self.losses)

    def _directory(self, offset, size):
        payload = self.data[offset + 48 : offset + 48 + size]
        if len(payload) < 4:
            return {}
        sections = min(struct.unpack_from("<I", payload)[0], (len(payload) - 4) // 16, 65536)
        lines = [struct.unpack_from("<HHI", payload, 4 + 16 * i) for i in range(1, sections)]
        return {ref: number for ref, _, number in lines}

    # Reading

    def events(self):
        """Yields events, each with its schema and its fields' values, and losses, in time order."""
        merged = []
        for at, _, block, place in self._event_blocks:
            for order, event in enumerate(block.events()):
                if event.ref in block.columns:
                    merged.append((event.ticks, 1, event.stream, place, order, event, block))
        for order, (loss, _) in enumerate(self.losses):
            merged.append((loss.to_ticks, 0, 0, 0, order, loss, None))
        merged.sort(key=lambda item: item[:5])
        for _, _, _, _, _, item, block in merged:
            if block is None:
                yield item, None, None
            else:
                fields = [column[item.row] for column in block.columns[item.ref]]
                yield item, self.definitions.schemas[item.ref], fields

    def stack(self, identity):
        """Returns the addresses, innermost first; the last one is 2^64 - 1 if callers are missing."""
        result = []
        while identity:
            if identity not in self.nodes or len(result) == 8192:
                return result + [(1 << 64) - 1]
            identity, address, _ = self.nodes[identity]
            result.append(address)
        return result

    def clock(self):
        """Returns a function from ticks to nanoseconds since the start, and the start's wall-clock time."""
        session = self.definitions.session
        start = session[3:6] if session else (self.syncs[0] if self.syncs else (0, 0, 0))
        if session and session.clock == 2:
            segments = [(start[0], 0, 1 << 32)]
        else:
            segments = self._segments(start, max(session.rate if session else 10**9, 1))

        def nanoseconds(ticks):
            low, high = 0, len(segments)
            while low + 1 < high:
                middle = (low + high) // 2
                low, high = (middle, high) if segments[middle][0] <= ticks else (low, middle)
            at, base, rate = segments[low]
            distance = clamped(abs(ticks - at), rate)
            return wrapped(base + distance if ticks >= at else base - distance)

        return nanoseconds, wrapped(start[2])

    def _segments(self, start, rate):
        points = []
        for sync in sorted([start] + self.syncs, key=lambda sync: sync[0]):
            if not points or (sync[1] > points[-1][1] and sync[0] > points[-1][0]):
                points.append(sync)
        current, segments = min((10**9 << 32) // rate, (1 << 64) - 1), []
        for index, point in enumerate(points):
            if index + 1 < len(points):
                following = points[index + 1]
                ratio = ((following[1] - point[1]) << 32) // (following[0] - point[0])
                current = min(ratio, (1 << 64) - 1)
            segments.append((point[0], wrapped(point[1] - start[1]), current))
        return segments


def totals(losses):
    result = {}
    for loss in losses:
        key = (loss.stream, loss.cpu, loss.cause, loss.process)
        count, low, high = result.get(key, (0, loss.from_ticks, loss.to_ticks))
        result[key] = (min(count + loss.count, (1 << 64) - 1), min(low, loss.from_ticks),
                       max(high, loss.to_ticks))
    return result
