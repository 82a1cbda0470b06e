/// Byte ranges with consecutive numbers: stacks, or lists of labels. They are valid up to the next
/// sequence point.
///
/// - Guarantee: memory is bounded by ``bytesMax`` and the largest block; the oldest blocks are
///   forgotten first.
struct NetStore {
  private struct Part {
    var first: UInt32
    var bytes: [UInt8]
    /// Where each range ends.
    var ends: [UInt32]

    func contains(_ number: UInt32) -> Bool {
      number >= first && Int(number - first) < ends.count
    }

    var cost: Int { bytes.count + 4 * ends.count + 128 }
  }

  static let bytesMax = 64 << 20

  private var parts: [Part] = []
  private var kept = 0
  private var lastPart = 0

  mutating func removeAll() {
    parts.removeAll(keepingCapacity: true)
    kept = 0
    lastPart = 0
  }

  /// Adds ranges that follow one another in `bytes`, with numbers from `first` on.
  mutating func add(first: UInt32, _ bytes: UnsafeRawBufferPointer, ends: [UInt32]) {
    guard !ends.isEmpty else { return }
    // Numbers that begin again replace those before.
    if let last = parts.last, first <= last.first { removeAll() }
    parts.append(Part(first: first, bytes: Array(bytes), ends: ends))
    kept += parts[parts.count - 1].cost
    guard kept > Self.bytesMax, parts.count > 1 else { return }
    parts.removeFirst(parts.count / 2)
    kept = parts.reduce(0) { $0 + $1.cost }
    lastPart = 0
  }

  /// Passes a range to `body`; nil if there is none with this number.
  mutating func with<Result>(
    _ number: UInt32, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result? {
    guard let part = part(of: number) else { return nil }
    let index = Int(number &- parts[part].first)
    let start = index == 0 ? 0 : Int(parts[part].ends[index - 1])
    let end = Int(parts[part].ends[index])
    return parts[part].bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[start..<end]))
    }
  }

  private mutating func part(of number: UInt32) -> Int? {
    if lastPart < parts.count, parts[lastPart].contains(number) { return lastPart }
    var (low, high) = (0, parts.count)
    while low < high {
      let middle = (low + high) / 2
      if parts[middle].first <= number { low = middle + 1 } else { high = middle }
    }
    let found = low - 1
    guard found >= 0, parts[found].contains(number) else { return nil }
    lastPart = found
    return found
  }
}

extension NetStore {
  /// Reads a block of stacks. Returns false if its rest cannot be read.
  mutating func readStacks(_ block: UnsafeRawBufferPointer) -> Bool {
    // A range includes its size.
    readRanges(block) { cursor in cursor.skip(Int(cursor.take(UInt32.self))) }
  }

  /// Reads a block of lists of labels. Returns false if its rest cannot be read.
  mutating func readLabels(_ block: UnsafeRawBufferPointer) -> Bool {
    readRanges(block) { cursor in NetLabels.skip(&cursor) }
  }

  /// Reads a block of numbered ranges, each of which `skip` passes over.
  private mutating func readRanges(
    _ block: UnsafeRawBufferPointer, skip: (inout NetCursor) -> Void
  ) -> Bool {
    var cursor = NetCursor(block)
    let (first, count) = (cursor.take(UInt32.self), cursor.take(UInt32.self))
    let start = cursor.offset
    var ends: [UInt32] = []
    for _ in 0..<count {
      guard cursor.rest > 0 else { break }
      skip(&cursor)
      guard !cursor.isShort else { break }
      ends.append(UInt32(clamping: cursor.offset - start))
    }
    let end = start + Int(ends.last ?? 0)
    add(first: first, UnsafeRawBufferPointer(rebasing: block[start..<end]), ends: ends)
    return !cursor.isShort && ends.count == count
  }

  /// Replaces `addresses` by those of a stack, innermost first. Returns false, and leaves none, if
  /// the file has no such stack.
  mutating func read(_ number: UInt32, _ pointerBytes: Int, to addresses: inout [UInt64]) -> Bool {
    addresses.removeAll(keepingCapacity: true)
    let found: Void? = with(number) { bytes in
      let frames = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(4))
      let count = frames.count / pointerBytes
      guard count > 0 else { return }
      addresses.append(contentsOf: repeatElement(0, count: count))
      addresses.withUnsafeMutableBytes { target in
        guard pointerBytes == 4 else {
          return target.copyMemory(from: UnsafeRawBufferPointer(rebasing: frames[..<(8 * count)]))
        }
        for index in 0..<count {
          let word = frames.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
          target.storeBytes(of: UInt64(word), toByteOffset: 8 * index, as: UInt64.self)
        }
      }
    }
    return found != nil
  }
}
