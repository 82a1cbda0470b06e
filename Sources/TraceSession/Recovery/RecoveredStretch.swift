import TraceEvents
import TraceFormat

/// Events of one ring, in order, in the writer's format.
struct RecoveredStretch {
  struct Record {
    var ref: UInt16
    var ticks: UInt64
    var process: UInt32
    var tid: UInt32
    var flags: UInt8
    /// The index of its first word.
    var start: Int
  }

  let cpu: UInt16
  private var records: [Record] = []
  private var words: [UInt64] = []

  /// Large enough that changes of the ring take little space in the file.
  private static let recordsMax = 4096

  init(cpu: UInt16) { self.cpu = cpu }

  var isFull: Bool { records.count >= Self.recordsMax || words.count >= Self.recordsMax * 64 }

  mutating func begin(ref: UInt16, ticks: UInt64, process: UInt32, tid: UInt32, flags: UInt8) {
    records.append(
      Record(
        ref: ref, ticks: ticks, process: process, tid: tid, flags: flags, start: words.count))
  }

  mutating func append(contentsOf more: some Sequence<UInt64>) { words.append(contentsOf: more) }

  /// Appends a field of a file's event in the format of the ring.
  mutating func append(_ event: borrowing RawEvent, _ position: Int, _ type: FieldType) {
    switch type {
    case .one(.scalar), .one(.enumeration): words.append(event.word(position))
    case .one: append(event.bytes(position))
    case .array(let element):
      var elements = event.elements(position)
      words.append(UInt64(elements.remaining))
      switch element {
      case .scalar, .enumeration: while let word = elements.nextWord() { words.append(word) }
      case .string, .bytes: while let bytes = elements.nextBytes() { append(bytes) }
      }
    }
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    words.append(UInt64(bytes.count))
    var word: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      word |= UInt64(byte) << UInt64(index % 8 * 8)
      if index % 8 == 7 {
        words.append(word)
        word = 0
      }
    }
    if bytes.count % 8 != 0 { words.append(word) }
  }

  func eachRecord(_ body: (Record, UnsafeBufferPointer<UInt64>) -> Void) {
    words.withUnsafeBufferPointer { all in
      // An empty array has no address, but a record without words needs one.
      let base = all.baseAddress ?? Self.nothing
      for (index, record) in records.enumerated() {
        let end = index + 1 < records.count ? records[index + 1].start : words.count
        body(
          record, UnsafeBufferPointer(start: base + record.start, count: end - record.start))
      }
    }
  }

  nonisolated(unsafe) private static let nothing = UnsafePointer(
    UnsafeMutablePointer<UInt64>.allocate(capacity: 1))
}
