/// An event that was recorded.
struct PerfEvent {
  var attributes: PerfAttributes
  var layout: PerfSampleLayout
  /// The name that perf shows: `cycles:u`, `sched:sched_switch`.
  var name: String

  init(_ attributes: PerfAttributes, name: String? = nil) {
    self.attributes = attributes
    layout = PerfSampleLayout(attributes)
    self.name = name ?? PerfEventType.name(attributes)
  }
}

/// The events of a recording, by the numbers in its records.
struct PerfEvents {
  /// A file with more events is damaged.
  static let eventsMax = 4096
  static let idsMax = 1 << 20

  private(set) var all: [PerfEvent] = []
  private var byID: [UInt64: Int32] = [:]
  /// The number in the last record, and its event: most records are of the same event.
  private var lastID: UInt64?
  private var lastIndex: Int32 = 0
  /// Number of records of no known event.
  private(set) var unknown: UInt64 = 0

  mutating func add(_ attributes: PerfAttributes, ids: some Sequence<UInt64>) {
    guard all.count < Self.eventsMax else { return }
    let index = Int32(all.count)
    all.append(PerfEvent(attributes))
    for id in ids where byID.count < Self.idsMax { byID[id] = byID[id] ?? index }
    lastID = nil
  }

  mutating func setName(index: Int, _ name: String) {
    if all.indices.contains(index), !name.isEmpty { all[index].name = name }
  }

  mutating func setName(id: UInt64, _ name: String) {
    if let index = byID[id] { setName(index: Int(index), name) }
  }

  /// Adds what the feature EVENT_DESC says: an event's name and numbers.
  mutating func describe(_ attributes: PerfAttributes, name: String, ids: [UInt64]) {
    let numbered = ids.first { byID[$0] != nil }.flatMap { byID[$0] }
    let known = numbered.map(Int.init) ?? all.firstIndex { $0.attributes == attributes }
    if let known { return setName(index: known, name) }
    guard all.count < Self.eventsMax else { return }
    add(attributes, ids: ids)
    setName(index: all.count - 1, name)
  }

  /// The event that wrote a record; nil if it is not known.
  mutating func index(of record: UnsafeRawBufferPointer, isSample: Bool) -> Int32? {
    guard let first = all.first else { return nil }
    if all.count == 1 { return 0 }
    guard let id = first.layout.identifier(of: record, isSample: isSample) else { return 0 }
    if id == lastID { return lastIndex }
    guard let index = byID[id] else {
      // perf's own records have no number.
      if !isSample { return 0 }
      unknown += 1
      return nil
    }
    (lastID, lastIndex) = (id, index)
    return index
  }
}

extension PerfEvents {
  /// The clock of the times, if it was chosen (perf record -k).
  var clock: Int32? {
    all.first { $0.attributes.usesClock }?.attributes.clock
  }
}
