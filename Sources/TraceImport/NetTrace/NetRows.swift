/// The header of an event, or of a description in versions 4 and 5.
struct NetRow {
  var metadata: UInt32 = 0
  var sequence: UInt32 = 0
  var captureThread: UInt64 = 0
  var processor: UInt32 = 0
  var thread: UInt64 = 0
  var stack: UInt32 = 0
  var ticks: UInt64 = 0
  var labels: UInt32 = 0
  var activity = NetGuid()
  var related = NetGuid()
  var payloadBytes: UInt32 = 0
}

/// 16 bytes.
struct NetGuid: Hashable {
  var high: UInt64 = 0
  var low: UInt64 = 0

  var isZero: Bool { high | low == 0 }
}

extension NetCursor {
  @inline(__always)
  mutating func guid() -> NetGuid { NetGuid(high: take(), low: take()) }
}

/// The rows of a block of events, one after the other. What a header does not state is that of the
/// row before.
struct NetRows {
  private var cursor: NetCursor
  private let isCompressed: Bool
  private let isVersion6: Bool
  private(set) var row = NetRow()
  /// Whether the block's bytes cannot be read any further.
  private(set) var isDamaged = false

  private enum Part {
    static let metadata: UInt8 = 1
    static let capture: UInt8 = 2
    static let thread: UInt8 = 4
    static let stack: UInt8 = 8
    /// An activity, or labels in version 6.
    static let activity: UInt8 = 16
    static let related: UInt8 = 32
    static let payload: UInt8 = 128
  }

  /// Nil if the block has no valid header.
  init?(_ block: UnsafeRawBufferPointer, version: Int) {
    let words = ForeignBytes(block)
    let headerBytes = Int(words.word16(0))
    guard headerBytes >= 4, headerBytes <= block.count else { return nil }
    isCompressed = words.word16(2) & 1 != 0
    isVersion6 = version == 6
    cursor = NetCursor(block, at: headerBytes)
  }

  /// Reads the next row's header into ``row``, and returns its payload; nil at the end.
  @inline(__always)
  mutating func next() -> UnsafeRawBufferPointer? {
    guard cursor.rest > 0 else { return nil }
    return isCompressed ? nextCompressed() : nextPlain()
  }

  private mutating func nextCompressed() -> UnsafeRawBufferPointer? {
    let parts = cursor.take(UInt8.self)
    if parts & Part.metadata != 0 { row.metadata = UInt32(truncatingIfNeeded: cursor.varint()) }
    if parts & Part.capture != 0 {
      row.sequence &+= UInt32(truncatingIfNeeded: cursor.varint()) &+ 1
      row.captureThread = cursor.varint()
      row.processor = UInt32(truncatingIfNeeded: cursor.varint())
    } else if isVersion6 || row.metadata != 0 {
      row.sequence &+= 1
    }
    if parts & Part.thread != 0 { row.thread = cursor.varint() }
    if parts & Part.stack != 0 { row.stack = UInt32(truncatingIfNeeded: cursor.varint()) }
    row.ticks &+= cursor.varint()
    if parts & Part.activity != 0 {
      if isVersion6 {
        row.labels = UInt32(truncatingIfNeeded: cursor.varint())
      } else {
        row.activity = cursor.guid()
      }
    }
    if parts & Part.related != 0, !isVersion6 { row.related = cursor.guid() }
    if parts & Part.payload != 0 {
      row.payloadBytes = UInt32(truncatingIfNeeded: cursor.varint())
    }
    return payload()
  }

  private mutating func nextPlain() -> UnsafeRawBufferPointer? {
    let start = cursor.offset
    let bytes = Int(cursor.take(UInt32.self))
    row.metadata = cursor.take(UInt32.self) & 0x7fff_ffff
    row.sequence = cursor.take()
    row.thread = cursor.take()
    row.captureThread = cursor.take()
    row.processor = cursor.take()
    row.stack = cursor.take()
    row.ticks = cursor.take()
    if isVersion6 {
      row.labels = cursor.take()
    } else {
      row.activity = cursor.guid()
      row.related = cursor.guid()
    }
    row.payloadBytes = cursor.take()
    guard let payload = payload() else { return nil }
    // The stated size, and in versions 4 and 5 room up to a multiple of four bytes.
    let used = cursor.offset - start
    let end = max(used, min(bytes, used + cursor.rest - 4) + 4)
    let padded = isVersion6 ? end : (end + 3) & ~3
    cursor.skip(min(padded - used, cursor.rest))
    return payload
  }

  @inline(__always)
  private mutating func payload() -> UnsafeRawBufferPointer? {
    let payload = cursor.slice(Int(row.payloadBytes))
    guard !cursor.isShort else {
      isDamaged = true
      return nil
    }
    return payload
  }
}
