/// Brings the records of several rings into the order of their times.
///
/// A record is written soon after its time was read, so whatever is older than the moment before
/// the rings were looked at has arrived: that is given out, the rest waits for the next round.
public struct PerfInbox: ~Copyable {
  private struct Entry {
    var nanoseconds: UInt64
    var ring: Int32
    var offset: Int32
  }

  /// Between reading the clock and writing the record, with interrupts and a hypervisor in between.
  public static let settling_ns: UInt64 = 2_000_000

  private let parser: PerfRecordParser
  private let buffers: [PerfBuffer]
  private var entries: [Entry] = []
  /// Records whose bytes were not readable as such, and what came with them.
  public private(set) var malformed: UInt64 = 0

  public init(ringCount: Int, ringBytes: Int, parser: PerfRecordParser) {
    self.parser = parser
    // What waits, and a whole ring more.
    buffers = (0..<ringCount).map { _ in PerfBuffer(capacity: 2 * ringBytes) }
  }

  /// Takes bytes of a ring: `take` fills the memory it is given and says how far.
  public mutating func receive(
    ring: Int, atNanoseconds now: UInt64, _ take: (UnsafeMutableRawBufferPointer) -> Int
  ) {
    let buffer = buffers[ring]
    buffer.count += take(buffer.free)
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: buffer.bytes[buffer.indexed...])
      guard let size = PerfRecordParser.recordBytes(at: rest) else {
        if PerfRecordParser.isNoRecord(rest) { dropRest(buffer) }
        return
      }
      let record = UnsafeRawBufferPointer(rebasing: rest.prefix(size))
      if let stamp = parser.stamp(record) {
        // A time in the future would hold the record for ever. What was written since `now` was
        // read is not from there.
        let time = min(stamp.nanoseconds, now &+ Self.settling_ns)
        entries.append(
          Entry(nanoseconds: time, ring: Int32(ring), offset: Int32(buffer.indexed)))
      } else {
        malformed += 1
      }
      buffer.indexed += size
    }
  }

  private mutating func dropRest(_ buffer: PerfBuffer) {
    malformed += 1
    buffer.count = buffer.indexed
  }

  /// Calls `body` with every record that was made before `now`, the rings having been looked at
  /// after that; with all that there are when `now` is nil.
  public mutating func deliver(
    before now: UInt64?, _ body: (_ ring: Int, PerfStamp, PerfRecord) -> Void
  ) {
    let limit = now.map { $0 &- min($0, Self.settling_ns) } ?? .max
    entries.sort { ($0.nanoseconds, $0.ring, $0.offset) < ($1.nanoseconds, $1.ring, $1.offset) }
    // A ring that is full in here must make room.
    let isFull = buffers.contains { $0.free.count < $0.capacity / 4 }
    let end = isFull ? entries.count : entries.firstIndex { $0.nanoseconds > limit }
    for entry in entries[..<(end ?? entries.count)] {
      let rest = buffers[Int(entry.ring)].bytes[Int(entry.offset)...]
      guard let size = PerfRecordParser.recordBytes(at: UnsafeRawBufferPointer(rebasing: rest))
      else { continue }
      let record = UnsafeRawBufferPointer(rebasing: rest.prefix(size))
      guard var stamp = parser.stamp(record) else { continue }
      stamp.nanoseconds = entry.nanoseconds
      body(Int(entry.ring), stamp, parser.parse(record))
    }
    entries.removeSubrange(..<(end ?? entries.count))
    compact()
  }

  /// Moves what waits to the starts of the buffers.
  private mutating func compact() {
    entries.sort { ($0.ring, $0.offset) < ($1.ring, $1.offset) }
    var next = 0
    for (index, buffer) in buffers.enumerated() {
      var target = 0
      while next < entries.count, entries[next].ring == Int32(index) {
        let size = buffer.move(recordAt: Int(entries[next].offset), to: target)
        entries[next].offset = Int32(target)
        target += size
        next += 1
      }
      buffer.moveRest(to: target)
    }
  }
}

/// Bytes out of one ring: whole records up to `indexed`, then perhaps the start of one.
private final class PerfBuffer {
  private let memory: UnsafeMutableRawBufferPointer
  var count = 0
  var indexed = 0

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 8) }

  deinit { memory.deallocate() }

  var capacity: Int { memory.count }
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
  var free: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: memory[count...])
  }

  /// Gives the record's size.
  func move(recordAt offset: Int, to target: Int) -> Int {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
    let size = PerfRecordParser.recordBytes(at: rest) ?? 0
    if offset != target {
      (memory.baseAddress! + target).copyMemory(from: rest.baseAddress!, byteCount: size)
    }
    return size
  }

  /// Moves what is not indexed yet behind the records that stay.
  func moveRest(to target: Int) {
    let rest = count - indexed
    if rest > 0, target != indexed {
      (memory.baseAddress! + target).copyMemory(
        from: memory.baseAddress! + indexed, byteCount: rest)
    }
    indexed = target
    count = target + rest
  }
}
