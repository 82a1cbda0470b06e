/// Writes small .nettrace files of versions 4, 5 and 6.
struct NetTraceFile {
  struct Event {
    var metadata: UInt32
    var ticks: UInt64
    var thread: UInt64 = 77
    var sequence: UInt32?
    var stack: UInt32 = 0
    var activity: [UInt8] = []
    var labels: UInt32 = 0
    var payload: [UInt8] = []
  }

  let version: Int
  private(set) var bytes: [UInt8] = Array("Nettrace".utf8)
  /// Where each block ends.
  private(set) var ends: [Int] = []

  /// The clock has 10 million ticks a second and stands at 1000 on 2026-11-30 at 11:12:13.014.
  init(version: Int, sampling: UInt32 = 1_000_000) {
    self.version = version
    let time: [UInt16] = [2026, 11, 1, 30, 11, 12, 13, 14]
    var trace = time.flatMap(Self.little)
    trace += Self.little(UInt64(1000)) + Self.little(UInt64(10_000_000)) + Self.little(UInt32(8))
    if version == 6 {
      bytes += Self.little(UInt32(0)) + Self.little(UInt32(6)) + Self.little(UInt32(0))
      let pairs = [
        ("ProcessId", "4711"), ("HardwareThreadCount", "3"),
        ("ExpectedCPUSamplingRate", "\(sampling)"),
      ]
      trace += Self.little(UInt32(pairs.count))
      trace += pairs.flatMap { Self.text8($0.0) + Self.text8($0.1) }
      block(1, "", trace)
    } else {
      bytes += Self.little(UInt32(20)) + Array("!FastSerialization.1".utf8)
      trace += Self.little(UInt32(4711)) + Self.little(UInt32(3)) + Self.little(sampling)
      block(1, "Trace", trace)
    }
  }

  // MARK: Blocks

  private mutating func block(_ kind: UInt8, _ name: String, _ content: [UInt8]) {
    if version == 6 {
      bytes += Self.little(UInt32(content.count) | UInt32(kind) << 24) + content
    } else {
      bytes += [5, 5, 1] + Self.little(UInt32(version)) + Self.little(UInt32(4))
      bytes += Self.little(UInt32(name.utf8.count)) + Array(name.utf8) + [6]
      if name != "Trace" {
        bytes += Self.little(UInt32(content.count))
        while bytes.count % 4 != 0 { bytes.append(0) }
      }
      bytes += content + [6]
    }
    ends.append(bytes.count)
  }

  mutating func end() { bytes += version == 6 ? [0, 0, 0, 0] : [1] }

  /// Adds a block of a kind that no reader knows.
  mutating func unknown() { block(99, "NewBlock", [1, 2, 3]) }

  mutating func stacks(first: UInt32, _ stacks: [[UInt64]]) {
    var content = Self.little(first) + Self.little(UInt32(stacks.count))
    for stack in stacks {
      content += Self.little(UInt32(8 * stack.count)) + stack.flatMap(Self.little)
    }
    block(5, "StackBlock", content)
  }

  /// Threads of version 6.
  mutating func thread(_ index: UInt64, pid: UInt64, tid: UInt64, name: String) {
    let row =
      Self.varint(index) + [1] + Self.text8(name) + [2] + Self.varint(pid) + [3]
      + Self.varint(tid)
    block(6, "", Self.little(UInt16(row.count)) + row)
  }

  /// Lists of labels of version 6, each of whose labels has its kind before it.
  mutating func labels(first: UInt32, _ lists: [[UInt8]]) {
    block(8, "", Self.little(first) + Self.little(UInt32(lists.count)) + lists.flatMap { $0 })
  }

  mutating func sequencePoint(_ ticks: UInt64, _ threads: [(UInt64, UInt32)], count: UInt32? = nil)
  {
    var content = Self.little(ticks)
    if version == 6 { content += Self.little(UInt32(0)) }
    content += Self.little(count ?? UInt32(threads.count))
    for (thread, sequence) in threads {
      content +=
        version == 6
        ? Self.varint(thread) + Self.varint(UInt64(sequence))
        : Self.little(thread) + Self.little(sequence)
    }
    block(4, "SPBlock", content)
  }

  /// Adds descriptions; a field of the version's own form, as ``field(_:_:)`` makes it.
  mutating func metadata(_ rows: [[UInt8]]) {
    if version == 6 {
      var content: [UInt8] = []
      for row in rows { content += Self.little(UInt16(row.count)) + row }
      return block(3, "", Self.little(UInt16(0)) + content)
    }
    var content: [UInt8] = []
    for row in rows {
      content += [128, 0]
      content += Self.varint(UInt64(row.count)) + row
    }
    block(3, "MetadataBlock", Self.blockHeader(compressed: true) + content)
  }

  mutating func events(_ events: [Event], compressed: Bool = true) {
    var content = Self.blockHeader(compressed: compressed)
    var (ticks, sequence) = (UInt64(0), UInt32(0))
    var events = events
    // What a row does not state is that of the row before.
    for index in events.indices.dropFirst()
    where events[index].activity.isEmpty && !events[index - 1].activity.isEmpty {
      events[index].activity = [UInt8](repeating: 0, count: 16)
    }
    for event in events {
      let number = event.sequence ?? sequence + 1
      content +=
        compressed ? row(event, since: ticks, number &- sequence &- 1) : plainRow(event, number)
      (ticks, sequence) = (event.ticks, number)
    }
    block(2, "EventBlock", content)
  }

  private static func blockHeader(compressed: Bool) -> [UInt8] {
    little(UInt16(20)) + little(UInt16(compressed ? 1 : 0)) + [UInt8](repeating: 0, count: 16)
  }

  private func row(_ event: Event, since ticks: UInt64, _ delta: UInt32) -> [UInt8] {
    var parts: UInt8 = 1 | 2 | 4 | 8 | 128
    if version == 6 || !event.activity.isEmpty { parts |= 16 }
    var row = [parts] + Self.varint(UInt64(event.metadata)) + Self.varint(UInt64(delta))
    row += Self.varint(event.thread) + Self.varint(5) + Self.varint(event.thread)
    row += Self.varint(UInt64(event.stack)) + Self.varint(event.ticks &- ticks)
    row += version == 6 ? Self.varint(UInt64(event.labels)) : event.activity
    return row + Self.varint(UInt64(event.payload.count)) + event.payload
  }

  private func plainRow(_ event: Event, _ number: UInt32) -> [UInt8] {
    var row = Self.little(event.metadata) + Self.little(number) + Self.little(event.thread)
    row += Self.little(event.thread) + Self.little(UInt32(5)) + Self.little(event.stack)
    row += Self.little(event.ticks)
    if version == 6 {
      row += Self.little(event.labels)
    } else {
      row += event.activity + [UInt8](repeating: 0, count: 32 - event.activity.count)
    }
    row += Self.little(UInt32(event.payload.count)) + event.payload
    row = Self.little(UInt32(row.count)) + row
    while version < 6, row.count % 4 != 0 { row.append(0) }
    return row
  }
}
