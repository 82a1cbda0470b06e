"""Reads the lowest layer of trace.etl (SPEC.md, sections 1, 4 and 5): checksums, LZ4, numbers, columns."""

import struct

MASK = (1 << 64) - 1


class Broken(Exception):
    """A rule of SPEC.md is broken; `rule` is its number."""

    def __init__(self, rule, what=""):
        super().__init__(f"rule {rule}: {what}" if what else f"rule {rule}")
        self.rule = rule


def _crc_tables():
    first = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        first.append(value)
    tables = [first]
    for _ in range(7):
        tables.append([first[value & 0xFF] ^ (value >> 8) for value in tables[-1]])
    return tables


_CRC = _crc_tables()


def crc32c(data):
    """CRC-32C, eight bytes per step."""
    t0, t1, t2, t3, t4, t5, t6, t7 = _CRC
    crc = 0xFFFFFFFF
    whole = len(data) & ~7
    for low, high in struct.iter_unpack("<II", data[:whole]):
        low ^= crc
        crc = (
            t7[low & 255] ^ t6[low >> 8 & 255] ^ t5[low >> 16 & 255] ^ t4[low >> 24]
            ^ t3[high & 255] ^ t2[high >> 8 & 255] ^ t1[high >> 16 & 255] ^ t0[high >> 24]
        )
    for byte in data[whole:]:
        crc = t0[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def lz4(data, size):
    """Decompresses an LZ4 block to exactly `size` bytes."""
    if size > 255 * len(data):
        raise Broken("P2", "more than 255 times the stored size")
    out = bytearray()
    at, end = 0, len(data)
    try:
        while True:
            token = data[at]
            at += 1
            count = token >> 4
            if count == 15:
                while True:
                    more = data[at]
                    at += 1
                    count += more
                    if more != 255:
                        break
            if at + count > end or len(out) + count > size:
                raise Broken("P2", "literals")
            out += data[at : at + count]
            at += count
            if at == end:
                break
            offset = data[at] | data[at + 1] << 8
            at += 2
            count = (token & 15) + 4
            if count == 19:
                while True:
                    more = data[at]
                    at += 1
                    count += more
                    if more != 255:
                        break
            # The last five bytes are literals, and the last copy begins 12 bytes before the end.
            if not 1 <= offset <= len(out) or len(out) + count > size - 5:
                raise Broken("P2", "copy")
            start = len(out) - offset
            if offset >= count:
                out += out[start : start + count]
            else:
                piece = bytes(out[start:])
                out += (piece * (count // offset + 1))[:count]
    except IndexError:
        raise Broken("P2", "ends early") from None
    if len(out) != size:
        raise Broken("P2", "other size")
    return bytes(out)


def unzigzag(value):
    return (value >> 1) ^ (MASK if value & 1 else 0)


def signed(value):
    return value - (1 << 64) if value >> 63 else value


class Bytes:
    """Reads consecutive fields, never beyond the end."""

    def __init__(self, data):
        self.data, self.at = data, 0

    @property
    def rest(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.rest:
            raise Broken("C2", "ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def fixed(self, code):
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    def varint(self):
        data, at, value, shift = self.data, self.at, 0, 0
        while True:
            if at >= len(data):
                raise Broken("C2", "ends early")
            byte = data[at]
            at += 1
            if shift == 63 and byte > 1:
                raise Broken("C1", "more than 64 bits")
            value |= (byte & 127) << shift
            if byte < 128:
                self.at = at
                return value
            shift += 7

    def count(self, limit, rule="Z1"):
        value = self.varint()
        if value > limit:
            raise Broken(rule, f"{value} exceeds {limit}")
        return value

    def number(self):
        """Reads a 32-bit number of a metadata record."""
        return self.count(0xFFFFFFFF, "M6")

    def string(self, limit=1024):
        return self.take(self.count(limit)).decode("utf-8", "replace")

    def ended(self):
        if self.rest:
            raise Broken("P3", f"{self.rest} bytes left over")

    def _planes(self, count):
        width = self.fixed("B")
        if not 1 <= width <= 8:
            raise Broken("C4", f"width {width}")
        return width

    def _values(self, count, width):
        raw = self.take(count * width)
        if width == 1:
            return list(raw)
        wide = bytearray(8 * count)
        for plane in range(width):
            wide[plane::8] = raw[plane * count : (plane + 1) * count]
        return list(struct.unpack(f"<{count}Q", wide))

    def column(self, count):
        """Reads `count` 64-bit values."""
        if not count:
            return []
        code = self.fixed("B")
        if code == 1:
            return [self.varint()] * count
        if code == 2:
            first, stride = self.varint(), unzigzag(self.varint())
            return [(first + index * stride) & MASK for index in range(count)]
        if code in (3, 4):
            values = self._values(count, self._planes(count))
            return values if code == 3 else [unzigzag(value) for value in values]
        if code in (5, 6):
            width = self._planes(count)
            value, result = self.varint(), []
            for step in self._values(count, width):
                value = (value + unzigzag(step)) & MASK if code == 5 else value ^ step
                result.append(value)
            return result
        if code == 7:
            size = self.varint()
            if not 1 <= size <= 256:
                raise Broken("C5", f"palette of {size}")
            palette = [self.varint() for _ in range(size)]
            indexes = self.take(count)
            if max(indexes) >= size:
                raise Broken("C5", "index beyond the palette")
            return [palette[index] for index in indexes]
        if code == 8:
            return [self.varint() for _ in range(count)]
        raise Broken("C3", f"encoding {code}")

    def narrow(self, count, bits, rule="E7"):
        """Reads a column whose values are below 2^bits."""
        values = self.column(count)
        if values and max(values) >> bits:
            raise Broken(rule, f"{max(values)} exceeds {bits} bits")
        return values
