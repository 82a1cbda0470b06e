// Numbers as text, straight into the buffer: no String, no locale, no Foundation.

/// "00" "01" … "99", so that two digits cost one division.
private var digitPairs: UnsafePointer<UInt8> {
  let pairs: StaticString = """
    00010203040506070809101112131415161718192021222324252627282930313233343536373839\
    40414243444546474849505152535455565758596061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899
    """
  return pairs.utf8Start
}

@inline(__always)
private func decimalDigitCount(_ value: UInt64) -> Int {
  if value < 10 { return 1 }
  if value < 100 { return 2 }
  if value < 1000 { return 3 }
  if value < 10000 { return 4 }
  var rest = value / 10000
  var count = 5
  while rest >= 10 {
    rest /= 10
    count &+= 1
  }
  return count
}

extension OutputBuffer {
  /// Writes `value` right-aligned into `width` digits that are already reserved.
  @inline(__always)
  private mutating func put(_ value: UInt64, width: Int) {
    var rest = value
    var position = count &+ width
    count = position
    while rest >= 100 {
      let pair = Int(truncatingIfNeeded: rest % 100) &* 2
      rest /= 100
      position &-= 2
      base[position] = digitPairs[pair]
      base[position &+ 1] = digitPairs[pair &+ 1]
    }
    if rest >= 10 {
      let pair = Int(truncatingIfNeeded: rest) &* 2
      base[position &- 2] = digitPairs[pair]
      base[position &- 1] = digitPairs[pair &+ 1]
    } else {
      base[position &- 1] = UInt8(truncatingIfNeeded: rest) &+ 0x30
    }
  }

  @inline(__always)
  mutating func append(decimal value: UInt64) {
    reserve(Self.itemByteLimit)
    if value < 10 {
      base[count] = UInt8(truncatingIfNeeded: value) &+ 0x30
      count &+= 1
      return
    }
    put(value, width: decimalDigitCount(value))
  }

  @inline(__always)
  mutating func append(decimal value: Int64) {
    if value < 0 { append(byte: UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  /// At least `width` characters, padded with spaces on the left.
  @inline(__always)
  mutating func append(decimal value: UInt64, width: Int) {
    reserve(Self.itemByteLimit)
    pad(width &- decimalDigitCount(value))
    append(decimal: value)
  }

  @inline(__always)
  private mutating func pad(_ spaces: Int) {
    var spaces = min(spaces, 32)
    while spaces > 0 {
      base[count] = UInt8(ascii: " ")
      count &+= 1
      spaces &-= 1
    }
  }

  /// Lower-case, with `0x`, without leading zeros.
  @inline(__always)
  mutating func append(hex value: UInt64) {
    reserve(Self.itemByteLimit)
    base[count] = UInt8(ascii: "0")
    base[count &+ 1] = UInt8(ascii: "x")
    count &+= 2
    let digits = max(1, (67 &- value.leadingZeroBitCount) >> 2)
    var position = count &+ digits
    count = position
    var rest = value
    for _ in 0..<digits {
      position &-= 1
      let nibble = UInt8(truncatingIfNeeded: rest & 15)
      base[position] = nibble &+ (nibble < 10 ? 0x30 : 0x57)
      rest >>= 4
    }
  }

  /// Two lower-case hexadecimal digits.
  @inline(__always)
  mutating func append(hexByte value: UInt8) {
    reserve(2)
    let high = value >> 4
    let low = value & 15
    base[count] = high &+ (high < 10 ? 0x30 : 0x57)
    base[count &+ 1] = low &+ (low < 10 ? 0x30 : 0x57)
    count &+= 2
  }

  /// Nanoseconds as seconds with nine decimals, at least `width` characters: `   12.345678901`.
  @inline(__always)
  mutating func append(seconds nanoseconds: Int64, width: Int = 0) {
    reserve(Self.itemByteLimit)
    let magnitude = nanoseconds.magnitude
    let whole = magnitude / 1_000_000_000
    var fraction = magnitude % 1_000_000_000
    let digits = decimalDigitCount(whole)
    pad(width &- digits &- (nanoseconds < 0 ? 11 : 10))
    if nanoseconds < 0 {
      base[count] = UInt8(ascii: "-")
      count &+= 1
    }
    put(whole, width: digits)
    base[count] = UInt8(ascii: ".")
    var position = count &+ 10
    count = position
    for _ in 0..<4 {
      let pair = Int(truncatingIfNeeded: fraction % 100) &* 2
      fraction /= 100
      position &-= 2
      base[position] = digitPairs[pair]
      base[position &+ 1] = digitPairs[pair &+ 1]
    }
    base[position &- 1] = UInt8(truncatingIfNeeded: fraction) &+ 0x30
  }

  /// The shortest digits that read back as the same number; `nan`, `inf` and `-inf` as such.
  mutating func append(_ value: Double) { append(value.description) }

  mutating func append(_ value: Float) { append(value.description) }
}
