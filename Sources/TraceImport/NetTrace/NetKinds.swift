internal import Glibc

/// A kind of events: its description, and its plan once an event has come.
final class NetKind {
  private let bytes: [UInt8]
  private let isVersion6: Bool
  /// The plan, made by the first event.
  var plan: NetPlan?

  init(_ bytes: UnsafeRawBufferPointer, isVersion6: Bool) {
    self.bytes = Array(bytes)
    self.isVersion6 = isVersion6
  }

  /// Whether a description is the same.
  func has(_ other: UnsafeRawBufferPointer, isVersion6: Bool) -> Bool {
    guard isVersion6 == self.isVersion6, other.count == bytes.count else { return false }
    return bytes.withUnsafeBytes { own in
      guard let one = own.baseAddress, let two = other.baseAddress else { return true }
      return memcmp(one, two, other.count) == 0
    }
  }

  var metadata: NetMetadata {
    bytes.withUnsafeBytes { isVersion6 ? NetMetadata(row: $0) : NetMetadata(object: $0) }
  }
}

/// The kinds of events by the numbers that events refer to.
///
/// - Guarantee: memory is bounded by ``kindsMax`` kinds, and by twice the descriptions' bytes.
struct NetKinds {
  static let kindsMax = 65_536

  private var kinds: [UInt32: NetKind] = [:]
  private var lastID: UInt32 = 0
  private var last: NetKind?
  /// The number of descriptions that were not kept.
  private(set) var omitted: UInt64 = 0
  /// The number of blocks whose rest cannot be read.
  private(set) var damagedBlocks: UInt64 = 0

  /// Finds the kind of an event.
  @inline(__always)
  mutating func kind(_ id: UInt32) -> NetKind? {
    if id == lastID, let last { return last }
    guard let kind = kinds[id] else { return nil }
    (lastID, last) = (id, kind)
    return kind
  }

  mutating func removeAll() {
    kinds.removeAll()
    last = nil
  }

  private mutating func add(_ id: UInt32, _ bytes: UnsafeRawBufferPointer, isVersion6: Bool) {
    let known = kinds[id]
    // Recordings describe their kinds again and again.
    if let known, known.has(bytes, isVersion6: isVersion6) { return }
    guard kinds.count < Self.kindsMax || known != nil else {
      omitted += 1
      return
    }
    kinds[id] = NetKind(bytes, isVersion6: isVersion6)
    last = nil
  }

  /// Reads a block of descriptions.
  mutating func read(_ block: UnsafeRawBufferPointer, version: Int) {
    guard version < 6 else { return readVersion6(block) }
    guard var rows = NetRows(block, version: version) else {
      damagedBlocks += 1
      return
    }
    while let payload = rows.next() {
      var cursor = NetCursor(payload)
      add(cursor.take(UInt32.self), payload, isVersion6: false)
    }
    if rows.isDamaged { damagedBlocks += 1 }
  }

  private mutating func readVersion6(_ block: UnsafeRawBufferPointer) {
    var cursor = NetCursor(block)
    cursor.skip(Int(cursor.take(UInt16.self)))
    while cursor.rest > 0 {
      let row = cursor.slice(Int(cursor.take(UInt16.self)))
      guard !cursor.isShort else { break }
      var start = NetCursor(row)
      add(UInt32(truncatingIfNeeded: start.varint()), row, isVersion6: true)
    }
    if cursor.isShort { damagedBlocks += 1 }
  }
}
