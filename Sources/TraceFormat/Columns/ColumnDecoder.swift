internal import TraceEvents

extension ByteReader {
  /// Reads a column of `count` values.
  ///
  /// The caller has checked `count`, and `target` has room for the values.
  mutating func readColumn(
    _ target: UnsafeMutablePointer<UInt64>, count: Int
  ) throws(ByteCodingError) {
    guard count > 0 else { return }
    let code = try readUInt8()
    switch ColumnEncoding(rawValue: code) {
    case .constant:
      target.update(repeating: try readVarint(), count: count)
    case .arithmetic:
      let first = try readVarint()
      let stride = unzigzag(try readVarint())
      for index in 0..<count {
        target[index] = first &+ stride &* UInt64(truncatingIfNeeded: index)
      }
    case .planes:
      try readPlanes(target, count: count, width: try readWidth())
    case .signedPlanes:
      try readPlanes(target, count: count, width: try readWidth())
      for index in 0..<count { target[index] = unzigzag(target[index]) }
    case .deltaPlanes:
      try readDeltas(target, count: count)
    case .xorPlanes:
      let width = try readWidth()
      var value = try readVarint()
      try readPlanes(target, count: count, width: width)
      for index in 0..<count {
        value ^= target[index]
        target[index] = value
      }
    case .palette:
      try readPalette(target, count: count)
    case .varints:
      for index in 0..<count { target[index] = try readVarint() }
    case nil:
      throw broken(.C3, UInt64(code))
    }
  }

  /// Reads a column of values of a type.
  ///
  /// - Throws: if a value has bits beyond the type's width. The encoding usually rules this out;
  ///   otherwise the check costs a pass over the values.
  mutating func readColumn(
    _ target: UnsafeMutablePointer<UInt64>, count: Int, of type: ScalarType
  ) throws(ByteCodingError) {
    let isNarrow = isNextColumn(within: type)
    try readColumn(target, count: count)
    guard isNarrow || type.holds(UnsafePointer(target), count: count) else {
      throw broken(.E14, UnsafePointer(target).firstValue(count: count) { !type.holds($0) })
    }
  }

  /// Whether the encoding of the next column admits only values of the type.
  private func isNextColumn(within type: ScalarType) -> Bool {
    guard type.bitWidth < 64 else { return true }
    guard remaining >= 2 else { return false }
    let fits = Int(bytes[offset + 1]) * 8 <= type.bitWidth
    switch ColumnEncoding(rawValue: bytes[offset]) {
    case .planes: return fits && !type.isSigned
    case .signedPlanes: return fits && type.isSigned
    default: return false
    }
  }

  /// Reads a constant column and returns its value. Returns nil, with nothing read, if the column
  /// is not constant.
  mutating func readConstantColumn() throws(ByteCodingError) -> UInt64? {
    guard remaining > 0, bytes[offset] == ColumnEncoding.constant.rawValue else { return nil }
    _ = try readUInt8()
    return try readVarint()
  }

  private mutating func readDeltas(
    _ target: UnsafeMutablePointer<UInt64>, count: Int
  ) throws(ByteCodingError) {
    let width = try readWidth()
    var value = try readVarint()
    // Narrow differences, the most common, are assembled and summed in one pass.
    if width <= 2 {
      let bytes = try readBytes(count * width)
      let low = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
      let second = low + (width - 1) * count
      let mask: UInt64 = width == 2 ? 0xff00 : 0
      for index in 0..<count {
        let difference = UInt64(low[index]) | (UInt64(second[index]) &<< 8 & mask)
        value = value &+ unzigzag(difference)
        target[index] = value
      }
      return
    }
    try readPlanes(target, count: count, width: width)
    for index in 0..<count {
      value = value &+ unzigzag(target[index])
      target[index] = value
    }
  }

  private mutating func readWidth() throws(ByteCodingError) -> Int {
    let width = try readUInt8()
    guard (1...8).contains(width) else { throw broken(.C4, UInt64(width)) }
    return Int(width)
  }

  private mutating func readPlanes(
    _ target: UnsafeMutablePointer<UInt64>, count: Int, width: Int
  ) throws(ByteCodingError) {
    let bytes = try readBytes(count * width)
    let low = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    if width == 1 {
      for index in 0..<count { target[index] = UInt64(low[index]) }
      return
    }
    let second = low + count
    for index in 0..<count {
      target[index] = UInt64(low[index]) | UInt64(second[index]) &<< 8
    }
    for plane in 2..<max(width, 2) {
      let high = low + plane * count
      let shift = UInt64(plane * 8)
      for index in 0..<count { target[index] |= UInt64(high[index]) &<< shift }
    }
  }

  private mutating func readPalette(
    _ target: UnsafeMutablePointer<UInt64>, count: Int
  ) throws(ByteCodingError) {
    let size = Int(clamping: try readVarint())
    guard (1...256).contains(size) else { throw broken(.C5, UInt64(size)) }
    try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 256) {
      (palette) throws(ByteCodingError) in
      palette.initialize(repeating: 0)
      for index in 0..<size { palette[index] = try readVarint() }
      let indexes = try readBytes(count)
      var highest: UInt8 = 0
      for index in 0..<count {
        let entry = indexes[index]
        highest = max(highest, entry)
        target[index] = palette[Int(entry)]
      }
      guard Int(highest) < size else { throw broken(.C5, UInt64(highest)) }
    }
  }
}

extension UnsafePointer<UInt64> {
  /// Returns the first value that satisfies `isSought`; 0 if there is none.
  func firstValue(count: Int, _ isSought: (UInt64) -> Bool) -> UInt64 {
    UnsafeBufferPointer(start: self, count: count).first(where: isSought) ?? 0
  }
}
