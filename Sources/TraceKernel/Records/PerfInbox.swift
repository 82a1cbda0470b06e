/// Merges the records of several rings in the order of their times.
///
/// A record is written soon after its time was read, so records older than the moment before the
/// rings were read have arrived. Those are delivered; the others wait for the next round.
public struct PerfInbox: ~Copyable {
  private struct Entry {
    var nanoseconds: UInt64
    var ring: Int32
    var offset: Int32
  }

  /// The maximum time between reading the clock and writing the record, including interrupts and a
  /// hypervisor.
  public static let settling_ns: UInt64 = 2_000_000

  private let parser: PerfRecordParser
  private let buffers: [PerfBuffer]
  private var entries: [Entry] = []
  /// Number of unreadable records, including the bytes after them.
  public private(set) var malformed: UInt64 = 0

  public init(ringCount: Int, ringBytes: Int, parser: PerfRecordParser) {
    self.parser = parser
    // Waiting records, and a whole ring more.
    buffers = (0..<ringCount).map { _ in PerfBuffer(capacity: 2 * ringBytes) }
  }

  /// Receives bytes of a ring. `take` fills a buffer and returns the number of bytes.
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
        // A time in the future would delay the record forever. A record written since `now` was
        // read cannot be from later than this.
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

  /// Calls `body` with every record created before `now`, if the rings were read after that; with
  /// all records if `now` is nil.
  public mutating func deliver(
    before now: UInt64?, _ body: (_ ring: Int, PerfStamp, PerfRecord) -> Void
  ) {
    let limit = now.map { $0 &- min($0, Self.settling_ns) } ?? .max
    entries.sort { ($0.nanoseconds, $0.ring, $0.offset) < ($1.nanoseconds, $1.ring, $1.offset) }
    // If a buffer is nearly full, all records are delivered to make room.
    let isFull = buffers.contains { $0.free.count < $0.capacity / 4 }
    let end = isFull ? entries.count : entries.firstIndex { $0.nanoseconds > limit }
    let bytes = buffers.map(\.bytes)
    for entry in entries[..<(end ?? entries.count)] {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[Int(entry.ring)][Int(entry.offset)...])
      guard let size = PerfRecordParser.recordBytes(at: rest),
        case (var stamp, let record)? = parser.parseStamped(
          UnsafeRawBufferPointer(rebasing: rest.prefix(size)))
      else { continue }
      stamp.nanoseconds = entry.nanoseconds
      body(Int(entry.ring), stamp, record)
    }
    entries.removeSubrange(..<(end ?? entries.count))
    compact()
  }

  /// Moves the waiting records to the starts of the buffers.
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

/// Bytes of one ring: complete records up to `indexed`, then possibly an incomplete one.
private final class PerfBuffer {
  private let memory: UnsafeMutableRawBufferPointer
  @exclusivity(unchecked) var count = 0
  @exclusivity(unchecked) var indexed = 0

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 8) }

  deinit { memory.deallocate() }

  var capacity: Int { memory.count }
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
  var free: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: memory[count...])
  }

  /// Moves a record; returns its size.
  func move(recordAt offset: Int, to target: Int) -> Int {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
    let size = PerfRecordParser.recordBytes(at: rest) ?? 0
    if offset != target {
      (memory.baseAddress! + target).copyMemory(from: rest.baseAddress!, byteCount: size)
    }
    return size
  }

  /// Moves the bytes that are not indexed yet after the remaining records.
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
