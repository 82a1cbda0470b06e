/// Finds the events of some types in a block's column of types, with the rows of these events.
struct WantedEvents {
  private let isWanted: [Bool]
  private let expected: [UInt32]
  /// Next row of each type.
  private var next: [UInt32]
  private let positions: UnsafeMutablePointer<UInt32>
  private let types: UnsafeMutablePointer<UInt16>
  private let rows: UnsafeMutablePointer<UInt32>

  /// Number of wanted events found; no more than are expected.
  private(set) var count = 0
  /// A type that does not exist, or a number of events that is not the expected one; nil if the
  /// column is right.
  private(set) var wrong: UInt64?

  /// - Parameters:
  ///   - expected: number of events of each type.
  ///   - positions: room for the position, type and row of each wanted event.
  init(
    isWanted: [Bool], expected: [UInt32], positions: UnsafeMutablePointer<UInt32>,
    types: UnsafeMutablePointer<UInt16>, rows: UnsafeMutablePointer<UInt32>
  ) {
    (self.isWanted, self.expected) = (isWanted, expected)
    (self.positions, self.types, self.rows) = (positions, types, rows)
    next = Array(repeating: 0, count: expected.count)
  }

  /// Takes the next event of the column, or of those that are not passed over.
  mutating func take(_ type: UInt64, at position: Int) {
    guard type < UInt64(next.count) else { return wrong = wrong ?? type }
    let type = Int(truncatingIfNeeded: type)
    let row = next[type]
    guard row < expected[type] else { return wrong = wrong ?? UInt64(row) + 1 }
    next[type] = row + 1
    guard isWanted[type] else { return }
    positions[count] = UInt32(truncatingIfNeeded: position)
    types[count] = UInt16(truncatingIfNeeded: type)
    rows[count] = row
    count += 1
  }

  /// Takes all events of a column of bytes but those of one type, eight at a time where they are
  /// of this type.
  mutating func find(in planes: BytePlanes, except passedOver: Int) {
    let bytes = UnsafeRawPointer(planes.bytes)
    let type = UInt8(truncatingIfNeeded: passedOver)
    let pattern = UInt64(type) &* 0x0101_0101_0101_0101
    var taken = 0
    var position = 0
    while planes.count &- position >= 8 {
      let word = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      var others = word ^ pattern
      while others != 0 {
        let bit = others.trailingZeroBitCount & ~7
        take(word &>> UInt64(bit) & 0xff, at: position &+ bit / 8)
        taken &+= 1
        others &= ~(0xff &<< UInt64(bit))
      }
      position &+= 8
    }
    for position in position..<planes.count where planes.bytes[position] != type {
      take(UInt64(planes.bytes[position]), at: position)
      taken &+= 1
    }
    if planes.count - taken != Int(expected[passedOver]) {
      wrong = wrong ?? UInt64(planes.count - taken)
    }
  }
}
