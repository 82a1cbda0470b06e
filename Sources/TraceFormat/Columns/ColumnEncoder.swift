/// A property of a column that helps the encoder choose.
enum ColumnHint {
  case integers
  /// Bit patterns of floating-point numbers.
  case floats
  /// Mostly small values with a few large ones.
  case skewed
}

/// Chooses an encoding for each column and writes it.
struct ColumnEncoder: ~Copyable {
  private var palette = Palette()

  /// Bits that occur in the values under each transform; they determine the choice of encoding.
  private struct Survey {
    var plain: UInt64 = 0
    var signed: UInt64 = 0
    var delta: UInt64 = 0
    var exclusive: UInt64 = 0
    /// Zero if all differences are equal.
    var unevenness: UInt64 = 0
  }

  mutating func encode(
    _ values: UnsafePointer<UInt64>, count: Int, hint: ColumnHint = .integers,
    into target: inout GrowingBuffer<UInt8>
  ) {
    guard count > 0 else { return }
    let survey = Self.survey(values, count)
    if survey.exclusive == 0 {
      target.append(ColumnEncoding.constant.rawValue)
      target.append(varint: values[0])
      return
    }
    if survey.unevenness == 0 {
      target.append(ColumnEncoding.arithmetic.rawValue)
      target.append(varint: values[0])
      target.append(varint: zigzag(values[1] &- values[0]))
      return
    }
    if hint == .skewed {
      target.append(ColumnEncoding.varints.rawValue)
      for index in 0..<count { target.append(varint: values[index]) }
      return
    }
    let (encoding, bits) = Self.narrowest(survey, hint)
    let width = byteWidth(bits)
    if width > 2, palette.encode(values, count: count, into: &target) { return }
    Self.write(encoding, width: width, values, count, into: &target)
  }

  private static func survey(_ values: UnsafePointer<UInt64>, _ count: Int) -> Survey {
    var result = Survey(plain: values[0], signed: zigzag(values[0]))
    guard count > 1 else { return result }
    var plain: UInt64 = 0
    var signed: UInt64 = 0
    var delta: UInt64 = 0
    var exclusive: UInt64 = 0
    var unevenness: UInt64 = 0
    let stride = values[1] &- values[0]
    for index in 1..<count {
      let value = values[index]
      let before = values[index &- 1]
      let difference = value &- before
      plain |= value
      signed |= zigzag(value)
      delta |= zigzag(difference)
      exclusive |= value ^ before
      unevenness |= difference ^ stride
    }
    result.plain |= plain
    result.signed |= signed
    result.delta = delta
    result.exclusive = exclusive
    result.unevenness = unevenness
    return result
  }

  /// Returns the encoding with the fewest bytes per value; the first of equals, because
  /// untransformed values repeat best.
  private static func narrowest(
    _ survey: Survey, _ hint: ColumnHint
  ) -> (ColumnEncoding, bits: UInt64) {
    if hint == .floats { return (.xorPlanes, survey.exclusive) }
    var best = (ColumnEncoding.planes, bits: survey.plain)
    if byteWidth(survey.signed) < byteWidth(best.bits) { best = (.signedPlanes, survey.signed) }
    if byteWidth(survey.delta) < byteWidth(best.bits) { best = (.deltaPlanes, survey.delta) }
    return best
  }

  private static func write(
    _ encoding: ColumnEncoding, width: Int, _ values: UnsafePointer<UInt64>, _ count: Int,
    into target: inout GrowingBuffer<UInt8>
  ) {
    target.append(encoding.rawValue)
    target.append(UInt8(width))
    if encoding == .deltaPlanes || encoding == .xorPlanes { target.append(varint: values[0]) }
    let planes = target.extend(width * count)
    for plane in 0..<width {
      let bytes = planes + plane * count
      let shift = UInt64(plane * 8)
      switch encoding {
      case .signedPlanes:
        for index in 0..<count {
          bytes[index] = UInt8(truncatingIfNeeded: zigzag(values[index]) &>> shift)
        }
      case .deltaPlanes:
        bytes[0] = 0
        for index in 1..<count {
          let difference = zigzag(values[index] &- values[index &- 1])
          bytes[index] = UInt8(truncatingIfNeeded: difference &>> shift)
        }
      case .xorPlanes:
        bytes[0] = 0
        for index in 1..<count {
          let difference = values[index] ^ values[index &- 1]
          bytes[index] = UInt8(truncatingIfNeeded: difference &>> shift)
        }
      default:
        for index in 0..<count {
          bytes[index] = UInt8(truncatingIfNeeded: values[index] &>> shift)
        }
      }
    }
  }
}

/// Encodes columns of few distinct wide values (addresses, identifiers).
private struct Palette: ~Copyable {
  private static let slotCount = 1024
  private static let entriesMax = 256
  private var slots = GrowingBuffer<UInt16>(capacity: slotCount)
  private var entries = GrowingBuffer<UInt64>(capacity: entriesMax)
  private var indexes = GrowingBuffer<UInt8>(capacity: 256)

  /// Encodes the column. Returns false, with nothing written, if it has too many distinct values to
  /// save space.
  mutating func encode(
    _ values: UnsafePointer<UInt64>, count: Int, into target: inout GrowingBuffer<UInt8>
  ) -> Bool {
    let limit = min(Self.entriesMax, count / 8)
    guard limit > 1 else { return false }
    slots.base.update(repeating: 0, count: Self.slotCount)
    entries.count = 0
    indexes.reserve(count)
    for index in 0..<count {
      guard let entry = find(values[index], limit: limit) else { return false }
      indexes.base[index] = entry
    }
    target.append(ColumnEncoding.palette.rawValue)
    target.append(varint: UInt64(entries.count))
    for index in 0..<entries.count { target.append(varint: entries[index]) }
    target.append(UnsafePointer(indexes.base), count: count)
    return true
  }

  private mutating func find(_ value: UInt64, limit: Int) -> UInt8? {
    var slot = Int(truncatingIfNeeded: (value &* 0x9e37_79b9_7f4a_7c15) &>> 54)
    while true {
      let entry = Int(slots.base[slot])
      if entry == 0 {
        guard entries.count < limit else { return nil }
        entries.append(value)
        slots.base[slot] = UInt16(entries.count)
        return UInt8(entries.count - 1)
      }
      if entries.base[entry - 1] == value { return UInt8(entry - 1) }
      slot = (slot &+ 1) & (Self.slotCount - 1)
    }
  }
}
