/// Events in time order that have not been delivered yet.
struct PendingEvents: ~Copyable {
  static let countMax = 4096
  /// Position of each event in its block.
  private(set) var positions = GrowingBuffer<UInt32>(capacity: countMax)
  /// Slot << 16 | type. Events with equal keys may share a batch.
  private(set) var keys = GrowingBuffer<UInt64>(capacity: countMax)
  private(set) var count = 0
  /// Ticks of the event added last.
  private(set) var lastTicks: UInt64 = 0

  var room: Int { Self.countMax &- count }

  /// Adds a cursor's events below `bound`, at least one. Returns the position after them.
  @inline(__always)
  mutating func take(_ cursor: Cursor, before bound: UInt64) -> UnsafePointer<UInt32> {
    let last = cursor.end - cursor.next > room ? cursor.next + room : cursor.end
    let positionsOut = positions.base + count
    let keysOut = keys.base + count
    var added = 0
    var next = cursor.next
    var ticks: UInt64
    repeat {
      let position = next.pointee
      positionsOut[added] = position
      keysOut[added] = cursor.key | UInt64(cursor.types[Int(position)])
      ticks = cursor.ticks[Int(position)]
      added &+= 1
      next += 1
    } while next < last && cursor.ticks[Int(next.pointee)] < bound
    count &+= added
    lastTicks = ticks
    return next
  }

  /// Adds one event. The caller has checked that there is room.
  @inline(__always)
  mutating func add(_ cursor: Cursor, _ position: UInt32, _ ticks: UInt64) {
    positions.base[count] = position
    keys.base[count] = cursor.key | UInt64(cursor.types[Int(position)])
    lastTicks = ticks
    count &+= 1
  }

  mutating func removeAll() { count = 0 }
}
