// Number formatting directly into the buffer, without String, locale or Foundation.

/// "00" "01" … "99": two digits cost one division.
private var digitPairs: UnsafePointer<UInt8> {
  let pairs: StaticString = """
    00010203040506070809101112131415161718192021222324252627282930313233343536373839\
    40414243444546474849505152535455565758596061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899
    """
  return pairs.utf8Start
}

/// Returns the powers of ten, 1 to 10^19, which are the smallest numbers of each digit count.
func makePowersOfTen() -> [UInt64] {
  var powers: [UInt64] = [1]
  for _ in 1...19 { powers.append(powers.last! * 10) }
  return powers
}

extension OutputBuffer {
  @inline(__always)
  private func decimalDigitCount(_ value: UInt64) -> Int {
    // 1233 / 4096 approximates log10(2) closely enough for 64 bits.
    let atLeastOne = value | 1
    let guess = ((64 &- atLeastOne.leadingZeroBitCount) &* 1233) >> 12
    return guess &+ (atLeastOne >= powersOfTen[guess] ? 1 : 0)
  }

  /// Writes two digits at `position`, which must be reserved.
  @inline(__always)
  private func putPair(_ value: UInt32, at position: Int) {
    let pair = UnsafeRawPointer(digitPairs)
      .loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: value) &* 2, as: UInt16.self)
    UnsafeMutableRawPointer(base + position).storeBytes(of: pair, as: UInt16.self)
  }

  /// Writes `value` as `width` digits, which must be its digit count and reserved.
  @inline(__always)
  private mutating func put(_ value: UInt64, width: Int) {
    var large = value
    var position = count &+ width
    count = position
    // Four digits per iteration, so that the divisions do not depend on one another.
    while large >= 10000 {
      let four = UInt32(truncatingIfNeeded: large % 10000)
      large /= 10000
      putPair(four % 100, at: position &- 2)
      putPair(four / 100, at: position &- 4)
      position &-= 4
    }
    var rest = UInt32(truncatingIfNeeded: large)
    if rest >= 100 {
      putPair(rest % 100, at: position &- 2)
      rest /= 100
      position &-= 2
    }
    if rest >= 10 {
      putPair(rest, at: position &- 2)
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

  /// Appends at least `width` characters, padded with spaces on the left.
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

  /// Appends lowercase hexadecimal with `0x` and without leading zeros.
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

  /// Appends two lowercase hexadecimal digits.
  @inline(__always)
  mutating func append(hexByte value: UInt8) {
    reserve(2)
    let high = value >> 4
    let low = value & 15
    base[count] = high &+ (high < 10 ? 0x30 : 0x57)
    base[count &+ 1] = low &+ (low < 10 ? 0x30 : 0x57)
    count &+= 2
  }

  /// Appends nanoseconds as seconds with nine decimals, at least `width` characters: `
  /// 12.345678901`.
  @inline(__always)
  mutating func append(seconds nanoseconds: Int64, width: Int = 0) {
    reserve(Self.itemByteLimit)
    let magnitude = nanoseconds.magnitude
    let whole = magnitude / 1_000_000_000
    let fraction = magnitude % 1_000_000_000
    let digits = decimalDigitCount(whole)
    pad(width &- digits &- (nanoseconds < 0 ? 11 : 10))
    if nanoseconds < 0 {
      base[count] = UInt8(ascii: "-")
      count &+= 1
    }
    put(whole, width: digits)
    base[count] = UInt8(ascii: ".")
    count &+= 1
    append(nineDigits: fraction)
  }

  /// Appends a number below 10^9, padded with zeros.
  @inline(__always)
  mutating func append(nineDigits fraction: UInt64) {
    reserve(Self.itemByteLimit)
    let last = UInt32(truncatingIfNeeded: fraction % 10)
    let eight = UInt32(truncatingIfNeeded: fraction / 10)
    putPair(eight / 1_000_000, at: count)
    putPair(eight / 10000 % 100, at: count &+ 2)
    putPair(eight / 100 % 100, at: count &+ 4)
    putPair(eight % 100, at: count &+ 6)
    base[count &+ 8] = UInt8(truncatingIfNeeded: last) &+ 0x30
    count &+= 9
  }

  /// Appends a number below 10^6, padded with zeros.
  @inline(__always)
  mutating func append(sixDigits fraction: UInt64) {
    reserve(Self.itemByteLimit)
    let six = UInt32(truncatingIfNeeded: fraction)
    putPair(six / 10000, at: count)
    putPair(six / 100 % 100, at: count &+ 2)
    putPair(six % 100, at: count &+ 4)
    count &+= 6
  }

  /// Appends the shortest digits that parse to the same number; `nan`, `inf` and `-inf` unchanged.
  mutating func append(_ value: Double) { append(text: value.description) }

  mutating func append(_ value: Float) { append(text: value.description) }
}
