internal import TraceEvents
internal import TraceFormat

/// The numbers of the events that pass a filter, by time: the event with any number is found by
/// reading a small part of the trace.
///
/// - Cost: made in one run over the headers of the events, and the fields that the filter compares.
///   Memory: 16 bytes for each ``partEvents`` events.
struct EventTable: Sendable {
  static let partEvents = 4096

  /// First time of each part. All events of a time are in one part.
  private(set) var times: [Int64] = []
  /// Number of events before each part.
  private(set) var ranks: [Int] = []
  private(set) var count = 0

  init(times: [Int64], ranks: [Int], count: Int) {
    (self.times, self.ranks, self.count) = (times, ranks, count)
  }

  init(_ file: TraceFile, _ filter: EventFilter) throws {
    let replay = Replay(file)
    let tests = filter.tests(file)
    let scan = UnsafeMutablePointer<Scan>.allocate(capacity: 1)
    scan.initialize(to: Scan())
    defer {
      scan.deinitialize(count: 1)
      scan.deallocate()
    }
    if filter.conditions.isEmpty {
      replay.onAny(where: filter.replayFilter(), fields: .none) { event in
        scan.pointee.add(event.header.timestamp)
      }
    } else {
      replay.onAny(where: filter.replayFilter(), fields: filter.fields) { event in
        for test in tests[event.typeIndex] where !test.passes(event) { return }
        scan.pointee.add(event.header.timestamp)
      }
    }
    try replay.run()
    (times, ranks, count) = (scan.pointee.times, scan.pointee.ranks, scan.pointee.count)
  }

  private struct Scan {
    var times: [Int64] = []
    var ranks: [Int] = []
    var count = 0
    var partCount = partEvents
    var last = Int64.min

    @inline(__always)
    mutating func add(_ time: Int64) {
      if partCount >= partEvents, time > last || times.isEmpty {
        times.append(time)
        ranks.append(count)
        partCount = 0
      }
      last = time
      count += 1
      partCount += 1
    }
  }

  /// The part that has the event with this number; nil if there is none.
  func part(ofRow row: Int) -> (rank: Int, from: Int64)? {
    guard row >= 0, row < count else { return nil }
    let part = Self.last(ranks) { $0 <= row }
    return part.map { (ranks[$0], times[$0]) }
  }

  /// A time after the event with this number.
  func time(afterRow row: Int) -> Int64 {
    let part = ranks.firstPosition { $0 > row }
    return part < times.count ? times[part] : .max
  }

  /// The part that a time falls into; nil before the first event.
  func part(ofTime time: Int64) -> (rank: Int, from: Int64)? {
    Self.last(times) { $0 <= time }.map { (ranks[$0], times[$0]) }
  }

  private static func last<Value>(_ values: [Value], where isSo: (Value) -> Bool) -> Int? {
    var (low, high) = (0, values.count)
    while low < high {
      let middle = (low + high) / 2
      if isSo(values[middle]) { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }
}

/// The tables of a trace's latest filters.
///
/// - Guarantee: at most ``tablesMax`` of them.
final class EventTables {
  private static let tablesMax = 8

  private var tables: [(filter: EventFilter, table: EventTable)] = []

  /// Adds a table that is known already.
  func add(_ table: EventTable, of filter: EventFilter) {
    if tables.count >= Self.tablesMax { tables.removeFirst() }
    tables.append((filter, table))
  }

  func table(_ file: TraceFile, _ filter: EventFilter) throws -> EventTable {
    if let known = tables.firstIndex(where: { $0.filter == filter }) {
      tables.append(tables.remove(at: known))
      return tables[tables.count - 1].table
    }
    let table = try EventTable(file, filter)
    add(table, of: filter)
    return table
  }
}
