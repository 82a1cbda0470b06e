/// Puts records into the order of their times, as perf does: at the end of a round of reading its
/// rings, all records up to the latest time of the round before have arrived.
///
/// - Guarantee: records of the same time keep their order. Memory is bounded by ``byteLimit``, and
///   by 4 times the size of the waiting records.
final class PerfQueue {
  struct Entry {
    var time: UInt64
    var offset: Int
    var size: Int32
    /// The event that wrote the record.
    var event: Int32
  }

  /// Waiting records beyond this size are delivered earlier.
  static let byteLimit = 32 << 20

  private var memory: UnsafeMutableRawBufferPointer
  private var used = 0
  private var entries: [Entry] = []
  /// The latest time so far, and the one at the end of the last round.
  private var latest: UInt64 = 0
  private var roundLimit: UInt64 = 0
  private var isSorted = true

  init() { memory = .allocate(byteCount: 64 << 10, alignment: 8) }

  deinit { memory.deallocate() }

  /// The earliest time of the waiting records that have one.
  var earliest: UInt64? { entries.lazy.map(\.time).filter { $0 > 0 }.min() }

  /// Whether records must be delivered before others are added.
  var isFull: Bool { used >= Self.byteLimit }

  /// Adds a copy of a record.
  func add(_ record: UnsafeRawBufferPointer, time: UInt64, event: Int32) {
    guard let base = record.baseAddress else { return }
    // Whole words, for alignment.
    let room = (record.count + 7) & ~7
    if memory.count - used < room { grow(to: used + room) }
    (memory.baseAddress! + used).copyMemory(from: base, byteCount: record.count)
    if let last = entries.last, last.time > time { isSorted = false }
    entries.append(
      Entry(time: time, offset: used, size: Int32(truncatingIfNeeded: record.count), event: event))
    used += room
    if time > latest { latest = time }
  }

  private func grow(to bytes: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(bytes, memory.count * 2), alignment: 8)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<used]))
    memory.deallocate()
    memory = larger
  }

  /// Called at the end of a round.
  func endRound(_ body: (UnsafeRawBufferPointer, Entry) -> Void) {
    deliver(to: roundLimit, body)
    roundLimit = latest
  }

  /// Delivers the earlier half of the records, so that there is room.
  func makeRoom(_ body: (UnsafeRawBufferPointer, Entry) -> Void) {
    sort()
    guard !entries.isEmpty else { return }
    deliver(to: entries[entries.count / 2].time, body)
  }

  /// Delivers the records up to a time.
  func deliver(to limit: UInt64, _ body: (UnsafeRawBufferPointer, Entry) -> Void) {
    sort()
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].time <= limit { low = middle + 1 } else { high = middle }
    }
    for entry in entries[..<low] { body(bytes(entry), entry) }
    compact(from: low)
  }

  private func bytes(_ entry: Entry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: memory[entry.offset..<entry.offset + Int(entry.size)])
  }

  private func sort() {
    guard !isSorted else { return }
    entries.sort { ($0.time, $0.offset) < ($1.time, $1.offset) }
    isSorted = true
  }

  /// Keeps the records from an index on.
  private func compact(from first: Int) {
    guard first > 0 else { return }
    if first == entries.count {
      entries.removeAll(keepingCapacity: true)
      used = 0
      return
    }
    let rest = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(64 << 10, memory.count), alignment: 8)
    var end = 0
    for index in first..<entries.count {
      let record = bytes(entries[index])
      (rest.baseAddress! + end).copyMemory(from: record.baseAddress!, byteCount: record.count)
      entries[index].offset = end
      end += (record.count + 7) & ~7
    }
    memory.deallocate()
    memory = rest
    used = end
    entries.removeSubrange(..<first)
  }
}
